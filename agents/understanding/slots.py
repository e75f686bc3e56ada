"""Slot filling: from tagged words, names and quantities to the arguments of one operation, by its schema.

Every mention is used by a slot or left over, and what is left over is told: it is never dropped silently.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.understanding.arguments import Slot
from agents.understanding.conversions import direct_entities, entities_for
from agents.understanding.entities import Entity, KnownEntities, label_of, model_of
from agents.understanding.examples import Example
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Argument
from agents.understanding.linking import Mention, Reference
from agents.understanding.parsed_message import ParsedMessage
from agents.understanding.quantities import Quantity
from agents.understanding.regions import region_of, regions_in
from agents.understanding.slot_tagger import TaggedSpan

ValueWords = Mapping[tuple[str, str], Mapping[str, Any]]
"""(tool, path) -> what a value is called in lower case -> the value, from the marked examples."""

_QUOTES = "\"'“”‘’「」『』`"
_LOWER = re.compile(r"\[a-z0-9\]")
_NEW = re.compile(r"\bnew\b|新", re.IGNORECASE)
_LAST_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*$", re.IGNORECASE)
_CUE = re.compile(r"^(?:(?:because(?: of)?|since|due to|as)\b|因为|由于|原因是?)[\s,，:：]*", re.IGNORECASE)
"""What leads to a reason and is no part of it."""
_ALIKE = 84
_DECIDED = frozenset({"approval", "delegation", "key"})
"""Kinds that are never taken for granted from something else: a request is named by its id, or chosen."""
_LONG = 500
"""Most letters of what is a name or a word; longer ones are texts."""
_SHORT = 8
"""Most tokens of a message that may leave out what it is about."""
_EDGES = re.compile(r"^[\s,;:，；：、.。!！]+|[\s,;:，；：、.。!！?？]+$")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why words that were meant for a slot give no value.

    Attributes:
        kind: several things are meant; nothing has that name; the value cannot be.
        choices: names to choose from.
    """

    kind: str
    slot: Slot
    words: str
    choices: tuple[str, ...] = ()


@dataclass(slots=True)
class Filling:
    """One operation with its arguments as far as they were found.

    Attributes:
        arguments: by path.
        unused: names, quantities and references that no slot took.
        strange: words that nobody says to the tool and no slot took.
        missing: required slots without a value.
    """

    tool: str
    arguments: dict[str, Argument] = field(default_factory=dict[str, Argument])
    problems: list[Problem] = field(default_factory=list[Problem])
    unused: list[Mention | Quantity | Reference] = field(default_factory=list[Mention | Quantity | Reference])
    strange: list[str] = field(default_factory=list[str])
    missing: list[Slot] = field(default_factory=list[Slot])

    def nested(self) -> dict[str, Any]:
        """The arguments as the tool takes them."""
        return nest(_paired({path: argument.value for path, argument in self.arguments.items()}))


def value_words(examples: Sequence[Example]) -> dict[tuple[str, str], dict[str, Any]]:
    """What each value is called in the examples."""
    words: dict[tuple[str, str], dict[str, Any]] = {}
    for example in examples:
        for mark in example.slots:
            if mark.value is not None:
                called = example.text[mark.start : mark.end].casefold().strip()
                words.setdefault((example.tool, mark.path), {})[called] = read_json(mark.value)
    return words


