"""Questions in a person's own words, answered from the device's documents without a model."""

import pytest

from edge.agent.documents import answering
from tests.fakes.assisted_devices import Device

MANUAL = [
    "Replacing the fan: switch the SE50 off, unscrew the two screws, pull the fan out and fit the new one.",
    "E-2047: the link to the PLC is lost. Check the cable.",
    "更换风扇：先断电，拧下两颗螺丝，取出风扇。",
    "Clean the air filter every 500 hours.",
]
PASSAGES = [{"text": text, "title": "Manual", "heading": "Care", "document": "m.pdf"} for text in MANUAL]


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ("how do I exchange the fan", 0),
        ("How can I swap the fan of the SE50?", 0),
        ("what does E-2047 mean", 1),
        ("E-2047是什么意思？", 1),
        ("怎么更换风扇", 2),
        ("风扇怎么换", 2),
        ("when should I clean the air filter", 3),
        ("how often must the filter be washed?", 3),
    ],
)
def test_a_natural_question_finds_its_passage(question: str, place: int) -> None:
    assert [passage["text"] for passage in answering(PASSAGES, question)] == [MANUAL[place]]


@pytest.mark.parametrize(
    "question", ["what does E-2048 mean", "what is the fan price in Norway", "who won the world cup", "保修期是多久"]
)
def test_what_no_passage_says_has_no_answer(question: str) -> None:
    assert answering(PASSAGES, question) == []


def test_the_assistant_quotes_the_manual_without_a_model() -> None:
    device = Device(documents=MANUAL)
    answer = device.assistant().ask("how do I exchange the fan", by="person:a")
    assert (answer.tier, answer.ok) == ("fast", True)
    assert "> Replacing the fan" in answer.text
    assert device.journal.of("question") == []
    assert device.assistant().ask("what does E-2048 mean", by="person:a").tier == "queued"
