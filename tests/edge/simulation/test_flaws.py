"""The simulation finds devices and hubs out that lack one check, in a course that a sound device passes (`test_faults`)."""

from pathlib import Path

import pytest

from tests.fakes.simulation.flaws import FLAWED_DEVICES, HastyHub
from tests.fakes.simulation.hubs import MemoryHub
from tests.fakes.simulation.world import Course, play

FOUND_BY: dict[str, tuple[int, str]] = {
    "takes answers without the hub's seal": (3, "did not acknowledge"),
    "takes answers to earlier requests": (3, "did not acknowledge"),
    "takes a desired state without its digest": (5, "did not give it the state"),
    "never tells the digest of its state": (3, "Not settled"),
    "uses contents without their digest": (3, "in use as"),
    "keeps no marks of what it sent": (5, "did not acknowledge"),
}
"""A course that finds it, and how."""


@pytest.mark.parametrize("flaw", FLAWED_DEVICES)
def test_a_device_that_lacks_a_check_is_found_out(flaw: str, tmp_path: Path) -> None:
    seed, how = FOUND_BY[flaw]
    with pytest.raises(AssertionError, match=how):
        play(Course(seed), MemoryHub(), tmp_path, FLAWED_DEVICES[flaw])


def test_a_hub_that_acknowledges_before_it_commits_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="lost"):
        play(Course(5), HastyHub(), tmp_path)
