from datetime import timedelta

import pytest

from tests.fakes.rollouts import NOON
from tools.rollouts.analysis import Observed, latencies
from tools.rollouts.measurements import Measurements
from tools.rollouts.targets import Arm

OLD, NEW = Arm(version="old"), Arm(version="new")
END = NOON + timedelta(hours=1)


def test_requests_are_counted_by_arm_and_time() -> None:
    measured = Measurements()
    for second in range(10):
        measured.record("a", "t", NEW, NOON + timedelta(seconds=second), took_s=0.5, score=0.9)
    measured.record("a", "t", NEW, NOON, took_s=None)
    measured.record("a", "t", OLD, NOON, took_s=0.1)
    measured.record("b", "t", NEW, NOON, took_s=0.1)
    found = measured.observed("a", "t", NEW, NOON, END)
    assert (found.requests, found.errors, found.score.count) == (11, 1, 10)
    assert found.latency.mean == pytest.approx(latencies([0.5]).mean)
    later = measured.observed("a", "t", NEW, NOON + timedelta(seconds=4.5), NOON + timedelta(seconds=8))
    assert later.requests == 3  # seconds 5, 6 and 7
    assert measured.observed("a", "other", NEW, NOON, END) == Observed()


def test_one_version_in_two_configurations_is_two_arms() -> None:
    measured = Measurements()
    warm = Arm(version="new", configuration={"temperature": 1})
    measured.record("a", "t", warm, NOON, took_s=1, score=None)
    assert measured.observed("a", "t", NEW, NOON, END).requests == 0
    assert measured.observed("a", "t", warm.model_copy(update={"weight": 5}), NOON, END).requests == 1


def test_what_is_long_past_is_forgotten() -> None:
    measured = Measurements()
    measured.record("a", "t", OLD, NOON, took_s=1)
    for _ in range(1000):
        measured.record("a", "t", NEW, NOON + timedelta(hours=3), took_s=1)
    assert measured.observed("a", "t", OLD, NOON, END) == Observed()
