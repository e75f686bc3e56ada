"""Reading sensors, whatever is wrong with them."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.errors import NotFound
from edge.sensors.board import SensorBoard, SensorSample
from edge.sensors.configuration import FromFile, Sensor, Simulated


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def simulated(clock: Clock, **source: Any) -> SensorBoard:
    sensor = Sensor(name="cabinet", unit="°C", minimum=-40, maximum=120, alarm_above=60, source=Simulated(**source))
    return SensorBoard([sensor], clock)


def from_file(path: Path, wall: Clock | None = None, **source: Any) -> SensorSample:
    sensor = Sensor(name="probe", source=FromFile(path=path, **source))
    return SensorBoard([sensor], wall=wall or Clock()).read("probe")


def test_the_simulator_is_the_same_for_the_same_seed_and_second() -> None:
    readings = [simulated(Clock(), seed=7).read("cabinet") for _ in range(2)]
    assert readings[0] == readings[1]
    assert simulated(Clock(), seed=8).read("cabinet") != readings[0]


@given(elapsed_s=st.floats(0, 1e7), seed=st.integers(0, 50))
def test_the_simulator_stays_near_its_wave(elapsed_s: float, seed: int) -> None:
    clock = Clock()
    board = simulated(clock, seed=seed, base=20, swing=5, noise=0.2)
    clock.now += elapsed_s
    value = board.read("cabinet").value
    assert value is not None
    assert 20 - 5 - 2 < value < 20 + 5 + 2


def test_a_sensor_dies_gets_stuck_or_runs_wild() -> None:
    for fault, state in (("dead", "dead"), ("wild", "implausible"), ("stuck", "good")):
        clock = Clock()
        board = simulated(clock, fault=fault, fault_from_s=60)
        assert board.read("cabinet").state == "good"
        clock.now += 60
        first = board.read("cabinet")
        assert first.state == state, fault
        clock.now += 1000
        if fault == "stuck":
            assert board.read("cabinet") == first
    dead = simulated(Clock(), fault="dead").read("cabinet")
    assert (dead.value, dead.problem) == (None, "The simulated sensor does not answer.")


def test_a_value_is_judged_by_its_limits() -> None:
    assert simulated(Clock(), base=70, swing=0, noise=0).read("cabinet").state == "high"
    assert simulated(Clock(), base=500, swing=0, noise=0).read("cabinet").state == "implausible"
    low = Sensor(name="tank", alarm_below=10, source=Simulated(base=5, swing=0, noise=0))
    assert SensorBoard([low]).read("tank").problem == "Below 10."


def test_an_unknown_sensor_is_told_with_those_that_there_are() -> None:
    with pytest.raises(NotFound, match="cabinet"):
        simulated(Clock()).read("../../etc/passwd")


@pytest.mark.parametrize(
    ("content", "source", "value"),
    [
        ("41500\n", {"scale": 0.001}, 41.5),
        ("-3", {"offset": 1.0}, -2),
        ('{"a": {"b": [1, 7.5]}}', {"field": "a.b.1"}, 7.5),
    ],
)
def test_numbers_are_read_from_files(tmp_path: Path, content: str, source: dict[str, Any], value: float) -> None:
    path = tmp_path / "value"
    path.write_text(content)
    assert from_file(path, **source).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("content", "source"),
    [
        (b"", {}),
        (b"hot", {}),
        (b"nan", {}),
        (b"1e999", {}),
        (b"\xff\xfe\x00", {}),
        (b"1" * 70_000, {}),
        (b"{", {"field": "a"}),
        (b'{"a": "7"}', {"field": "a"}),
        (b'{"a": true}', {"field": "a"}),
        (b'{"a": [1]}', {"field": "a.5"}),
        (b"[" * 60_000, {"field": "a"}),
    ],
)
def test_what_holds_no_number_is_a_dead_sensor(tmp_path: Path, content: bytes, source: dict[str, Any]) -> None:
    path = tmp_path / "value"
    path.write_bytes(content)
    reading = from_file(path, **source)
    assert (reading.state, reading.value) == ("dead", None)


def test_what_is_no_plain_file_is_a_dead_sensor_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing", Path("/dev/zero")):
        assert from_file(path).state == "dead"


def test_a_file_that_is_no_longer_written_is_a_dead_sensor(tmp_path: Path) -> None:
    path = tmp_path / "value"
    path.write_text("5")
    wall = Clock()
    wall.now = path.stat().st_mtime + 10
    assert from_file(path, wall, stale_after_s=30).value == 5
    wall.now += 30
    assert "not written" in from_file(path, wall, stale_after_s=30).problem
