from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.agent.grounding import essence, evidence_of, says_something, supported
from edge.kernel.language import detect_language

OIL: dict[str, Any] = {"sensor": "oil_temperature", "unit": "°C", "value": 61.4, "state": "good", "problem": ""}
COOLANT: dict[str, Any] = {
    "sensor": "coolant_temperature",
    "unit": "°C",
    "value": 45.0,
    "state": "high",
    "problem": "Above 40.",
}
LOG: dict[str, Any] = {"lines": [{"file": "syslog", "text": "12:00 pump2: ERROR seal leak at T-101"}], "complete": True}


def kept(answer: str, *results: dict[str, Any], question: str = "") -> str:
    return supported(answer, evidence_of(results), question, detect_language(answer))[0]


@pytest.mark.parametrize(
    "sentence",
    [
        "The oil temperature is 61.4 °C.",
        "The oil temperature is 61.40 degrees Celsius, which is good.",
        "The coolant temperature is high, 45 °C.",
        "The oil temperature is 61.4 °C and the coolant temperature is 45 °C.",
        "There is an error: a seal leak at T-101.",
        "油温为61.4 °C，正常。",
    ],
)
def test_what_the_results_say_stays(sentence: str) -> None:
    assert kept(sentence, OIL, COOLANT, LOG) == sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "The oil temperature is 61.5 °C.",
        "The oil temperature is sixty degrees.",
        "The oil temperature is 61.4 °F.",
        "The oil temperature is 61.4 bar.",
        "The oil temperature is 45 °C.",
        "The oil temperature is not good.",
        "The temperature is rising.",
        "The pump is broken.",
        "I have raised an alert.",
        "The engineers were notified.",
        "Elephants enjoy bananas under moonlight.",
        "Sensor T-102 is affected.",
        "油温为六十度。",
        "油温为99 °C。",
        "设备出现故障。",
        "已通知工程师。",
    ],
)
def test_what_they_do_not_say_goes(sentence: str) -> None:
    assert kept(sentence, OIL, {**COOLANT, "state": "good", "problem": ""}) == ""


def test_sentences_stand_and_fall_alone() -> None:
    answer = "The oil temperature is 61.4 °C. It will be 70 °C soon. The state is good."
    text, dropped = supported(answer, evidence_of([OIL]), "how is the oil", "en")
    assert text == "The oil temperature is 61.4 °C. The state is good."
    assert dropped == ["It will be 70 °C soon."]


def test_another_language_than_the_askers_goes() -> None:
    assert supported("The oil temperature is 61.4 °C.", evidence_of([OIL]), "", "zh")[0] == ""


def test_nothing_found_may_be_said() -> None:
    assert kept("No lines were found.", {"lines": []}, question="any lines found?")


@given(st.floats(0, 1000).map(lambda number: round(number, 2)))
def test_no_number_comes_from_a_model(number: float) -> None:
    sentence = f"The oil temperature is {number} °C."
    assert (kept(sentence, OIL) == sentence) == (number == 61.4)


PASSAGE = {
    "text": "E-118 means that the fan has stopped. Replace the fan.", "document": "fan.md", "title": "Fan",
    "heading": "Errors", "start": 3516, "end": 3654, "pack": "manuals", "score": 0.75,
}  # fmt: skip


@pytest.mark.parametrize(
    ("question", "fits"),
    [
        ("what does E-118 mean", True),
        ("what does E-217 mean", False),
        ("what does the code E-217 mean for the fan", False),
        ("how do I replace the stopped fan of the SE30", True),
        ("how do I replace the fan of the SE30", False),
        ("how do I replace the pump", True),
        ("how do I breed penguins", False),
        ("", True),
    ],
)
def test_passages_have_to_do_with_a_question_whose_words_and_codes_they_hold(question: str, fits: bool) -> None:
    assert says_something({"passages": [PASSAGE]}, question) is fits


def test_where_a_passage_stands_is_no_evidence() -> None:
    (passage,) = essence({"passages": [PASSAGE]})["passages"]
    assert passage == {key: PASSAGE[key] for key in ("text", "document", "title", "heading")}
    assert 3516.0 not in evidence_of([essence({"passages": [PASSAGE]})]).numbers


@pytest.mark.parametrize("result", [{"value": 3}, {"passages": []}, {"passages": ["text"]}, {"passages": "text"}, {}])
def test_other_results_are_evidence_as_they_are(result: dict[str, Any]) -> None:
    assert essence(result) == result
