"""What a turn leaves in its thread's frame."""

from pydantic import BaseModel

from agents.teams.frames import named_in_arguments, objects_of, past_calls
from agents.teams.outcomes import Refused, Waiting
from agents.understanding.candidates import Operations
from agents.understanding.interpretation import PlannedCall
from edge.kernel.errors import NotFound
from tests.fakes.entities import SHOP_FLOOR


class Started(BaseModel):
    id: str
    target: str = "support-chat"
    state: str = "paused"
    note: str = "x" * 500


class Key(BaseModel):
    id: str
    key: str = "secret"


START = PlannedCall("rollout_start", {"target": "support-chat", "version": "phi-4-mini@q8", "strategy": "canary"})


def test_calls_are_kept_with_how_they_ended_and_what_there_was_before(operations: Operations) -> None:
    stage = PlannedCall("set_stage", {"version": "phi-4-mini@q8", "stage": "production"})
    look = PlannedCall("version_show", {"version": "phi-4-mini@q8"})
    made = [(START, Started(id="ro-9")), (stage, Waiting(stage, "ap-9")), (look, Refused(look, NotFound("gone")))]
    started, waiting, refused = past_calls(made, SHOP_FLOOR, operations.tools)
    assert (started.ended, started.changes, started.result["id"]) == ("done", True, "ro-9")
    assert "note" not in started.result
    assert (waiting.ended, waiting.approval, waiting.before["stage"]) == ("waiting", "ap-9", "staging")
    assert (refused.ended, refused.changes) == ("refused", False)


def test_a_secret_is_not_kept(operations: Operations) -> None:
    issue = PlannedCall("api_key_issue", {"principal": "bob", "scopes": ["*"]})
    assert operations.tools["api_key_issue"].shown_once
    (past,) = past_calls([(issue, Key(id="1a"))], SHOP_FLOOR, operations.tools)
    assert past.result == {"id": "1a"}


def test_objects_are_those_of_the_arguments_then_of_the_results(operations: Operations) -> None:
    objects = objects_of([(START, Started(id="ro-9"))], SHOP_FLOOR, operations.tools)
    assert objects[:2] == (("target", "support-chat"), ("version", "phi-4-mini@q8"))
    assert ("rollout", "ro-9") in objects
    waiting = objects_of([(START, Waiting(START, "ap-9"))], SHOP_FLOOR, operations.tools)
    assert waiting[-1] == ("approval", "ap-9")
    assert objects_of([], SHOP_FLOOR, operations.tools) == ()


def test_a_target_in_a_rollout_names_that_too(operations: Operations) -> None:
    call = PlannedCall("rollout_pause", {"rollout": "code-assist"})
    named = list(named_in_arguments(call, SHOP_FLOOR, operations.tools["rollout_pause"]))
    assert named == [("rollout", "ro-1111aaaa2222"), ("target", "code-assist")]
