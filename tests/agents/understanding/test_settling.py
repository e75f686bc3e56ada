from agents.understanding.candidates import Operations
from agents.understanding.frame import Frame
from agents.understanding.interpretation import PlannedCall, Question
from agents.understanding.parsed_message import parse_message
from agents.understanding.settling import Settler
from edge.kernel.language import Language
from tests.fakes.entities import SHOP_FLOOR
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()


def settled(operations: Operations, tool: str, text: str, language: Language = "en") -> PlannedCall | Question:
    said = parse_message(text, SHOP_FLOOR, CATALOGUE)
    filling = operations.fill(tool, said, operations.filler(SHOP_FLOOR, Frame()))
    return Settler(operations, SHOP_FLOOR, language).settle(filling)


def asked(operations: Operations, tool: str, text: str, language: Language = "en") -> Question:
    found = settled(operations, tool, text, language)
    assert isinstance(found, Question), found
    return found


def test_what_is_complete_is_a_call_with_where_its_arguments_came_from(operations: Operations) -> None:
    call = settled(operations, "device_move", "move press-1 to group line-7")
    assert isinstance(call, PlannedCall)
    assert (call.tool, call.arguments) == ("device_move", {"device": "press-1", "group": "line-7"})
    assert {name: one.words for name, one in call.origins.items()} == {"device": "press-1", "group": "line-7"}


def test_what_is_missing_is_asked_with_choices(operations: Operations) -> None:
    question = asked(operations, "rollout_pause", "pause")
    assert (question.reason, question.tool, question.slot) == ("missing", "rollout_pause", "rollout")
    assert set(question.choices) == {"ro-1111aaaa2222", "ro-3333bbbb4444"}, "those that are open"
    reason = asked(operations, "device_revoke", "revoke device press-1")
    assert (reason.slot, reason.arguments) == ("reason", {"device": "press-1"})


def test_what_nothing_is_called_is_told_with_what_comes_near(operations: Operations) -> None:
    question = asked(operations, "device_show", "show device prss-2")
    assert question.reason == "unknown"
    assert "press-2" in question.text
    assert "press-2" in asked(operations, "device_show", "查看设备 prss-2", "zh").choices


def test_what_is_left_over_of_a_change_is_asked_about(operations: Operations) -> None:
    question = asked(operations, "rollout_pause", "pause code-assist at 40 %")
    assert question.reason == "unclear"
    assert "40 %" in question.text


def test_what_the_tool_would_not_take_is_told_as_not_done(operations: Operations) -> None:
    settler = Settler(operations, SHOP_FLOOR, "en")
    found = settler.check(PlannedCall("rollout_pause", {"rollout": 5}))
    assert isinstance(found, Question)
    assert (found.reason, found.text.startswith("Not done: ")) == ("contradictory", True)


def test_what_is_to_be_confirmed_is_told_in_canonical_words_with_what_it_does(operations: Operations) -> None:
    pause = PlannedCall("rollout_pause", {"rollout": "ro-1111aaaa2222"})
    settler = Settler(operations, SHOP_FLOOR, "en")
    question = settler.confirm([pause])
    assert question.reason == "confirm"
    assert f"`{settler.order(pause)}`" in question.text
    both = settler.confirm([pause, PlannedCall("device_move", {"device": "press-1", "group": "line-7"})])
    assert both.text.startswith("In this order:")
    assert both.text.count("Shall I?") == 2
