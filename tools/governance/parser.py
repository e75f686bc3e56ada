"""The parser of the rule language: a tokeniser and precedence climbing. The grammar is in `syntax.py`."""

import math
import re
from dataclasses import dataclass

from tools.governance.syntax import All, AnyOf, Compare, Constant, ExpressionError, Field, Items, Node, Not

__all__ = ["parse_tree"]

MAX_CHARACTERS = 4000
MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<string>"(?:[^"\\]|\\["'\\])*"|'(?:[^'\\]|\\["'\\])*')
    |(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    |(?P<operator>==|!=|<=|>=|<|>)
    |(?P<mark>[()\[\],])""",
    re.VERBOSE | re.ASCII,
)
_WORDS = frozenset({"and", "or", "not", "in", "on"})
_POWER = {"or": 1, "and": 2, **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "not in"), 4)}
_NOT_POWER = 3
_MISTAKES = {"=": "==", "&": "and", "|": "or", "!": "not"}


def parse_tree(text: str) -> Node:
    """The tree of a rule; what its names mean is not looked at.

    Raises:
        ExpressionError: the text is not of the language, longer than 4000 characters, or nested more than 40 deep.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"longer than {MAX_CHARACTERS} characters", MAX_CHARACTERS)
    parser = _Parser(_tokens(text))
    tree = parser.expression(1)
    parser.expect_end()
    return tree


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ExpressionError(_complaint(text, place), place + 1)
        kind = str(match.lastgroup)
        if kind == "name" and match.group() in _WORDS:
            kind = "word"
        if kind != "space":
            found.append(_Token(kind, match.group(), place + 1))
        place = match.end()
    return [*found, _Token("end", "the end", len(text) + 1)]


def _complaint(text: str, place: int) -> str:
    sign = text[place]
    if sign in "\"'":
        return "a string that does not end, or has a backslash before something other than a quote or a backslash"
    meant = _MISTAKES.get(sign)
    return f"unexpected {sign!r}" + (f": write {meant}" if meant else "")


class _Parser:
    """Precedence climbing over the tokens."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def expression(self, power: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError(f"nested more than {MAX_DEPTH} deep", self._peek().column)
        left = self._prefix()
        while (operator := self._operator()) and _POWER[operator] >= power:
            column = self._peek().column
            if operator in ("and", "or"):
                left = self._joined(operator, left, column)
                continue
            self._take_operator(operator)
            right = self.expression(_POWER[operator] + 1)
            left = Compare(operator, left, right, column)  # pyright: ignore[reportArgumentType]
            if (again := self._operator()) and _POWER[again] == _POWER[operator]:
                raise ExpressionError("comparisons are not chained: join two of them by and", self._peek().column)
        self._depth -= 1
        return left

    def expect_end(self) -> None:
        if self._peek().kind != "end":
            raise ExpressionError(f"unexpected {self._peek().text}", self._peek().column)

    def _joined(self, word: str, first: Node, column: int) -> Node:
        parts = [first]
        while self._operator() == word:
            self._next += 1
            parts.append(self.expression(_POWER[word] + 1))
        return All(tuple(parts), column) if word == "and" else AnyOf(tuple(parts), column)

    def _prefix(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return _number(token)
        if token.kind == "string":
            return Constant(_unquoted(token.text), token.column)
        if token.kind == "name":
            return self._field(token)
        if token.text == "not" and token.kind == "word":
            return Not(self.expression(_NOT_POWER), token.column)
        if token.text == "(" and token.kind == "mark":
            inner = self.expression(1)
            self._expect(")")
            return inner
        if token.text == "[" and token.kind == "mark":
            return self._items(token)
        raise ExpressionError(f"expected a condition or a value, found {token.text}", token.column)

    def _field(self, token: _Token) -> Node:
        following = self._peek()
        if (following.kind, following.text) != ("word", "on"):
            return Field(token.text, None, token.column)
        self._next += 1
        dataset = self._take()
        if dataset.kind != "string":
            raise ExpressionError("on is followed by a data set's name in quotes", dataset.column)
        return Field(token.text, _unquoted(dataset.text), token.column)

    def _items(self, start: _Token) -> Node:
        values = [self.expression(5)]
        while self._peek().text == "," and self._peek().kind == "mark":
            self._next += 1
            values.append(self.expression(5))
        self._expect("]")
        return Items(tuple(values), start.column)

    def _operator(self) -> str | None:
        token = self._peek()
        if token.kind not in ("word", "operator"):
            return None
        if token.text == "not":
            following = self._tokens[self._next + 1]
            return "not in" if (following.kind, following.text) == ("word", "in") else None
        return token.text if token.text in _POWER else None

    def _take_operator(self, operator: str) -> None:
        self._next += 2 if operator == "not in" else 1

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token

    def _expect(self, mark: str) -> None:
        token = self._take()
        if token.kind != "mark" or token.text != mark:
            raise ExpressionError(f"expected {mark}, found {token.text}", token.column)


def _number(token: _Token) -> Constant:
    value = float(token.text)
    if not math.isfinite(value):
        raise ExpressionError("a number that is too large", token.column)
    return Constant(value, token.column)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
