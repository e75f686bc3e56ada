"""A router whose decisions the test writes."""

from collections.abc import Mapping
from typing import Literal

from agents.router.intents import Intent
from agents.router.router import Route, RunnerUp
from edge.kernel.language import Language, detect_language

__all__ = ["ScriptedRouter", "route_to"]


def route_to(
    intent: Intent,
    *,
    language: Language = "en",
    path: Literal["classifier", "model", "clarify"] = "classifier",
    runner_up: Intent = "help",
) -> Route:
    """A decision for `intent`."""
    return Route(
        intent=intent,
        confidence=0.9,
        language=language,
        runner_up=RunnerUp(intent=runner_up, confidence=0.05),
        path=path,
        reason="The test says so.",
    )


class ScriptedRouter:
    """Decides by the words in a message: the first key that the message holds; `otherwise` when it holds none.

    Attributes:
        asked: (message, intent of the turn before) of every decision.
    """

    def __init__(self, routes: Mapping[str, Route | Exception] | None = None, otherwise: Intent = "knowledge") -> None:
        self._routes = dict(routes or {})
        self._otherwise: Intent = otherwise
        self.asked: list[tuple[str, Intent | None]] = []

    async def route(self, text: str, previous: Intent | None = None) -> Route:
        self.asked.append((text, previous))
        for words, decision in self._routes.items():
            if words in text:
                if isinstance(decision, Exception):
                    raise decision
                return decision
        return route_to(self._otherwise, language=detect_language(text))
