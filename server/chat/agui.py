"""Turn events to AG-UI events (ag-ui-protocol 1.0), as JSON."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ag_ui.core import (
    BaseEvent,
    CustomEvent,
    ReasoningEndEvent,
    ReasoningMessageContentEvent,
    ReasoningMessageEndEvent,
    ReasoningMessageStartEvent,
    ReasoningStartEvent,
    RunErrorEvent,
    RunFinishedCancelledOutcome,
    RunFinishedEvent,
    RunFinishedSuccessOutcome,
    RunStartedEvent,
    StepFinishedEvent,
    StepStartedEvent,
    TextMessageContentEvent,
    TextMessageEndEvent,
    TextMessageStartEvent,
    ToolCallArgsEvent,
    ToolCallEndEvent,
    ToolCallResultEvent,
    ToolCallStartEvent,
)

from agents.events import (
    AnswerDelta,
    DraftDelta,
    Ended,
    Notice,
    RouteTaken,
    Sources,
    StepFinished,
    StepStarted,
    ToolFinished,
    ToolStarted,
    TurnEvent,
)
from edge.kernel.errors import ChargehandError
from server.outcomes import outcome_of


def encode(event: BaseEvent) -> str:
    """One line of JSON, camelCase, without absent fields."""
    return event.model_dump_json(by_alias=True, exclude_none=True)


class AguiRun:
    """Translates the events of one run, opening and closing messages where the protocol wants it."""

    def __init__(self, thread_id: str, run_id: str) -> None:
        self._thread_id = thread_id
        self._run_id = run_id
        self._answer_id = uuid.uuid4().hex
        self._draft_id = uuid.uuid4().hex
        self._answering = False
        self._drafting = False
        self._steps: list[str] = []

    def started(self) -> BaseEvent:
        return RunStartedEvent(thread_id=self._thread_id, run_id=self._run_id)

    def translate(self, event: TurnEvent) -> Iterator[BaseEvent]:  # noqa: C901 - one case for each event
        """The AG-UI events of one turn event, in order."""
        match event:
            case StepStarted(step):
                self._steps.append(step)
                yield StepStartedEvent(step_name=step)
            case StepFinished(step):
                yield from self._close_draft()
                self._steps.remove(step)
                yield StepFinishedEvent(step_name=step)
            case RouteTaken(route):
                yield CustomEvent(name="route", value=route)
            case ToolStarted(call_id, name, arguments):
                yield ToolCallStartEvent(tool_call_id=call_id, tool_call_name=name)
                yield ToolCallArgsEvent(tool_call_id=call_id, delta=_json(arguments))
                yield ToolCallEndEvent(tool_call_id=call_id)
            case ToolFinished(call_id, result, failed):
                content = _json({"error": result} if failed else result)
                yield ToolCallResultEvent(
                    message_id=uuid.uuid4().hex, tool_call_id=call_id, content=content, role="tool"
                )
            case DraftDelta(text):
                yield from self._open_draft()
                yield ReasoningMessageContentEvent(message_id=self._draft_id, delta=text)
            case AnswerDelta(text):
                yield from self._open_answer()
                if text:
                    yield TextMessageContentEvent(message_id=self._answer_id, delta=text)
            case Ended(ending, approvals, proposed, choices):
                value = {"ending": ending, "approvals": approvals, "proposed": proposed, "choices": choices}
                yield CustomEvent(name="ending", value=value)
            case Notice(topic, message):
                yield CustomEvent(name="notice", value={"kind": topic, "message": message})
            case Sources(citations):
                listed = [asdict(citation) for citation in citations]
                yield CustomEvent(name="citations", value={"messageId": self._answer_id, "citations": listed})

    def finished(self) -> Iterator[BaseEvent]:
        """The events that close a run which did not fail."""
        yield from self._close()
        outcome = RunFinishedSuccessOutcome()
        yield RunFinishedEvent(thread_id=self._thread_id, run_id=self._run_id, outcome=outcome)

    def cancelled(self) -> Iterator[BaseEvent]:
        """The events that close a run which the user stopped."""
        yield from self._close()
        outcome = RunFinishedCancelledOutcome()
        yield RunFinishedEvent(thread_id=self._thread_id, run_id=self._run_id, outcome=outcome)

    def failed(self, error: BaseException) -> Iterator[BaseEvent]:
        """The events that close a run which failed; an error outside the tree shows only that it was internal."""
        yield from self._close()
        known = isinstance(error, ChargehandError)
        message = str(error) if known else "An internal error ended the turn; the hub's log has the details."
        yield RunErrorEvent(message=message, code=outcome_of(error).code)

    def _open_answer(self) -> Iterator[BaseEvent]:
        if not self._answering:
            self._answering = True
            yield TextMessageStartEvent(message_id=self._answer_id, role="assistant")

    def _open_draft(self) -> Iterator[BaseEvent]:
        if not self._drafting:
            self._drafting = True
            yield ReasoningStartEvent(message_id=self._draft_id)
            yield ReasoningMessageStartEvent(message_id=self._draft_id, role="reasoning")

    def _close_draft(self) -> Iterator[BaseEvent]:
        if self._drafting:
            self._drafting = False
            yield ReasoningMessageEndEvent(message_id=self._draft_id)
            yield ReasoningEndEvent(message_id=self._draft_id)

    def _close(self) -> Iterator[BaseEvent]:
        yield from self._close_draft()
        if self._answering:
            self._answering = False
            yield TextMessageEndEvent(message_id=self._answer_id)
        while self._steps:  # a client refuses the end of a run that leaves a step open
            yield StepFinishedEvent(step_name=self._steps.pop())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
