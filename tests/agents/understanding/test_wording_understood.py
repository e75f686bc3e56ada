"""The canonical words of every change are understood as the same change."""

from collections.abc import Iterator

from agents.understanding.candidates import Operations
from agents.understanding.examples import Example, examples_of
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Argument, PlannedCall
from agents.understanding.parsed_message import parse_message
from agents.understanding.slots import nest, read_json
from agents.understanding.wording import order_of
from tests.fakes.entities import SHOP_FLOOR
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()
ORDERS_OF_EACH = 4
LEAST, LEAST_OF_TOOLS = 0.88, 0.8
"""Shares of the orders, and of the tools all of whose orders are understood. Measured: 0.913 and 0.84."""
OF_LISTS = {"create_deployment_pipeline", "device_configure"}
"""Their words are made of lists of objects, which one mark does not fill."""


def called(operations: Operations, example: Example) -> PlannedCall:
    """A call with what the example's marks say; what they name is something of the shop floor."""
    slots, filler = operations.slots(example.tool), operations.filler(SHOP_FLOOR, Frame())
    said, values = parse_message(example.text, SHOP_FLOOR, CATALOGUE), dict[str, object]()
    for mark in example.slots:
        slot = slots.get(mark.path)
        if slot is None or "[]" in mark.path or mark.path in values:
            continue
        names = [one.name for kind in slot.kinds for one in SHOP_FLOOR.of_kind(kind)]
        if names:
            values[mark.path] = names[0]
        elif mark.value is not None:
            values[mark.path] = read_json(mark.value)
        else:
            read = filler.read(example.tool, slot, mark.path, said, (mark.start, mark.end))
            values[mark.path] = read.value if isinstance(read, Argument) else example.text[mark.start : mark.end]
    return PlannedCall(example.tool, nest(values))


def canonical(operations: Operations) -> Iterator[tuple[str, str]]:
    """Tool and order, a few of each change and language."""
    seen: dict[tuple[str, str], set[str]] = {}
    for example in examples_of(operations.talk):
        if operations.tools[example.tool].effect == "read":
            continue
        order = order_of(called(operations, example), operations.talk, example.language)
        own = seen.setdefault((example.tool, example.language), set())
        if order.startswith(example.tool.replace("_", " ")) or order in own or len(own) >= ORDERS_OF_EACH:
            continue
        own.add(order)
        yield example.tool, order


def test_canonical_words_are_understood_as_the_same_tool(operations: Operations) -> None:
    orders = list(canonical(operations))
    filler, allowed = operations.filler(SHOP_FLOOR, Frame()), frozenset(operations.talk)
    wrong: list[tuple[str, str, str]] = []
    for tool, order in orders:
        said = parse_message(order, SHOP_FLOOR, CATALOGUE)
        best = operations.candidates(said, "order", filler, allowed, Frame())[0]
        if best.label != tool:
            wrong.append((tool, order, best.label))
    share, tools = 1 - len(wrong) / len(orders), {tool for tool, _ in orders}
    print(f"\n{len(orders)} orders of {len(tools)} tools, understood as the same {share:.3f}", *wrong, sep="\n")
    assert {tool for tool in operations.talk if operations.tools[tool].effect != "read"} - tools <= OF_LISTS
    assert share >= LEAST
    assert 1 - len({tool for tool, *_ in wrong}) / len(tools) >= LEAST_OF_TOOLS
