"""Where a message went, and why, as it is shown and kept with the answer."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.understanding.interpretation import Interpretation
from edge.kernel.language import Language

Intent = Literal["evaluation", "deployment", "governance", "knowledge", "help", "out_of_scope"]
Path = Literal["operation", "documents", "both", "question", "thread", "help", "nothing"]


class Route(BaseModel):
    """Where a message goes.

    Attributes:
        intent: the team of its operation, "knowledge" for the documents, "help", or "out_of_scope".
        confidence: of what was chosen against its nearest rivals, 0 to 1.
        path: what decided: an operation, the documents, both, nobody (the user is asked), or nothing that there is.
        operations: tools that are called or proposed.
        reason: one sentence in the user's language.
    """

    model_config = ConfigDict(frozen=True)

    intent: Intent
    confidence: float = Field(ge=0, le=1)
    language: Language
    path: Path
    operations: tuple[str, ...] = ()
    reason: str


def route_of(found: Interpretation) -> Route:
    """Where an interpretation leads."""
    planned = (*found.calls, *found.proposed)
    path: Path
    if planned:
        path = "both" if found.document_query else "operation"
    elif found.question is not None:
        path = "question"
    elif found.document_query:
        path = "documents"
    else:
        path = "help" if found.help else "nothing"
    return Route(
        intent=found.label,  # pyright: ignore[reportArgumentType]  # checked by the model
        confidence=min(max(found.confidence, 0.0), 1.0),
        language=found.language,
        path=path,
        operations=tuple(dict.fromkeys(call.tool for call in planned)),
        reason=found.reason,
    )
