"""One clause of a crew's sentence, held against the evidence: every claim in it, on the thing that it is about."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from agents.grounding.claims import check_claim
from agents.teams.claims import MASK, POLAR, Claim, claims_in, clauses, first_unknown
from agents.teams.evidence import NAMING, PEOPLE, Fact, ReadEvidence, Record, same_place
from edge.kernel.grounding import Amount, amounts, plain
from memory.documents.sentences import sentences

_JOINS = re.compile(r"\b(?:and|both|or)\b|和|与|及|两者|二者")
_OTHER_THAN = re.compile(r"(?:other than|except|besides|but not|instead of|除了?|并非|不是)\W*$")
_ALL_OF_THEM = re.compile(r"^(?:both|all|each|every)\b|^(?:两者|二者|全部|所有|每个)")
_LOWER_IS_BETTER = re.compile(r"_ms$|_s$|latency|loss|error|perplexity|toxic|bias|cost|difference|wer$|cer$")
_TIMES = re.compile(r"_ms$|_s$|latency|duration")
_SIGNS = {"better": 1, "higher": 1, "slower": 1, "worse": -1, "lower": -1, "faster": -1, "equal": 0}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d")
_WORDS = re.compile(r"[A-Za-z\u3400-\u9fff]{3}")
_STEM = 4
_SMALL_WORDS = frozenset(
    "the an is are was were be it its of to in on at by for with and or that this do does did has have".split()
)
_WRITTEN_BY_PEOPLE = frozenset({"comment", "question", "answer", "prompt", "description"})
"""What stands there was said by somebody, and is not so because it was."""
_STATES = frozenset({"state", "stage", "status", "health", "connection", "outcome", "verdict"})
_FIELDS_OF = {
    "decider": frozenset({"decided_by", "on_behalf_of"}),
    "requester": frozenset({"requester", "requested_by", "created_by"}),
}
_SHARES = frozenset({"serves", "weight", "share"})
_LICENCE_FIELDS = frozenset({"licence_id", "spdx", "type", "licence", "licences"})
_ABOUT = {
    "accuracy": ("准确率", "正确率"),
    "samples": ("样本",),
    "parameters": ("参数",),
    "users": ("用户", "月活"),
    "user": ("用户", "月活"),
    "serves": ("承担", "流量", "traffic", "serve", "serving"),
    "weight": ("承担", "流量", "traffic", "serve", "serving"),
    "latency": ("延迟",),
    "step": ("步",),
    "requests": ("请求",),
}
"""Other words for what a figure is of."""
_TRAFFIC_TO = re.compile(r"\b(?:traffic|requests|devices)\b.{0,20}\b(?:go|goes|stays?|remains?) (?:to|on|with)\b")
_CUES = {
    "licence": re.compile(r"\bunder\b|\blicen[cs]e[ds]?\b|许可证|协议"),
    "maker": re.compile(r"\b(?:by|from|maker|vendor)\b|厂商|来自"),
    "dataset": re.compile(r"\b(?:measured|data ?set|data|evaluated|tested)\b|数据集?|评测"),
    "base": re.compile(r"\bbased? on\b|\bbase\b|基于|基础"),
    "aliases": re.compile(r"\b(?:is|was|alias|named)\b|是|别名"),
    "group": re.compile(r"\bgroup\b|组"),
    "model": re.compile(r"\bruns?\b|\brunning\b|运行"),
    "models": re.compile(r"\bruns?\b|\brunning\b|运行"),
}
"""Words that say what the value of a field is to the thing that has it."""
_REASON = re.compile(r"\breason|\bbecause\b|\bdue to\b|原因|由于")
_REASONS = frozenset({"reason", "reasons", "deciding", "detail", "message"})
_LICENCE = re.compile(r"\blicen[cs]e\b|\bagreement\b|\bpermission\b|许可|授权")
_WORD = re.compile(r"[a-z']+|[\u3400-\u9fff]")
_VERBS = re.compile(
    r"\b(?:ships?|shipped|sells?|sold|resell|redistributes?|modif(?:y|ies|ied)|adapts?)\b"
    r"|\b(?:(?<!commercial )uses?|used|do|does|go|goes)\b|用|卖|售|发|改"
)
_QUALIFIES = re.compile(
    r"\bother(?! than)s?\b|\belse\b"
    r"|\b(?:before|after|once|when|except|until|instead|during|while|formerly|previously)\b"
    r"|其他|其它|别的|之前|之后|以前|以后|直到|当"
)
"""Words that limit what is said to other things or times than the evidence tells of."""
_SHORT_CLAUSE = 3
_NEEDS = re.compile(
    r"\b(?:needs?|needed|requires?|required|must|has to|have to|ask|apply|obtain|without|unless)\b"
    r"|需|须|申请|才能|取得"
)
_ADVICE = re.compile(
    r"\b(?:has|have|needs?) to\b|\bmust\b|\b(?:is|are) (?:still )?needed\b|\bneeds? (?:a|an|another|more|some)\b"
    r"|^(?:please|look|see|ask|check|wait|compare|collect|read)\b|需要|必须|请|还需|须"
)
_DONE = re.compile(r"\b(?:was|were|been|got|did|had|already)\b|已|了")
_BOUND = re.compile(
    r"(?:\b(?:more|less|fewer|greater|other|rather) than"
    r"|\b(?:over|under|below|above|beyond|at least|at most|up to|not even|past)"
    r"|超过|不到|至少|至多|最多|不止|多于|少于|低于|高于)\s*$"
)
"""Before a figure: another one is meant."""
_SERVES = re.compile(
    r"\bserv(?:es?|ed|ing)\b|\b(?:runs?|running|stays|now) (?:\w+ )?on\b|\bhas\b|\blive\b|承担|提供服务|上线"
    rf"|{_TRAFFIC_TO.pattern}"
)
_ALONE = re.compile(r"\b(?:only|alone|solely|exclusively|nothing but|nothing else)\b|只|仅|单独|独自|全")
_HUNDRED, _HALF = 100, 50
_LEAST_TEXT = 12
"""Letters: a word or two mean too little."""
_SHORT = 2
_FEW, _MOSTLY = 2, 0.7
_NEAR = 12
"""Letters between a direction and what it leads to."""


@dataclass(frozen=True, slots=True)
class Value:
    """A rendered reference at text[start:end]."""

    start: int
    end: int
    fact: Fact


@dataclass(frozen=True, slots=True)
class Name:
    """A name of the evidence, in lower case, at text[start:end]."""

    start: int
    end: int
    name: str


@dataclass(frozen=True)
class Sentence:
    """A sentence with its references rendered, and the names in it, in order."""

    text: str
    values: tuple[Value, ...]
    read: ReadEvidence
    names: tuple[Name, ...]

    def stands_there(self, said: str, names: Sequence[Name]) -> bool:
        """Whether a text of the evidence says it so, of what it names."""
        there = [
            (record, text)
            for record, text in self.read.texts
            if not any(fact.value == text and _by_people(fact, record) for fact in record.facts)
        ]
        if not there or len(said) < _LEAST_TEXT:
            return False
        found = check_claim(said, [text for _, text in there])
        if found.passage is None:
            return False
        record, text = there[found.passage]
        known = record.names | record.above
        return all(one.name in known or one.name in text.lower() for one in names)


def _by_people(fact: Fact, record: Record) -> bool:
    in_document = fact.attribute == "text" and any(record.of("document", "document_id"))
    return in_document or fact.attribute in _WRITTEN_BY_PEOPLE or ".arguments" in fact.path


@dataclass(frozen=True)
class Clause:
    """The clause sentence.text[start:end]; `text` is in lower case, with names and values masked.

    Attributes:
        all_claims: of the whole sentence.
        before: the names of the clause before.
    """

    sentence: Sentence
    text: str
    start: int
    end: int
    all_claims: Sequence[Claim]
    before: Sequence[Name]

    @property
    def named(self) -> list[Name]:
        return [one for one in self.sentence.names if self.start <= one.start < self.end]

    @property
    def names(self) -> list[str]:
        """Of this clause, else of the one before it; a licence alone is what that one is under."""
        licences = {
            str(fact.value).lower()
            for record in self.sentence.read.records
            for fact in record.facts
            if _is_of_licence(fact)
        }
        named = [one.name for one in self.named]
        if set(named) <= licences:
            named = [*(one.name for one in self.before), *named]
        return list(dict.fromkeys(named))

    @property
    def claims(self) -> list[Claim]:
        return [one for one in self.all_claims if self.start <= one.start < self.end]

    @property
    def figures(self) -> list[Amount]:
        """Without "one", which mostly counts nothing."""
        return [one for one in amounts(self.text) if self.text[one.start : one.end].strip() not in {"one", "一"}]

    @property
    def values(self) -> list[Value]:
        return [
            one
            for one in self.sentence.values
            if self.start <= one.start < self.end and one.fact.attribute not in NAMING | PEOPLE
        ]

    def objection(self) -> str:
        """Why the evidence does not carry it; empty where it does."""
        if self.sentence.stands_there(self.sentence.text[self.start : self.end].strip(), self.named):
            return ""
        claims = [one for one in self.claims if _kinds(one)]
        return (
            self._unsure(claims)
            or self._claimed(claims)
            or self._of_permission(claims)
            or self._apart(claims)
            or self._figures()
            or self._rendered()
            or self._roles(claims)
            or self._directions()
            or self._serving()
            or self._unanchored(claims)
        )

    def _unsure(self, claims: Sequence[Claim]) -> str:
        """Why it is not as sure as the evidence, or limits what it asserts otherwise."""
        if (claims or self.figures or self.values) and any("doubt" in one.meanings for one in self.claims):
            return "the evidence does not say it with this certainty"
        if claims and _QUALIFIES.search(self.text) and not self._is_advice():
            return "the evidence does not limit it so"
        return "the evidence says the opposite" if not claims and self._opposed() else ""

    def _apart(self, claims: Sequence[Claim]) -> str:
        return "" if self._same_thing(claims) else "these names do not belong together"

    def _unanchored(self, claims: Sequence[Claim]) -> str:
        """Why it is only words: neither found in the evidence, nor advice, nor an aside."""
        found = self._is_anchored(claims) or self._is_advice() or self._is_aside()
        return "" if found else "nothing of it is in the evidence"

    def _is_aside(self) -> bool:
        """Whether it is only a few words beside what the rest of the sentence says."""
        few = len(_WORD.findall(self.text.replace(MASK, ""))) <= _SHORT_CLAUSE
        others = [one for one in self.all_claims if not self.start <= one.start < self.end and _kinds(one)]
        if any(one.name in self.sentence.read.people for one in self.named):
            return False
        return few and not _VERBS.search(self.text) and bool(others or not _WORD.search(self.text))

    def _of_permission(self, claims: Sequence[Claim]) -> str:
        """Why what is said of a use does not stand: it must be said to be allowed or not, as it is there."""
        kinds = {kind for one in claims for kind in one.meanings}
        if any("no" in values and "conditional" in values for one in claims for values in one.meanings.values()):
            return "" if _NEEDS.search(self.text) else "that it is needed does not say that it is there"
        here = {kind for one in self.claims for kind in one.meanings if kind.startswith("topic:")}
        shown = {f"topic:{one.fact.attribute}" for one in self.values}
        said = {"permission", "non_commercial", "cannot"}
        said |= set() if _VERBS.search(self.text) else {"verdict", "licence"}
        if not here or kinds & said or shown & here:
            return ""
        if _LICENCE.search(self.text) and _NEEDS.search(self.text):
            stands = self.permission(frozenset({"conditional", "no", "unsure"}), turned=False)
        elif len(_WORD.findall(self.text)) <= _SHORT_CLAUSE and not _VERBS.search(self.text):
            stands = self._goes_on()
        else:
            stands = False
        return "" if stands else "whether that is allowed is not said"

    def _goes_on(self) -> bool:
        """Whether a few words name a use, of which what was said of another use is true, too, where it was said."""
        permitted = [one for one in self.all_claims if "permission" in one.meanings]
        if any("negation" in one.meanings for one in self.all_claims):
            return not [one for one in permitted if one.start < self.start]
        return all(self.permission(one.meanings["permission"], turned=False) for one in permitted)

    def _is_anchored(self, claims: Sequence[Claim]) -> bool:
        """Whether it says something that was found in the evidence, so that the rest is about that."""
        if claims or self.figures or self.values:
            return True
        kinds = {kind for one in self.claims for kind in one.meanings}
        people = {one.name for one in self.named} & self.sentence.read.people
        if people and kinds & {"role:decider", "role:requester"}:
            return True
        if self.named and (_SERVES.search(self.text) or {"direction:from", "direction:to"} <= kinds):
            return True
        attributes = {
            "licence" if _is_of_licence(fact) else fact.attribute
            for record in self._scope()
            for fact in record.facts
            for one in self.named
            if str(fact.value).lower() == one.name
        }
        return any(_CUES[attribute].search(self.text) for attribute in attributes & _CUES.keys()) or self._is_reason()

    def _is_reason(self) -> bool:
        """Whether it names as a reason what a reason in the evidence names."""
        if not _REASON.search(self.text):
            return False
        words = {word for word in re.findall(r"[a-z]+", self.text) if first_unknown(word, frozenset(), "")}
        texts = [
            str(fact.value).lower()
            for record in self._scope()
            for fact in record.facts
            if fact.attribute in _REASONS and isinstance(fact.value, str)
        ]
        return bool(words or self.named) and any(
            words <= set(re.findall(r"[a-z]+", text)) and all(one.name in text for one in self.named) for text in texts
        )

    def _is_advice(self) -> bool:
        """Whether it says what has to be done, not what is or was."""
        return bool(_ADVICE.search(self.text.strip())) and not _DONE.search(self.text)

    def _claimed(self, claims: list[Claim]) -> str:
        """Why one of the claims does not hold; a denial turns round the only one that can be, or none."""
        polar = [one for one in claims if POLAR & one.meanings.keys()]
        denials = sum("negation" in one.meanings and one not in polar for one in self.claims)
        if len(polar) > 1 and (forbidding := [one for one in polar if "cannot" in one.meanings]):
            denials += len(forbidding)
            claims, polar = ([one for one in some if one not in forbidding] for some in (claims, polar))
        if denials and len(polar or claims) != 1:
            return "what it denies is not in the evidence"
        if any(_permits(one, "conditional") for one in claims):  # "allowed under conditions" does not say "allowed"
            polar, claims = ([one for one in some if not _permits(one, "yes")] for some in (polar, claims))
        for claim in claims:
            if self.figures and (counted := self._counted(claim)):
                if denials or not any(_is(fact, one.figure, one.unit) for fact in counted for one in self.figures):
                    return f"this is not how many are {claim.words}"
            elif not self._holds(claim, turned=denials % 2 == 1 and (claim in polar or not polar)):
                return f"the evidence does not say “{claim.words}” of this"
        return ""

    def _opposed(self) -> bool:
        """Whether a text of the evidence says nearly the same, and denies it."""
        said = _stems(self.sentence.text[self.start : self.end])
        if len(said) < _FEW:
            return False
        for _, text in self.sentence.read.texts:
            for start, end in sentences(text):
                for first, last in clauses(text[start:end].lower()):
                    there = text[start:end].lower()[first:last]
                    alike = len(said & _stems(there)) >= _MOSTLY * len(said)
                    if alike and any(one.meanings.keys() & {"negation", "cannot"} for one in claims_in(there)):
                        return True
        return False

    @property
    def topics(self) -> set[str]:
        """What of a licence the clause is about, else the one before it."""
        of_clauses: dict[bool, set[str]] = {True: set(), False: set()}
        for claim in self.all_claims:
            if claim.start < self.end:
                here = claim.start >= self.start
                of_clauses[here] |= {
                    kind.removeprefix("topic:") for kind in claim.meanings if kind.startswith("topic:")
                }
        return of_clauses[True] or of_clauses[False]

    def _counted(self, claim: Claim) -> list[Fact]:
        """The figures that say how many are what a claim's words say, such as devices that are late."""
        return [
            fact
            for record in self._scope(of_values=False)
            for fact in record.facts
            if fact.attribute == claim.words and isinstance(fact.value, int | float)
        ]

    def _scope(self, *, of_values: bool = True) -> list[Record]:
        """The things that the clause may be about."""
        return [
            record
            for record in self.sentence.read.records
            if all(_goes_by(record, name, of_values=of_values) for name in self.names)
        ]

    def _holds(self, claim: Claim, *, turned: bool) -> bool:
        flags = {
            fact.value for record in self._scope() for fact in record.of(claim.words) if isinstance(fact.value, bool)
        }
        if flags:
            return flags == {not turned}
        return any(_CHECKS[kind](self, values, turned) for kind, values in claim.meanings.items() if kind in _CHECKS)

    def permission(self, values: frozenset[str], turned: bool) -> bool:
        if turned and values == frozenset({"yes"}):
            values, turned = frozenset({"no"}), False
        elif turned and values == frozenset({"no"}):
            values, turned = frozenset({"yes", "conditional"}), False
        attributes = self.topics or {"commercial_use", "redistribution", "modification"}
        return self._facts_say({*attributes, "verdict"}, {"yes", "no", "conditional", "unsure"}, values, turned)

    def non_commercial(self, values: frozenset[str], turned: bool) -> bool:
        if self.topics - {"commercial_use"}:
            return False
        wanted = frozenset({"yes", "conditional"} if turned else {"no"})
        return self._facts_say({"commercial_use"}, {"yes", "no", "conditional", "unsure"}, wanted, turned=False)

    def cannot(self, values: frozenset[str], turned: bool) -> bool:
        return self.permission(values, turned)

    def verdict(self, values: frozenset[str], turned: bool) -> bool:
        known = {"pass", "fail", "insufficient evidence"}
        if turned and values == frozenset({"pass"}):
            values, turned = frozenset({"fail", "insufficient evidence"}), False
        if self._facts_say({"verdict"}, known, values, turned):
            return True
        return not turned and "insufficient evidence" in values and self._said_in_words("verdict", values)

    def approval(self, values: frozenset[str], turned: bool) -> bool:
        asked = [one for one in self._scope() if any(one.of("requester", "four_eyes"))]
        others = [one for one in self._scope() if one not in asked]
        states = {str(fact.value) for record in asked for fact in record.of("state")}
        waits = {str(fact.value) for record in others for fact in record.of("state")} & {"waiting_for_approval"}
        states |= {"requested" for _ in waits}
        return _says(states, values, turned)

    def state(self, values: frozenset[str], turned: bool) -> bool:
        facts = {
            str(fact.value)
            for record in self._scope()
            for fact in record.facts
            if fact.attribute in _STATES and isinstance(fact.value, str)
        }
        stages = {"production", "staging", "candidate", "retired"}
        about = facts & stages if values & stages else facts - stages - {"pass", "fail", "insufficient evidence"}
        return _says(about, values, turned)

    def licence(self, values: frozenset[str], turned: bool) -> bool:
        more = {"conditions", "reasons", "attribution"} if values == frozenset({"research"}) else set[str]()
        texts = [
            " ".join(str(fact.value).lower() for fact in record.facts if _is_of_licence(fact, more))
            for record in self._scope()
            if any(_is_of_licence(fact) for fact in record.facts)
        ]
        there = [any(value in re.sub(r"[_-]", at, text) for value in values for at in "_- ") for text in texts]
        return bool(texts) and (not any(there) if turned else all(there))

    def share(self, values: frozenset[str], turned: bool) -> bool:
        served = [
            float(fact.value)
            for record in self._scope(of_values=False)
            for fact in record.facts
            if fact.attribute in _SHARES and isinstance(fact.value, int | float)
        ]
        if len(served) != 1 or turned:
            return False
        least, most = {"all": (_HUNDRED, _HUNDRED), "most": (_HALF + 1, _HUNDRED), "little": (0, _HALF - 1)}[
            next(iter(values))
        ]
        return least <= served[0] <= most

    def comparison(self, values: frozenset[str], turned: bool) -> bool:
        names = self.names
        if len(names) != 2:
            return False
        one, other = (self._measured(name) for name in names)
        common = one.keys() & other.keys()
        if values & {"faster", "slower"}:
            common = {metric for metric in common if _TIMES.search(metric)}
        metrics = {metric for metric in common if self._mentions(metric)} or common
        if not metrics:
            return False
        signs: set[int] = set()
        for metric in metrics:
            first, second = one[metric], other[metric]
            if len(first) != 1 or len(second) != 1:
                return False
            difference = next(iter(first)) - next(iter(second))
            downward = bool(_LOWER_IS_BETTER.search(metric)) and not values & {"higher", "lower", "faster", "slower"}
            signs.add((difference > 0) - (difference < 0) if not downward else (difference < 0) - (difference > 0))
        wanted = _SIGNS[next(iter(values))]
        said = signs <= {wanted, 0} and wanted in signs
        return (wanted not in signs) if turned else said

    def _measured(self, name: str) -> Mapping[str, set[float]]:
        found: dict[str, set[float]] = {}
        for record in self.sentence.read.records:
            if name in record.names:
                for fact in record.facts:
                    if ".metrics" in fact.path and isinstance(fact.value, int | float):
                        found.setdefault(fact.attribute, set()).add(float(fact.value))
        return found

    def _facts_say(self, attributes: set[str], known: set[str], values: frozenset[str], turned: bool) -> bool:
        facts = {
            str(fact.value)
            for record in self._scope()
            for fact in record.facts
            if fact.attribute in attributes and str(fact.value) in known
        }
        return _says(facts, values, turned)

    def _said_in_words(self, kind: str, values: frozenset[str]) -> bool:
        """Whether what is said in words of all of these things claims it."""
        return any(
            values & claim.meanings.get(kind, frozenset())
            for record in self._scope()
            for fact in record.facts
            if fact.attribute in _REASONS and isinstance(fact.value, str)
            for claim in claims_in(fact.value.lower())
        )

    def _same_thing(self, claims: Sequence[Claim]) -> bool:
        """Whether the clause's names are of one thing, where it does not only list or compare them."""
        if not self._whose_licence():
            return False
        if len(self.names) < 2 or any("comparison" in one.meanings for one in claims):
            return True
        if self._scope():
            return True
        people = any(name in self.sentence.read.people for name in self.names)
        return not people and not claims and bool(_JOINS.search(self.text))

    def _whose_licence(self) -> bool:
        """Whether a licence that is named is of what is named beside it, or of everything."""
        licensed = [
            {str(fact.value).lower() for fact in record.facts if _is_of_licence(fact)}
            for record in self.sentence.read.records
        ]
        licences = {name for name in self.names if any(name in one for one in licensed)}
        if not licences or licences != set(self.names):
            return True
        return all(one & licences for one in licensed if one)

    def _figures(self) -> str:
        """Whether each figure is one of the thing's, and of what is mentioned."""
        shown = [one.start - self.start for one in self.values if isinstance(one.fact.value, int | float)]
        if any(_BOUND.search(self.text[:at]) for at in (*shown, *(one.start for one in self.figures))):
            return "the evidence gives the figure itself"
        figures = self.figures
        if not figures:
            return ""
        if len(self.names) > 1 and not self._scope(of_values=False):
            return "these names do not belong together"
        facts = [
            fact
            for record in self._scope(of_values=False)
            for fact in record.facts
            if not isinstance(fact.value, bool) and _figure_of(fact) is not None
        ]
        mentioned = [fact for fact in facts if self._mentions(fact.attribute)]
        for amount in figures:
            same = [fact for fact in (mentioned or facts) if _is(fact, amount.figure, amount.unit)]
            if not same:
                return f"{amount.figure} is not in the evidence"
            if not any(self._is_clear(fact, facts) for fact in same):
                return f"it is not clear of what {amount.figure} is"
        return ""

    def _is_clear(self, one: Fact, facts: Sequence[Fact]) -> bool:
        """Whether nothing else that the clause may be about has another figure there."""
        rivals = [fact for fact in facts if fact.attribute == one.attribute and _figure_of(fact) != _figure_of(one)]
        return not rivals or bool(_ALL_OF_THEM.search(self.text.strip())) or self._is_a_list(one, rivals)

    def _is_a_list(self, one: Fact, rivals: Sequence[Fact]) -> bool:
        """Whether they are elements of one list, such as the steps of a rollout."""
        listed = re.sub(r"\[\d+\]$", "", one.path)
        return all(re.sub(r"\[\d+\]$", "", rival.path) == listed != rival.path for rival in rivals)

    def _mentions(self, attribute: str) -> bool:
        text = self.text.lower()
        words = [part for part in re.split(r"[_.]", attribute.removesuffix("_count")) if len(part) > _SHORT]
        more = [word for part in words for word in _ABOUT.get(part, ())]
        return any(re.search(rf"(?<![a-z]){re.escape(word.rstrip('s'))}", text) for word in (*words, *more))

    def _rendered(self) -> str:
        """Whether rendered values are of the thing that is named, and of what is said of them."""
        topics = self.topics
        for value in self.values:
            attribute = value.fact.attribute
            if attribute in {"commercial_use", "redistribution", "modification"} and topics - {attribute}:
                return f"this is not what stands at {value.fact.path}"
            path = value.fact.path
            owners = [
                one for one in self.sentence.read.records if any(same_place(fact.path, path) for fact in one.facts)
            ]
            if not owners or not all(_goes_by(record, name) for name in self.names for record in owners):
                return f"{path} is of something else"
            numbers = [
                fact
                for record in owners
                for fact in record.facts
                if isinstance(fact.value, int | float) and not isinstance(fact.value, bool)
            ]
            mentioned = {fact.attribute for fact in numbers if self._mentions(fact.attribute)}
            if isinstance(value.fact.value, int | float) and mentioned and attribute not in mentioned:
                return f"this is not what stands at {value.fact.path}"
        return ""

    def _roles(self, claims: Sequence[Claim]) -> str:
        """Whether whoever is named did what is said of them."""
        people = [one for one in self.named if one.name in self.sentence.read.people]
        marks = [
            (claim, "decider" if "role:decider" in claim.meanings else "requester")
            for claim in self.claims
            if claim.meanings.keys() & {"role:decider", "role:requester"}
        ]
        marks += [(one, "decider") for one in claims if "approval" in one.meanings]
        for person in people:
            if not marks:
                continue
            _, role = min(marks, key=lambda mark: _distance(mark[0], person))
            fields = _FIELDS_OF[role]
            held = any(
                str(fact.value).lower() == person.name for record in self._scope() for fact in record.of(*fields)
            )
            before = self.text[: person.start - self.start].rstrip(MASK)
            if bool(_OTHER_THAN.search(before)) == held:
                return f"it was not {person.name}"
        return ""

    def _directions(self) -> str:
        """Whether something moves from where and to what it does."""
        if _TRAFFIC_TO.search(self.text):
            return ""
        marks = [
            (claim, kind.removeprefix("direction:"))
            for claim in self.claims
            for kind in claim.meanings
            if kind in {"direction:to", "direction:from", "direction:replaces"}
        ]
        wrong = {"to": {"former_version"}, "from": {"version"}, "replaces": {"version"}}
        for claim, way in marks:
            after = next((one for one in self.named if 0 <= one.start - claim.end <= _NEAR), None)
            fields = [
                fact
                for record in self._scope()
                for fact in record.of("version", "former_version")
                if after and str(fact.value).lower() == after.name
            ]
            if fields and {fact.attribute for fact in fields} <= wrong[way]:
                return "it is the other way round"
        return ""

    def _serving(self) -> str:
        """Whether a version that is said to serve does."""
        if not _SERVES.search(self.text):
            return ""
        versions = {
            str(fact.value).lower()
            for record in self.sentence.read.records
            for fact in record.of("version", "former_version", "shadow")
        }
        for name in versions & set(self.names):
            shares = [
                fact.value
                for record in self._scope(of_values=False)
                if name in record.names
                for fact in record.of(*_SHARES)
            ]
            least = _HUNDRED if _ALONE.search(self.text) else 1
            if not any(isinstance(share, int | float) and share >= least for share in shares):
                return f"{name} does not serve there"
        return ""


