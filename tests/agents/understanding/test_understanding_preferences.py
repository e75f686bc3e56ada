"""What a person told before: the language of the answers, and the device that is asked about and never taken for granted."""

import asyncio

import pytest

from agents.understanding.candidates import Operations
from agents.understanding.frame import Frame, PastCall
from agents.understanding.interpretation import Interpretation, PlannedCall
from agents.understanding.parsed_message import parse_message
from agents.understanding.understanding import ExampleUnderstanding, Look
from memory.memories import Preferences
from tests.fakes.entities import SHOP_FLOOR
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()
OWN = Preferences(device="press-1")


def understood(
    operations: Operations, text: str, told: Preferences | None = None, frame: Frame | None = None
) -> Interpretation:
    said = parse_message(text, SHOP_FLOOR, CATALOGUE)
    allowed, told = frozenset(operations.talk), told or Preferences()
    look = Look(said, frame or Frame(), SHOP_FLOOR, allowed, "nothing", 0.0, text, preferences=told)
    return asyncio.run(ExampleUnderstanding(operations).interpret(look))


def test_the_language_that_was_asked_for_is_answered_in(operations: Operations) -> None:
    assert understood(operations, "licence of qwen3-4b").language == "en"
    assert understood(operations, "licence of qwen3-4b", Preferences("zh")).language == "zh"
    assert understood(operations, "qwen3-4b 的许可证", Preferences("en")).language == "en"


@pytest.mark.parametrize("text", ["show the device", "ask my device why it is hot"])
def test_the_own_device_is_asked_about_and_taken_at_a_yes(operations: Operations, text: str) -> None:
    found = understood(operations, text, OWN)
    assert found.calls == ()
    assert found.question is not None
    assert "press-1" in found.question.text
    assert "You told me" in found.question.text
    (proposed,) = found.proposed
    assert proposed.arguments["device"] == "press-1"
    assert proposed.implicit
    agreed = understood(operations, "yes", OWN, Frame(asked=found.question, proposed=found.proposed))
    assert agreed.calls == (proposed,)


def test_another_device_may_be_named_instead(operations: Operations) -> None:
    asked = understood(operations, "show the device", OWN)
    found = understood(operations, "press-2", OWN, Frame(asked=asked.question, proposed=asked.proposed))
    assert [call.arguments for call in found.calls] == [{"device": "press-2"}]


def test_a_device_that_is_named_is_the_one(operations: Operations) -> None:
    found = understood(operations, "show the device press-2", OWN)
    assert found.calls == (PlannedCall("device_show", {"device": "press-2"}),)


@pytest.mark.parametrize("told", [Preferences(), Preferences(device="gone-9")])
def test_what_was_not_told_or_is_no_more_is_not_offered(operations: Operations, told: Preferences) -> None:
    found = understood(operations, "show the device", told)
    assert found.proposed == ()
    assert found.question is not None
    assert "You told me" not in found.question.text


def test_forget_that_drops_what_was_proposed_and_else_takes_back_what_was_done(operations: Operations) -> None:
    pause = PlannedCall("rollout_pause", {"rollout": "ro-1111aaaa2222"})
    dropped = understood(operations, "forget that", frame=Frame(proposed=(pause,)))
    assert (dropped.calls, dropped.proposed, dropped.mood) == ((), (), "retraction")
    done = PastCall(pause.tool, pause.arguments, "done", changes=True, result={"id": "ro-1111aaaa2222"})
    undone = understood(operations, "forget that", frame=Frame(calls=(done,)))
    assert undone.calls == ()
    assert [call.tool for call in undone.proposed] == ["rollout_resume"]
