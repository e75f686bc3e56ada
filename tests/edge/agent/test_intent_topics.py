"""What a question is about, for a model that would take anything."""

import pytest

from edge.agent.entity_linking import Names
from edge.agent.intent import mentioned, on_topic

SENSORS = {"inlet": ("air inlet temperature", "进风口"), "fan": ("fan speed",), "hall": ("hall humidity",)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("why is it hot", ["inlet"]),
        ("Why are you overheating?", ["inlet"]),
        ("为什么这么热", ["inlet"]),
        ("is it damp in here", ["hall"]),
        ("why is the fan so slow", ["fan"]),
        ("why does the inlet fan turn", ["fan", "inlet"]),
        ("who are you", []),
    ],
)
def test_what_is_measured_need_not_be_named(text: str, names: list[str]) -> None:
    assert mentioned(text, SENSORS) == names


@pytest.mark.parametrize(
    ("text", "sensors"),
    [
        ("Who designed the air ducts?", False),
        ("Is there anything odd about the inlet?", True),
        ("Is the fan all right?", True),
        ("进风口怎么了", True),
        ("who are you", False),
    ],
)
def test_a_word_in_common_does_not_make_it_a_question_to_a_sensor(text: str, sensors: bool) -> None:
    assert ("sensor_read" in on_topic(text, Names(sensors=SENSORS))) == sensors


@pytest.mark.parametrize(("text", "sensors"), [("Who designed the air ducts?", False), ("And the air inlet?", True)])
def test_half_of_what_a_sensor_is_called_does_not_name_it(text: str, sensors: bool) -> None:
    names = Names(sensors={"temp-1": ("air inlet",)})
    assert ("sensor_read" in on_topic(text, names)) == sensors