_CHECKS: Mapping[str, Callable[[Clause, frozenset[str], bool], bool]] = {
    "permission": Clause.permission,
    "non_commercial": Clause.non_commercial,
    "cannot": Clause.cannot,
    "verdict": Clause.verdict,
    "approval": Clause.approval,
    "state": Clause.state,
    "licence": Clause.licence,
    "share": Clause.share,
    "comparison": Clause.comparison,
}


def _stems(text: str) -> frozenset[str]:
    """What is left of the words of a text without their endings, and of Chinese its pairs of characters."""
    lower = text.lower()
    words = {word[:_STEM] for word in re.findall(r"[a-z]{2,}", lower) if word not in _SMALL_WORDS}
    return frozenset(
        words | {lower[at : at + 2] for at in range(len(lower) - 1) if lower[at] >= "\u3400" <= lower[at + 1]}
    )


def _goes_by(record: Record, name: str, *, of_values: bool = True) -> bool:
    """Whether a name is one of a thing's, or, `of_values`, a value of it."""
    if name in record.names or name in record.above:
        return True
    return of_values and any(str(fact.value).lower() == name for fact in record.facts)


def _is_of_licence(fact: Fact, more: AbstractSet[str] = frozenset()) -> bool:
    return fact.attribute in _LICENCE_FIELDS | more or fact.path.endswith("licence.name")


