"""`ask`: the assistant as one tool, for clients that would rather say what they want than choose among ninety tools."""

import uuid
from typing import Annotated, Any

from pydantic import BaseModel, Field

from agents.events import Ending
from server.chat.conversation import CHAT, Conversation
from server.plain_text import without_images
from tools.spec import ToolContext, ToolSpec, tool

ASK = "ask"


class Source(BaseModel):
    """Where a statement of the answer stands; `number` is its mark in the text."""

    number: int
    document_id: str
    document: str
    title: str
    heading: str
    quote: str


class Answered(BaseModel):
    """What the assistant answered.

    Attributes:
        thread: give it with the next message, to go on.
        ending: `asked` with a question back, `waiting_for_approval`, or how else it ended.
        approvals: ids of what it waits for.
        proposed: calls that a "yes" makes.
        choices: names among which the answer to its question may choose.
        notices: what is missing from the answer, and why.
    """

    answer: str
    thread: str
    ending: Ending
    sources: list[Source]
    approvals: list[str]
    proposed: list[dict[str, Any]]
    choices: list[str]
    notices: list[dict[str, str]]


def ask_tool(conversation: Conversation) -> ToolSpec:
    """The tool over one conversation store."""

    async def ask(
        context: ToolContext,
        message: Annotated[str, Field(min_length=1, description="a question or an order, in English or Chinese")],
        thread: Annotated[
            str | None, Field(max_length=128, description="of an earlier answer, to go on there; a new one if left out")
        ] = None,
    ) -> Answered:
        """Ask the assistant of this hub, or tell it what to do, in your own words.

        It answers with citations.
        """
        turn = await conversation.take_turn(thread or f"mcp-{uuid.uuid4().hex}", message, lambda _: None, context)
        return Answered(
            answer=without_images(turn.answer),
            thread=turn.thread_id,
            ending=turn.ending,
            sources=[Source.model_validate(citation, extra="ignore") for citation in turn.citations],
            approvals=turn.approvals,
            proposed=turn.proposed,
            choices=turn.choices,
            notices=turn.notices,
        )

    return tool(ask, scopes={CHAT}, timeout_s=conversation.dependencies.settings.turn_limit_s + 10.0)
