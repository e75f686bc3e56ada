"""Values made from a seed: for demonstrations, tests, and gateways whose sensors are not there yet."""

import math
from collections.abc import Callable

from edge.kernel.errors import ToolFailed
from edge.sensors.configuration import Simulated

__all__ = ["Simulator"]


class Simulator:
    """A wave with noise.

    Args:
        monotonic: seconds; the wave begins when the simulator is made.
    """

    def __init__(self, source: Simulated, monotonic: Callable[[], float]) -> None:
        self._source = source
        self._monotonic = monotonic
        self._began = monotonic()

    def read(self, timeout_s: float) -> float:
        source, elapsed_s = self._source, self._monotonic() - self._began
        faulty = source.fault != "none" and elapsed_s >= source.fault_from_s
        if faulty and source.fault == "dead":
            raise ToolFailed("The simulated sensor does not answer.")
        if faulty and source.fault == "stuck":
            elapsed_s = source.fault_from_s
        value = self._at(elapsed_s)
        return value + 1e6 * (abs(source.base) + abs(source.swing) + 1) if faulty and source.fault == "wild" else value

    def _at(self, elapsed_s: float) -> float:
        import random

        source = self._source
        noise = random.Random(f"{source.seed}:{math.floor(elapsed_s)}").gauss(0.0, 1.0) * source.noise  # noqa: S311  # no secret
        return source.base + source.swing * math.sin(2 * math.pi * elapsed_s / source.period_s) + noise
