"""A router whose decisions the test writes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from agents.router.intents import Intent

__all__ = ["ScriptedRoute", "ScriptedRouter", "route_to"]


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """The second best intent."""

    intent: Intent
    confidence: float


@dataclass(frozen=True, slots=True)
class ScriptedRoute:
    """Has what `agents.router.router.Route` has."""

    intent: Intent
    confidence: float
    language: str
    runner_up: RunnerUp
    path: str
    reason: str

    def model_dump(self, *, mode: str = "python") -> dict[str, Any]:
        return asdict(self)


def route_to(
    intent: Intent, *, language: str = "en", path: str = "classifier", runner_up: Intent = "help"
) -> ScriptedRoute:
    """A decision for `intent`."""
    return ScriptedRoute(intent, 0.9, language, RunnerUp(runner_up, 0.05), path, "The test says so.")


class ScriptedRouter:
    """Decides by the words in a message: the first key that the message holds; `otherwise` when it holds none.

    Attributes:
        asked: (message, intent of the turn before) of every decision.
    """

    def __init__(
        self, routes: Mapping[str, ScriptedRoute | Exception] | None = None, otherwise: Intent = "knowledge"
    ) -> None:
        self._routes = dict(routes or {})
        self._otherwise: Intent = otherwise
        self.asked: list[tuple[str, Intent | None]] = []

    async def route(self, text: str, previous: Intent | None = None) -> ScriptedRoute:
        self.asked.append((text, previous))
        for words, decision in self._routes.items():
            if words in text:
                if isinstance(decision, Exception):
                    raise decision
                return decision
        chinese = any("\u4e00" <= letter <= "\u9fff" for letter in text)
        return route_to(self._otherwise, language="zh" if chinese else "en")
