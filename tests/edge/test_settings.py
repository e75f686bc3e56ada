"""`device.toml`, as owners of devices write it."""

from pathlib import Path

import pytest

from edge.kernel.errors import InvalidInput
from edge.settings import EdgeSettings, load_settings


def settings_of(folder: Path, text: str) -> EdgeSettings:
    (folder / "device.toml").write_text(text, encoding="utf-8")
    return load_settings(folder)


def test_sensors_are_described_in_it(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path,
        """
        [[sensors]]
        name = "pressure"
        aliases = ["压力"]
        source = { driver = "modbus", host = "192.0.2.7", address = 100, type = "float32" }
        """,
    )
    (sensor,) = settings.sensors
    assert (sensor.name, sensor.aliases, sensor.source.driver) == ("pressure", ("压力",), "modbus")


@pytest.mark.parametrize(
    "sensors",
    [
        "sensors = 7",
        "sensors = [",
        "sensors = [{name = 'a'}]",
        "sensors = [{name = 'a', source = {driver = 'shell', command = 'id'}}]",
        "sensors = [{name = 'a', minimum = 5, maximum = 5, source = {driver = 'simulator'}}]",
        "sensors = [{name = 'a', source = {driver = 'simulator', base = nan}}]",
        "sensors = [{name = 'a', source = {driver = 'modbus', host = 'h', address = 70000}}]",
    ],
)
def test_wrong_descriptions_are_refused(tmp_path: Path, sensors: str) -> None:
    with pytest.raises(InvalidInput, match=r"sensors|cannot be read"):
        settings_of(tmp_path, sensors)


def test_two_sensors_of_one_name_are_refused(tmp_path: Path) -> None:
    one = "{name = 'inlet', source = {driver = 'simulator'}}"
    with pytest.raises(InvalidInput, match="two sensors of the name inlet"):
        settings_of(tmp_path, f"sensors = [{one}, {one}]")


def test_what_would_fit_is_told_letter_by_letter(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"sensors\.0\.name: string should match pattern '\^\[a-z0-9\]"):
        settings_of(tmp_path, "sensors = [{name = 'A b', source = {driver = 'simulator'}}]")
    with pytest.raises(InvalidInput, match=r"logs\.plant: .*<class 'pathlib.Path'>"):
        settings_of(tmp_path, "[logs]\nplant = 1")
