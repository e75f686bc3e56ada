"""Everything fails, for hours: nothing acknowledged is lost, nothing comes twice, all comes to rest.

CHARGEHAND_SEEDS=5000 pytest tests/edge/simulation/test_faults.py      more courses
CHARGEHAND_SEED=17 pytest tests/edge/simulation/test_faults.py         one course again
"""

import os
import tempfile
from pathlib import Path

import pytest

from tests.fakes.simulation.hubs import MemoryHub
from tests.fakes.simulation.world import Course, Outcome, play

SEEDS = int(os.environ.get("CHARGEHAND_SEEDS", "200"))
ONE = os.environ.get("CHARGEHAND_SEED")
GROUPS = 10


def play_seed(seed: int) -> Outcome:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        hub = MemoryHub()
        try:
            return play(Course(seed), hub, Path(folder))
        except BaseException as error:
            error.add_note(f"Again: CHARGEHAND_SEED={seed} pytest tests/edge/simulation/test_faults.py")
            raise
        finally:
            hub.close()


@pytest.mark.parametrize("group", range(GROUPS if ONE is None else 1))
def test_whatever_fails_nothing_is_lost_or_done_twice(group: int) -> None:
    seeds = range(group, SEEDS, GROUPS) if ONE is None else [int(ONE)]
    outcomes = [play_seed(seed) for seed in seeds]
    assert sum(outcome.crashes for outcome in outcomes) > 0
    assert sum(outcome.received for outcome in outcomes) > 0