def read_json(text: str) -> Any:
    """A value as it is written in a mark."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def nest(paths: Mapping[str, Any]) -> dict[str, Any]:
    """Values by path as nested objects; `stages[].stage` into a list, in which an element ends where a path repeats."""
    whole: dict[str, Any] = {}
    for path, value in paths.items():
        at: Any = whole
        *outer, last = _steps(path)
        for step in outer:
            at = at.setdefault(step, {})
        at[last] = {**value, **at.get(last, {})} if isinstance(value, dict) else value
    return _without_indices(whole)


def _paired(paths: Mapping[str, Any]) -> dict[str, Any]:
    """`values.key` and `values.value` as the one entry of `values` that they are."""
    paired: dict[str, Any] = {}
    for path, value in paths.items():
        head, _, last = path.rpartition(".")
        if last == "value" and f"{head}.key" in paths:
            paired[head] = {**paired.get(head, {}), str(paths[f"{head}.key"]): _plainly(value)}
        elif last != "key" or f"{head}.value" not in paths:
            paired[path] = value
    return paired


def _plainly(value: Any) -> Any:
    """A number or truth value that was written in words of its own."""
    return read_json(value) if isinstance(value, str) else value


def _steps(path: str) -> list[str]:
    """`stages[1].gate` as "stages", "#1", "gate"."""
    return re.sub(r"\[(\d+)\]", r".#\1", path).split(".")


def _without_indices(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _without_indices(one) for key, one in value.items()}
    return list(inner.values()) if inner and all(key.startswith("#") for key in inner) else inner


class SlotFiller:
    """Fills the slots of operations.

    Args:
        words: what values are called, see `value_words`.
    """

    def __init__(self, words: ValueWords, known: KnownEntities, frame: Frame) -> None:
        self._words = words
        self._known = known
        self._frame = frame

    def fill(self, tool: str, slots: Mapping[str, Slot], said: ParsedMessage, tags: Sequence[TaggedSpan]) -> Filling:
        """The arguments that a message gives an operation.

        Args:
            tags: spans of `said.tokens`.
        """
        filling, used = Filling(tool), set[tuple[int, int]]()
        for path, tag in _numbered(tags):
            slot = slots.get(re.sub(r"\[\d+\]", "[]", path))
            span = said.tokens[tag.first].start, said.tokens[tag.last].end
            if other := _other_number(slot, filling, slots, said, span):
                self._take(filling, used, said, other, other.path, span)
            else:
                self._take(filling, used, said, slot or _part_of_object(path, slots), path, span)
        self._take_the_rest(filling, used, said, slots)
        named = any(
            one.source == "message" and slots[path].kinds for path, one in filling.arguments.items() if path in slots
        )
        pointing = [one for one in said.references if not named or one.kind or one.ordinal is not None]
        found = (*said.mentions, *said.quantities, *pointing)
        filling.unused = [one for one in found if (one.start, one.end) not in used and _counts(one)]
        filling.missing = [
            slot for slot in slots.values() if slot.required and not _given(slot.path, filling.arguments)
        ]
        return filling

    def read(  # noqa: PLR0911 - one for each type of value
        self, tool: str, slot: Slot, path: str, said: ParsedMessage, span: tuple[int, int]
    ) -> Argument | Problem | None:
        """The value of one slot from a span of characters; None where it gives none."""
        words = _trimmed(said.text[span[0] : span[1]])
        if slot.kinds:
            return self._name(slot, said, span, words)
        if path.startswith("quotas.") and not _rates(said.quantities, span):
            return None
        if slot.name == "region" and (region := region_of(said.text[span[0] : span[1]])):
            return Argument(region, words)
        called = self._words.get((tool, _unnumbered(path)), {})
        value = called.get(words.casefold())
        if value is not None or words.casefold() in called:
            return Argument(value, words)
        if slot.type == "enum":
            return _enumerated(slot, words, called)
        within = [one for one in said.quantities if span[0] <= one.start and one.end <= span[1]]
        if slot.type in {"integer", "number"}:
            return _numeric(slot, within, words)
        if slot.type == "boolean":
            return Argument(True, words)
        if slot.type == "object":
            return _object(slot, within, words)
        named = [one for one in said.mentions if one.start < span[1] and span[0] < one.end]
        if len(named) == 1 and not named[0].entities and slot.schema.get("maxLength", _LONG) < _LONG:
            words = named[0].words
        return _string(slot, within, words)

    def _take(
        self,
        filling: Filling,
        used: set[tuple[int, int]],
        said: ParsedMessage,
        slot: Slot | None,
        path: str,
        span: tuple[int, int],
    ) -> None:
        if slot is None:
            self._take_new_version(filling, used, said, path, span)
            return
        read = self.read(filling.tool, slot, path, said, span)
        if read is None:
            return
        inside = [
            one
            for one in (*said.mentions, *said.quantities, *said.references)
            if one.start < span[1] and span[0] < one.end
        ]
        found = [(one.start, one.end) for one in inside if not _stands_before_text(slot, one, span)]
        path = _keyed_by_unit(path, slot, inside)
        if isinstance(read, Problem):
            filling.problems.append(read)
            used.update(found)
            return
        before = filling.arguments.get(path)
        if before is not None and slot.many and not _lists(before.value, read.value):
            read = Argument([*_listed(before.value), *_listed(read.value)], f"{before.words}, {read.words}")
        elif before is not None and before.value != read.value:
            filling.problems.append(Problem("contradictory", slot, read.words, (str(before.value), str(read.value))))
            return
        filling.arguments[path] = read if not slot.many else Argument(_listed(read.value), read.words, read.source)
        used.update(found)

    def _take_new_version(
        self, filling: Filling, used: set[tuple[int, int]], said: ParsedMessage, path: str, span: tuple[int, int]
    ) -> None:
        """The id of a version that is to be made, `model@label`, as the two arguments that it is said in."""
        words = _trimmed(said.text[span[0] : span[1]])
        model, at, label = words.partition("@" if "@" in words else " ")
        if path == "version" and at and model in self._known.models:
            filling.arguments.setdefault("model", Argument(model, words))
            filling.arguments.setdefault("label", Argument(label, words))
            used.update((one.start, one.end) for one in said.mentions if span[0] <= one.start < span[1])

    def _take_the_rest(
        self, filling: Filling, used: set[tuple[int, int]], said: ParsedMessage, slots: Mapping[str, Slot]
    ) -> None:
        """Names and quantities that were not tagged, where exactly one empty slot takes their kind."""
        for mention in said.mentions:
            if (mention.start, mention.end) in used or mention.common:
                continue
            open_slots = [
                slot
                for slot in slots.values()
                if slot.kinds
                and "." not in slot.path
                and slot.path not in filling.arguments
                and self._fits(slot, mention)
            ]
            direct = [slot for slot in open_slots if any(one.kind in slot.kinds for one in mention.entities)]
            for slot in (direct or open_slots)[:1]:
                self._take(filling, used, said, slot, slot.path, (mention.start, mention.end))
        self._take_new_names(filling, used, said, slots)
        self._take_quantities(filling, used, said, slots)
        self._take_region(filling, said, slots)
        self._take_what_is_pointed_at(filling, used, said, slots)

    def _take_quantities(
        self, filling: Filling, used: set[tuple[int, int]], said: ParsedMessage, slots: Mapping[str, Slot]
    ) -> None:
        """Quantities that were not tagged, where exactly one empty slot takes them."""
        for quantity in said.quantities:
            if (quantity.start, quantity.end) in used or quantity.kind in {"quoted", "number", "moment"}:
                continue
            fitting = [
                slot for slot in slots.values() if slot.path not in filling.arguments and _natural(slot, quantity)
            ]
            if len(fitting) == 1:
                self._take(filling, used, said, fitting[0], fitting[0].path, (quantity.start, quantity.end))

    def _take_region(self, filling: Filling, said: ParsedMessage, slots: Mapping[str, Slot]) -> None:
        """A region that was not tagged: a word that names one counts wherever it stands outside of names."""
        slot = next((one for one in slots.values() if one.name == "region"), None)
        if slot is None or slot.path in filling.arguments:
            return
        found = [
            (start, end, code)
            for start, end, code in regions_in(said.text)
            if any(token.start < end and start < token.end for token in said.tokens)
            and not any(one.start < end and start < one.end for one in said.mentions if one.entities)
        ]
        if len({code for _, _, code in found}) == 1:
            start, end, code = found[0]
            filling.arguments[slot.path] = Argument(code, said.text[start:end])

    def _take_what_is_pointed_at(
        self, filling: Filling, used: set[tuple[int, int]], said: ParsedMessage, slots: Mapping[str, Slot]
    ) -> None:
        """What the one reference of the message stands for, into the first required name that is empty.

        A short message that names and points at nothing is about what the last turn was about.
        """
        if any(one.source == "thread" for one in filling.arguments.values()):
            return
        if not said.references:
            self._take_what_the_thread_is_about(filling, said, slots)
            return
        if len(said.references) != 1:
            return
        for slot in slots.values():
            if slot.required and slot.kinds and slot.path not in filling.arguments:
                found = self._from_thread(slot, said.references[0].words)
                if isinstance(found, Argument):
                    filling.arguments[slot.path] = found
                    used.update((one.start, one.end) for one in said.references)
                elif found is not None:
                    filling.problems.append(found)
                break

    def _take_what_the_thread_is_about(self, filling: Filling, said: ParsedMessage, slots: Mapping[str, Slot]) -> None:
        if len(said.tokens) > _SHORT or any(not one.common for one in said.mentions):
            return
        slot = next((one for one in slots.values() if one.required and one.kinds), None)
        if slot is None or slot.path in filling.arguments or slot.kinds[0] in _DECIDED:
            return
        found = self._from_thread(slot, said.words)
        if isinstance(found, Argument):
            filling.arguments[slot.path] = found

    def _take_new_names(
        self, filling: Filling, used: set[tuple[int, int]], said: ParsedMessage, slots: Mapping[str, Slot]
    ) -> None:
        """A word that looks like a name and is none yet, where one required slot of such words is empty."""
        new = [one for one in said.mentions if (one.start, one.end) not in used and not one.entities and not one.common]
        empty = [
            slot
            for slot in slots.values()
            if slot.required
            and slot.type == "string"
            and (slot.schema.get("maxLength", _LONG) < _LONG or "pattern" in slot.schema)
            and not slot.many
            and slot.path not in filling.arguments
        ]
        if len(new) == 1 and len(empty) == 1:
            self._take(filling, used, said, empty[0], empty[0].path, (new[0].start, new[0].end))

    def _fits(self, slot: Slot, mention: Mention) -> bool:
        if mention.entities:
            return bool(entities_for(slot.kinds, mention.entities, self._known))
        return any(kind in slot.kinds for kind in mention.looks_like)

    def _name(self, slot: Slot, said: ParsedMessage, span: tuple[int, int], words: str) -> Argument | Problem | None:
        inside = [one for one in said.mentions if span[0] <= one.start and one.end <= span[1]]
        names, problem, inferred = list[str](), None, False
        for mention in inside:
            found = entities_for(slot.kinds, mention.entities, self._known)
            stands_for_another = slot.kinds[0] in _DECIDED and not direct_entities(slot.kinds, mention.entities)
            if len(found) == 1 and mention.exact and not stands_for_another:
                names.append(found[0].name)
                inferred = inferred or _is_bare_label(mention, found[0])
            elif found:
                kind = "ambiguous" if len(found) > 1 or stands_for_another else "unknown"
                problem = Problem(kind, slot, mention.words, tuple(one.name for one in found))
            elif mention.entities:
                problem = problem or Problem("unfitting", slot, mention.words)
            else:
                problem = problem or self._new_name(slot, _with_new(said.text, mention.start, mention.words))
        if problem is not None and not names:
            return problem
        if names:
            distinct = list(dict.fromkeys(names))
            if slot.many:
                return Argument(distinct, words)
            if len(distinct) > 1:
                return Problem("contradictory", slot, words, tuple(distinct))
            return Argument(distinct[0], words, "thread" if inferred else "message")
        pointing = [one for one in said.references if span[0] <= one.start < span[1]]
        if pointing:
            bare = all(one.kind for one in pointing) and not any(one.ordinal for one in pointing)
            return self._from_thread(slot, words) or (None if bare else Problem("missing", slot, words))
        return self._new_name(slot, _with_new(said.text, span[0], words))

    def _from_thread(self, slot: Slot, words: str) -> Argument | Problem | None:
        names = self._frame.names(slot.kinds)
        if not names:
            objects = [one for kind, name in self._frame.objects if (one := self._known.entity(kind, name))]
            names = [one.name for one in entities_for(slot.kinds, objects[:1], self._known)]
        if len(names) == 1:
            return Argument(names[0], words, "thread")
        return Problem("ambiguous", slot, words, tuple(names)) if names else None

    def _new_name(self, slot: Slot, words: str) -> Argument | Problem | None:
        """A name that nothing has: of something new where the slot takes that, else a question."""
        said = words.strip(_QUOTES)
        nearest = tuple(self._known.nearest(said, *slot.kinds))
        pattern = slot.schema.get("pattern")
        if "new" in slot.schema and _NEW.search(words) and (name := _LAST_NAME.search(said)):
            if near := tuple(self._known.nearest(name[0].lower(), *slot.kinds)):
                return Problem("unknown", slot, name[0], near)
            return Argument(name[0].lower(), words)
        if pattern and _NEW.search(words) and (name := _LAST_NAME.search(said)) and re.search(pattern, name[0]):
            return Argument(name[0], words)
        spelt = said.lower() if pattern and _LOWER.search(pattern) else said
        if pattern and re.search(pattern, spelt) and not nearest:
            return Argument(spelt, words)
        if " " in said.strip() and not nearest:
            return None
        return Problem("unknown", slot, said, nearest)


def _is_bare_label(mention: Mention, entity: Entity) -> bool:
    """Whether a version was named by its label alone, so that its model is a guess, if the only one."""
    return (
        entity.kind == "version"
        and model_of(entity.name).casefold() not in mention.words.casefold()
        and len(mention.words) <= len(label_of(entity.name)) + len("version ")
    )


def _with_new(text: str, start: int, words: str) -> str:
    """The words of a name with the "new" that stands before it."""
    before = re.search(r"(?:\bnew\b|新)(?:\s|\w){0,24}$", text[:start], re.IGNORECASE)
    return f"new {words}" if before and not _NEW.search(words) else words


def _numbered(tags: Sequence[TaggedSpan]) -> Iterator[tuple[str, TaggedSpan]]:
    """Tags with their paths; in lists of objects with the number of the element, a new one where a path repeats."""
    seen: dict[str, tuple[int, set[str]]] = {}
    for tag in tags:
        head, mark, rest = tag.path.partition("[].")
        if not mark:
            yield tag.path, tag
            continue
        number, paths = seen.get(head, (0, set[str]()))
        if rest in paths:
            number, paths = number + 1, set[str]()
        seen[head] = number, paths | {rest}
        yield f"{head}[{number}].{rest}", tag


def _unnumbered(path: str) -> str:
    return re.sub(r"\[\d+\]", "[]", path)


def _part_of_object(path: str, slots: Mapping[str, Slot]) -> Slot | None:
    """The slot of a key of an object that takes any keys."""
    head, mark, _ = path.rpartition(".")
    outer = slots.get(head) if mark else None
    if outer is None or outer.type != "object":
        return None
    inner = outer.schema.get("additionalProperties")
    schema: Mapping[str, Any] = inner if isinstance(inner, dict) else {}
    number = "number" in json.dumps(schema)
    return Slot(path, "number" if number else "string", (), (), many=False, required=False, schema=schema)


def _rates(quantities: Sequence[Quantity], span: tuple[int, int]) -> bool:
    """Whether a span holds a rate, which alone says of what a quota is."""
    return any(one.kind == "rate" and one.unit and one.start < span[1] and span[0] < one.end for one in quantities)


def _stands_before_text(slot: Slot, one: Mention | Quantity | Reference, span: tuple[int, int]) -> bool:
    """Whether it is a name at the beginning of what is to be carried on, so that it may belong to the order."""
    return slot.name == "text" and isinstance(one, Mention) and one.start - span[0] <= len("in the ")


def _other_number(
    slot: Slot | None, filling: Filling, slots: Mapping[str, Slot], said: ParsedMessage, span: tuple[int, int]
) -> Slot | None:
    """The required number that is still empty, where a second whole number stands for one that has its value."""
    if slot is None or slot.type not in {"integer", "number"} or slot.many or slot.path not in filling.arguments:
        return None
    words = said.text[span[0] : span[1]].strip()
    empty = [
        one
        for one in slots.values()
        if one.required and one.type == "integer" and not one.many and one.path not in filling.arguments
    ]
    return empty[0] if len(empty) == 1 and words.isdecimal() else None


def _keyed_by_unit(path: str, slot: Slot, inside: Sequence[Mention | Quantity | Reference]) -> str:
    """The key of a rate in an object that takes any keys is its unit, such as `quotas.requests_per_minute`."""
    if path.endswith("hold_s") and any(isinstance(one, Quantity) and one.bound == "most" for one in inside):
        return f"{path.removesuffix('hold_s')}limit_s"  # the longest time is not the shortest
    units = [one.unit for one in inside if isinstance(one, Quantity) and one.kind == "rate" and one.unit]
    head = path.rpartition(".")[0]
    return f"{head}.{units[0]}" if units and head and slot.path == path else path


def _given(path: str, arguments: Mapping[str, Argument]) -> bool:
    return any(one == path or one.startswith((f"{path}.", f"{path}[")) for one in arguments)


def _counts(one: Mention | Quantity | Reference) -> bool:
    """Whether it may not be left over."""
    if isinstance(one, Mention):
        return not one.common
    if isinstance(one, Reference):
        return True
    once = one.value == {"on": "once"} or (one.kind in {"count", "number"} and one.words.startswith("一"))
    return one.kind not in {"quoted", "number"} and not once  # 一条 and 一次 are "a" and "once"


def _lists(first: Any, second: Any) -> bool:
    return first == second


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _trimmed(words: str) -> str:
    return _EDGES.sub("", words).strip()


def _enumerated(slot: Slot, words: str, called: Mapping[str, Any]) -> Argument | Problem | None:
    from rapidfuzz import fuzz, process

    plain = words.casefold().replace("-", "_").replace(" ", "_")
    if plain in slot.enum:
        return Argument(plain, words)
    names = {**{one.replace("_", " "): one for one in slot.enum}, **called}
    best = process.extractOne(words.casefold(), list(names), scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return Argument(names[best[0]], words) if best else None


def _numeric(slot: Slot, within: Sequence[Quantity], words: str) -> Argument | None:
    values: list[Any] = []
    for quantity in within:
        values.extend(_number_for(slot, quantity, value) for value in _listed(quantity.value))
    numbers = [value for value in values if value is not None]
    if not numbers:
        return None
    if slot.type == "integer":
        numbers = [int(value) if float(value).is_integer() else value for value in numbers]
    return Argument(numbers if slot.many else numbers[0], words)


def _number_for(slot: Slot, quantity: Quantity, value: Any) -> float | None:  # noqa: PLR0911 - one a kind
    """A quantity in the unit of a slot, which stands at the end of its name."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    match quantity.kind:
        case "duration":
            per = {"hours": 3600.0, "days": 86400.0, "minutes": 60.0}.get(slot.name, 1.0)
            return value / per
        case "percent" | "points":
            if _is_time(slot):
                return None
            return value if slot.many or slot.type == "integer" else value / 100
        case "size":
            return value / 2**20 if slot.name.endswith("_mb") else value
        case "count" | "rate" if _is_time(slot):
            return None
        case "count" | "number" | "rate":
            return value
        case _:
            return None


