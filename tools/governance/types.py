"""The types of rules: what may be compared with what. Mistakes are found when a policy is loaded."""

from tools.governance.syntax import All, AnyOf, Compare, Constant, ExpressionError, Field, Items, Node, Not
from tools.governance.vocabulary import FieldType, UnknownName, Vocabulary, nearest_names

__all__ = ["check_condition"]

_KINDS = {"number": "a number", "text": "a text", "texts": "a set of texts"}


def check_condition(node: Node, vocabulary: Vocabulary) -> None:
    """Check that a tree is a condition over known fields.

    Raises:
        ExpressionError: the first mistake, from left to right.
    """
    match node:
        case Not(part):
            check_condition(part, vocabulary)
        case All(parts) | AnyOf(parts):
            for part in parts:
                check_condition(part, vocabulary)
        case Compare():
            _check_comparison(node, vocabulary)
        case Constant(_, column) | Items(_, column):
            raise ExpressionError("a condition is expected here, not a value: compare it with a field", column)
        case Field(name, _, column):
            _type_of(node, vocabulary)
            raise ExpressionError(f"{name} is a value: compare it with something", column)


def _check_comparison(node: Compare, vocabulary: Vocabulary) -> None:
    left, right = _operand(node.left, vocabulary), _operand(node.right, vocabulary)
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
        if any(_constant_type(value).kind != left.kind for value in node.right.values):
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


def _operand(node: Node, vocabulary: Vocabulary) -> FieldType:
    match node:
        case Field():
            return _type_of(node, vocabulary)
        case Constant():
            return _constant_type(node)
        case Items(values, column):
            for value in values:
                if not isinstance(value, Constant):
                    raise ExpressionError("a list holds numbers or texts only", value.column)
            if not values:
                raise ExpressionError("the list is empty", column)
            return FieldType("texts")
        case Not(_, column) | All(_, column) | AnyOf(_, column) | Compare(_, _, _, column):
            raise ExpressionError("a value is expected here, not a condition", column)


def _constant_type(node: Node) -> FieldType:
    return FieldType("text" if isinstance(node, Constant) and isinstance(node.value, str) else "number")


def _type_of(node: Field, vocabulary: Vocabulary) -> FieldType:
    try:
        found = vocabulary.type_of(node.name)
    except UnknownName as error:
        raise ExpressionError(f"unknown field {node.name}", node.column, error.nearest) from error
    if node.dataset is not None and not found.by_dataset:
        raise ExpressionError(f"{node.name} is not of one data set: leave out on", node.column)
    return found


def _check_constant(node: Node, other: FieldType) -> None:
    """A constant must be something that the other side can be."""
    for value in node.values if isinstance(node, Items) else (node,):
        if not isinstance(value, Constant):
            continue
        if isinstance(value.value, str):
            _check_text(value.value, value.column, other)
        elif (other.low is not None and value.value < other.low) or (
            other.high is not None and value.value > other.high
        ):
            span = f"at least {other.low:g}" if other.high is None else f"between {other.low:g} and {other.high:g}"
            raise ExpressionError(f"{value.value:g} can never be reached: the field is {span}", value.column)


def _check_text(text: str, column: int, other: FieldType) -> None:
    if other.allowed is None or text in other.allowed:
        return
    if text == "unsure":
        raise ExpressionError("unsure is unknown, and nothing equals it: the verdict is then insufficient", column)
    nearest = nearest_names(text, other.allowed) or other.allowed[:8]
    raise ExpressionError(f"the field is never {text!r}", column, nearest)
