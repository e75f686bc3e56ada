"""The guardrail: of what a crew says, a sentence stays only if the evidence carries all that it asserts.

A verdict, permission, approval, licence, state, comparison, figure or name that a sentence asserts or denies must be a
fact of the one thing that it is about (`clauses.py`). A word that neither asserts nothing (`plain_words.yaml`) nor
stands in the evidence makes a sentence fall, and so does a clause that rests on nothing found: better to drop a true
sentence than to keep a false one. What this cannot see: who does what to whom in words that the evidence has, too.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.teams.claims import claims_in, clauses, first_unknown, masked
from agents.teams.clauses import Clause, Name, Sentence, Value
from agents.teams.evidence import NAMING, PEOPLE, Evidence, Fact, ReadEvidence, rendered
from edge.kernel.grounding import amounts, codes, plain
from memory.documents.sentences import sentences

_IN_BRACES = re.compile(r"[{`]+\s*(E\d+[^{}`\s]*?)\s*[}`]+|(?<![\w{])(E\d+(?:\.[\w@:-]*\w|\[[^\[\]\s]+\])+)")
_POSITION = re.compile(r"(?:\[[^\]]*\])+$")
_MARKS = re.compile(r"^[\s>*#-]+|\*\*|`")
_IDS = re.compile(r"[\w.-]+@[\w.-]*\w|\b(?:ap|ro|run|gate|ev)-[\w-]*\w")


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence with its references rendered, and why it falls; empty where it stays."""

    text: str
    objection: str = ""


def keep_carried(said: Iterable[str], evidence: Evidence) -> tuple[list[str], int]:
    """The sentences that stay, in order, and how many do not.

    Args:
        said: Markdown of a model, with references such as {E1.licence.name}.
    """
    read = evidence.read()
    kept: list[str] = []
    dropped = 0
    for text in said:
        for start, end in sentences(text):
            sentence = _MARKS.sub("", text[start:end]).strip()
            if not any(letter.isalnum() for letter in sentence):
                continue
            checked = check_sentence(sentence, evidence, read)
            if checked.objection:
                dropped += 1
            else:
                kept.append(checked.text)
    return list(dict.fromkeys(kept)), dropped


def check_sentence(sentence: str, evidence: Evidence, read: ReadEvidence) -> Checked:
    """Render a sentence's references and look whether the evidence carries what it says.

    Args:
        read: the same evidence, taken apart.
    """
    try:
        text, values = _render(sentence, evidence)
    except KeyError as error:
        return Checked(sentence, f"there is nothing at {error.args[0]}")
    return Checked(
        text, _objection(Sentence(text, tuple(values), read, tuple(_find_names(text.lower(), values, read))))
    )


def _render(sentence: str, evidence: Evidence) -> tuple[str, list[Value]]:
    text, values, at = "", list[Value](), 0
    for found in _IN_BRACES.finditer(sentence):
        path = found[1] or found[2]
        value = evidence.scalar_at(path)
        text += sentence[at : found.start()]
        shown = rendered(value)
        attribute = _POSITION.sub("", path).rpartition(".")[2]
        values.append(Value(len(text), len(text) + len(shown), Fact(attribute, value, path)))
        text += shown
        at = found.end()
    return plain(text + sentence[at:]) if not values else text + sentence[at:], values


def _objection(sentence: Sentence) -> str:
    """Why the evidence does not carry a sentence; empty where it does."""
    if sentence.stands_there(sentence.text, sentence.names):
        return ""
    read = sentence.read
    bare = masked(sentence.text.lower(), [(one.start, one.end) for one in (*sentence.names, *sentence.values)])
    unknown = [bare[start:end] for start, end, _ in codes(bare)] + [found[0] for found in _IDS.finditer(bare)]
    if unknown:
        return f"{unknown[0]} is not in the evidence"
    claims = claims_in(bare)
    figures = [(one.start, one.end) for one in amounts(bare)]
    rest = masked(bare, [*((claim.start, claim.end) for claim in claims), *figures])
    if word := first_unknown(rest, read.words, read.letters):
        return f"“{word}” is not in the evidence"
    before: Sequence[Name] = ()
    for start, end in clauses(bare):
        clause = Clause(sentence, bare[start:end], start, end, claims, before)
        before = clause.named or before
        if why := clause.objection():
            return why
    return ""


def _find_names(lower: str, values: Sequence[Value], read: ReadEvidence) -> list[Name]:
    """Names of the evidence, the longest first; the rendered ones among them."""
    found = [
        Name(one.start, one.end, str(one.fact.value).lower()) for one in values if one.fact.attribute in NAMING | PEOPLE
    ]
    taken = [(one.start, one.end) for one in values]
    for name in sorted((one for one in read.names if one in lower), key=len, reverse=True):
        for match in re.finditer(rf"(?<![\w@.-]){re.escape(name)}(?![\w@-]|\.\w)", lower):
            if all(match.end() <= start or match.start() >= end for start, end in taken):
                taken.append(match.span())
                found.append(Name(match.start(), match.end(), name))
    return sorted(found, key=lambda one: one.start)
