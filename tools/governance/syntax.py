"""The tree of a rule, and its text.

The grammar, which `parser.py` reads:

    condition  = condition ("or" condition) | condition ("and" condition) | "not" condition | comparison
    comparison = operand ("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in") operand
    operand    = number | string | "[" operand {"," operand} "]" | field ["on" string] | "(" condition ")"

`not` binds tighter than `and`, which binds tighter than `or`. Comparisons are not chained.
What the names mean is in `vocabulary.py`.
"""

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "All",
    "AnyOf",
    "Compare",
    "Constant",
    "ExpressionError",
    "Field",
    "Items",
    "Node",
    "Not",
    "Operator",
    "render",
]

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


@dataclass(frozen=True, slots=True)
class Constant:
    """A number or a string."""

    value: float | str
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """A fact by its dotted name, of one data set or of all."""

    name: str
    dataset: str | None = None
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Items:
    """A list of constants."""

    values: tuple["Node", ...]
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of two operands."""

    operator: Operator
    left: "Node"
    right: "Node"
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    part: "Node"
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class All:
    """Conditions joined by `and`; two or more."""

    parts: tuple["Node", ...]
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Conditions joined by `or`; two or more."""

    parts: tuple["Node", ...]
    column: int = field(default=1, compare=False)


Node = Constant | Field | Items | Compare | Not | All | AnyOf


def render(node: Node) -> str:  # noqa: PLR0911 - one line for each kind of node
    """The rule as text; `parser.parse_tree` makes the same tree of it."""
    match node:
        case Constant(value):
            return _constant(value)
        case Field(name, dataset):
            return name if dataset is None else f"{name} on {_constant(dataset)}"
        case Items(values):
            return f"[{', '.join(render(value) for value in values)}]"
        case Compare(operator, left, right):
            return f"{_inside(left)} {operator} {_inside(right)}"
        case Not(part):
            return f"not {render(part) if isinstance(part, Compare | Not) else f'({render(part)})'}"
        case All(parts):
            return " and ".join(
                f"({render(part)})" if isinstance(part, All | AnyOf) else render(part) for part in parts
            )
        case AnyOf(parts):
            return " or ".join(f"({render(one)})" if isinstance(one, AnyOf) else render(one) for one in parts)


def _inside(node: Node) -> str:
    return render(node) if isinstance(node, Constant | Field | Items) else f"({render(node)})"


def _constant(value: float | str) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
