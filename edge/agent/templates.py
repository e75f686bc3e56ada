"""Sentences with slots, compiled to patterns.

The syntax is that of Home Assistant's intents (hassil):

    [optional]   (one|other)   {slot}   <rule>

A template fits a whole sentence or not at all, so whatever it does not foresee (a "not", an "if", a "why does") is no
command. That is what makes it safe to act on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.agent.language import Language

__all__ = ["Template", "compile_template"]

_TOKEN = re.compile(r"[\[\]()|]|\{\w+\}|<\w+>|[^\s\[\](){}|<>]+|\s+")
_GAP = {"en": "(?:[ ,]+|(?<=:)[ ,]*)", "zh": "[ ,，]?"}
"""Between two words; behind a colon there may be nothing."""
_NO_GAP = "[ ,]*"
_MARKS = frozenset({":", "-", ",", "?"})


@dataclass(frozen=True, slots=True)
class Template:
    """A template, ready to be fitted.

    Attributes:
        needle: a lower-case text that every sentence it fits contains; looked for first, because that is fast.
        words: the literal words in it.
    """

    source: str
    needle: str
    words: frozenset[str]
    _pattern: str
    _compiled: list[re.Pattern[str]] = field(default_factory=list[re.Pattern[str]], compare=False, repr=False)

    def fits(self, prepared: str) -> re.Match[str] | None:
        """The slots of a sentence that it fits, from the first character to the last; compiled at the first use.

        Args:
            prepared: as `edge.agent.fast_path.prepare` gives it.
        """
        if not self._compiled:
            self._compiled.append(re.compile(self._pattern, re.IGNORECASE))
        return self._compiled[0].fullmatch(prepared)


def compile_template(source: str, language: Language, slots: Mapping[str, str], rules: Mapping[str, str]) -> Template:
    """Compile a template.

    Args:
        slots: the pattern of each slot, without groups that have names.
        rules: templates that others may use by name; they may use each other, not themselves.

    Raises:
        ValueError: brackets do not close, or a slot or rule is not known.
    """
    expanded = _expand(source, rules)
    tokens = [token for token in _TOKEN.findall(expanded) if not token.isspace()]
    if "".join(tokens) != re.sub(r"\s+", "", expanded):
        raise ValueError(f"{source!r} has a character that is no part of a template")
    compiler = _Compiler(tokens, language, slots)
    pattern = compiler.alternatives()
    if compiler.position != len(tokens):
        raise ValueError(f"{source!r} closes a bracket that it did not open")
    words = frozenset(token.lower() for token in tokens if token[0] not in "[](){|<")
    needle = max(compiler.certain, key=len, default="")
    return Template(source, needle, words, pattern)


def _expand(source: str, rules: Mapping[str, str], depth: int = 0) -> str:
    if depth > 8:
        raise ValueError(f"the rules in {source!r} use each other without end")

    def rule(match: re.Match[str]) -> str:
        if match[1] not in rules:
            raise ValueError(f"{source!r} uses the unknown rule <{match[1]}>")
        return f"({_expand(rules[match[1]], rules, depth + 1)})"

    return re.sub(r"<(\w+)>", rule, source)


class _Compiler:
    """Recursive descent over the tokens of one template."""

    def __init__(self, tokens: list[str], language: Language, slots: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._gap = _GAP[language]
        self._slots = slots
        self.position = 0
        self._depth = 0
        self.certain: list[str] = []
        """Words outside every bracket."""

    def alternatives(self) -> str:
        """Alternatives up to a closing bracket or the end."""
        options = [self._sequence()]
        while self._next() == "|":
            self.position += 1
            options.append(self._sequence())
        if len(options) > 1 and self._depth == 0:
            self.certain.clear()
        return "|".join(options)

    def _next(self) -> str:
        return self._tokens[self.position] if self.position < len(self._tokens) else ""

    def _sequence(self) -> str:
        parts: list[str] = []
        while (token := self._next()) and token not in {"|", "]", ")"}:
            self.position += 1
            if token in {"[", "("}:
                parts.append(self._bracket(token))
            elif token[0] == "{":
                parts.append(self._slot(token[1:-1]))
            else:
                if self._depth == 0:
                    self.certain.append(token.lower())
                parts.append((_NO_GAP if token in _MARKS else self._gap) + re.escape(token))
        return "".join(parts)

    def _bracket(self, opening: str) -> str:
        self._depth += 1
        inside = self.alternatives()
        self._depth -= 1
        if self._next() != ("]" if opening == "[" else ")"):
            raise ValueError(f"a {opening} is not closed")
        self.position += 1
        return f"(?:{inside}){'?' if opening == '[' else ''}"

    def _slot(self, name: str) -> str:
        if name not in self._slots:
            raise ValueError(f"the slot {{{name}}} is not known")
        return f"{self._gap}(?P<{name}>{self._slots[name]})"
