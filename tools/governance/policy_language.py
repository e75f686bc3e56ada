"""The policy language: text of a condition to its tree, by Python's parser under a white list of nodes.

    condition  = condition ("or" condition) | condition ("and" condition) | "not" condition | comparison
    comparison = operand ("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in") operand
    operand    = number | string | "[" operand {"," operand} "]" | field ["on" string] | "(" condition ")"

`not` binds tighter than `and`, which binds tighter than `or`. Comparisons are not chained. What may be named and
compared, and when it is true, is in `conditions.py`.
"""

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

MAX_CHARACTERS = 4000
MAX_DEPTH = 40

Operator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]


class ExpressionError(ValueError):
    """A rule is not acceptable.

    Attributes:
        column: where, 1-based, in the rule's text.
        nearest: names that may have been meant.
    """

    def __init__(self, message: str, column: int, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.nearest = nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Constant(_Placed):
    """A number or a string."""

    value: float | str


@dataclass(frozen=True, slots=True)
class Field(_Placed):
    """A fact by its dotted name, of one data set or of all."""

    name: str
    dataset: str | None = None


@dataclass(frozen=True, slots=True)
class Items(_Placed):
    """A list of constants."""

    values: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Compare(_Placed):
    """A comparison of two operands."""

    operator: Operator
    left: "Operand"
    right: "Operand"


@dataclass(frozen=True, slots=True)
class Not(_Placed):
    """The opposite of a condition."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class All(_Placed):
    """Conditions joined by `and`; two or more."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf(_Placed):
    """Conditions joined by `or`; two or more."""

    parts: tuple["Condition", ...]


Operand = Constant | Field | Items
Condition = Compare | Not | All | AnyOf


def fields_of(condition: Condition) -> Iterator[Field]:
    """Every field that a condition names, left to right."""
    match condition:
        case Not(part):
            yield from fields_of(part)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from fields_of(part)
        case Compare(_, left, right):
            yield from (side for side in (left, right) if isinstance(side, Field))


_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.]))
    |(?P<string>"(?:[^"\\]|\\["'\\])*"|'(?:[^'\\]|\\["'\\])*')
    |(?P<word>(?:and|or|not|in|on)(?![\w.]))
    |(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    |(?P<operator>==|!=|<=|>=|<|>)
    |(?P<mark>[()\[\],])""",
    re.VERBOSE | re.ASCII,
)
_BAD_STRING = "a string that does not end, or has a backslash before something other than a quote or a backslash"
_MISTAKES = {
    **{
        sign: f"unexpected {sign!r}: write {meant}"
        for sign, meant in zip("=&|!", ("==", "and", "or", "not"), strict=True)
    },
    **dict.fromkeys("\"'", _BAD_STRING),
}
_CLOSING = {"(": ")", "[": "]"}
_TOO_DEEP = f"nested more than {MAX_DEPTH} deep"
_OPERATORS: dict[type[ast.cmpop], Operator] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}


def parse_tree(text: str) -> Condition:
    """Parse a rule; names and types are not checked.

    Raises:
        ExpressionError: the text is not of the language, longer than 4000 characters, or its conditions are nested
            more than 40 deep.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"longer than {MAX_CHARACTERS} characters", MAX_CHARACTERS)
    return _Parser(text).tree()


class _Parser:
    """Has Python parse the shape of a rule, and makes a tree of the nodes that the language knows.

    In the shape each name, number and string is replaced by one as long that means nothing, so that Python's keywords,
    escapes and numbers play no part; what was written is read from the token at the same place. `on` is replaced by the
    product of matrices, which binds tighter than comparisons.
    """

    def __init__(self, text: str) -> None:
        self._margin = len(text) - len(text.lstrip())  # Python would take leading spaces for indentation
        self._end = len(text)
        self._tokens = {token.start() - self._margin: token for token in _tokens(text)}

    def tree(self) -> Condition:
        shape = [" "] * (self._end - self._margin)
        for place, token in self._tokens.items():
            shape[place : place + len(token.group())] = _shape_of(token)
        try:
            parsed = ast.parse("".join(shape), mode="eval")
        except SyntaxError as error:
            raise self._syntax_error(error) from error
        except (RecursionError, MemoryError) as error:
            raise ExpressionError(_TOO_DEEP, 1) from error
        return self._condition(parsed.body, 1)

    def _syntax_error(self, error: SyntaxError) -> ExpressionError:
        token = self._tokens.get((error.offset or 0) - 1)
        if token is None:
            return ExpressionError("expected a condition or a value, found the end", self._end + 1)
        if "never closed" in error.msg:
            return ExpressionError(f"expected {_CLOSING[token.group()]}, found the end", self._end + 1)
        return _unexpected(token)

    def _condition(self, parsed: ast.expr, depth: int) -> Condition:
        column = self._column(parsed)
        if depth > MAX_DEPTH:
            raise ExpressionError(_TOO_DEEP, column)
        match parsed:
            case ast.BoolOp(name, values):
                kind = All if isinstance(name, ast.And) else AnyOf
                parts = tuple(self._condition(value, depth + 1) for value in values)
                return kind(parts, column=self._column_after(values[0]))
            case ast.UnaryOp(ast.Not(), operand):
                return Not(self._condition(operand, depth + 1), column=column)
            case ast.Compare(left, [name], [right]):
                sides = self._operand(left, depth), self._operand(right, depth)
                return Compare(_OPERATORS[type(name)], *sides, column=self._column_after(left))
            case ast.Compare(_, _, [first, *_]):
                chained = "comparisons are not chained: join two of them by and"
                raise ExpressionError(chained, self._column_after(first))
            case _:
                operand = self._operand(parsed, depth)
        if isinstance(operand, Field):
            raise ExpressionError(f"{operand.name} is a value: compare it with something", column)
        raise ExpressionError("a condition is expected here, not a value: compare it with a field", column)

    def _operand(self, parsed: ast.expr, depth: int) -> Operand:
        column = self._column(parsed)
        match parsed:
            case ast.List([]):
                raise ExpressionError("the list is empty", column)
            case ast.List(values):
                return Items(tuple(map(self._constant, values)), column=column)
            case ast.BinOp(ast.Name(), ast.MatMult(), dataset):
                return Field(self._tokens[parsed.col_offset].group(), self._dataset(dataset), column=column)
            case ast.Name() | ast.Constant():
                return self._leaf(parsed)
            case ast.BoolOp() | ast.UnaryOp() | ast.Compare():
                column = self._condition(parsed, depth + 1).column
                raise ExpressionError("a value is expected here, not a condition", column)
            case _:
                inner = next((part for part in ast.iter_child_nodes(parsed) if isinstance(part, ast.expr)), None)
                raise _unexpected(self._after(parsed.col_offset if inner is None else inner.end_col_offset or 0))

    def _constant(self, parsed: ast.expr) -> Constant:
        found = self._leaf(parsed) if isinstance(parsed, ast.Constant) else None
        if not isinstance(found, Constant):
            raise ExpressionError("a list holds numbers or texts only", self._column(parsed))
        return found

    def _leaf(self, parsed: ast.Name | ast.Constant) -> Field | Constant:
        token = self._tokens[parsed.col_offset]
        end, column = token.end() - self._margin, token.start() + 1
        if end != parsed.end_col_offset:  # Python joins strings that stand side by side
            raise _unexpected(self._after(end))
        match token.lastgroup:
            case "name":
                return Field(token.group(), column=column)
            case "string":
                return Constant(re.sub(r"\\(.)", r"\1", token.group()[1:-1]), column=column)
            case _:
                value = float(token.group())
        if not math.isfinite(value):
            raise ExpressionError("a number that is too large", column)
        return Constant(value, column=column)

    def _dataset(self, parsed: ast.expr) -> str:
        found = self._leaf(parsed) if isinstance(parsed, ast.Constant) else None
        if isinstance(found, Constant) and isinstance(found.value, str):
            return found.value
        raise ExpressionError("on is followed by a data set's name in quotes", self._column(parsed))

    def _after(self, place: int) -> re.Match[str]:
        """The first token from a place on that does not merely close a parenthesis."""
        return next(token for start, token in self._tokens.items() if start >= place and token.group() != ")")

    def _column(self, parsed: ast.expr) -> int:
        return self._margin + parsed.col_offset + 1

    def _column_after(self, parsed: ast.expr) -> int:
        return self._after(parsed.end_col_offset or 0).start() + 1


def _tokens(text: str) -> Iterator[re.Match[str]]:
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            sign = text[place]
            raise ExpressionError(_MISTAKES.get(sign, f"unexpected {sign!r}"), place + 1)
        if token.lastgroup != "space":
            yield token
        place = token.end()


def _shape_of(token: re.Match[str]) -> str:
    length = len(token.group())
    match token.lastgroup:
        case "name":
            return "_" * length
        case "number":
            return "1" * length
        case "string":
            return f'"{"_" * (length - 2)}"'
        case _:
            return "@ " if token.group() == "on" else token.group()


def _unexpected(token: re.Match[str]) -> ExpressionError:
    return ExpressionError(f"unexpected {token.group()}", token.start() + 1)
