"""Everything fails, for hours: nothing acknowledged is lost, nothing comes twice, all comes to rest.

CHARGEHAND_EFFORT=long pytest tests/edge/sync/test_exchange_simulated_faults.py     300 courses
CHARGEHAND_SEED=17 pytest tests/edge/sync/test_exchange_simulated_faults.py         one course again
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.effort import times
from tests.fakes.simulation.hubs import MemoryHub, SimulatedHub
from tests.fakes.simulation.ledger_hubs import LedgerHub
from tests.fakes.simulation.world import Course, Outcome, play

SEEDS = times(20, 300)
ONE = os.environ.get("CHARGEHAND_SEED")
GROUPS = times(2, 10)


def memory_hub(folder: Path) -> SimulatedHub:
    return MemoryHub()


HUBS: dict[str, tuple[Callable[[Path], SimulatedHub], int]] = {
    "the hub of reference": (memory_hub, SEEDS),
    "the hub's own tools on a ledger": (LedgerHub, SEEDS // 5),
}
"""How it is made, and how many courses are played with it."""


def play_seed(seed: int, open_hub: Callable[[Path], SimulatedHub] = memory_hub) -> Outcome:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        hub = open_hub(Path(folder))
        try:
            return play(Course(seed), hub, Path(folder))
        except BaseException as error:
            error.add_note(f"Again: CHARGEHAND_SEED={seed} pytest tests/edge/sync/test_exchange_simulated_faults.py")
            raise
        finally:
            hub.close()


@pytest.mark.repeated
@pytest.mark.parametrize("group", range(GROUPS if ONE is None else 1))
@pytest.mark.parametrize("hub", HUBS)
def test_whatever_fails_nothing_is_lost_or_done_twice(hub: str, group: int) -> None:
    open_hub, courses = HUBS[hub]
    seeds = range(group, courses, GROUPS) if ONE is None else [int(ONE)]
    outcomes = [play_seed(seed, open_hub) for seed in seeds]
    assert sum(outcome.crashes for outcome in outcomes) > 0
    assert sum(outcome.received for outcome in outcomes) > 0


def test_the_same_seed_gives_the_same_course() -> None:
    assert play_seed(4) == play_seed(4)
