"""Questions to devices, and from devices: they wait until the device is here, and answers until somebody looks."""

import uuid
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import Conflict
from edge.kernel.protocol.desired import Question
from memory.ledger.device_events import DeviceQuestion
from tools.fleet.desired_state import put_item
from tools.fleet.events import QUESTION, REPLY
from tools.spec import ToolContext, ToolSpec, View, tool


class QuestionView(View):
    """A question to a device, or from one; `answer` is null while there is none, `details` is all that was said."""

    id: str
    device: str
    text: str
    asked_by: str
    asked_at: AwareDatetime
    answer: str | None
    answered_at: AwareDatetime | None
    details: dict[str, Any]


class QuestionList(BaseModel):
    """Questions, newest first."""

    questions: list[QuestionView]


def device_ask(
    context: ToolContext,
    device: Annotated[str, Field(min_length=1, max_length=200, description="name of a device")],
    text: Annotated[str, Field(min_length=1, max_length=2000, description="what to ask its assistant")],
) -> QuestionView:
    """Put a question to a device's own assistant; a device that is away answers when it is back."""
    found = context.unit.devices.get(device)
    if found.state != "enrolled":
        raise Conflict(f"The device {device!r} is {found.state}: it will not answer.", "Ask another.")
    question = DeviceQuestion(f"q-{uuid.uuid4().hex[:12]}", found.id, text, context.principal, context.now)
    context.unit.device_questions.save(question)
    body = Question(id=question.id, text=text, asked_by=context.principal).model_dump(mode="json")
    put_item(context, ("device", found.id), QUESTION, question.id, body)
    return _view(question)


def device_answers(
    context: ToolContext,
    device: Annotated[str | None, Field(max_length=200, description="of this device; else of all")] = None,
    question: Annotated[str | None, Field(max_length=200, description="only this one, by its id")] = None,
    waiting: Annotated[bool, Field(description="only those without an answer")] = False,
    limit: Annotated[int, Field(ge=1, le=500, description="most entries in the answer")] = 50,
) -> QuestionList:
    """List the questions that were put to devices, with their answers, newest first."""
    kept = context.unit.device_questions
    if question is not None:
        return QuestionList(questions=[_view(kept.get(question))])
    name = context.unit.devices.get(device).id if device is not None else None
    return QuestionList(questions=[_view(one) for one in kept.all("hub", name, open_only=waiting, limit=limit)])


def device_questions(
    context: ToolContext,
    device: Annotated[str | None, Field(max_length=200, description="of this device; else of all")] = None,
    waiting: Annotated[bool, Field(description="only those without an answer")] = True,
    limit: Annotated[int, Field(ge=1, le=500, description="most entries in the answer")] = 50,
) -> QuestionList:
    """List what was asked at devices that they could not answer and passed on to the hub, newest first."""
    name = context.unit.devices.get(device).id if device is not None else None
    kept = context.unit.device_questions
    return QuestionList(questions=[_view(one) for one in kept.all("device", name, open_only=waiting, limit=limit)])


def device_reply(
    context: ToolContext,
    question: Annotated[str, Field(min_length=1, max_length=200, description="its id, as device_questions shows it")],
    text: Annotated[str, Field(min_length=1, max_length=8000, description="the answer")],
    citations: Annotated[list[str], Field(max_length=20, description="what it is taken from")] = [],  # noqa: B006
) -> QuestionView:
    """Answer a question that was asked at a device; the device shows it when it syncs next."""
    kept = context.unit.device_questions.get(question)
    if kept.origin != "device" or kept.answered_at is not None:
        raise Conflict(f"The question {question!r} is answered, or was not asked at a device.", "List the questions.")
    state = context.unit.devices.get(kept.device).state
    if state != "enrolled":
        raise Conflict(f"The device {kept.device!r} is {state}: it will not hear of it.", "")
    answered = replace(kept, answer={"text": text, "citations": citations}, answered_at=context.now)
    context.unit.device_questions.save(answered)
    given = kept.id.removeprefix(f"{kept.device}:")
    body = {"question": given, "text": text, "citations": citations, "asked": kept.text}
    put_item(context, ("device", kept.device), REPLY, given, body)
    return _view(answered)


def _view(question: DeviceQuestion) -> QuestionView:
    details = dict(question.answer or {})
    answer = details.get("text")
    return QuestionView.of(
        question, answer=str(answer) if answer is not None else None, details={**question.details, **details}
    )


def question_tools() -> list[ToolSpec]:
    """The operations on questions."""
    return [
        tool(device_ask, scopes={"fleet:write"}, effect="write"),
        tool(device_answers, scopes={"fleet:read"}, ledger=True),
        tool(device_questions, scopes={"fleet:read"}, ledger=True),
        tool(device_reply, scopes={"fleet:write"}, effect="write"),
    ]
