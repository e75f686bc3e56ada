import pytest

from agents.understanding.candidates import Operations
from agents.understanding.examples import ToolTalk, Undo
from agents.understanding.frame import PastCall
from agents.understanding.undo import before_of, inverse_of
from tests.fakes.entities import SHOP_FLOOR

TALK = {
    "set_stage": ToolTalk(
        undo=(Undo(tool="set_stage", arguments={"version": "{version}", "stage": "{before.stage}"}),), en=(), zh=()
    ),
    "rollout_start": ToolTalk(undo=(Undo(tool="rollout_abort", arguments={"rollout": "{result.id}"}),), en=(), zh=()),
    "retire_version": ToolTalk(en=(), zh=()),
}


def test_what_there_was_before_is_told() -> None:
    assert before_of({"version": "challenger"}, SHOP_FLOOR)["stage"] == "staging"
    assert before_of({"alias": "champion"}, SHOP_FLOOR) == {"version": "phi-4-mini@q4"}
    assert before_of({"device": "press-1"}, SHOP_FLOOR) == {"group": "hall-3"}
    assert before_of({"target": "support-chat"}, SHOP_FLOOR) == {}


def test_the_inverse_has_the_state_before_and_names_of_the_result() -> None:
    past = PastCall("set_stage", {"version": "bot@2", "stage": "production"}, "done", True, before={"stage": "staging"})
    call = inverse_of(past, TALK)
    assert call is not None
    assert (call.tool, call.arguments) == ("set_stage", {"version": "bot@2", "stage": "staging"})
    assert {one.source for one in call.origins.values()} == {"undo"}
    started = inverse_of(PastCall("rollout_start", {"target": "t"}, "done", True, result={"id": "ro-1"}), TALK)
    assert started is not None
    assert (started.tool, started.arguments) == ("rollout_abort", {"rollout": "ro-1"})


@pytest.mark.parametrize(
    "past",
    [
        PastCall("set_stage", {"version": "bot@2"}, "done", True),
        PastCall("set_stage", {"version": "bot@2"}, "refused", True, before={"stage": "staging"}),
        PastCall("retire_version", {"version": "bot@2"}, "done", True),
        PastCall("unheard_of", {}, "done", True),
    ],
)
def test_what_has_no_inverse_has_none(past: PastCall) -> None:
    assert inverse_of(past, TALK) is None


def test_a_request_that_waits_is_taken_back(operations: Operations) -> None:
    call = inverse_of(PastCall("retire_version", {"version": "bot@2"}, "waiting", True, approval="ap-1"), {})
    assert call is not None
    assert (call.tool, call.arguments) == ("approval_revoke", {"approval": "ap-1"})
    operations.tools[call.tool].check(call.arguments)
