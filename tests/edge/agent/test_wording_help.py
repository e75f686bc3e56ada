"""What the device tells of its own abilities."""

import pytest

from edge.agent.entity_linking import phrasings
from edge.agent.fast_path import FastPath, Match
from tests.fakes.assisted_devices import NAMES, TOOL_NAMES, Device

EXAMPLES = phrasings()["examples"]
LATER = {"reminder_set", "watch_set"}
"""Tools that act later, which the device of these tests has not."""


@pytest.mark.parametrize("tool", sorted(LATER))
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_done_later_is_understood(tool: str, place: int) -> None:
    filled = EXAMPLES[tool][place].format(sensor="oil_temperature", diagnostic="disk_usage")
    found = FastPath(lambda: [*TOOL_NAMES, *LATER], lambda: NAMES).match(filled)
    assert isinstance(found, Match)
    assert [one.tool for one in found.calls] == [tool]


@pytest.mark.parametrize("tool", sorted(EXAMPLES.keys() - LATER))
@pytest.mark.parametrize("place", [0, 1])
def test_every_example_is_understood_without_a_model(tool: str, place: int) -> None:
    filled = EXAMPLES[tool][place].format(sensor="oil_temperature", diagnostic="disk_usage")
    answer = Device(documents=["Clean the air filter. 空气滤芯"]).assistant().ask(filled, by="p")
    assert (answer.tier, [use.tool for use in answer.tool_calls]) == ("fast", [tool])


def test_every_tool_has_an_example() -> None:
    assert sorted(EXAMPLES.keys() - LATER) == TOOL_NAMES


def test_help_shows_what_the_policy_allows() -> None:
    device = Device(policy={"tools": ["sensor_read", "diagnostic_run"]})
    told = device.assistant().ask("What can you do?", by="p")
    assert (told.tier, told.ok, told.tool_calls) == ("fast", True, ())
    assert "- read oil_temperature\n" in told.text
    assert "alert" not in told.text
    assert "diagnostic" not in told.text  # none of them is named by the policy
    assert "- 查看 oil_temperature 的读数" in device.assistant().ask("你能做什么？", by="p").text


def test_diagnostics_are_listed_with_those_that_are_not_allowed() -> None:
    device = Device(policy={"tools": TOOL_NAMES, "diagnostics": ["disk_usage"]})
    told = device.assistant().ask("Which diagnostics are there?", by="p").text
    allowed, forbidden = told.split("\n", 2)[1:]
    assert allowed.startswith("- disk_usage: space on all disks")
    assert all(name in forbidden for name in NAMES.diagnostics if name != "disk_usage")
    assert "不允许" in device.assistant().ask("有哪些诊断？", by="p").text
    unknown = Device(policy={"colour": "blue"}).assistant().ask("diagnostics", by="p").text
    assert unknown.startswith("No diagnostic may be run here.")
