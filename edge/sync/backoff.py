"""Retry back-off, how long to wait before trying again: exponential, capped, with full jitter (Brooker 2015).

Full jitter means any time from 0 to the cap of the attempt, so that devices that lost the same hub at the same moment
do not come back at the same moment.
"""

from collections.abc import Callable

__all__ = ["Backoff"]

_MOST_DOUBLINGS = 60


class Backoff:
    """Counts what failed since the last success.

    Args:
        uniform: a random number in [0, 1).
        first_s: cap of the first wait, > 0; it doubles with each failure.
        longest_s: no cap is larger.
    """

    def __init__(self, uniform: Callable[[], float], first_s: float = 2.0, longest_s: float = 900.0) -> None:
        self._uniform = uniform
        self._first_s = first_s
        self._longest_s = longest_s
        self._failures = 0

    @property
    def failures(self) -> int:
        """In a row."""
        return self._failures

    def failed(self) -> float:
        """Seconds to wait now."""
        cap = min(self._longest_s, self._first_s * 2.0 ** min(self._failures, _MOST_DOUBLINGS))
        self._failures += 1
        return cap * self._uniform()

    def succeeded(self) -> None:
        """The next wait begins anew."""
        self._failures = 0

    def spread(self, seconds: float) -> float:
        """A regular wait, up to a tenth shorter or longer, so that devices do not fall into step."""
        return seconds * (0.9 + 0.2 * self._uniform())
