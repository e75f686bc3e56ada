"""What somebody meant with a name that does not exist."""

import pytest

from edge.kernel.names import nearest_names

SENSORS = ["oil_temperature", "oil_pressure", "coolant_temperature", "pump-2.speed", "油温"]


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("oil_temperature", ["oil_temperature"]),
        ("Oil Temperature", ["oil_temperature"]),
        ("oil-temprature", ["oil_temperature"]),
        ("pump2 speed", ["pump-2.speed"]),
        ("油温", ["油温"]),
        ("zebra", []),
        ("", []),
        ("...", []),
    ],
)
def test_the_name_that_is_meant_comes_first(wrong: str, found: list[str]) -> None:
    assert nearest_names(wrong, SENSORS)[:1] == found


def test_a_part_of_a_name_is_like_it_unless_that_is_not_wanted() -> None:
    assert nearest_names("coolant", SENSORS) == ["coolant_temperature"]
    assert nearest_names("coolant", SENSORS, partly=False) == []


def test_there_are_no_more_than_asked_for() -> None:
    assert len(nearest_names("temperature", SENSORS)) == 2
    assert len(nearest_names("temperature", SENSORS, limit=1)) == 1
