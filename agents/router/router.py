"""The intent router: the classifier where it is sure, else a model's schema-bound choice, else a question back."""

import asyncio
from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from agents.router.classifier import Classifier
from agents.router.intents import INTENTS, Intent
from edge.kernel.errors import ChargehandError
from edge.kernel.language import Language, detect_language
from memory.embedding import Embedder

__all__ = ["IntentChooser", "IntentRouter", "Route", "RunnerUp"]

Floats = NDArray[np.float32]

PLAUSIBLE = 0.08
"""Least probability of an intent that a model may choose."""


_KEPT = 256
"""Messages whose scores are kept."""


class RunnerUp(BaseModel):
    """The second-best intent."""

    model_config = ConfigDict(frozen=True)

    intent: Intent
    confidence: float = Field(ge=0, le=1)


class Route(BaseModel):
    """Where a message goes, and why.

    Attributes:
        confidence: calibrated probability of `intent`; None where the planner decided, which nobody has measured.
        runner_up: None where the planner decided.
        path: what decided: the classifier, a model, the planner that knows the order for what it is, or nobody, so that
            the user is asked.
        reason: one sentence.
    """

    model_config = ConfigDict(frozen=True)

    intent: Intent
    confidence: float | None = Field(ge=0, le=1)
    language: Language
    runner_up: RunnerUp | None
    path: Literal["classifier", "model", "planner", "clarify"]
    reason: str


class IntentChooser(Protocol):
    """What chooses where the classifier is not sure."""

    async def choose(self, text: str, candidates: Sequence[tuple[Intent, str]]) -> Intent | None:
        """One of the candidates, each with a line on what it means; None when no choice could be made."""
        ...


class IntentRouter:
    """Routes messages. Safe to use from several tasks.

    Args:
        intent_threshold: calibrated confidence, 0 to 1, from which the classifier decides alone.
    """

    def __init__(
        self,
        classifier: Classifier,
        embedder: Embedder,
        chooser: IntentChooser | None,
        intent_threshold: float,
    ) -> None:
        self._classifier = classifier
        self._embedder = embedder
        self._chooser = chooser
        self._intent_threshold = intent_threshold
        self._lately: dict[str, asyncio.Future[Floats]] = {}

    def read(self, text: str) -> asyncio.Future[Floats]:
        """Begin to read a message, ahead of `route` while other things are done for it.

        Returns:
            The classifier's scores, of a message that may have been read lately or is just being read. Whoever else
            waits for them goes on when this future is cancelled.
        """
        loop, reading = asyncio.get_running_loop(), self._lately.get(text)
        if reading is None or reading.get_loop() is not loop or _failed(reading):
            if len(self._lately) >= _KEPT:
                del self._lately[next(iter(self._lately))]
            reading = loop.run_in_executor(None, self._classifier.scores, text, self._embedder)
            self._lately[text] = reading
        return asyncio.shield(reading)

    async def sure_intent(self, text: str) -> Intent | None:
        """The intent that the classifier is sure of, whatever the turn before was; None where there is none."""
        probabilities = self._classifier.calibrated(await self.read(text), (None, *INTENTS))
        best = int(np.argmax(probabilities[0]))
        return INTENTS[best] if probabilities[:, best].min() >= self._intent_threshold else None

    async def route(self, text: str, previous: Intent | None = None) -> Route:
        """Find the intent of a message.

        Args:
            previous: intent of the turn before, for messages that only make sense after it.
        """
        probabilities = self._classifier.calibrated(await self.read(text), [previous])[0]
        order = np.argsort(-probabilities, kind="stable")
        first, second = INTENTS[order[0]], INTENTS[order[1]]
        sure, next_best = float(probabilities[order[0]]), float(probabilities[order[1]])
        language = detect_language(text)
        runner_up = RunnerUp(intent=second, confidence=next_best)
        if sure >= self._intent_threshold:
            reason = f"The classifier is {sure:.0%} sure."
            return Route(
                intent=first, confidence=sure, language=language, runner_up=runner_up, path="classifier", reason=reason
            )
        chosen = await self._ask(text, [INTENTS[index] for index in order if probabilities[index] >= PLAUSIBLE])
        doubt = f"The classifier is only {sure:.0%} sure ({first}, then {second})"
        if chosen is None:
            return Route(
                intent=first,
                confidence=sure,
                language=language,
                runner_up=runner_up,
                path="clarify",
                reason=f"{doubt}.",
            )
        if chosen != first:
            runner_up = RunnerUp(intent=first, confidence=sure)
        confidence = float(probabilities[INTENTS.index(chosen)])
        return Route(
            intent=chosen,
            confidence=confidence,
            language=language,
            runner_up=runner_up,
            path="model",
            reason=f"{doubt}; the model chose {chosen}.",
        )

    async def _ask(self, text: str, plausible: Sequence[Intent]) -> Intent | None:
        if self._chooser is None or len(plausible) < 2:
            return None
        try:
            chosen = await self._chooser.choose(
                text, [(intent, self._classifier.hints[intent]) for intent in plausible]
            )
        except ChargehandError:
            return None  # the user is asked instead, which the route says
        return chosen if chosen in plausible else None


def _failed(reading: asyncio.Future[Floats]) -> bool:
    return reading.done() and (reading.cancelled() or reading.exception() is not None)
