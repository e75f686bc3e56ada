"""Turn events as AG-UI events: every sequence is one that a client of the protocol accepts, however the run ends."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.events import (
    AnswerDelta,
    Citation,
    DraftDelta,
    Notice,
    RouteTaken,
    Sources,
    StepFinished,
    StepStarted,
    ToolFinished,
    ToolStarted,
    TurnEvent,
)
from edge.kernel.errors import Conflict, OutOfTime
from server.chat.agui import AguiRun, encode
from tests.server.chat.protocol import assert_valid

CITATION = Citation(1, "d1", "manuals/se30.md", "SE30", "Heat > Limits", 10, 14, "85 °C")
TURN: list[TurnEvent] = [
    StepStarted("route"),
    RouteTaken({"intent": "knowledge", "confidence": 0.97}),
    StepFinished("route"),
    StepStarted("retrieve"),
    ToolStarted("c1", "knowledge_search", {"query": "热?", "limit": 8}),
    ToolFinished("c1", [{"document": "manuals/se30.md"}]),
    StepFinished("retrieve"),
    StepStarted("draft"),
    DraftDelta("At 85"),
    DraftDelta(" °C it throttles."),
    AnswerDelta("At 85 °C it throttles. [1]"),
    Notice("dropped", "One sentence was left out."),
    StepFinished("draft"),
    StepStarted("respond"),
    Sources((CITATION,)),
    StepFinished("respond"),
]


def ended(run: AguiRun, events: Iterable[TurnEvent], how: str) -> list[str]:
    endings = {"finished": run.finished, "cancelled": run.cancelled, "failed": lambda: run.failed(OutOfTime("Late."))}
    sent = [run.started()]
    for event in events:
        sent.extend(run.translate(event))
    return [encode(event) for event in (*sent, *endings[how]())]


def kinds(events: Sequence[Any]) -> list[str]:
    return [event.type.value for event in events]


def test_a_whole_turn_is_valid_and_keeps_its_order():
    events = assert_valid(ended(AguiRun("t1", "r1"), TURN, "finished"))
    assert kinds(events) == [
        "RUN_STARTED",
        "STEP_STARTED",
        "CUSTOM",
        "STEP_FINISHED",
        "STEP_STARTED",
        "TOOL_CALL_START",
        "TOOL_CALL_ARGS",
        "TOOL_CALL_END",
        "TOOL_CALL_RESULT",
        "STEP_FINISHED",
        "STEP_STARTED",
        "REASONING_START",
        "REASONING_MESSAGE_START",
        "REASONING_MESSAGE_CONTENT",
        "REASONING_MESSAGE_CONTENT",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "CUSTOM",
        "REASONING_MESSAGE_END",
        "REASONING_END",
        "STEP_FINISHED",
        "STEP_STARTED",
        "CUSTOM",
        "STEP_FINISHED",
        "TEXT_MESSAGE_END",
        "RUN_FINISHED",
    ]


@pytest.mark.parametrize("how", ["finished", "cancelled", "failed"])
@given(cut=st.integers(0, len(TURN)))
def test_a_run_may_end_after_any_event(how: str, cut: int):
    events = assert_valid(ended(AguiRun("t1", "r1"), TURN[:cut], how))
    assert kinds(events)[-1] == ("RUN_ERROR" if how == "failed" else "RUN_FINISHED")


def test_lines_are_camel_case_json_of_one_line_each():
    run = AguiRun("t1", "r1")
    for line in ended(run, [AnswerDelta("two\nlines")], "finished"):
        assert "\n" not in line
        assert not any("_" in name for name in json.loads(line))
    assert json.loads(encode(run.started())) == {"type": "RUN_STARTED", "threadId": "t1", "runId": "r1"}


def test_endings_say_how_the_run_ended():
    def last(how: str) -> Any:
        return json.loads(ended(AguiRun("t1", "r1"), [], how)[-1])

    same = {"type": "RUN_FINISHED", "threadId": "t1", "runId": "r1"}
    assert last("finished") == same | {"outcome": {"type": "success"}}
    assert last("cancelled") == same | {"outcome": {"type": "cancelled"}}
    assert last("failed") == {"type": "RUN_ERROR", "message": "Late.", "code": "out_of_time"}


def test_an_error_of_the_tree_is_told_with_its_advice():
    (error,) = AguiRun("t1", "r1").failed(Conflict("The thread is busy.", "Wait."))
    assert (error.message, error.code) == ("The thread is busy. Wait.", "conflict")  # pyright: ignore[reportAttributeAccessIssue]


def test_an_error_outside_the_tree_does_not_leak():
    (error,) = AguiRun("t1", "r1").failed(RuntimeError("password=hunter2"))
    assert "hunter2" not in encode(error)
    assert json.loads(encode(error))["code"] == "internal"


def test_a_tools_arguments_and_result_are_json_in_the_users_letters():
    run = AguiRun("t1", "r1")
    _, arguments, _ = run.translate(ToolStarted("c1", "knowledge_search", {"query": "热保护"}))
    (result,) = run.translate(ToolFinished("c1", {"passages": 2}))
    (failed,) = run.translate(ToolFinished("c1", "It is away.", failed=True))
    assert json.loads(encode(arguments))["delta"] == '{"query": "热保护"}'
    assert json.loads(json.loads(encode(result))["content"]) == {"passages": 2}
    assert json.loads(json.loads(encode(failed))["content"]) == {"error": "It is away."}


def test_citations_name_the_message_that_they_belong_to():
    run = AguiRun("t1", "r1")
    lines = ended(run, [AnswerDelta("Yes. [1]"), Sources((CITATION,))], "finished")
    text, citations = json.loads(lines[1]), json.loads(lines[3])
    assert citations["name"] == "citations"
    assert citations["value"]["messageId"] == text["messageId"]
    (cited,) = citations["value"]["citations"]
    assert cited == {
        "number": 1,
        "document_id": "d1",
        "document": "manuals/se30.md",
        "title": "SE30",
        "heading": "Heat > Limits",
        "start": 10,
        "end": 14,
        "quote": "85 °C",
    }


def test_route_and_notice_are_custom_events():
    run = AguiRun("t1", "r1")
    (route,) = run.translate(RouteTaken({"intent": "help"}))
    (notice,) = run.translate(Notice("partial", "The rest is missing."))
    assert json.loads(encode(route)) == {"type": "CUSTOM", "name": "route", "value": {"intent": "help"}}
    assert json.loads(encode(notice))["value"] == {"kind": "partial", "message": "The rest is missing."}


def test_an_empty_answer_still_opens_and_closes_its_message():
    events = assert_valid(ended(AguiRun("t1", "r1"), [AnswerDelta("")], "finished"))
    assert kinds(events) == ["RUN_STARTED", "TEXT_MESSAGE_START", "TEXT_MESSAGE_END", "RUN_FINISHED"]


def test_the_draft_and_the_answer_are_different_messages():
    lines = ended(AguiRun("t1", "r1"), [DraftDelta("a"), AnswerDelta("b")], "finished")
    ids = {event["type"]: event["messageId"] for event in map(json.loads, lines) if "messageId" in event}
    assert ids["REASONING_MESSAGE_CONTENT"] != ids["TEXT_MESSAGE_CONTENT"]
