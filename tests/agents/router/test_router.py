from collections.abc import Sequence

import pytest

from agents.router.classifier import Classifier
from agents.router.intents import Intent
from agents.router.router import IntentRouter
from edge.kernel.errors import Unavailable
from memory.embedding import MiniLM

CLEAR = "canary phi-4-mini to 10 percent on the gateways"


class Chooser:
    """Chooses what the test says, and keeps what it was asked."""

    def __init__(self, choice: Intent | None, error: Exception | None = None) -> None:
        self.choice, self.error, self.asked = choice, error, list[list[Intent]]()

    async def choose(self, text: str, candidates: Sequence[tuple[Intent, str]]) -> Intent | None:
        self.asked.append([intent for intent, _ in candidates])
        if self.error:
            raise self.error
        return self.choice


def router(classifier: Classifier, embedder: MiniLM, chooser: Chooser | None, threshold: float) -> IntentRouter:
    return IntentRouter(classifier, embedder, chooser.choose if chooser else None, threshold)


async def test_above_the_threshold_the_classifier_decides_alone(classifier: Classifier, minilm: MiniLM) -> None:
    chooser = Chooser("help")
    route = await router(classifier, minilm, chooser, 0.5).route(CLEAR)
    assert (route.intent, route.path, route.language) == ("deployment", "classifier", "en")
    assert route.confidence > 0.5 > route.runner_up.confidence
    assert chooser.asked == []


async def test_below_the_threshold_the_model_chooses_among_the_plausible(
    classifier: Classifier, minilm: MiniLM
) -> None:
    unsure = router(classifier, minilm, None, 1.0)
    first = await unsure.route("what about the model")
    chooser = Chooser(first.runner_up.intent)
    route = await router(classifier, minilm, chooser, 1.0).route("what about the model")
    assert (route.intent, route.path) == (first.runner_up.intent, "model")
    assert route.runner_up.intent == first.intent
    assert first.intent in chooser.asked[0]


@pytest.mark.parametrize(
    "chooser", [None, Chooser(None), Chooser("out_of_scope", Unavailable("gone")), Chooser("knowledge")]
)
async def test_the_user_is_asked_when_nobody_can_choose(
    classifier: Classifier, minilm: MiniLM, chooser: Chooser | None
) -> None:
    """No model, no choice, a model that fails, a model that chooses what is not plausible."""
    route = await router(classifier, minilm, chooser, 1.0).route(CLEAR)
    assert (route.intent, route.path) == ("deployment", "clarify")
    assert "sure" in route.reason


async def test_chinese_messages_are_routed_and_named_so(classifier: Classifier, minilm: MiniLM) -> None:
    route = await router(classifier, minilm, None, 0.3).route("qwen2.5-3b 的许可证允许商用吗？")
    assert (route.intent, route.language) == ("governance", "zh")
