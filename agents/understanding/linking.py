"""Entity linking: the words of a message that stand for what exists, that look like it, or that refer to it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from agents.understanding.entities import (
    Entity,
    Kind,
    KnownEntities,
    KnownRollout,
    label_of,
    letter_count,
    model_of,
    shape_of,
    squeezed,
)
from agents.understanding.published_models import PublishedNames, model_mentions, published_names, unknown_models
from agents.understanding.words import (
    AUXILIARIES,
    DETERMINERS,
    FUNCTION_WORDS,
    NEUTRAL_NOUNS,
    ORDERS,
    PREPOSITIONS,
    has_han,
    is_ordinary,
    kind_pattern,
    kind_said,
    vocabulary_is_known,
)
from tools.registry.catalogue import Catalogue

LONGEST = 4_000
"""Letters of a message that are read; names behind them are not found."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that stand for something: `words` is the text from `start` to `end`.

    Attributes:
        entities: what they may stand for, best first; several of one kind are candidates to choose from. None where
            they only look like a name.
        exact: the name was said as it is, but for case, hyphens, dots and spaces; or it follows from such names.
        common: the words are used in their ordinary sense here, as in "we support German".
        looks_like: the kinds of thing that the words would name, where nothing has that name.
    """

    start: int
    end: int
    words: str
    entities: tuple[Entity, ...] = ()
    exact: bool = True
    common: bool = False
    looks_like: tuple[Kind, ...] = ()

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Of the entities, or of what it looks like; each once."""
        return tuple(dict.fromkeys(one.kind for one in self.entities)) or self.looks_like

    def of_kind(self, *kinds: Kind) -> tuple[Entity, ...]:
        """The entities of these kinds, best first."""
        return tuple(one for one in self.entities if one.kind in kinds)


@dataclass(frozen=True, slots=True)
class Reference:
    """Words that stand for what was named before, such as "it", "that rollout" and "the second one".

    Attributes:
        kind: None where the words do not say it.
        ordinal: counts from 1, and from -1 backwards ("the last one"); None where they do not say it.
    """

    start: int
    end: int
    words: str
    kind: Kind | None = None
    ordinal: int | None = None


def link(text: str, known: KnownEntities, catalogue: Catalogue) -> tuple[Mention, ...]:
    """All mentions, in order; none overlaps another, and the longest stands where names would."""
    text = text[:LONGEST]
    board = _Board(text)
    _take_question_ids(board, known)
    _take_names(board, known, catalogue)
    _take_said_otherwise(board, known)
    _take_suspects(board, known)
    _take_shapes(board, known)
    _take_families(board, known, catalogue)
    _take_misspelt(board, known, catalogue)
    _take_catalogue_like(board, catalogue)
    _take_labels(board, known)
    _take_latest(board, known)
    _take_devices(board, known)
    _take_owned(board, known)
    _take_rollouts(board, known)
    _take_asked(board, known)
    _take_named_kinds(board)
    return tuple(_judged(text, one) for one in board.in_order())


