"""One decision for each message, from the operations, the documents and the thread."""

import asyncio

import pytest

from agents.understanding.candidates import Operations
from agents.understanding.frame import Frame, PastCall
from agents.understanding.interpretation import Interpretation, PlannedCall, Question
from agents.understanding.parsed_message import parse_message
from agents.understanding.understanding import ExampleUnderstanding, Found, Look, team_of
from tests.fakes.entities import SHOP_FLOOR
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()
PAUSE = PlannedCall("rollout_pause", {"rollout": "ro-1111aaaa2222"})


def understood(
    operations: Operations,
    text: str,
    frame: Frame | None = None,
    found: Found = "nothing",
    without: tuple[str, ...] = (),
) -> Interpretation:
    said = parse_message(text, SHOP_FLOOR, CATALOGUE)
    allowed = frozenset(operations.talk) - set(without)
    look = Look(said, frame or Frame(), SHOP_FLOOR, allowed, found, 0.9, text)
    return asyncio.run(ExampleUnderstanding(operations).interpret(look))


def changes(operations: Operations, found: Interpretation) -> bool:
    return any(operations.tools[call.tool].effect != "read" for call in found.calls)


def test_each_tool_has_a_team(operations: Operations) -> None:
    teams = {name: team_of(spec) for name, spec in operations.tools.items()}
    assert (teams["licence_lookup"], teams["evaluation_list"], teams["rollout_start"]) == (
        "governance",
        "evaluation",
        "deployment",
    )
    assert set(teams.values()) == {"governance", "evaluation", "deployment"}


def test_a_look_is_made_and_a_change_that_names_its_object_too(operations: Operations) -> None:
    look = understood(operations, "licence of qwen3-4b")
    assert look.calls == (PlannedCall("licence_lookup", {"model": "qwen3-4b"}),)
    assert look.label == "governance"
    move = understood(operations, "move press-1 to group line-7")
    assert [call.tool for call in (*move.calls, *move.proposed)] == ["device_move"]


def test_what_is_destructive_waits_for_a_yes(operations: Operations) -> None:
    found = understood(operations, "revoke device press-1 because it was stolen")
    assert found.calls == ()
    assert [call.tool for call in found.proposed] == ["device_revoke"]
    assert found.question is not None
    assert found.question.reason == "confirm"
    done = understood(operations, "yes", Frame(asked=found.question, proposed=found.proposed))
    assert done.calls == found.proposed
    refused = understood(operations, "no", Frame(asked=found.question, proposed=found.proposed))
    assert (refused.calls, refused.proposed) == ((), ())


@pytest.mark.parametrize("text", ["pause it", "暂停它"])
def test_an_object_is_implicit_only_where_this_thread_named_it_and_then_a_change_waits(
    operations: Operations, text: str
) -> None:
    alone = understood(operations, text)
    assert (alone.calls, alone.proposed) == ((), ())
    assert alone.question is not None
    frame = Frame((("rollout", "ro-1111aaaa2222"),))
    bound = understood(operations, text, frame)
    assert (bound.calls, bound.proposed) == ((), (PAUSE,))


@pytest.mark.parametrize(
    "text", ["yes", "no", "go on", "undo", "undo that", "why?", "好的", "撤销", "cancel", "approve it", "stop"]
)
def test_a_reply_to_nothing_changes_nothing(operations: Operations, text: str) -> None:
    found = understood(operations, text)
    assert not changes(operations, found)
    assert found.proposed == ()


def test_what_was_done_is_undone_after_a_yes(operations: Operations) -> None:
    named = {"rollout": "ro-1111aaaa2222"}
    past = PastCall("rollout_pause", named, "done", changes=True, result={"id": "ro-1111aaaa2222"})
    found = understood(operations, "undo that", Frame(calls=(past,)))
    assert [(call.tool, call.arguments) for call in found.proposed] == [
        ("rollout_resume", {"rollout": "ro-1111aaaa2222"})
    ]
    without = understood(operations, "undo that", Frame(calls=(past,)), without=("rollout_resume",))
    assert without.proposed == ()
    assert without.question is not None
    assert without.question.text.startswith("Not done: ")


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("don't pause code-assist", "talk"),
        ("pause code-assist. Actually no, leave it running.", "retraction"),
        ("pause code-assist if the errors go up", "conditional"),
        ("should we abort the rollout on code-assist?", "question"),
    ],
)
def test_what_is_no_order_is_not_done(operations: Operations, text: str, mood: str) -> None:
    found = understood(operations, text)
    assert not changes(operations, found)


