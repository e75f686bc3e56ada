"""Figures of a history, units, standing alerts and reminders, in English and Chinese."""

from typing import Any

import pytest

from edge.agent.fast_path import FastPath, Match
from tests.fakes.assisted_devices import NAMES, TOOL_NAMES

TOOLS = [*TOOL_NAMES, *"watch_set watch_list watch_remove reminder_set reminder_list reminder_remove".split()]
OIL = {"sensor": "oil_temperature"}
SENTENCES: list[tuple[str, str, dict[str, Any]]] = [
    ("max oil temperature today", "sensor_history", {**OIL, "day": "today", "figure": "maximum"}),
    ("how hot did the oil temperature get today?", "sensor_history", {**OIL, "day": "today", "figure": "maximum"}),
    ("oil temperature over the last 2 hours", "sensor_history", {**OIL, "minutes": 120}),
    ("lowest oil temperature yesterday", "sensor_history", {**OIL, "day": "yesterday", "figure": "minimum"}),
    ("今天油温最高是多少", "sensor_history", {**OIL, "day": "today", "figure": "maximum"}),
    ("最近2小时油温的最大值", "sensor_history", {**OIL, "minutes": 120, "figure": "maximum"}),
    ("oil temperature in fahrenheit", "sensor_read", {**OIL, "unit": "°F"}),
    ("what is the hydraulic pressure in psi?", "sensor_read", {"sensor": "hydraulic_pressure", "unit": "psi"}),
    ("油温是多少华氏度", "sensor_read", {**OIL, "unit": "°F"}),
    ("alert me when the oil temperature goes above 80", "watch_set", {**OIL, "compare": "above", "number": 80.0}),
    ("如果油温超过80度就报警", "watch_set", {**OIL, "compare": "above", "number": 80.0}),
    ("cancel standing alert 2", "watch_remove", {"watch": 2}),
    ("remind me in 2 hours to check the oil", "reminder_set", {"text": "check the oil", "minutes": 120}),
    ("remind me tomorrow at 8 am to change the filter", "reminder_set", {"text": "change the filter", "at": "08:00", "day": "tomorrow"}),
    ("remind me every day at 8:00 to check the oil", "reminder_set", {"text": "check the oil", "at": "08:00", "every": "day"}),
    ("两小时后提醒我检查油位", "reminder_set", {"text": "检查油位", "minutes": 120}),
    ("每天下午3点提醒我巡检", "reminder_set", {"text": "巡检", "at": "15:00", "every": "day"}),
    ("有哪些提醒", "reminder_list", {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tool", "arguments"), SENTENCES, ids=[one[0] for one in SENTENCES])
def test_it_is_understood_exactly(text: str, tool: str, arguments: dict[str, Any]) -> None:
    found = FastPath(lambda: TOOLS, lambda: NAMES).match(text)
    assert isinstance(found, Match)
    assert [(call.tool, dict(call.arguments)) for call in found.calls] == [(tool, arguments)]


@pytest.mark.parametrize(
    "text", ["don't remind me in 2 hours to check the oil", "why did you remind me at 8", "不要两小时后提醒我检查油位"]
)
def test_what_denies_or_asks_sets_nothing(text: str) -> None:
    found = FastPath(lambda: TOOLS, lambda: NAMES).match(text)
    assert not isinstance(found, Match)