class _Board:
    """The text with the mentions that were found so far."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.low = text.lower()
        self.squeezed, self.places = _squeeze(text)
        self.used = bytearray(len(text))
        self.found: list[Mention] = []

    def free(self, start: int, end: int) -> bool:
        return start < end and not any(self.used[start:end])

    def add(
        self, start: int, end: int, entities: Iterable[Entity], *, exact: bool = True, like: Sequence[Kind] = ()
    ) -> None:
        """Where the words are free still."""
        if self.free(start, end):
            self.found.append(Mention(start, end, self.text[start:end], tuple(entities), exact, looks_like=tuple(like)))
            self.used[start:end] = b"\1" * (end - start)

    def widen(
        self, mentions: Sequence[Mention], start: int, end: int, entities: Iterable[Entity], like: Sequence[Kind] = ()
    ) -> None:
        """Put one mention in the place of these, which lie within it; not where another one would be cut."""
        if any(one.start < end and start < one.end for one in self.found if one not in mentions):
            return
        for one in mentions:
            self.found.remove(one)
            self.used[one.start : one.end] = b"\0" * (one.end - one.start)
        self.add(start, end, entities, exact=all(one.exact for one in mentions), like=like)

    def in_order(self) -> list[Mention]:
        return sorted(self.found, key=lambda one: one.start)


# Names as they are.

_INSIDE = re.compile(r"[^\w .:/@_-]|[\W_]{2}")
_SHORT = 4
_COUNTED = re.compile(
    r"\s?(?:%|％|percent|seconds?|secs?|minutes?|mins?|hours?|days?|weeks?|times|requests?|samples?|points?|个|次|天"
    r"|分钟|小时|秒)",
    re.IGNORECASE,
)


def _take_names(board: _Board, known: KnownEntities, catalogue: Catalogue) -> None:
    """Names of the ledger and of the catalogue, longest first."""
    rows: list[tuple[int, int, tuple[Entity, ...]]] = []
    for wanted, entities in known.spellings.items():
        if len(wanted) < _SHORT and wanted.isascii():
            rows += _short_places(board, entities)
        elif wanted in board.squeezed:
            rows += _places(board, wanted, entities)
    for one in model_mentions(board.text, catalogue):
        if one.model_id is not None:
            rows.append((one.start, one.end, (Entity("catalogue_model", one.model_id),)))
    spans: dict[tuple[int, int], tuple[Entity, ...]] = {}
    for start, end, entities in rows:
        spans[start, end] = (*spans.get((start, end), ()), *entities)
    for start, end in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        board.add(start, end, spans[start, end])
    _take_licences(board, catalogue)


def _take_licences(board: _Board, catalogue: Catalogue) -> None:
    """Ids of licences; short ones, such as MIT, in capitals alone."""
    for name in catalogue.licences:
        for match in _whole(name).finditer(board.text) if name in board.low else ():
            if len(name) >= _SHORT or match[0].isupper():
                board.add(match.start(), match.end(), [Entity("licence", name, catalogue.licences[name].name)])


@lru_cache(20_000)
def _whole(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9@_-]){re.escape(name)}(?![A-Za-z0-9@_]|-\w)", re.IGNORECASE)


def _short_places(board: _Board, entities: tuple[Entity, ...]) -> Iterator[tuple[int, int, tuple[Entity, ...]]]:
    """Letter by letter."""
    for name in dict.fromkeys(one.name for one in entities):
        if name.lower() in board.low:
            same = tuple(one for one in entities if one.name == name)
            for match in _whole(name).finditer(board.text):
                if _is_whole(board.text, match.start(), match.end(), name):
                    yield match.start(), match.end(), same


def _places(board: _Board, wanted: str, entities: tuple[Entity, ...]) -> Iterator[tuple[int, int, tuple[Entity, ...]]]:
    at = board.squeezed.find(wanted)
    while at >= 0:
        start, end = board.places[at], board.places[at + len(wanted) - 1] + 1
        same = tuple(one for one in entities if _is_said(board.text, start, end, one))
        if same:
            yield start, end, same
        at = board.squeezed.find(wanted, at + 1)


def _is_said(text: str, start: int, end: int, one: Entity) -> bool:
    said = text[start:end]
    if not _is_whole(text, start, end, one.name):
        return False
    if one.kind == "tool":
        return "_" in said
    if one.kind == "version" and said[-1 - len(label_of(one.name)) :][:1].isspace():
        label = label_of(one.name).lower()
        return label not in FUNCTION_WORDS and not (label.isdigit() and _COUNTED.match(text, end))
    return True


@lru_cache(16)
def _squeeze(text: str) -> tuple[str, tuple[int, ...]]:
    """Letters and digits in lower case, and where each stood."""
    places = tuple(index for index, letter in enumerate(text) if letter.isalnum())
    return "".join(text[index].lower()[:1] for index in places), places


def _is_whole(text: str, start: int, end: int, name: str) -> bool:
    """Whether it is one name with the same numbers in it, and no part of a longer one."""
    said = text[start:end]
    if re.findall(r"\d+", said) != re.findall(r"\d+", name) or _INSIDE.search(said):
        return False
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if _is_latin(said[0]) and (_is_latin(before[-1:]) or (before[-1:] in {*"-@_."} and _is_latin(before[:1]))):
        return False
    return not (_is_latin(said[-1]) and (_is_latin(after[:1]) or (after[:1] in {*"-@_."} and _is_latin(after[1:]))))


def _is_latin(letter: str) -> bool:
    return bool(letter) and letter.isascii() and letter.isalnum()


# Other words for what exists.

_OTHERWISE: tuple[tuple[str, Kind, str], ...] = (
    ("挑战者", "alias", "challenger"),
    ("冠军", "alias", "champion"),
    ("现役版本", "alias", "champion"),
    ("现役", "alias", "champion"),
    ("预发布", "stage", "staging"),
    ("预发环境", "stage", "staging"),
    ("预发", "stage", "staging"),
    ("生产环境", "stage", "production"),
    ("生产", "stage", "production"),
    ("候选", "stage", "candidate"),
    ("prod", "stage", "production"),
    ("champion", "alias", "champion"),
    ("challenger", "alias", "challenger"),
)


def _take_said_otherwise(board: _Board, known: KnownEntities) -> None:
    """Aliases and stages by their Chinese names; the two usual aliases even where nothing has them yet."""
    for spelling, kind, name in _OTHERWISE:
        for match in _whole(spelling).finditer(board.text) if spelling in board.low else ():
            found = known.entity(kind, name)
            if found or kind == "alias" or name in known.stages:
                board.add(
                    match.start(), match.end(), [found or Entity(kind, name, "names nothing yet" * (kind == "alias"))]
                )


_SUSPECTS: tuple[tuple[str, Kind], ...] = (
    (r"ap-[0-9a-z][0-9a-z-]{2,}", "approval"),
    (r"ro-[0-9a-z][0-9a-z-]{2,}", "rollout"),
    (r"dl-[0-9a-z][0-9a-z-]{2,}", "delegation"),
    (r"run-[0-9a-f]{4,}", "run"),
    (r"(?:[a-z0-9][\w.-]*:)?q-[0-9a-f]{4,}", "question"),
    (r"sha256:[0-9a-f]{6,64}", "artifact"),
    (r"(?<=key )[0-9a-f]{8}|(?<=密钥 )[0-9a-f]{8}|(?<=密钥)[0-9a-f]{8}", "key"),
    (r"[a-z0-9][\w.-]*@[\w.-]*\w", "version"),
)
_QUESTION_ID = re.compile(
    r"(?:\b(?:question|reply to|answer|respond to)\s+(?:question\s+)?|(?:问题|回复|回答|答复)\s*)"
    r"(?P<id>[A-Za-z0-9][\w.-]*:[\w-]+)",
    re.IGNORECASE | re.ASCII,
)
_SUSPECT = re.compile(
    rf"(?<![A-Za-z0-9_@.])(?:{'|'.join(f'(?P<{kind}>{pattern})' for pattern, kind in _SUSPECTS)})(?![A-Za-z0-9_])",
    re.IGNORECASE | re.ASCII,
)
_MAIL = re.compile(r"@[a-z-]+(?:\.[a-z-]+)+$", re.IGNORECASE)


def _take_question_ids(board: _Board, known: KnownEntities) -> None:
    """Such as press-1:7, behind words that say that it is one; before "press-1" is taken for a device."""
    for match in _QUESTION_ID.finditer(board.text):
        found = known.entity("question", match["id"])
        board.add(*match.span("id"), [found] if found else (), like=() if found else ("question",))


def _take_suspects(board: _Board, known: KnownEntities) -> None:
    """Names as ids have them, of which nothing has one; of a version whose model is misspelt, the version."""
    for match in _SUSPECT.finditer(board.text):
        kind: Kind = match.lastgroup  # pyright: ignore[reportAssignmentType]
        if kind == "version" and _MAIL.search(match[0]):
            continue
        near: list[Entity] = []
        if kind == "version":
            model = _nearest_model(known, squeezed(model_of(match[0])))
            label = _plain_label(label_of(match[0]))
            near = [
                Entity("version", name, stage)
                for name, stage in known.versions.items()
                if model and squeezed(model_of(name)) == model and _plain_label(label_of(name)) == label
            ]
        board.add(match.start(), match.end(), near, exact=not near, like=() if near else (kind,))


def _nearest_model(known: KnownEntities, wanted: str) -> str | None:
    from rapidfuzz.distance import OSA

    return _nearest(wanted, sorted((OSA.distance(wanted, name), name) for name in map(squeezed, known.models)))


def _take_catalogue_like(board: _Board, catalogue: Catalogue) -> None:
    for start, end in unknown_models(board.text, catalogue):
        board.add(start, end, (), like=("catalogue_model",))


# Names that are like known ones but for their number: "press-9", 五号车间.

_NUMBER_NAME = r"[A-Za-z]+[ _-]?\d+(?:[_-][A-Za-z0-9]+)*(?![A-Za-z0-9@_]|[.-]\w)"
_NUMBERED = (
    re.compile(rf"(?<![A-Za-z0-9@._-])[A-Za-z]+[ _-]{_NUMBER_NAME}"),
    re.compile(rf"(?<![A-Za-z0-9@._-]){_NUMBER_NAME}"),
)


def _take_shapes(board: _Board, known: KnownEntities) -> None:
    for pattern in _NUMBERED:
        for match in pattern.finditer(board.text):
            if kinds := known.shapes.get(shape_of(match[0])):
                board.add(match.start(), match.end(), (), like=kinds)
    if not has_han(board.text):
        return
    for shape, kinds in known.shapes.items():
        if has_han(shape) and all(part in board.text for part in shape.split("#")):
            for match in _shaped(shape).finditer(board.text):
                board.add(match.start(), match.end(), (), like=kinds)


@lru_cache(1000)
def _shaped(shape: str) -> re.Pattern[str]:
    return re.compile(r"(?:\d+|[零〇一二两三四五六七八九十]+)\s*".join(re.escape(part) for part in shape.split("#")))


# Misspelt names.

_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_.@][A-Za-z0-9]+)*", re.ASCII)
_KEY = re.compile(r"[A-Za-z]\d+")
_LONGEST_WINDOW = 3
_MOST_TOKENS = 200
_LONGEST_NAME = 40
_SURE = 6
"""Letters of a name from which on one that is missing, wrong or too many leaves it recognisable."""


def _take_misspelt(board: _Board, known: KnownEntities, catalogue: Catalogue) -> None:
    """One to three words that are nearly a name, where they are no ordinary words."""
    if not vocabulary_is_known():
        return
    tokens = [one for one in _TOKEN.finditer(board.text) if board.free(*one.span())][:_MOST_TOKENS]
    strange = [not _is_ordinary(one[0]) for one in tokens]
    if not any(strange):
        return
    spellings = _Spellings(known, published_names(catalogue))
    for size in range(_LONGEST_WINDOW, 0, -1):
        for first in range(len(tokens) - size + 1):
            window = tokens[first : first + size]
            if any(strange[first : first + size]) and _is_together(board.text, window):
                start, end = window[0].start(), window[-1].end()
                found = spellings.nearest(squeezed(board.text[start:end]))
                if found and (size == 1 or len(re.findall(r"[A-Za-z0-9]+", found[0].name)) >= size):
                    board.add(start, end, found, exact=False)
    for token, is_strange in zip(tokens, strange, strict=True):
        if is_strange and re.search(r"[\d-]", token[0]) and (kinds := spellings.kinds_like(squeezed(token[0]))):
            board.add(token.start(), token.end(), (), like=kinds)


def _is_together(text: str, window: Sequence[re.Match[str]]) -> bool:
    """Whether these words could be one name: nothing but spaces and hyphens between, none of them a function word."""
    if any(text[one.end() : two.start()].strip(" -_") for one, two in pairwise(window)):
        return False
    return len(window) == 1 or not any(one[0].lower() in FUNCTION_WORDS or _KEY.fullmatch(one[0]) for one in window)


def _is_ordinary(word: str) -> bool:
    return word.lower() in FUNCTION_WORDS or is_ordinary(word) or bool(kind_said(word))


@dataclass(frozen=True, slots=True)
class _Spellings:
    """Names that can be misspelt: those that are known, and published ones."""

    known: KnownEntities
    published: PublishedNames

    def near(self, wanted: str, most: int) -> list[tuple[int, str]]:
        """Spellings that so many errors make of it, the fewest first."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        found: list[tuple[int, str]] = []
        for length in range(len(wanted) - most, len(wanted) + most + 1):
            for names in (self.known.said_by_length.get(length), self.published.by_length.get(length)):
                if names:
                    rows = process.extract(wanted, names, scorer=OSA.distance, score_cutoff=most, limit=4)
                    found += [(int(distance), name) for name, distance, _ in rows]
        return sorted(set(found))

    def nearest(self, wanted: str) -> tuple[Entity, ...]:
        """What the one name stands for of which it is a misspelling; nothing where two are as near."""
        if letter_count(wanted) < _SHORT or len(wanted) > _LONGEST_NAME:
            return ()
        name = _nearest(wanted, self.near(wanted, min(3, 1 + len(wanted) // 6)))
        if name is None:
            return ()
        return self.known.said_by_letters.get(name) or (Entity("catalogue_model", self.published.models[name]),)

    def kinds_like(self, wanted: str) -> list[Kind]:
        """The kinds of the known names that are most like it: "triage-eu2" may be meant for a target."""
        names = [name for _, name in self.near(wanted, max(1, len(wanted) // 4))]
        known = [self.known.said_by_letters.get(name, ()) for name in names]
        return list(dict.fromkeys(entity.kind for entities in known[:3] for entity in entities))


def _nearest(wanted: str, near: Sequence[tuple[int, str]]) -> str | None:
    """The one name that differs by a few typing errors, the numbers in both the same; None where two are as near."""
    if any(_is_form(wanted, name) for _, name in near):
        return None
    numbers = re.findall(r"\d+", wanted)
    close = [row for row in near if re.findall(r"\d+", row[1]) == numbers and _is_near(wanted, row[1], row[0])]
    if not close or (len(close) > 1 and close[1][0] == close[0][0]):
        return None
    return close[0][1]


def _is_near(wanted: str, name: str, distance: int) -> bool:
    """Whether so many errors are likely in a name of this length; in a short one, letters change places alone."""
    if _is_piece(wanted, name):
        return False
    if len(name) < _SURE:
        return distance == 0 or (distance <= 1 and set(wanted) == set(name))
    most = 1 if len(name) < 8 else 2 if len(name) < 14 else 3
    return distance <= most and (name[0] == wanted[0] or distance < most or len(name) < 8)


def _is_form(wanted: str, name: str) -> bool:
    """Whether it is an inflected form of the name, as "triaged" is of triage."""
    stem = name.removesuffix("e")
    return wanted in {f"{name}d", f"{name}ed", f"{name}r", f"{name}er", f"{name}ing", f"{name}ly", f"{stem}ing"}


def _is_piece(wanted: str, name: str) -> bool:
    """Whether one is a part of the other, as "warranty" is of warranty-qa."""
    short, long = sorted((wanted, name), key=len)
    return len(long) - len(short) > 1 and (long.startswith(short) or long.endswith(short))


# Versions by their labels.

_LABEL = re.compile(
    r"(?<![A-Za-z0-9_.@/-])(?P<open>[(（\[])?(?:(?P<word>version|ver\.?|release|label|版本)\s*#?\s*)?"
    r"(?:第\s*(?P<han>[一二三四五六七八九十\d]+)\s*(?:个)?版(?:本)?"
    r"|(?P<label>[A-Za-z0-9][A-Za-z0-9_.]*)(?P<after>\s*(?:版本?(?!号)))?)"
    r"(?(open)[)）\]])(?![A-Za-z0-9_@%％]|[.-]\w)",
    re.IGNORECASE,
)
_MODEL_BEFORE = re.compile(r"^\s*(?:(?:'s|’s|的|,|:|：|之)\s*)?(?:model\s*|模型\s*的?\s*)?$", re.IGNORECASE)
_MODEL_AFTER = re.compile(r"^\s*(?:of|from|for|in|的)\s*(?:the\s+)?(?:model\s+)?$|^\s*(?:的)?\s*$", re.IGNORECASE)
_JOINED = re.compile(r"^\s*(?:,|and|or|vs\.?|versus|with|to|than|against|&|/|和|与|跟|、|或|到)\s*$", re.IGNORECASE)
_HAN_NUMBERS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_LABEL_LIKE = re.compile(r"[vr]\d+(?:\.\d+)*[a-z]?", re.IGNORECASE)


def _plain_label(label: str) -> str:
    """The label without its v: "v2" and "2" are one."""
    low = label.lower()
    return low[1:] if re.fullmatch(r"v\.?\d.*", low) else low


@dataclass(frozen=True, slots=True)
class _Label:
    """A label in the text. `prefixed`: a word such as "version" says that it is one; `enclosed`: it is in brackets."""

    start: int
    end: int
    label: str
    prefixed: bool
    enclosed: bool


def _labels_in(board: _Board, known_labels: Mapping[str, Sequence[str]]) -> Iterator[_Label]:
    for match in _LABEL.finditer(board.text):
        said = (match["label"] or match["han"]).lower()
        label = str(_ORDINALS.get(said) or _HAN_NUMBERS.get(said) or match["label"] or said)
        one = _Label(
            *match.span(), label, bool(match["word"] or match["after"] or match["han"]), match["open"] is not None
        )
        known = _plain_label(label) in known_labels
        numbered = any(letter.isdigit() for letter in label)
        likely = _LABEL_LIKE.fullmatch(label) or (known and numbered)
        if likely or ((one.prefixed or one.enclosed) and (known or (one.prefixed and numbered))):
            yield one


def _take_labels(board: _Board, known: KnownEntities) -> None:
    """Labels beside their models, then those alone."""
    labels: dict[str, list[str]] = {}
    for name in known.versions:
        labels.setdefault(_plain_label(label_of(name)), []).append(name)
    alone: list[_Label] = []
    for one in _labels_in(board, labels):
        if not board.free(one.start, one.end):
            continue
        model = _model_beside(board, one)
        if model is None:
            alone.append(one)
            continue
        plain = _plain_label(one.label)
        found = [
            entity for name in model.of_kind("model") for entity in _labelled(known, name.name, plain, one.prefixed)
        ]
        if found or one.end > model.end or one.prefixed or _LABEL_LIKE.fullmatch(one.label):
            board.widen(
                [model], min(one.start, model.start), max(one.end, model.end), found, () if found else ("version",)
            )
    for one in alone:
        if one.prefixed or _LABEL_LIKE.fullmatch(one.label):
            _take_bare(board, known, labels, one.start + one.enclosed, one.end - one.enclosed, one.label)


def _model_beside(board: _Board, label: _Label) -> Mention | None:
    """The model that the label is of: before it, or behind "of"."""
    if label.label.isdigit() and not (label.prefixed or label.enclosed):
        return None
    for one in board.found:
        if one.of_kind("model"):
            if one.end <= label.start and _MODEL_BEFORE.match(board.text[one.end : label.start]):
                return one
            if label.end <= one.start and _MODEL_AFTER.match(board.text[label.end : one.start]):
                return one
    return None


def _labelled(known: KnownEntities, model: str, plain: str, prefixed: bool) -> list[Entity]:
    """Versions of a model with this label; "version 9" is r9, too."""
    own = [name for name in known.versions if model_of(name) == model]
    same = [name for name in own if _plain_label(label_of(name)) == plain]
    if not same and prefixed:
        same = [name for name in own if re.sub(r"\D", "", label_of(name)) == plain]
    return [one for name in same if (one := known.entity("version", name))]


def _targets(board: _Board) -> list[str]:
    return [entity.name for one in board.found for entity in one.of_kind("target")]


def _take_bare(
    board: _Board, known: KnownEntities, labels: dict[str, list[str]], start: int, end: int, label: str
) -> None:
    """A label alone: of the version beside it, where one is joined by "and"; else of every model that has it."""
    beside = [
        one
        for one in board.found
        if any(entity.kind == "version" for entity in one.entities)
        and (
            (one.end <= start and _JOINED.match(board.text[one.end : start]))
            or (end <= one.start and _JOINED.match(board.text[end : one.start]))
        )
    ]
    for one in beside:
        for version in one.of_kind("version"):
            found = _labelled(known, model_of(version.name), _plain_label(label), prefixed=True)
            if found:
                board.add(start, end, found, exact=one.exact)
                return
    names = labels.get(_plain_label(label), [])
    living = [name for name in names if known.versions[name] != "retired"] or names
    served = {model_of(version) for target in _targets(board) for version in known.serving.get(target, ())}
    living = sorted(living, key=lambda name: model_of(name) not in served)
    found = [one for name in living if (one := known.entity("version", name))]
    if found or re.fullmatch(r"v\d.*", label, re.IGNORECASE):
        board.add(start, end, found, like=() if found else ("version",))


# Families, the newest version.

_FAMILY = re.compile(
    r"(?<![\w.-])(?:the\s+)?(?P<size>\d+(?:\.\d+)?\s?[bm])(?:\s+(?:one|models?|version))(?!\w)"
    r"|(?<![\w.-])(?P<han>\d+(?:\.\d+)?\s?[bm])\s*(?:的)?(?:那个|这个|模型|那款)"
    r"|\bthe\s+(?P<family>[a-z][a-z0-9.]{2,})\s+(?:one|model)(?!\w)",
    re.IGNORECASE,
)


def _take_families(board: _Board, known: KnownEntities, catalogue: Catalogue) -> None:
    """Registered models on a base of the size or family ("the 1.5b one", "the qwen one"), else published ones."""
    for match in _FAMILY.finditer(board.text):
        size = (match["size"] or match["han"] or "").lower().replace(" ", "")
        family = (match["family"] or "").lower()
        if family and (family in FUNCTION_WORDS or not board.free(*match.span())):
            continue

        def fits(*names: str, size: str = size, family: str = family) -> bool:
            said = " ".join(names).lower()
            if size:
                return re.search(rf"(?<![\d.]){re.escape(size)}(?![a-z0-9])", said) is not None
            return any(word.startswith(family) for word in re.findall(r"[a-z][a-z0-9.]*", said))

        found = [
            Entity("model", name, base)
            for name, base in known.models.items()
            if fits(name, base, *(one for version, one in known.bases.items() if model_of(version) == name))
        ]
        published = [Entity("catalogue_model", one.id) for one in catalogue.models if fits(one.id, *one.aliases)]
        if found or (published and (size or len(published) <= 60)):
            board.add(match.start(), match.end(), found or published[:12])
        elif size:
            board.add(match.start(), match.end(), (), like=("catalogue_model",))


_LATEST_BEFORE = re.compile(
    r"(?:(?:latest|newest|most recent|last)\s+(?:version|build|one)?\s*(?:of|from)?\s*(?:the\s+)?|最新(?:版本"
    r"|版)?的\s*)$",
    re.IGNORECASE,
)
_LATEST_AFTER = re.compile(
    r"^(?:'s|’s)?\s*(?:latest|newest)(?:\s+(?:version|build))?(?!\w)|^\s*的?\s*最新(?:的)?版本?", re.IGNORECASE
)


def _take_latest(board: _Board, known: KnownEntities) -> None:
    """Of "the latest support-bot" its newest version that is not retired."""
    for one in board.in_order():
        names = [known.versions_of(entity.name) for entity in one.of_kind("model")]
        newest = [entity for versions in names if versions and (entity := known.entity("version", versions[-1]))]
        if not newest:
            continue
        before = _LATEST_BEFORE.search(board.text[: one.start])
        after = _LATEST_AFTER.match(board.text[one.end :])
        if before or after:
            start = before.start() if before else one.start
            end = one.end + (after.end() if after else 0)
            tail = re.match(r"\s+versions?(?!\w)", board.text[end:]) if before else None
            board.widen([one], start, end + (tail.end() if tail else 0), newest)


# Devices by a part of their name, or by where they are.

_DEVICE_NOUN = r"(?:device|gateway|machine|gw|box|设备|网关|机器)(?![A-Za-z])"
_DEVICE_IN = re.compile(
    r"\b(?:the|that|this|our|my)\s+(?P<noun>(?:device|gateway|machine|box)\s+(?:in|at|of|from)\s+(?:the\s+)?(?:group\s+)?)$",
    re.IGNORECASE,
)
_ITS_DEVICE = re.compile(
    r"^\s+(?:device|gateway|machine|box)(?!\w)|^\s*的?(?:那台|这台)(?:设备|网关|机器)", re.IGNORECASE
)


def _take_devices(board: _Board, known: KnownEntities) -> None:
    """Of "hall 3 gateway" hall-3-gw; of "the gateway in austin" the devices of that group, and the group."""
    for prefix, names in known.device_prefixes.items():
        if prefix in board.squeezed:
            spaced = r"[\s_-]*".join(re.findall(r"\d+|[^\W\d_]+", names[0].rpartition("-")[0]))
            either = rf"(?<![A-Za-z0-9-]){spaced}[\s-]+{_DEVICE_NOUN}|(?:device|gateway|设备|网关)\s+{spaced}(?![\w-])"
            for match in re.finditer(either, board.text, re.IGNORECASE):
                found = [one for name in names if (one := known.entity("device", name))]
                board.add(match.start(), match.end(), found, exact=False)
    for one in board.in_order():
        groups = {entity.name for entity in one.of_kind("group")}
        before = _DEVICE_IN.search(board.text[max(0, one.start - 40) : one.start]) if groups else None
        after = _ITS_DEVICE.match(board.text[one.end : one.end + 20]) if groups and not before else None
        if before or after:
            start = one.start - (len(before["noun"]) if before else 0)
            end = one.end + (after.end() if after else 0)
            theirs = [entity for entity in known.of_kind("device") if entity.note in groups]
            board.widen([one], start, end, [*theirs, *one.entities])


# Things by whose they are, by what they move, by what is asked for.

_FEW = r"(?:(?:pending|open|last|latest|first|second|other|old|new|active|waiting|retirement|api)\s+){0,2}"


@dataclass(frozen=True, slots=True)
class _Owned:
    """How one kind is said by its owner's name."""

    kind: Kind
    owners: tuple[Kind, ...]
    after: re.Pattern[str]
    before: re.Pattern[str]


_NEW = re.compile(
    r"\b(?:start|begin|launch|create|open|make|issue|generate|give|new|another|a|an)\s+(?:the\s+)?$", re.IGNORECASE
)
"""Before what does not exist yet."""


def _owned(kind: Kind, owners: tuple[Kind, ...], nouns: str, linking: str, han: str) -> _Owned:
    after = rf"^(?:(?:'s|’s|'|’)\s+{_FEW}(?:{nouns})(?!\w)|\s*{han})"
    before = rf"(?:(?<![\w-]){_FEW}(?:{nouns})\s+(?:(?:was|were|that|which|is|made)\s+)*(?:{linking})\s+)$"
    return _Owned(kind, owners, re.compile(after, re.IGNORECASE), re.compile(before, re.IGNORECASE))


_OWNED = (
    _owned(
        "key",
        ("principal",),
        r"(?:api[ -])?keys?",
        "of|for|belonging to|from|issued to|owned by",
        r"(?:名下)?的\s*(?:API\s*)?(?:密钥|钥匙|key)",
    ),
    _owned(
        "approval",
        ("principal",),
        r"requests?|approvals?|ask",
        "of|from|by|asked by|made by",
        r"(?:提(?:交|出)?|发起|申请)?的\s*(?:那个|待批的?)?(?:申请|请求|审批)",
    ),
    _owned("delegation", ("principal",), "delegations?", "of|from|to|by", r"的\s*(?:委托|授权)"),
    _owned("question", ("device", "group"), "questions?", "of|from|by|asked by", r"的\s*(?:问题|提问)"),
    _owned("run", ("pipeline",), r"(?:pipeline\s+)?runs?", "of|through|in", r"(?:流水线)?的\s*运行"),
    _Owned("run", ("pipeline",), re.compile(r"^\s+(?:pipeline\s+)?run(?!\w)", re.IGNORECASE), re.compile(r"(?!)")),
)
_UNKNOWN_OWNER = re.compile(
    r"(?<![\w@])(?P<owner>[A-Za-z][a-z]+)(?:'s|’s)\s+(?:(?:pending|open|last"
    r"|api)\s+)?(?:(?P<key>(?:api[ -])?keys?)|(?P<approval>requests?))(?!\w)",
    re.IGNORECASE,
)


def _take_owned(board: _Board, known: KnownEntities) -> None:
    for way in _OWNED:
        for one in board.in_order():
            owners = one.of_kind(*way.owners)
            if not owners:
                continue
            after = way.after.match(board.text[one.end : one.end + 60])
            before = None if after else way.before.search(board.text[max(0, one.start - 60) : one.start])
            if not (after or before) or (before and _NEW.search(board.text[: one.start - len(before[0].lstrip())])):
                continue
            found = _of_owner(known, way.kind, owners[0].name)
            start = one.start - (len(before[0]) if before else 0)
            end = one.end + (after.end() if after else 0)
            if before:
                start += len(before[0]) - len(before[0].lstrip())
            board.widen([one], start, end, found, () if found else (way.kind,))
    for match in _UNKNOWN_OWNER.finditer(board.text):
        owner = match["owner"]
        kind: Kind = "key" if match["key"] else "approval"
        if (owner[0].isupper() and not is_ordinary(owner)) or not _is_ordinary(owner):
            board.add(match.start(), match.end(), (), like=(kind,))


def _of_owner(known: KnownEntities, kind: Kind, owner: str) -> list[Entity]:
    """The owner's things of a kind; what is open alone, where something is."""
    names: list[tuple[str, bool]] = []
    if kind == "key":
        names = [(one.id, not one.revoked) for one in known.keys if one.owner == owner]
    elif kind == "approval":
        names = [(one.id, one.open) for one in known.approvals if one.requester == owner]
    elif kind == "delegation":
        names = [(one.id, not one.revoked) for one in known.delegations if owner in {one.giver, one.receiver}]
    elif kind == "question":
        devices = {owner, *(name for name, group in known.devices.items() if group == owner)}
        names = [(one.id, True) for one in known.questions if one.device in devices]
    elif kind == "run":
        names = [(one.id, one.open) for one in known.runs if one.pipeline == owner]
    return _open_ones(known, kind, names)


def _open_ones(known: KnownEntities, kind: Kind, names: Sequence[tuple[str, bool]]) -> list[Entity]:
    wanted = [name for name, is_open in names if is_open] or [name for name, _ in names]
    return [one for name in wanted if (one := known.entity(kind, name))]


_MOVES = kind_pattern("rollout")
_STATES = (
    r"(?:(?:current|running|open|active|paused|aborted|failed|last|latest|ongoing|whole|stuck|held"
    r"|rolled[ -]back)\s+)?"
)
_DEFINITE = r"(?:the|that|this|our|my|current|running|open|active|paused|aborted|failed|last|latest|ongoing)"
_VERBS = (
    r"(?:pause|abort|resume|stop|cancel|show|explain|watch|check|retry|promote|roll\s?back|hold|continue|halt"
    r"|kill|finish"
    r"|complete|inspect|describe|status of|about|why is|how is|how's|unpause|restart|revert|undo|accelerate"
    r"|advance|with)"
)
_ROLLOUT_BEFORE_NAME = re.compile(
    rf"(?:\b{_DEFINITE}\s+{_STATES}|\b{_VERBS}\s+(?:the\s+)?{_STATES})(?P<noun>{_MOVES})\s+(?:(?:that is "
    rf"|that's |running |going )?(?:on|at|in|of|for|to|against))\s+(?:the\s+|target\s+)*$",
    re.IGNORECASE,
)
_ROLLOUT_AFTER_NAME = re.compile(rf"^(?:'s|’s)?\s+(?:target\s+)?{_STATES}(?P<noun>{_MOVES})(?!\w)", re.IGNORECASE)
_DEFINITE_BEFORE = re.compile(rf"\b(?:{_DEFINITE}|{_VERBS})\s+(?:the\s+)?{_STATES}$", re.IGNORECASE)
_ROLLOUT_HAN = re.compile(
    r"^\s*(?:目标|组)?(?:上|那边|里)?(?:正在进行)?的\s*(?:那个|这个|那次|当前)?\s*(?:灰度发布|金丝雀发布|灰度"
    r"|金丝雀|发布|上线)(?!到|给|版|者)"
)
_ON_TARGET = re.compile(r"^\s+(?:on|at|to|in)\s+(?:the\s+|target\s+)*$", re.IGNORECASE)
_MOVED: tuple[Kind, ...] = ("target", "version", "model", "alias", "group")


def _take_rollouts(board: _Board, known: KnownEntities) -> None:
    """The rollouts of "the returns rollout", "the canary on returns", returns 上的灰度; what named them is behind."""
    for one in board.in_order():
        if one not in board.found or not one.of_kind(*_MOVED):
            continue
        before = _ROLLOUT_BEFORE_NAME.search(board.text[max(0, one.start - 80) : one.start])
        after = _ROLLOUT_AFTER_NAME.match(board.text[one.end : one.end + 60])
        if (
            after
            and not _DEFINITE_BEFORE.search(board.text[: one.start])
            and "'" not in after[0]
            and "’" not in after[0]
        ):
            after = None
        after = after or _ROLLOUT_HAN.match(board.text[one.end : one.end + 30])
        if before is None and after is None:
            continue
        if before and _NEW.search(
            board.text[: max(0, one.start - len(before[0]))] + before[0][: before.start("noun") - before.start()]
        ):
            continue
        start = one.start - (len(before.string) - before.start("noun") if before else 0)
        end = one.end + (0 if before else after.end() if after else 0)
        within, named = [one], _moved(known, one)
        beyond = next((other for other in board.in_order() if other.start >= end and other.of_kind("target")), None)
        if beyond and not one.of_kind("target") and _ON_TARGET.match(board.text[end : beyond.start]):
            on_target = {entity.name for entity in beyond.of_kind("target")}
            named = [move for move in named if move.target in on_target]
            within, end = [one, beyond], beyond.end
        found = _open_ones(known, "rollout", [(move.id, move.open) for move in named])
        if found:
            board.widen(within, start, end, [*found, *(entity for part in within for entity in part.entities)])


def _moved(known: KnownEntities, one: Mention) -> list[KnownRollout]:
    targets = {entity.name for entity in one.of_kind("target", "group")}
    versions = {known.version(entity.name) for entity in one.of_kind("version", "alias")}
    models = {entity.name for entity in one.of_kind("model")}
    return [
        move
        for move in known.rollouts
        if move.target in targets or move.version in versions or (not targets and model_of(move.version) in models)
    ]


_ASKED = re.compile(
    r"(?<![\w-])(?:(?:pending|open|waiting)\s+)?(?:requests?|approvals?)\s+(?:to|for|about|of"
    r"|on)\s+(?:[A-Za-z]+\s+){0,3}$",
    re.IGNORECASE,
)
_ASKED_AFTER = re.compile(
    r"^(?:\s+(?:retirement\s+|promotion\s+|pending\s+)?(?:request|approval)(?!\w|\s+(?:per|a)\b)"
    r"|\s*(?:的)?(?:退役)?的?\s*(?:申请|审批))",
    re.IGNORECASE,
)
_TO_DO = re.compile(r"^\s+(?:to|for|about|of|on)\s+(?:[A-Za-z]+\s+){0,3}$", re.IGNORECASE)


def _take_asked(board: _Board, known: KnownEntities) -> None:
    """The approvals that "the request to retire summariser@v1" and "bob's request for v2" name by arguments."""
    for one in board.in_order():
        if one not in board.found or not one.entities or one.of_kind("approval"):
            continue
        names = {entity.name for entity in one.entities}
        names |= {known.version(name) for name in names}
        found = [
            (request.id, request.open)
            for request in known.approvals
            if any(isinstance(value, str) and value in names for value in request.arguments.values())
        ]
        if not found:
            continue
        before = _ASKED.search(board.text[max(0, one.start - 60) : one.start])
        after = _ASKED_AFTER.match(board.text[one.end : one.end + 40])
        whose = _whose_request(board, one, followed=after is not None)
        if whose:
            theirs = {entity.name for entity in whose.entities} | {
                request.id for request in known.approvals if request.requester == whose.entities[0].name
            }
            found = [row for row in found if row[0] in theirs]
        if found and (whose or before or after):
            start = whose.start if whose else one.start - (len(before[0]) if before else 0)
            end = one.end + (after.end() if after and not before else 0)
            within = [whose, one] if whose else [one]
            board.widen(within, start, end, [*_open_ones(known, "approval", found), *one.entities])


def _whose_request(board: _Board, what: Mention, *, followed: bool) -> Mention | None:
    """The request before "to retire" and `what`, or the person before `what` and "request"."""
    for one in board.found:
        between = board.text[one.end : what.start] if one.end <= what.start else None
        if between is None:
            continue
        if one.of_kind("approval") and _TO_DO.match(between):
            return one
        if followed and one.of_kind("principal") and re.fullmatch(r"\s*(?:'s|’s|的|关于|针对|对)\s*", between):
            return one
    return None


_NAMEABLE: tuple[Kind, ...] = (
    "target", "device", "group", "pipeline", "factory", "tenant", "alias", "policy", "model", "job", "pack", "prompt",
    "dataset", "stage",
)  # fmt: skip
_NAMED_KIND = re.compile(
    rf"(?<![\w-])(?P<noun>{kind_pattern(*_NAMEABLE)})(?![A-Za-z])\s*(?:called\s+|named\s+|叫\s*"
    rf"|名为\s*)?(?P<name>[A-Za-z][\w.]*(?:[-_][\w.]+)*)(?![\w@-])",
    re.IGNORECASE | re.ASCII,
)


_NEW_PRINCIPAL = re.compile(
    r"(?<![\w-])(?:keys?\s+(?:for|to)|delegate\b[^.,;]{0,40}?\sto)\s+(?:user\s+|principal\s+)?"
    r"(?P<name>[A-Za-z][\w.-]*\w)(?![\w@-]|\s+(?:team|people|device|devices)\b)",
    re.IGNORECASE | re.ASCII,
)


_PLAIN_WORDED: frozenset[Kind | None] = frozenset({"device", "model", "group", "stage"})
"""Kinds whose noun stands before other nouns: a name of one has a number or a hyphen."""
_CODE = re.compile(r"[A-Z]{1,4}-\w+")
"""Codes of documents and alarms, such as PO-01."""


def _take_named_kinds(board: _Board) -> None:
    """A name behind the noun of its kind that nothing has, as in "tenant initech"; whose a new key will be."""
    for match in _NAMED_KIND.finditer(board.text):
        name = match["name"].rstrip(".")
        kind = kind_said(match["noun"])
        if kind in _PLAIN_WORDED and not re.search(r"[\d_-]", name):
            continue
        if (
            kind
            and not _CODE.fullmatch(name)
            and not is_ordinary(name)
            and not kind_said(name)
            and name.lower() not in FUNCTION_WORDS | ORDERS
        ):
            board.add(match.start("name"), match.start("name") + len(name), (), like=(kind,))
    for match in _NEW_PRINCIPAL.finditer(board.text):
        if match["name"].lower() not in FUNCTION_WORDS and not kind_said(match["name"]):
            board.add(match.start("name"), match.end("name"), (), like=("principal",))


# Which of several things of one name is meant, and whether any is.

_KIND_AFTER = re.compile(rf"^(?:['’]s)?\s*(?:的)?\s*(?P<noun>{kind_pattern()})(?![A-Za-z])", re.IGNORECASE)
_KIND_BEFORE = re.compile(rf"(?<![A-Za-z])(?P<noun>{kind_pattern()})\s*(?:called|named|[“\"「:：])?\s*$", re.IGNORECASE)
_WORD_BEFORE = re.compile(r"([A-Za-z][\w'’]*)\s+$")
_WORD_AFTER = re.compile(r"\s+([A-Za-z][\w'’-]*|\d+(?:[.,]\d+)*%?)")
_DESCRIBING = frozenset("local default admin test main system public".split())
"""Names that every tenant may have, and that describe what is behind them: "the default policy"."""
_ADVERBS = frozenset("today tomorrow immediately gradually one two three four five six seven eight nine ten".split())
_ASKING = frozenset("do does did can could will would should may".split())
_ASKED_FIRST = re.compile(
    r"(?:^|[.;:!?,，。]\s*|\b(?:what|why|how|when|where|and|or|but)\s+(?:\w+\s+)?)(?:do|does|did|can|could|will"
    r"|would|should|may)\s+$",
    re.IGNORECASE,
)
"""A question in which the name is the subject: "what does support serve"."""
_INVERTED = re.compile(r"\b(?:do|does|did)(?:n't)?\s+(?:[\w.-]+\s+){1,4}$", re.IGNORECASE)
_PHRASES = re.compile(
    r"\b(?:by default|on hold|in support of|hold on|customer support|technical support|tech support|tax returns"
    r"|many happy returns"
    r"|hold (?:it|that|this|them)|(?:support|returns) (?:team|hours|contract|ticket|tickets|level|hotline|email"
    r"|phone|page|policy"
    r"|process|form|label|department|desk|engineer|staff|period|window|portal|request form)|default (?:value"
    r"|setting|settings)"
    r"|local (?:time|model|models|machine|network)|contact support|live support)\b",
    re.IGNORECASE,
)


def _judged(text: str, one: Mention) -> Mention:
    """The kind that a noun beside it says first; whether it is an ordinary word here."""
    if not one.entities:
        return one
    after, before = (
        _KIND_AFTER.match(text[one.end : one.end + 30]),
        _KIND_BEFORE.search(text[max(0, one.start - 30) : one.start]),
    )
    said: list[Kind] = [kind for match in (after, before) if match and (kind := kind_said(match["noun"]))]
    if "device" in said and not one.of_kind("device"):
        said.append("group")
    first = [entity for kind in said for entity in one.of_kind(kind)]
    if first:
        return replace(one, entities=tuple(dict.fromkeys([*first, *one.entities])))
    return replace(one, common=_is_common(text, one))


def _is_common(text: str, one: Mention) -> bool:
    """Whether the words before and behind make it a verb or a part of an ordinary phrase."""
    low = one.words.lower()
    if not re.fullmatch(r"[a-z]+", low) or not (is_ordinary(low) or low in FUNCTION_WORDS):
        return False
    if any(phrase.start() <= one.start and one.end <= phrase.end() for phrase in _PHRASES.finditer(text)):
        return True
    match = _WORD_BEFORE.search(text[max(0, one.start - 40) : one.start])
    before = match[1].lower().replace("’", "'") if match else ""
    if low in FUNCTION_WORDS:
        return before not in PREPOSITIONS and not text[one.end :].startswith(("'s", "’s"))
    return _is_verb(text, one, before) or _is_part(text, one, before)


def _is_verb(text: str, one: Mention, before: str) -> bool:
    """As in "we support German", "does the pump support it", "returns an empty page", "returns are accepted"."""
    match = _WORD_AFTER.match(text, one.end)
    after = match[1].lower() if match else ""
    said_before = text[: one.start]
    if (before in _ASKING and _ASKED_FIRST.search(said_before)) or before in ORDERS:
        return False
    if before in AUXILIARIES:
        told = _is_content(after, text, match) or after in DETERMINERS
        return after not in PREPOSITIONS and (told or (before != "to" and bool(after)))
    if before in PREPOSITIONS:
        return False
    if after and _INVERTED.search(said_before) and before not in DETERMINERS and after not in PREPOSITIONS:
        return after not in NEUTRAL_NOUNS
    plural = one.words.lower().endswith("s") and after in {"are", "were"}
    return plural or (after in DETERMINERS and not one.of_kind("principal"))


def _is_part(text: str, one: Mention, before: str) -> bool:
    """As in "weekly report", "local time"; people, devices and tenants do things, and so may stand before a noun."""
    match = _WORD_AFTER.match(text, one.end)
    if one.words.lower() in _DESCRIBING and one.of_kind("principal", "tenant"):
        return match is not None and match[1].lower() not in FUNCTION_WORDS | _ADVERBS | PREPOSITIONS
    if before in PREPOSITIONS or before in ORDERS:
        return False
    content = _is_content(match[1].lower() if match else "", text, match)
    if not one.of_kind("principal", "device", "group", "tenant", "alias") or one.of_kind("target", "pipeline", "stage"):
        return content
    return before in {"a", "an"}


def _is_content(word: str, text: str, match: re.Match[str] | None) -> bool:
    """Whether it is a noun or the like, as far as one can see."""
    if not word or match is None:
        return False
    if word[0].isdigit():
        behind = _WORD_AFTER.match(text, match.end())
        return (
            "%" not in word
            and behind is not None
            and _is_content(behind[1].lower(), text, behind)
            and not _COUNTED.match(text, match.end())
        )
    if word in FUNCTION_WORDS or word in PREPOSITIONS or word in NEUTRAL_NOUNS or word.endswith("ly"):
        return False
    return (is_ordinary(word) and not kind_said(word) and word not in ORDERS) or match[1][0].isupper()


# References.

_ADJECTIVES = (
    r"(?:paused|aborted|failed|running|open|pending|waiting|current|old|older|new|newer|active|stuck|held|whole"
    r"|entire|big|small"
    r"|bigger|smaller|approved|rejected|wrong|right|good|better|other)"
)
_REFERENCE_EN = re.compile(
    rf"(?<![\w'’-])(?:"
    rf"(?:the|that|this|my|your)\s+(?P<ordinal>first|second|third|fourth|fifth|last|latest|previous|other|former"
    rf"|latter|1st|2nd|3rd|4th|5th|same|newest|oldest|next)"
    rf"(?:\s+(?:(?P<ordinal_kind>{kind_pattern()})(?![A-Za-z])|(?P<ordinal_one>ones?)\b))?"
    rf"|(?P<number>(?:number|no\.|option|choice|#)\s*(?P<digit>\d{{1,2}}|one|two|three|four|five))\b"
    rf"|(?P<which>that|this|these|those|the|both)\s+(?:{_ADJECTIVES}\s+)?(?P<kind>{kind_pattern()})(?![A-Za-z])"
    rf"|(?P<such>the\s+(?:{_ADJECTIVES}\s+)?ones?)\b|(?P<both>both)\b(?!\s+\w)"
    rf"|(?P<that_one>(?:that|this|the\s+same|these|those)\s+(?:ones?|things?))\b"
    rf"|(?P<same>the\s+same)\b|(?P<it>it|them)\b(?!['’](?:ll|d)\b)|(?P<bare>that|this|these|those)\b)",
    re.IGNORECASE,
)
_ORDINALS = {
    "first": 1, "1st": 1, "former": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5,
    "5th": 5, "last": -1, "latest": -1, "newest": -1, "latter": -1, "previous": -2, "oldest": 1,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
}  # fmt: skip
_DUMMY_AFTER = re.compile(
    r"^(?:['’]s|\s+(?:is|was|will be|would be|might be|has been|gets|got|becomes?))\s+(?:not\s+|n't\s+|too\s+"
    r"|so\s+|very\s+|really\s+|getting\s+|quite\s+|almost\s+|already\s+)*"
    r"(?:late|early|raining|snowing|cold outside|warm outside|dark|noon|midnight|time|monday|tuesday|wednesday"
    r"|thursday|friday|saturday"
    r"|sunday|possible|impossible|true|important|worth|hard to|easy to|difficult to|better to|best to|better if"
    r"|likely|unlikely|clear that"
    r"|said that|a (?:pity|shame|good idea|bad idea)|up to|my|your|our|nice to|ok to|okay to|safe to|fine to"
    r"|wise to|about time"
    r"|necessary|unclear|obvious|\d)"
    r"|^\s+(?:seems|appears|looks like|turns out|depends|takes|rains|snows|matters|says)\b",
    re.IGNORECASE,
)
_DUMMY_BEFORE = re.compile(
    r"(?:\b(?:is|was|isn't|would|will|make|makes|made|find|think|consider|how['’]s|what time is|what day is"
    r"|that['’]s|this is|so be|take|call)\s+)$",
    re.IGNORECASE,
)
_DUMMY_QUESTION = re.compile(
    r"^\s*(?:(?:be\s+)?(?:possible|true|ok(?:ay)?|fine|allowed|safe|worth|late|early|easy|hard|clear|legal"
    r"|normal|better|time|raining|snowing|a (?:good|bad) idea)\b)",
    re.IGNORECASE,
)
_DUMMY_END = re.compile(
    r"\b(?:how['’]s|what time is|what day is|that['’]s|so be|take|call|got|get|leave)\s+$", re.IGNORECASE
)
_DEMONSTRATIVE = re.compile(
    r"^\s*(?:$|[.,;:!?)，。；！？、]|(?:and|then|please|now|again|instead|too|also|back|off|up|down|immediately|first"
    r"|or|but|for|at|from|in"
    r"|with|on|to|by|into|as|right|anyway|yet|until|when|if|because|before|after)\b)",
    re.IGNORECASE,
)
_CONJUNCTION_BEFORE = re.compile(
    r"\b(?:so|sure|think|know|say|says|said|mean|means|fact|such|note|see|believe|hope|told|given|provided|heard"
    r"|assume|suppose|guess|feel"
    r"|ensure|want|wish|like|now|except|in|afraid|glad|sorry|claim|claims|states?|shows?|confirm|notice|reason"
    r"|way)\s+$",
    re.IGNORECASE,
)
_REFERENCE_HAN = re.compile(
    rf"(?:刚才|刚刚|之前|上面|前面|上次|上一)(?:说|提到)?的?\s*(?:那个|那次|那条|这个|个"
    rf"|次)?\s*(?P<before_kind>{kind_pattern()})?"
    rf"|(?:最后|最近)(?:那)?(?:一)?(?:个|次|条|项)\s*(?P<last_kind>{kind_pattern()})?"
    rf"|第\s*(?P<ordinal>[一二三四五六七八九十]|\d{{1,2}})\s*(?:个|条|项|台|次)\s*(?P<ordinal_kind>{kind_pattern()})?"
    rf"|(?:那个|这个|该|此|那次|这次|那条|这条|那台|这台|那些|这些|同一个|同样的)\s*(?P<kind>{kind_pattern()})"
    r"|(?:那个|这个|那些|这些|那台|这台)(?![月周年星季时问月礼天人\u3400-\u9fff])|(?:那个"
    r"|这个)(?=[吧吗呢了暂停回继恢怎为是也就行可不要再先批拒撤删取改])|同一个|它们?",
    re.IGNORECASE,
)


def references(text: str, mentions: Sequence[Mention]) -> tuple[Reference, ...]:
    """What stands for something named before, in order; nothing that lies within a mention.

    "the rollout" is one, too, where no name is beside it: its words begin with "the".
    """
    text = text[:LONGEST]
    used = bytearray(len(text))
    for one in mentions:
        if not one.common:
            used[one.start : one.end] = b"\1" * (one.end - one.start)
    found: list[Reference] = []
    for match, one in [*_references_en(text, mentions), *_references_han(text)]:
        if not any(used[match.start() : one.end]):
            found.append(one)
            used[one.start : one.end] = b"\1" * (one.end - one.start)
    return tuple(sorted(found, key=lambda one: one.start))


def _references_en(text: str, mentions: Sequence[Mention]) -> Iterator[tuple[re.Match[str], Reference]]:
    for match in _REFERENCE_EN.finditer(text):
        start, end = match.span()
        before, after = text[max(0, start - 40) : start], text[end : end + 60]
        kind: Kind | None = None
        ordinal: int | None = None
        if match["ordinal"]:
            word = match["ordinal"].lower()
            ordinal = _ORDINALS.get(word)
            kind = kind_said(match["ordinal_kind"] or "")
            if not (match["ordinal_kind"] or match["ordinal_one"]) and not _DEMONSTRATIVE.match(after):
                continue
        elif match["number"]:
            digit = match["digit"].lower()
            ordinal = _ORDINALS.get(digit) or int(digit) if digit.isdigit() or digit in _ORDINALS else None
        elif match["kind"]:
            kind = kind_said(match["kind"])
            if match["which"].lower() == "the" and not _is_definite(text, match, mentions):
                continue
        elif (match["it"] and (_is_dummy(before, after) or match["it"] == "IT")) or (
            match["bare"] and not _is_demonstrative(match["bare"].lower(), before, after)
        ):
            continue
        yield match, Reference(start, end, text[start:end], kind, ordinal)


def _is_definite(text: str, match: re.Match[str], mentions: Sequence[Mention]) -> bool:
    """Whether "the rollout" stands alone; not so "the version of ...", "the target support", "the device manual"."""
    after = text[match.end() : match.end() + 30]
    if re.match(r"\s+[a-z]+\s+of\b", after, re.IGNORECASE) or re.match(
        r"\s*(?:of|for|on|from|in|at|to|that|which|called|named)\b|['’]s\b|\s*的", after, re.IGNORECASE
    ):
        return False
    if any(0 <= one.start - match.end() <= 1 for one in mentions if not one.common):
        return False
    word = _WORD_AFTER.match(text, match.end())
    return word is None or not _is_content(word[1].lower(), text, word)


def _is_dummy(before: str, after: str) -> bool:
    if _DUMMY_AFTER.match(after) or _DUMMY_END.search(before):
        return True
    return _DUMMY_BEFORE.search(before) is not None and _DUMMY_QUESTION.match(after) is not None


def _is_demonstrative(word: str, before: str, after: str) -> bool:
    """No conjunction, no relative pronoun, no article."""
    if re.match(r"['’]s\b", after):
        return word == "this" and False
    if word == "that" and _CONJUNCTION_BEFORE.search(before) and not _DEMONSTRATIVE.match(after):
        return False
    if _DEMONSTRATIVE.match(after):
        return not (word == "that" and re.search(r"\b(?:so|such|now)\s+$", before, re.IGNORECASE) and after.strip())
    return not before.strip() and re.match(r"\s+(?:is|was|are|were)\b", after) is not None


def _references_han(text: str) -> Iterator[tuple[re.Match[str], Reference]]:
    if not has_han(text):
        return
    for match in _REFERENCE_HAN.finditer(text):
        parts = match.groupdict()
        noun = parts["before_kind"] or parts["last_kind"] or parts["ordinal_kind"] or parts["kind"] or ""
        ordinal: int | None = None
        if parts["ordinal"]:
            ordinal = _HAN_NUMBERS.get(parts["ordinal"]) or int(parts["ordinal"])
        elif match[0].startswith("最后"):
            ordinal = -1
        words = match[0].rstrip()
        yield match, Reference(match.start(), match.start() + len(words), words, kind_said(noun), ordinal)
