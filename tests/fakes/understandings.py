"""An understanding whose decisions the test writes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agents.understanding.interpretation import Interpretation, PlannedCall, Question, Reason
from agents.understanding.route import Intent
from agents.understanding.understanding import Look
from edge.kernel.language import Language

__all__ = ["ScriptedUnderstanding", "asks", "calls", "declines", "documents", "helps", "to"]

WHY = "The test says so."


def calls(*planned: tuple[str, Mapping[str, Any]], team: Intent = "deployment", query: str = "") -> Interpretation:
    """Calls that are made, and what the documents are asked beside them."""
    made = tuple(PlannedCall(tool, dict(arguments)) for tool, arguments in planned)
    return Interpretation("en", calls=made, document_query=query, mood="order", confidence=0.9, reason=WHY, label=team)


def asks(
    text: str, *proposed: tuple[str, Mapping[str, Any]], reason: Reason = "missing", team: Intent = "deployment"
) -> Interpretation:
    """A question back; what is proposed is done after a "yes"."""
    made = tuple(PlannedCall(tool, dict(arguments)) for tool, arguments in proposed)
    question = Question("confirm" if made else reason, text)
    return Interpretation("en", proposed=made, question=question, confidence=0.9, reason=WHY, label=team)


def documents(query: str = "") -> Interpretation:
    """The documents are asked; without a query, what was said."""
    return Interpretation("en", document_query=query, mood="question", confidence=0.9, reason=WHY, label="knowledge")


def helps(language: Language = "en") -> Interpretation:
    """What can be done here is told."""
    return Interpretation(language, help=True, confidence=0.9, reason=WHY, label="help")


def declines(language: Language = "en") -> Interpretation:
    """Neither the documents nor the operations have anything."""
    return Interpretation(language, confidence=0.9, reason=WHY)


def to(intent: Intent) -> Interpretation:
    """A decision for each intent; a team looks at something that is always there."""
    match intent:
        case "knowledge":
            return documents()
        case "help":
            return helps()
        case "out_of_scope":
            return declines()
        case "evaluation":
            return calls(("evaluation_list", {}), team=intent)
        case "deployment":
            return calls(("roster_list", {}), team=intent)
        case "governance":
            return calls(("licence_lookup", {"model": "qwen2.5-3b"}), team=intent)


class ScriptedUnderstanding:
    """Decides by the words in a message: the first key that the message holds; `otherwise` when it holds none.

    Attributes:
        looks: everything that was looked at, in order.
    """

    def __init__(
        self,
        decisions: Mapping[str, Interpretation | Exception] | None = None,
        otherwise: Interpretation | None = None,
    ) -> None:
        self._decisions = dict(decisions or {})
        self._otherwise = otherwise or documents()
        self.looks: list[Look] = []

    async def interpret(self, look: Look) -> Interpretation:
        self.looks.append(look)
        found = next((one for words, one in self._decisions.items() if words in look.said.text), self._otherwise)
        if isinstance(found, Exception):
            raise found
        query = found.document_query or (look.question if found.label == "knowledge" and not found.question else "")
        return replace(found, document_query=query, language=look.said.language)
