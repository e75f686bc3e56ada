"""How far a run of the tests goes: `make test` tries each thing a few times, `make test-long` many times.

The same tests run at both efforts. Their marks say which of them the long run repeats:

    long        too much for `make test`; runs in `make test-long` alone
    repeated    as often as `times` says: seeds, kills, examples
    hypothesis  set by Hypothesis itself on each of its tests
"""

import os

__all__ = ["LONG", "times"]

LONG = os.environ.get("CHARGEHAND_EFFORT", "") == "long"
"""Whether this run is the long one."""


def times(short: int, long: int) -> int:
    """How often something is to be tried in this run."""
    return long if LONG else short