def test_the_documents_answer_what_they_have_and_no_operation_fits(operations: Operations) -> None:
    text = "At what temperature does the oven in the bakery switch itself off?"
    assert understood(operations, text, found="answer").document_query == text
    nothing = understood(operations, "tell me a joke about ferries")
    assert (nothing.calls, nothing.question, nothing.document_query, nothing.help) == ((), None, "", False)
    assert nothing.label == "out_of_scope"


@pytest.mark.parametrize("text", ["what can you do?", "help", "你能做什么？"])
def test_help_is_asked_for(operations: Operations, text: str) -> None:
    assert understood(operations, text).help


def test_several_orders_are_a_sequence_and_wait_for_a_yes(operations: Operations) -> None:
    found = understood(operations, "pause code-assist and move press-1 to group line-7")
    assert found.calls == ()
    assert [call.tool for call in found.proposed] == ["rollout_pause", "device_move"]


def test_everything_is_nothing_that_is_named(operations: Operations) -> None:
    for text in (
        "approve everything",
        "revoke every device because of the recall",
        "retire all versions because they are old",
    ):
        assert not changes(operations, understood(operations, text)), text


def test_what_the_caller_may_not_call_is_not_done(operations: Operations) -> None:
    found = understood(operations, "pause the rollout on code-assist", without=("rollout_pause",))
    assert "rollout_pause" not in {call.tool for call in (*found.calls, *found.proposed)}


def test_an_answer_completes_the_call_that_was_asked_about(operations: Operations) -> None:
    asked = Question("missing", "Why?", "device_revoke", {"device": "press-1"}, "reason")
    found = understood(operations, "stolen from the yard", Frame(asked=asked))
    (call,) = (*found.calls, *found.proposed)
    assert (call.tool, call.arguments) == ("device_revoke", {"device": "press-1", "reason": "stolen from the yard"})


@pytest.mark.parametrize(
    "text", ["", "   ", "?", "🙂", "x" * 100_000, "SELECT * FROM rollouts; -- abort", "```\nabort ro-1111aaaa2222\n```"]
)
def test_whatever_is_said_changes_nothing_by_accident(operations: Operations, text: str) -> None:
    found = understood(operations, text)
    assert not changes(operations, found)


def test_who_asks_about_a_thing_is_shown_it_and_never_offered_a_change(operations: Operations) -> None:
    for text in ("is hall-3 still paused?", "what about press-1?", "hall-3 为什么停了？"):
        found = understood(operations, text)
        assert found.calls, text
        assert found.proposed == (), text
        assert not changes(operations, found), text


def test_a_question_for_the_gates_verdict_proposes_the_check(operations: Operations) -> None:
    found = understood(operations, "does phi-4-mini@q8 pass the gate for production in the EU?")
    assert found.calls == ()
    assert [call.tool for call in found.proposed] == ["gate_check"]
    assert found.proposed[0].arguments["region"] == "EU"


def test_an_open_proposal_that_something_else_follows_is_told_as_dropped(operations: Operations) -> None:
    frame = Frame(proposed=(PAUSE,), asked=Question("confirm", "?", "rollout_pause", dict(PAUSE.arguments)))
    look = understood(operations, "which devices are late?", frame)
    assert "stands no longer" in look.not_done
    assert understood(operations, "which devices are late?").not_done == ""
    assert understood(operations, "yes", frame).calls == (PAUSE,)


def test_a_name_that_a_list_does_not_use_is_told(operations: Operations) -> None:
    found = understood(operations, "list the tenants, acme for example")
    assert [call.tool for call in found.calls] == ["tenants_list"]
    assert "acme" in found.not_done


def test_an_order_that_only_ends_a_how_question_is_none(operations: Operations) -> None:
    for text in ("怎么把 smollm2@2 部署到新目标 helpdesk，重建", "how do I move press-1 to line-7, do it at once"):
        assert not changes(operations, understood(operations, text)), text
