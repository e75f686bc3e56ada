"""The sentences of `data/utterances.jsonl`: those of the split "seen" shaped the table, "held_out" came after it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.entity_linking import Names
from edge.agent.fast_path import About, Condition, FastPath, Found, Match, Which
from edge.agent.intent import WRITES
from tests.fakes.assisted_devices import NAMES, TOOL_NAMES

ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "data" / "utterances.jsonl").read_text("utf-8").splitlines()
]
SEEN = [row for row in ROWS if row["split"] == "seen"]
HELD_OUT = [row for row in ROWS if row["split"] == "held_out"]
ORDERS = [row["text"] for row in ROWS if any(call[0] in WRITES for call in row["calls"])]
LEFT_UNKNOWN = {"vibration trend of the spindle", "serach the logs for timeout"}
"""Sentences of the first set that no template foresees."""


@pytest.fixture(scope="module")
def fast() -> FastPath:
    return FastPath(lambda: TOOL_NAMES, lambda: NAMES)


def calls(found: object) -> list[list[Any]]:
    if not isinstance(found, Match):
        return []
    only_if = [
        [[one.only_if.sensor, one.only_if.compare, one.only_if.number]] if one.only_if else [] for one in found.calls
    ]
    return [[one.tool, dict(one.arguments), *bound] for one, bound in zip(found.calls, only_if, strict=True)]


@pytest.mark.parametrize("row", SEEN, ids=lambda row: f"{ROWS.index(row)}")
def test_what_is_known_is_understood_exactly(fast: FastPath, row: dict[str, Any]) -> None:
    found = fast.match(row["text"])
    if row["text"] in LEFT_UNKNOWN:
        assert found is None
        return
    assert calls(found) == row["calls"]
    assert isinstance(found, Which) == row.get("which", False)


def test_most_of_what_was_not_seen_is_understood_exactly(fast: FastPath) -> None:
    commands = [row for row in HELD_OUT if row["calls"] or row.get("which")]
    right = [row for row in commands if calls(fast.match(row["text"])) == row["calls"]]
    assert len(commands) >= 100
    assert len(right) / len(commands) >= 0.8


@pytest.mark.parametrize("row", [row for row in ROWS if not row["calls"]], ids=lambda row: f"{ROWS.index(row)}")
def test_nothing_is_done_for_what_is_no_command(fast: FastPath, row: dict[str, Any]) -> None:
    assert calls(fast.match(row["text"])) == []


def test_what_was_not_seen_leads_to_no_other_tool(fast: FastPath) -> None:
    for row in HELD_OUT:
        found = fast.match(row["text"])
        assert [one[0] for one in calls(found)] in ([], [one[0] for one in row["calls"]]), row["text"]


AROUND = [
    "do not {}", "don't {}", "please never {}", "why did you {}", "what does {} mean", "should I {}", "he told me to {}",
    "what happens if I {}", "the log says: {}", 'the manual reads "{}"', "tomorrow {}", "if it is dark {}", "I would not {}",
    "不要{}", "请别{}", "如果天黑{}", "为什么{}", "要不要{}", "他说{}", "明天{}", "怎么{}", "先别{}",
]  # fmt: skip


@pytest.mark.parametrize("around", AROUND)
def test_an_order_that_is_denied_supposed_quoted_or_asked_about_is_none(fast: FastPath, around: str) -> None:
    acted = {order: calls(fast.match(around.format(order))) for order in ORDERS}
    assert {order: did for order, did in acted.items() if any(one[0] in WRITES for one in did)} == {}


@pytest.mark.parametrize("behind", [" no wait, don't", "... never mind", ", forget it", " 算了", "，还是别发了", "?"])
def test_an_order_that_is_taken_back_is_none(fast: FastPath, behind: str) -> None:
    plain = [
        order
        for order in ORDERS
        if not order.lower().startswith(("can", "could", "please", "帮", "请")) or behind != "?"
    ]
    acted = {order: calls(fast.match(order + behind)) for order in plain}
    ended = {"alert_raise"} if behind == "?" else {"alert_raise", "note_take"}  # a note may hold a question
    assert {order: did for order, did in acted.items() if any(one[0] in ended for one in did)} == {}


@given(st.text(max_size=500))
def test_any_text_is_survived(text: str) -> None:
    found = FastPath(lambda: TOOL_NAMES, lambda: NAMES).match(text)
    assert found is None or isinstance(found, Found)


@given(
    st.sampled_from([row for row in ROWS if row["text"] in ORDERS]),
    st.integers(0, 60),
    st.characters(categories=("L", "P", "Z")),
)
def test_a_slip_in_an_order_never_makes_another_write_of_it(row: dict[str, Any], at: int, sign: str) -> None:
    fast, order = FastPath(lambda: TOOL_NAMES, lambda: NAMES), row["text"]
    meant = {one[0] for one in row["calls"]}
    did = {one[0] for one in calls(fast.match(order[:at] + sign + order[at + 1 :]))}
    assert did & WRITES <= meant


def test_what_the_policy_forbids_is_no_command() -> None:
    fast = FastPath(lambda: ["system_health"], lambda: NAMES)
    assert fast.match("note: the pump is loud") is None
    assert calls(fast.match("system status")) == [["system_health", {}]]


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("help", "help"),
        ("What can you do?", "help"),
        ("which commands are there", "help"),
        ("你能做什么？", "help"),
        ("有哪些命令", "help"),
        ("Which diagnostics are there?", "diagnostics"),
        ("list the diagnostics", "diagnostics"),
        ("有哪些诊断？", "diagnostics"),
        ("本机可以运行哪些诊断", "diagnostics"),
    ],
)
def test_what_can_be_asked_here_is_known_whatever_the_policy(text: str, topic: str) -> None:
    found = FastPath(list, Names).match(text)
    assert isinstance(found, About)
    assert found.topic == topic


def test_a_device_without_sensors_knows_no_sensor_commands() -> None:
    assert FastPath(lambda: TOOL_NAMES, Names).match("read the oil temperature") is None


def test_several_possible_names_are_asked_back(fast: FastPath) -> None:
    found = fast.match("what is the temperature")
    assert found == Which("the temperature", ("oil_temperature", "coolant_temperature", "cabinet_temperature"), "en")


def test_the_words_of_a_note_stay_as_they_were_said(fast: FastPath) -> None:
    said = ("restart pump 2?", "Do NOT restart Pump 2, ask Anna!", "Line 1.\nLine 2:  two  spaces.", "x" * 5000)
    for text in said:
        assert calls(fast.match(f"Note: {text}")) == [["note_take", {"text": text}]]
    assert calls(fast.match("记一下：滤芯脏了？\n明天换。")) == [["note_take", {"text": "滤芯脏了？\n明天换。"}]]


def test_a_condition_is_no_part_of_the_text(fast: FastPath) -> None:
    found = fast.match("alert me if the oil temperature goes above 80 °C")
    assert isinstance(found, Match)
    assert found.calls[0].only_if == Condition("oil_temperature", ">", 80.0)
    assert "message" not in found.calls[0].arguments


def test_a_long_text_is_no_command(fast: FastPath) -> None:
    assert fast.match("show the log " + "x" * 400) is None
    assert fast.match("read the oil temperature\nraise an alert: two") is None
    assert calls(fast.match("note: one\nraise an alert: two")) == [["note_take", {"text": "one\nraise an alert: two"}]]


def test_public_requests_of_another_world_lead_to_no_write(fast: FastPath, shared_data: Path) -> None:
    file = shared_data / "eval" / "clinc150.jsonl"
    if not file.exists():
        pytest.skip("CLINC150 is not there")
    texts = [json.loads(line)["input"] for line in file.read_text("utf-8").splitlines()]
    did = {text: calls(fast.match(text)) for text in texts}
    assert {text: done for text, done in did.items() if any(one[0] in WRITES for one in done)} == {}
    other = {text: done for text, done in did.items() if done and done[0][0] != "knowledge_search"}
    assert len(other) <= 2  # "how are you" is one
