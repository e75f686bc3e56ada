"""The understanding on what people say: the calls that they mean, and never a change where it should have asked."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.understanding.candidates import Operations
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Interpretation, PlannedCall
from agents.understanding.parsed_message import parse_message
from agents.understanding.understanding import ExampleUnderstanding, Look
from edge.kernel.errors import ChargehandError
from tests.fakes.entities import SHOP_FLOOR
from tools.governance.facts import DEFAULT_VOCABULARY
from tools.registry.catalogue import load_catalogue
from tools.rollouts.plans import RolloutChoice

CATALOGUE = load_catalogue()
UTTERANCES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("utterances.yaml").read_text("utf-8"))
CALLS = [one for one in UTTERANCES if "calls" in one]
ASKS = [one for one in UTTERANCES if "ask" in one]
LEAST_CALLS, LEAST_ASKS = 0.74, 0.75
"""Shares that are understood exactly. Measured: 0.762 and 0.771."""

_DEFAULTS = {"rollout_start": {"strategy": "canary"}}
Found = dict[str, Interpretation]


def understood(operations: Operations, text: str) -> Interpretation:
    said = parse_message(text, SHOP_FLOOR, CATALOGUE)
    look = Look(said, Frame(), SHOP_FLOOR, frozenset(operations.talk), "nothing", 0.0, text)
    return asyncio.run(ExampleUnderstanding(operations).interpret(look))


@pytest.fixture(scope="module")
def found(operations: Operations) -> Found:
    """What each utterance is understood as."""
    return {one["text"]: understood(operations, one["text"]) for one in UTTERANCES}


def same_names(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments with each thing by one of its names: a rollout by its id, a version without its alias."""
    named = dict(arguments)
    for name in ("version", "first", "second"):
        if name in named:
            named[name] = SHOP_FLOOR.version(named[name])
    if (rollout := named.get("rollout")) is not None:
        on_target = [*SHOP_FLOOR.open_rollouts(rollout), *SHOP_FLOOR.retryable(rollout)]
        named["rollout"] = on_target[0].id if on_target else rollout
    return named


def shown(calls: tuple[PlannedCall, ...]) -> list[Any]:
    """Tools and arguments; there are two tools for a blue-green deployment, and a rollout is a canary by default."""
    named = [(call.tool, same_names(call.arguments)) for call in calls]
    return [
        ["rollout_start", {**arguments, "strategy": "blue_green"}]
        if "blue_green" in tool
        else [tool, _DEFAULTS.get(tool, {}) | arguments]
        for tool, arguments in named
    ]


def is_right(one: Mapping[str, Any], found: Interpretation) -> bool:
    """The calls, made or proposed; or a question, or the documents, and nothing done or proposed."""
    planned = (*found.calls, *found.proposed)
    if "calls" in one:
        return shown(planned) == shown(tuple(PlannedCall(tool, arguments) for tool, arguments in one["calls"]))
    return not planned and (found.question is not None or bool(found.document_query))


def asks_about_it(one: Mapping[str, Any], found: Interpretation) -> bool:
    return found.question is not None and found.question.tool in {tool for tool, _ in one["calls"]}


def acts(operations: Operations, found: Interpretation) -> bool:
    """Whether something is changed by it, without anybody else's approval."""
    changes = [one for one in found.calls if operations.tools[one.tool].effect != "read"]
    return any(operations.tools[one.tool].approval is None and not is_refused(one) for one in changes)


def is_refused(call: PlannedCall) -> bool:
    """Whether the tool itself refuses it, as it does what is no share, no quota, or a version that is retired."""
    given = call.arguments
    if call.tool == "manage_tenant_resources":
        return len(given) == 1 or min(given.get("quotas", {"": 0}).values()) < 0
    if call.tool == "evaluation_record":
        low, high = DEFAULT_VOCABULARY.metrics[given["metric"]]
        measured = [given[name] for name in ("value", "lower", "upper") if name in given]
        return any((low is not None and one < low) or (high is not None and one > high) for one in measured)
    if call.tool != "rollout_start":
        return False
    times = {name: given[name] for name in ("percentages", "hold_s", "limit_s", "minimum_samples") if name in given}
    try:
        RolloutChoice(kind=given.get("strategy", "canary"), **times)
    except ChargehandError:
        return True
    return SHOP_FLOOR.versions.get(SHOP_FLOOR.version(given["version"])) == "retired"


