"""The simulation finds devices and hubs out that lack one check, in a course that a sound device passes (`tests.edge.sync.test_exchange_simulated_faults`)."""

from pathlib import Path

import pytest

from tests.fakes.simulation.flaws import FLAWED_DEVICES, HastyHub
from tests.fakes.simulation.hubs import MemoryHub
from tests.fakes.simulation.world import Course, play

SHOWN_AS: dict[str, str] = {
    "takes answers without the hub's seal": "did not acknowledge",
    "takes answers to earlier requests": "did not acknowledge",
    "takes a desired state without its digest": "did not give it the state",
    "never tells the digest of its state": "Not settled",
    "uses contents without their digest": "in use as",
    "keeps no marks of what it sent": "did not acknowledge",
}
COURSES = 16
"""One of the first so many finds each; which one changes with every await that a device has more or less."""


@pytest.mark.parametrize("flaw", FLAWED_DEVICES)
@pytest.mark.long
def test_a_device_that_lacks_a_check_is_found_out(flaw: str, tmp_path: Path) -> None:
    def plays(seed: int) -> str:
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            play(Course(seed), MemoryHub(), folder, FLAWED_DEVICES[flaw])
        except AssertionError as error:
            return str(error)
        return ""

    assert any(SHOWN_AS[flaw] in plays(seed) for seed in range(COURSES))


def test_a_hub_that_acknowledges_before_it_commits_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="lost"):
        for seed in range(COURSES):
            folder = tmp_path / str(seed)
            folder.mkdir()
            play(Course(seed), HastyHub(), folder)
