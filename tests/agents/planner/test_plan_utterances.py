"""The planner on what people say: exact tool and arguments, and never an act where it should have asked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.planner.calls import Plan
from agents.planner.parsed_message import without_reason
from agents.planner.plan import make_plan
from agents.planner.speech_act import only_asks
from edge.kernel.language import detect_language
from server.hub import governance_tools, ledger_tools
from tests.fakes.known import KNOWN
from tools.fleet.desired_state import SharedStates
from tools.fleet.devices import device_tools, health_tools
from tools.fleet.questions import question_tools
from tools.governance.evidence_store import open_evidence
from tools.governance.gate import Gates
from tools.governance.licence_tools import licence_tools
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()
GATES = Gates(open_evidence(CATALOGUE))
SPECS = {
    spec.name: spec
    for spec in (
        *ledger_tools(CATALOGUE, GATES.keep_production),
        *governance_tools(GATES),
        *licence_tools(CATALOGUE),
        *device_tools(SharedStates()),
        *health_tools(),
        *question_tools(),
    )
}
TOOLS = {*SPECS, "roster_list"}
UTTERANCES: Sequence[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("utterances.yaml").read_text("utf-8"))
TUNED_ON = [one for one in UTTERANCES if not one.get("held_out")]
HELD_OUT = [one for one in UTTERANCES if one.get("held_out")]


def planned(one: dict[str, Any]) -> Plan:
    return make_plan("governance", one["text"], detect_language(one["text"]), CATALOGUE, (), KNOWN, TOOLS)


def is_exact(one: dict[str, Any], plan: Plan) -> bool:
    if "ask" in one:
        return not plan.calls and plan.asks == one["ask"]
    return [[call.tool, call.arguments] for call in plan.calls] == one["calls"]


def acts(plan: Plan) -> bool:
    return any(call.tool in SPECS and SPECS[call.tool].effect != "read" for call in plan.calls)


def test_no_order_is_taken_for_a_mere_question() -> None:
    for one in UTTERANCES:
        assert not (acts(planned(one)) and only_asks(without_reason(one["text"])[0])), one["text"]


def report(name: str, utterances: Sequence[dict[str, Any]]) -> float:
    """Share of exact ones, printed with those that are not."""
    plans = [(one, planned(one)) for one in utterances]
    wrong = [(one, plan) for one, plan in plans if not is_exact(one, plan)]
    share = 1 - len(wrong) / len(plans)
    print(f"\n{name}: {len(plans)} utterances, exact match {share:.3f}")
    for one, plan in wrong:
        print(f"  {one['text']!r}: expected {one.get('ask') or one.get('calls')}, got {plan}")
    return share


def test_there_are_enough_and_a_third_is_held_out() -> None:
    assert len(UTTERANCES) >= 150
    assert 3 * len(HELD_OUT) >= len(UTTERANCES)
    assert len({one["text"] for one in UTTERANCES}) == len(UTTERANCES)


@pytest.mark.parametrize(("name", "utterances"), [("tuned on", TUNED_ON), ("held out", HELD_OUT)])
def test_exact_match_of_tool_and_arguments(name: str, utterances: Sequence[dict[str, Any]]) -> None:
    assert report(name, utterances) >= 0.9


def test_it_never_acts_where_it_should_ask() -> None:
    assert [one["text"] for one in UTTERANCES if "ask" in one and acts(planned(one))] == []


def test_it_never_does_another_act_than_the_one_asked_for() -> None:
    wrong = [one["text"] for one in UTTERANCES if acts(planned(one)) and not is_exact(one, planned(one))]
    assert wrong == []


def test_every_planned_call_has_arguments_that_its_tool_takes() -> None:
    calls = [call for one in UTTERANCES for call in planned(one).calls]
    bare = [call for call in calls if call.tool == "roster_list"]  # made with the runtimes; it takes nothing
    assert bare
    assert all(not call.arguments for call in bare)
    checked = [SPECS[call.tool].check(call.arguments) for call in calls if call.tool != "roster_list"]
    assert len(checked) > 100


def test_without_a_question_there_is_a_call_and_the_other_way_round() -> None:
    for one in UTTERANCES:
        plan = planned(one)
        assert bool(plan.calls) != bool(plan.question)


NOT_ORDERS = [
    "don't {}",
    "do not {}",
    "please never {}",
    "{} if the gate passes",
    "when it is green, {}",
    "{} tomorrow",
    "{}, or rather not",
    "how do I {}",
    "what would happen if we {}",
    "should we {}?",
    "I wonder about this: {}",
    "someone told me to {}",
    "{} unless somebody objects",
    "别{}",
    "如果{}会怎样",
    "明天{}",
    "怎么{}",
    "要不要{}？",
]


@pytest.mark.parametrize("frame", NOT_ORDERS)
def test_an_order_that_is_denied_supposed_put_off_or_told_of_is_never_done(frame: str) -> None:
    done: list[str] = []
    for one in UTTERANCES:
        text = frame.format(one["text"].rstrip("?？!.。"))
        if acts(planned({"text": text})):
            done.append(text)
    assert done == []


@pytest.mark.parametrize(
    "frame", ["ask press-1 why it is hot, then {}", "ask press-1 why it is hot. {}", "问 press-1 为什么热，{}"]
)
def test_an_order_behind_a_question_to_a_device_is_neither_carried_off_nor_done(frame: str) -> None:
    orders = [one["text"] for one in UTTERANCES if acts(planned(one))]
    done = [text for order in orders if acts(planned({"text": (text := frame.format(order))}))]
    assert done == []
