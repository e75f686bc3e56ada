"""An order for several things of one kind is the same call for each; anything else in one slot stays wrong."""

import pytest

from agents.understanding.candidates import Operations
from agents.understanding.frame import Frame
from agents.understanding.parsed_message import parse_message
from agents.understanding.several import each_of_several
from tests.fakes.entities import ENTITIES
from tools.registry.catalogue import load_catalogue


def each(operations: Operations, tool: str, text: str) -> list[dict[str, object]]:
    said = parse_message(text, ENTITIES, load_catalogue())
    filling = operations.fill(tool, said, operations.filler(ENTITIES, Frame()))
    return [one.nested() for one in each_of_several(filling, operations.slots(tool), said)]


@pytest.mark.parametrize("text", ["move press-1 and press-2 to lyon", "把 press-1 和 press-2 移到 lyon"])
def test_joined_names_in_one_slot_are_a_call_for_each(operations: Operations, text: str) -> None:
    assert each(operations, "device_move", text) == [
        {"device": "press-1", "group": "lyon"},
        {"device": "press-2", "group": "lyon"},
    ]


@pytest.mark.parametrize(
    ("tool", "text"),
    [
        ("device_move", "move press-1 to lyon"),
        ("device_move", "move press-1, not press-2, to lyon"),
        ("rollout_pause", "pause returns instead of triage-eu"),
        ("rollout_pause", "pause returns and press-1"),
    ],
)
def test_one_name_a_contrast_and_another_kind_are_no_list(operations: Operations, tool: str, text: str) -> None:
    assert each(operations, tool, text) == []