def _permits(claim: Claim, value: str) -> bool:
    return claim.meanings.get("permission") == frozenset({value})


def _kinds(claim: Claim) -> set[str]:
    return _CHECKS.keys() & claim.meanings.keys()


def _says(facts: Iterable[str], values: frozenset[str], turned: bool) -> bool:
    """Whether all facts have one of the values, or none where it is denied; False where there is no fact."""
    there = set(facts)
    return bool(there) and (not there & values if turned else there <= values)


def _distance(claim: Claim, name: Name) -> int:
    return max(claim.start - name.end, name.start - claim.end)


def _figure_of(fact: Fact) -> tuple[str, str] | None:
    """Figure and unit of a value that is one; None where it is none."""
    if isinstance(fact.value, int | float):
        text = f"{fact.value:.12g}"
        found = next(iter(amounts(text)), None)
        return (found.figure, "%" if fact.attribute in _SHARES else "") if found else None
    if _MOMENT.match(fact.value):
        return None
    found = list(amounts(plain(fact.value)))
    if len(found) == 1 and not re.search(
        r"[A-Za-z\u3400-\u9fff]{3}", fact.value[: found[0].start] + fact.value[found[0].end :]
    ):
        return found[0].figure, found[0].unit
    return None


def _is(fact: Fact, figure: str, unit: str) -> bool:
    there = _figure_of(fact)
    if there is None:
        return False
    if there[0] == figure and (unit in {"", there[1]} or not there[1]) and not (unit == "%" and not there[1]):
        return True
    share = isinstance(fact.value, float) and 0 <= fact.value <= 1 and unit == "%"
    return share and f"{float(fact.value) * _HUNDRED:.6g}" == figure
