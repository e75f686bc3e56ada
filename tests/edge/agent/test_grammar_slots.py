import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.entity_linking import Names
from edge.agent.grammar import SLOTS, SlotContext, Unclear

READING = SlotContext(Names(services=("modbus", "nginx.service")), {})


def read(slot: str, said: str) -> object:
    assert re.fullmatch(SLOTS[slot].pattern, said, re.IGNORECASE), said
    return SLOTS[slot].read(said, READING)


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("10 minutes", 10), ("an hour", 60), ("hour", 60), ("2h", 120), ("half an hour", 30), ("two days", 2880),
        ("90 s", 2), ("1.5 hours", 90), ("半小时", 30), ("一个小时", 60), ("十分钟", 10), ("两天", 2880), ("三周", 30240),
        ("一个半小时", 90), ("20秒", 1), ("day", 1440), ("week", 10080), ("forty-five minutes", 45),
    ],
)  # fmt: skip
def test_times(said: str, minutes: int) -> None:
    assert read("minutes", said) == minutes


@pytest.mark.parametrize(
    ("said", "number"), [("80", 80), ("-3.5", -3.5), ("十二", 12), ("八十", 80), ("一百零五", 105), ("ninety", 90)]
)
def test_numbers(said: str, number: float) -> None:
    assert read("number", said) == number


@given(st.integers(-10_000, 10_000))
def test_numbers_in_digits_are_what_they_are(number: int) -> None:
    assert read("number", str(number)) == number


def test_words_of_fixed_sets() -> None:
    assert read("level", "Errors") == "error"
    assert read("level", "警告") == "warning"
    assert read("severity", "urgent") == "critical"
    assert read("severity", "紧急") == "critical"


def test_a_service_is_one_that_there_is() -> None:
    assert read("service", "nginx") == "nginx.service"
    assert read("service", "apache") == Unclear("apache")
    assert SLOTS["service"].read("apache", SlotContext(Names(), {})) == "apache"


def test_quotation_marks_around_free_text_go() -> None:
    assert read("text", "“pump is loud”") == "pump is loud"
    assert read("text", "that the pump is loud") == "the pump is loud"
    assert isinstance(read("text", '""'), Unclear)
