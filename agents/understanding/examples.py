"""What people say to each tool: the YAML beside the module that defines it.

A file has, per tool, marked examples in English and Chinese, and for what changes something its canonical words:

    rollout_start:
      does:  {en: "moves {target} to {version} step by step", zh: ...}
      order: {en: "{strategy} {version} on {target}[ at {percentages}]", zh: ...}
      en:
        - "[canary](strategy=canary) [support-bot@v2](version) on [support](target) at [10 %](percentages)"

`[words](argument)` marks what an argument is read from, `[words](argument=value)` what a value is called; a dot leads
into nested arguments, `stages[].stage` into a list of objects. In `order`, what stands in brackets is said only where
its arguments are given.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import PurePath
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict

from agents.understanding.tokens import Token, tokenise
from memory.yaml_text import parse_yaml
from tools.spec import ToolSpec

Tongue = Literal["en", "zh"]

_MARK = re.compile(
    r"\[(?P<words>[^\[\]]+)\]\((?P<path>[a-z_0-9]+(?:\[\])?(?:\.[a-z_0-9]+(?:\[\])?)*)(?:=(?P<value>[^()]*))?\)"
)


_HAN = re.compile(r"[\u3400-\u9fff]")
_POLITE = frozenset({"please", "pls", "now", "ok", "okay", "and", "then", "请", "帮", "我", "现", "在"})


class Wording(BaseModel):
    """One sentence in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str
    zh: str


class Undo(BaseModel):
    """The call that undoes a tool's.

    `{name}` is an argument, `{before.name}` the state before, `{result.name}` of its result.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: str
    arguments: dict[str, str]


class ToolTalk(BaseModel):
    """What a file says of one tool.

    Attributes:
        asks: arguments that are asked for though they have defaults; of each group one has to be said.
        undo: what undoes it, the first whose places are all known; none where nothing does.
        confirm: it is done only after a "yes", as what is destructive always is.
        over: it is for rollouts that are over.
        plain: its result says all; no crew thinks about it.
        whole: it is ordered for what the rest of the message says, such as to remember it, whatever its mood is.
        inquires: it only finds something out and keeps it, so that a question for it is an order, to be said "yes" to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    does: Wording | None = None
    order: Wording | None = None
    asks: tuple[tuple[str, ...], ...] = ()
    undo: tuple[Undo, ...] = ()
    confirm: bool = False
    over: bool = False
    plain: bool = False
    whole: bool = False
    inquires: bool = False
    en: tuple[str, ...]
    zh: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkedSlot:
    """A marked part of an example: text[start:end] stands for the argument at `path`; `value` where it is given."""

    start: int
    end: int
    path: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence that means `tool`, without its marks."""

    tool: str
    language: Tongue
    text: str
    slots: tuple[MarkedSlot, ...]


def load_talk(tools: Mapping[str, ToolSpec]) -> dict[str, ToolTalk]:
    """What is said to each of these tools that people speak to, by the tool's name."""
    modules = dict.fromkeys(spec.run.__module__ for spec in tools.values())
    said = {name: talk for module in modules for name, talk in _talk_of(module).items()}
    return {name: talk for name, talk in said.items() if name in tools}


@cache
def _talk_of(module: str) -> dict[str, ToolTalk]:
    """The tools of the file beside a module; nothing where there is none."""
    text = _file_beside(module)
    if text is None:
        return {}
    return {name: ToolTalk.model_validate(body) for name, body in cast("dict[str, Any]", parse_yaml(text)).items()}


def _file_beside(module: str) -> bytes | None:
    path = PurePath(str(import_module(module).__file__)).with_suffix(".yaml").name
    package = module.rpartition(".")[0]
    found = files(package).joinpath(path)
    return found.read_bytes() if found.is_file() else None


def examples_of(talk: Mapping[str, ToolTalk]) -> list[Example]:
    """All examples of all tools."""
    return [
        read_example(tool, language, marked)
        for tool, said in talk.items()
        for language, texts in cast("Iterable[tuple[Tongue, tuple[str, ...]]]", (("en", said.en), ("zh", said.zh)))
        for marked in texts
    ]


def read_example(tool: str, language: Tongue, marked: str) -> Example:
    """Take the marks out of a sentence."""
    text, slots, end = "", list[MarkedSlot](), 0
    for match in _MARK.finditer(marked):
        text += marked[end : match.start()]
        slots.append(MarkedSlot(len(text), len(text) + len(match["words"]), match["path"], match["value"]))
        text += match["words"]
        end = match.end()
    return Example(tool, language, text + marked[end:], tuple(slots))


def vocabulary_of(examples: Sequence[Example], many: int = 6) -> dict[str, frozenset[str]]:
    """The words around the slots of each tool's examples, lower case, with those of `many` tools that are no values."""
    own: dict[str, set[str]] = {}
    for example in examples:
        inside = [(slot.start, slot.end) for slot in example.slots]
        words = {
            token.text.casefold()
            for token in tokenise(example.text)
            if token.type == "word" and not any(start <= token.start < end for start, end in inside)
        }
        own.setdefault(example.tool, set()).update(words)
    counts = Counter(word for words in own.values() for word in words)
    values = {
        example.text[slot.start : slot.end].casefold() for example in examples for slot in example.slots if slot.value
    }
    common = {word for word, count in counts.items() if count >= many} - values
    return {tool: frozenset(words | common) for tool, words in own.items()}


def opening_of(tokens: Sequence[Token]) -> str:
    """The first word in lower case, or the first two characters where it is Chinese; without what is polite."""
    words = [token.text.casefold() for token in tokens if token.type == "word"]
    while words and words[0] in _POLITE:
        words = words[1:]
    return "".join(words[:2]) if words and _HAN.match(words[0]) else words[0] if words else ""


def openings_of(examples: Iterable[Example], least: int = 2) -> dict[str, frozenset[str]]:
    """With which words `least` of each tool's examples begin."""
    counts: dict[str, Counter[str]] = {}
    for example in examples:
        counts.setdefault(example.tool, Counter())[opening_of(tokenise(example.text))] += 1
    return {tool: frozenset(word for word, n in words.items() if n >= least) for tool, words in counts.items()}
