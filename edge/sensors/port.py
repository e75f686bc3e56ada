"""Where a sensor's value comes from."""

from typing import Protocol

__all__ = ["Driver"]


class Driver(Protocol):
    """Reads one value. Safe to use from several threads."""

    def read(self, timeout_s: float) -> float:
        """The value now, in the sensor's unit; finite.

        Raises:
            ToolFailed: the sensor does not answer, or answers what is no number; the message says which.
        """
        ...
