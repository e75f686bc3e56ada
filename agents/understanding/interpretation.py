"""What a message was understood as: the one result of every implementation of `Understanding`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from edge.kernel.language import Language

Mood = Literal["order", "question", "talk", "conditional", "retraction"]
"""order: do it. question: how do things stand, or what do the documents say. talk: an opinion, a report, a supposition,
a denial. conditional: an order bound to a condition or to a later time. retraction: what was ordered is taken back."""

Source = Literal["message", "thread", "answer", "model", "undo", "memory"]
"""Where an argument came from: words of this message, an object of the thread's last turn, an answer to the assistant's
question, a language model's proposal, the state before a call that is undone, or what the person told before."""

Reason = Literal["missing", "ambiguous", "unknown", "contradictory", "mood", "unclear", "confirm", "which"]
"""Why there is a question: something required is not said; several things are meant; nothing has that name; it cannot
be so; it was no order; a mention has no place in the order; it needs a "yes"; several operations fit."""


@dataclass(frozen=True, slots=True)
class Argument:
    """The value of one argument, and the words that it was read from."""

    value: Any
    words: str = ""
    source: Source = "message"


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call of a tool, its arguments not yet validated.

    Attributes:
        origins: argument -> the words that it was read from, and whose they are; none for a default.
    """

    tool: str
    arguments: dict[str, Any]
    origins: Mapping[str, Argument] = field(default_factory=dict[str, Argument], compare=False)

    @property
    def implicit(self) -> bool:
        """Whether an argument was not named in the message."""
        return any(one.source in {"thread", "memory"} for one in self.origins.values())


@dataclass(frozen=True, slots=True)
class Question:
    """A question back.

    Attributes:
        text: in the user's language.
        tool, arguments: the call that the answer completes; no tool where none was understood.
        slot: the argument that is asked for; empty where a "yes" is.
        choices: values among which the answer may choose, in the order in which they are shown.
    """

    reason: Reason
    text: str
    tool: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    slot: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What a message asks for. Calls to make, calls to confirm, a question back and a document query exclude each other
    but for a document query, which may stand beside the others.

    Attributes:
        calls: to be made now, in order.
        proposed: to be made once the user says "yes"; `question` says so.
        question: what to ask back; None for nothing.
        document_query: what to look for in the documents, standing alone; empty for nothing.
        help: the user asks what can be done here.
        mood: of the message as a whole.
        confidence: 0 to 1, of what was chosen against its nearest rival.
        reason: what decided, one sentence in the user's language.
        not_done: what was said and is not carried out, with why, in the user's language.
        notice: what the user must know about how it was understood, such as that the model failed.
        label: the team of the operation, "knowledge", "help" or "out_of_scope".
    """

    language: Language
    calls: tuple[PlannedCall, ...] = ()
    proposed: tuple[PlannedCall, ...] = ()
    question: Question | None = None
    document_query: str = ""
    help: bool = False
    mood: Mood = "talk"
    confidence: float = 1.0
    reason: str = ""
    not_done: str = ""
    label: str = "out_of_scope"
    notice: str = ""
