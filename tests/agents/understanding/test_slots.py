import pytest

from agents.understanding.candidates import Operations
from agents.understanding.examples import read_example
from agents.understanding.frame import Frame
from agents.understanding.parsed_message import parse_message
from agents.understanding.slots import Filling, nest, read_json, value_words
from tests.fakes.entities import SHOP_FLOOR
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()


def filled(operations: Operations, tool: str, text: str, frame: Frame | None = None) -> Filling:
    filler = operations.filler(SHOP_FLOOR, frame or Frame())
    return operations.fill(tool, parse_message(text, SHOP_FLOOR, CATALOGUE), filler)


def test_paths_become_nested_arguments_and_numbered_ones_lists() -> None:
    paths = {
        "name": "w",
        "stages[0].stage": "staging",
        "stages[0].gate.purpose": "product",
        "stages[1].stage": "production",
    }
    stages = [{"stage": "staging", "gate": {"purpose": "product"}}, {"stage": "production"}]
    assert nest(paths) == {"name": "w", "stages": stages}
    assert nest({}) == {}


def test_what_values_are_called_is_read_from_the_marks() -> None:
    example = read_example(
        "t", "en", "[Blue Green](strategy=blue_green) with [no limit](limits.slowdown=null) at [5](n)"
    )
    assert value_words([example]) == {
        ("t", "strategy"): {"blue green": "blue_green"},
        ("t", "limits.slowdown"): {"no limit": None},
    }
    assert (read_json("true"), read_json('["*"]'), read_json("canary")) == (True, ["*"], "canary")


def test_names_quantities_and_values_fill_their_slots(operations: Operations) -> None:
    filling = filled(operations, "rollout_start", "canary the challenger on support-chat at 5, 25 and 50 percent")
    assert filling.nested() == {
        "strategy": "canary",
        "version": filling.arguments["version"].value,
        "target": "support-chat",
        "percentages": [5, 25, 50],
    }
    assert SHOP_FLOOR.version(filling.arguments["version"].value) == "phi-4-mini@q8"
    assert (filling.problems, filling.unused, filling.missing) == ([], [], [])
    assert filling.arguments["target"].words == "support-chat"


def test_what_no_slot_takes_is_left_over_and_told(operations: Operations) -> None:
    filling = filled(operations, "audit_verify", "verify the audit chain of press-1")
    assert [one.words for one in filling.unused] == ["press-1"]


def test_what_is_required_and_not_said_is_missing(operations: Operations) -> None:
    filling = filled(operations, "device_revoke", "revoke device press-1")
    assert [slot.path for slot in filling.missing] == ["reason"]


@pytest.mark.parametrize(
    ("tool", "text", "kind", "choices"),
    [
        ("version_show", "show phi-4-mini@q9", "ambiguous", ("phi-4-mini@q2", "phi-4-mini@q4", "phi-4-mini@q8")),
        ("device_show", "show device prss-2", "unknown", ("press-2",)),
        ("device_show", "show device press-1 and press-2", "contradictory", ("press-1", "press-2")),
    ],
)
def test_a_name_that_cannot_be_taken_is_a_problem_with_choices(
    operations: Operations, tool: str, text: str, kind: str, choices: tuple[str, ...]
) -> None:
    problems = filled(operations, tool, text).problems
    assert kind in {one.kind for one in problems}
    assert set(choices) >= set(problems[0].choices) != set()


def test_a_reference_is_bound_by_the_thread_alone(operations: Operations) -> None:
    unbound = filled(operations, "rollout_pause", "pause it")
    assert "rollout" not in unbound.arguments
    frame = Frame((("rollout", "ro-1111aaaa2222"), ("version", "qwen-support@v3")))
    bound = filled(operations, "rollout_pause", "pause it", frame)
    assert (bound.arguments["rollout"].value, bound.arguments["rollout"].source) == ("ro-1111aaaa2222", "thread")
    two = Frame((("rollout", "ro-1111aaaa2222"), ("rollout", "ro-3333bbbb4444")))
    assert {one.kind for one in filled(operations, "rollout_pause", "pause it", two).problems} == {"ambiguous"}


@pytest.mark.parametrize("text", ["check the gate for phi-4-mini@q8, region EU", "检查 phi-4-mini@q8 的门禁，地区欧盟"])
def test_a_region_is_never_left_out(operations: Operations, text: str) -> None:
    assert filled(operations, "gate_check", text).arguments["region"].value == "EU"


def test_once_and_one_of_them_are_not_left_over(operations: Operations) -> None:
    assert filled(operations, "gate_check", "对 phi-4-mini@q8 跑一次门禁").unused == []


def test_a_short_message_without_a_name_is_about_what_the_thread_is_about(operations: Operations) -> None:
    frame = Frame((("device", "press-1"),))
    found = filled(operations, "device_show", "show more", frame).arguments["device"]
    assert (found.value, found.source) == ("press-1", "thread")
    assert "device" not in filled(operations, "device_show", "show more").arguments
    decided = Frame((("approval", "ap-1f2e3d4c5b6a"),))
    assert filled(operations, "approval_approve", "sign off", decided).arguments == {}