def told(one: Mapping[str, Any], found: Interpretation) -> str:
    got = shown(found.calls) or ("proposed", shown(found.proposed)) if found.calls or found.proposed else None
    asked = found.question and (found.question.reason, found.question.text[:90])
    return f"  {one['text']!r}: expected {one.get('ask') or one.get('calls')}, got {got or asked or found.label}"


def test_there_are_enough() -> None:
    assert len(CALLS) > 150
    assert len(ASKS) > 120
    assert len({one["text"] for one in UTTERANCES}) == len(UTTERANCES)


def test_calls_are_made_or_proposed(found: Found) -> None:
    wrong = [one for one in CALLS if not is_right(one, found[one["text"]])]
    asked = [one for one in wrong if asks_about_it(one, found[one["text"]])]
    share = 1 - len(wrong) / len(CALLS)
    print(f"\n{len(CALLS)} calls: exact {share:.3f}, asked about {len(asked)}, other {len(wrong) - len(asked)}")
    print("\n".join(told(one, found[one["text"]]) for one in wrong))
    assert share >= LEAST_CALLS


def test_what_is_to_be_asked_is_asked(found: Found) -> None:
    wrong = [one for one in ASKS if not is_right(one, found[one["text"]])]
    share = 1 - len(wrong) / len(ASKS)
    print(f"\n{len(ASKS)} questions back: {share:.3f}")
    print("\n".join(told(one, found[one["text"]]) for one in wrong))
    assert share >= LEAST_ASKS


def test_it_never_changes_anything_where_it_should_ask(operations: Operations, found: Found) -> None:
    acting = [one for one in ASKS if acts(operations, found[one["text"]])]
    assert {one["text"] for one in acting} <= {one["text"] for one in ASKS if one.get("acts")}


def test_it_never_makes_another_change_than_the_one_asked_for(operations: Operations, found: Found) -> None:
    other = [one for one in CALLS if acts(operations, found[one["text"]]) and not is_right(one, found[one["text"]])]
    print("\n" + "\n".join(told(one, found[one["text"]]) for one in other))
    assert {one["text"] for one in other} <= {one["text"] for one in CALLS if one.get("acts")}


def test_every_call_has_arguments_that_its_tool_takes(operations: Operations, found: Found) -> None:
    planned = [call for one in found.values() for call in (*one.calls, *one.proposed)]
    assert len(planned) > 100
    for call in planned:
        operations.tools[call.tool].check(call.arguments)


NOT_ORDERS = [
    "don't {}",
    "please never {}",
    "{} if the gate passes",
    "{} tomorrow",
    "how do I {}",
    "what would happen if we {}",
    "someone told me to {}",
    "别{}",
    "明天{}",
    "怎么{}",
]
NOT_YET = {"don't execute blue-green deployment of phi-4-mini@q8 to code-assist, hold 5 minutes"}
"""Known faults."""
_HAN = re.compile("[\u3400-\u9fff]")
_OF_THEIR_OWN = re.compile(
    r"^(?:hey|ok|please|pls|could|can|i)\b|because|reason|\bask\b|reply|\n|[:：]|因为|原因", re.IGNORECASE
)
"""What stands around an order, or ends in free text, takes no other words around it."""


@pytest.mark.parametrize("frame", NOT_ORDERS)
def test_an_order_that_is_denied_supposed_put_off_or_told_of_is_not_done(
    operations: Operations, found: Found, frame: str
) -> None:
    acting = [one["text"] for one in CALLS if acts(operations, found[one["text"]])]
    orders = [
        one for one in acting if bool(_HAN.search(one)) == bool(_HAN.search(frame)) and not _OF_THEIR_OWN.search(one)
    ]
    assert len(orders) > 10
    said = [frame.format(order.rstrip("?？!.。")) for order in orders]
    assert {text for text in said if acts(operations, understood(operations, text))} <= NOT_YET