def _is_time(slot: Slot) -> bool:
    return slot.name in {"hours", "days", "minutes"} or slot.name.endswith("_s")


def _natural(slot: Slot, quantity: Quantity) -> bool:
    """Whether a slot is plainly made for such a quantity."""
    match quantity.kind:
        case "percent":
            return slot.name == "percentages"
        case "duration":
            wanted = "limit_s" if quantity.bound == "most" else "hold_s"
            return slot.path == wanted or slot.name in {"hours", "days"}
        case "count":
            return slot.name in {"minimum_samples", "n"} and "." not in slot.path
        case "schedule":
            return slot.path == "schedule"
        case "digest":
            return slot.name == "digest"
        case _:
            return False


def _object(slot: Slot, within: Sequence[Quantity], words: str) -> Argument | None:
    for quantity in within:
        if isinstance(quantity.value, dict):
            return Argument(quantity.value, words)
        if quantity.kind == "rate" and quantity.unit:
            return Argument({quantity.unit: quantity.value}, words)
    return None


def _string(slot: Slot, within: Sequence[Quantity], words: str) -> Argument | Problem | None:
    quoted = [one for one in within if one.kind == "quoted" and len(one.words) >= len(words) - 2]
    said = str(quoted[0].value) if quoted else _CUE.sub("", words.strip(_QUOTES))
    pattern = slot.schema.get("pattern")
    if pattern and not re.search(pattern, said):
        spelt = re.sub(r"[\s_]+", "_" if "_" in pattern and "." not in pattern else "-", said.strip().lower())
        if not re.search(pattern, spelt):
            return Problem("unknown", slot, said)
        said = spelt
    if slot.many:
        return Argument([part for part in re.split(r"\s*(?:,|;|，|、|\band\b|和)\s*", said) if part], words)
    return Argument(said, words) if said else None
