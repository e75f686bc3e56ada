"""Conditions over evidence: names and types checked when a policy is loaded, then true, false or unknown.

Evaluation is Kleene's three-valued logic: True, False, and None for unknown. What is not known is never taken for true.
"""

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any, cast

from edge.kernel.names import nearest_names
from tools.governance.facts import DEFAULT_VOCABULARY, Facts, FieldType, Value, Vocabulary
from tools.governance.policy_language import (
    All,
    AnyOf,
    Compare,
    Condition,
    Constant,
    ExpressionError,
    Field,
    Items,
    Not,
    Operand,
    fields_of,
    parse_tree,
)

Truth = bool | None
_KINDS = {"number": "a number", "text": "a text", "texts": "a set of texts"}


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition whose names and types are known to be right."""

    text: str
    tree: Condition

    def evaluate(self, facts: Facts) -> Truth:
        """True, False, or None for unknown. Never raises."""
        return evaluate(self.tree, facts)

    def evaluate_without_ages(self, facts: Facts) -> Truth:
        """As `evaluate`, every comparison of an age being unknown: what holds however old the evidence is."""
        return evaluate(self.tree, facts, ages_unknown=True)


def parse_expression(text: str, vocabulary: Vocabulary = DEFAULT_VOCABULARY) -> Expression:
    """Parse and check a condition.

    Raises:
        ExpressionError: it is not of the language, names something unknown, or compares what cannot be compared; the
            error has the column and the nearest names.
    """
    tree = parse_tree(text)
    _check(tree, vocabulary)
    return Expression(text, tree)


def _check(condition: Condition, vocabulary: Vocabulary) -> None:
    """Raises ExpressionError: the first mistake, from left to right."""
    match condition:
        case Not(part):
            _check(part, vocabulary)
        case All(parts) | AnyOf(parts):
            for part in parts:
                _check(part, vocabulary)
        case Compare():
            _check_comparison(condition, vocabulary)


def _check_comparison(node: Compare, vocabulary: Vocabulary) -> None:
    left, right = _type_of(node.left, vocabulary), _type_of(node.right, vocabulary)
    if not isinstance(node.left, Field) and not isinstance(node.right, Field):
        raise ExpressionError("the comparison names no field", node.column)
    if node.operator in ("in", "not in"):
        _check_membership(node, left, right)
    elif node.operator in ("==", "!="):
        if "texts" in (left.kind, right.kind):
            raise ExpressionError(_how_to_ask_a_set(node), node.column)
        if left.kind != right.kind:
            raise ExpressionError(f"{_KINDS[left.kind]} cannot equal {_KINDS[right.kind]}", node.column)
    elif left.kind != "number" or right.kind != "number":
        wrong = left if left.kind != "number" else right
        raise ExpressionError(f"{node.operator} compares numbers, not {_KINDS[wrong.kind]}", node.column)
    _check_constant(node.left, right)
    _check_constant(node.right, left)


def _check_membership(node: Compare, left: FieldType, right: FieldType) -> None:
    if left.kind == "texts":
        raise ExpressionError(_how_to_ask_a_set(node), node.column)
    if isinstance(node.right, Items):
        if any(isinstance(value.value, str) != (left.kind == "text") for value in node.right.values):
            raise ExpressionError(f"the list must hold what the left side is: {_KINDS[left.kind]}", node.right.column)
    elif right.kind != "texts":
        raise ExpressionError(f"{node.operator} needs a list or a set on its right side", node.column)
    elif left.kind != "text":
        raise ExpressionError(f"a set holds texts, not {_KINDS[left.kind]}", node.column)


def _how_to_ask_a_set(node: Compare) -> str:
    if isinstance(node.left, Items) or isinstance(node.right, Items):
        return "a list is compared by in"
    name = node.left.name if isinstance(node.left, Field) else node.right.name if isinstance(node.right, Field) else ""
    return f'{name} is a set: write "…" in {name}'


def _type_of(node: Operand, vocabulary: Vocabulary) -> FieldType:
    if isinstance(node, Constant):
        return FieldType("text" if isinstance(node.value, str) else "number")
    if isinstance(node, Items):
        return FieldType("texts")
    found = vocabulary.type_of(node.name)
    if found is None:
        nearest = nearest_names(node.name, vocabulary.names())
        raise ExpressionError(f"unknown field {node.name}", node.column, tuple(nearest))
    if node.dataset is not None and not found.by_dataset:
        raise ExpressionError(f"{node.name} is not of one data set: leave out on", node.column)
    return found


def _check_constant(node: Operand, other: FieldType) -> None:
    """A constant must be something that the other side can be."""
    if isinstance(node, Items):
        for value in node.values:
            _check_constant(value, other)
    elif isinstance(node, Constant):
        _check_value(node.value, node.column, other)


def _check_value(value: float | str, column: int, other: FieldType) -> None:
    if isinstance(value, str):
        _check_text(value, column, other)
    else:
        low, high = -math.inf if other.low is None else other.low, math.inf if other.high is None else other.high
        if not low <= value <= high:
            span = f"at least {low:g}" if other.high is None else f"between {low:g} and {high:g}"
            raise ExpressionError(f"{value:g} can never be reached: the field is {span}", column)


def _check_text(text: str, column: int, other: FieldType) -> None:
    if other.allowed is None or text in other.allowed:
        return
    if text == "unsure":
        raise ExpressionError("unsure is unknown, and nothing equals it: the verdict is then insufficient", column)
    nearest = tuple(nearest_names(text, other.allowed, least=65)) or other.allowed[:8]
    raise ExpressionError(f"the field is never {text!r}", column, nearest)


def negation(one: Truth) -> Truth:
    return None if one is None else not one


def all_of(truths: Iterable[Truth]) -> Truth:
    """False where one is false, else unknown where one is unknown, else true."""
    found = list(truths)
    if False in found:
        return False
    return None if None in found else True


def any_of(truths: Iterable[Truth]) -> Truth:
    """True where one is true, else unknown where one is unknown, else false."""
    return negation(all_of(negation(one) for one in truths))


def same_of(truths: Iterable[Truth]) -> Truth:
    """What all agree on; unknown where they disagree, or where there are none."""
    found = set(truths)
    return found.pop() if len(found) == 1 else None


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "in": lambda left, right: left in right,
}
_OPPOSITES = {"!=": "==", "not in": "in"}


def evaluate(condition: Condition, facts: Facts, *, ages_unknown: bool = False) -> Truth:
    """The truth of a checked condition over the facts."""
    match condition:
        case Not(part):
            return negation(evaluate(part, facts, ages_unknown=ages_unknown))
        case All(parts):
            return all_of(evaluate(part, facts, ages_unknown=ages_unknown) for part in parts)
        case AnyOf(parts):
            return any_of(evaluate(part, facts, ages_unknown=ages_unknown) for part in parts)
        case Compare(name, left, right):
            if ages_unknown and any(field.name.endswith(".age_days") for field in fields_of(condition)):
                return None  # evidence that is merely old is missing, not bad: see `verdict.py`
            compared = _ORDERS[_OPPOSITES.get(name, name)]
            pairs = product(_values(left, facts), _values(right, facts))
            found = same_of(None if one is None or other is None else compared(one, other) for one, other in pairs)
            return negation(found) if name in _OPPOSITES else found


def _values(node: Operand, facts: Facts) -> list[Value | None]:
    match node:
        case Constant(value):
            return [value]
        case Items(values):
            # A list of numbers is compared by `in` like a list of texts.
            return [cast("Value", frozenset(value.value for value in values))]
        case Field(name, dataset):
            return [reading.value for reading in facts.about(name, dataset).values]
