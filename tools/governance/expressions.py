"""Rules over evidence: checked when they are loaded, evaluated to true, false or unknown."""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, cast

from tools.governance.facts import Facts, Readings, Value
from tools.governance.parser import parse_tree
from tools.governance.syntax import All, AnyOf, Compare, Constant, ExpressionError, Field, Items, Node, Not
from tools.governance.truth import Truth, all_of, any_of, negation, same_of
from tools.governance.types import check_condition
from tools.governance.vocabulary import DEFAULT_VOCABULARY, Vocabulary

__all__ = ["Expression", "ExpressionError", "evaluate", "fields_of", "parse_expression"]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "in": lambda left, right: left in right,
}
_OPPOSITES = {"!=": "==", "not in": "in"}


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition whose names and types are known to be right."""

    text: str
    tree: Node

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
    check_condition(tree, vocabulary)
    return Expression(text, tree)


def evaluate(node: Node, facts: Facts, *, ages_unknown: bool = False) -> Truth:
    """The truth of a checked condition over the facts."""
    match node:
        case Not(part):
            return negation(evaluate(part, facts, ages_unknown=ages_unknown))
        case All(parts):
            return all_of(evaluate(part, facts, ages_unknown=ages_unknown) for part in parts)
        case AnyOf(parts):
            return any_of(evaluate(part, facts, ages_unknown=ages_unknown) for part in parts)
        case Compare():
            if ages_unknown and any(_is_age(side) for side in fields_of(node)):
                return None
            return _compare(node, facts)
        case Constant() | Field() | Items():
            return None


def fields_of(node: Node) -> Iterator[Field]:
    """Every field that a tree names, left to right."""
    match node:
        case Field():
            yield node
        case Not(part):
            yield from fields_of(part)
        case All(parts) | AnyOf(parts) | Items(parts):
            for part in parts:
                yield from fields_of(part)
        case Compare(_, left, right):
            yield from fields_of(left)
            yield from fields_of(right)
        case Constant():
            return


def _compare(node: Compare, facts: Facts) -> Truth:
    name = _OPPOSITES.get(node.operator, node.operator)
    compared = _ORDERS[name]
    pairs = product(_values(node.left, facts), _values(node.right, facts))
    found = same_of(None if left is None or right is None else compared(left, right) for left, right in pairs)
    return negation(found) if node.operator in _OPPOSITES else found


def _values(node: Node, facts: Facts) -> list[Value | None]:
    match node:
        case Constant(value):
            return [value]
        case Items(values):
            # A list of numbers is compared by `in` like a list of texts.
            return [cast("Value", frozenset(value.value for value in values if isinstance(value, Constant)))]
        case Field(name, dataset):
            readings: Readings = facts.about(name, dataset)
            return [reading.value for reading in readings.values]
        case _:
            return []


def _is_age(field: Field) -> bool:
    """Evidence that is merely old is missing, not bad: see `gates.py`."""
    return field.name.endswith(".age_days")
