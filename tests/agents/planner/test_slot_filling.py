"""What a model fills in is read again, and only proposed."""

import json
from typing import Any

import pytest

from agents.planner.calls import Plan, PlannedCall
from agents.planner.plan import plan_operation
from agents.planner.slot_filling import propose
from edge.kernel.errors import Unavailable
from tests.agents.planner.test_plan_utterances import CATALOGUE, SPECS
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.known import KNOWN

EMPTY = dict.fromkeys(("target", "version", "strategy", "rollout", "alias", "stage"), "")
START = {"operation": "rollout_start", "target": "support-chat", "version": "challenger", "strategy": "canary"}
MESSY = "get the challenger going gently on support-chat via canary at 10%, mate"


async def proposed(text: str, said: str, failure: Exception | None = None) -> tuple[Plan, Plan]:
    plan = plan_operation(text, "en", KNOWN, CATALOGUE, SPECS)
    assert plan is not None
    chat = ScriptedChat(pieces=[said], failure=failure, fail_after=0 if failure else None)
    return plan, await propose(scripted_model(chat), text, "en", KNOWN, CATALOGUE, SPECS, plan)


def answer(**said: Any) -> str:
    return json.dumps({**EMPTY, "percentages": [], **said})


async def test_what_is_filled_in_is_shown_and_not_done() -> None:
    before, after = await proposed(MESSY, answer(**START, percentages=[10]))
    assert before.asks == "unclear"
    call = PlannedCall(
        "rollout_start",
        {"target": "support-chat", "version": "challenger", "strategy": "canary", "percentages": [10]},
    )
    assert (after.calls, after.proposed) == ((), (call,))
    assert "canary challenger on support-chat at 10 %" in after.question


@pytest.mark.parametrize(
    "said",
    [
        answer(operation="none"),
        answer(**START | {"target": "nowhere"}),
        answer(**START | {"version": "phi-4-mini@q2"}),
        answer(**START, percentages=[110]),
        answer(operation="rollout_start"),
        "no JSON",
        "[]",
    ],
)
async def test_what_does_not_fit_what_exists_changes_nothing(said: str) -> None:
    before, after = await proposed(MESSY, said)
    assert after == before


async def test_what_is_denied_or_ambiguous_is_no_model_s_business() -> None:
    for text in ("don't canary the challenger on support-chat at 10%", "canary phi-4-mini on support-chat at 10%"):
        before, after = await proposed(text, answer(**START, percentages=[10]))
        assert after == before


async def test_a_model_that_fails_leaves_the_question() -> None:
    before, after = await proposed(MESSY, "", Unavailable("It is gone."))
    assert after == before
