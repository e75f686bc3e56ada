"""How patient the device is with a version of its model, and what it may take."""

from dataclasses import dataclass, field

from edge.life.room import Budget

__all__ = ["LifeLimits"]


@dataclass(frozen=True, slots=True)
class LifeLimits:
    """The limits.

    Attributes:
        budget: of the disk.
        most_tries: failures in a row of one step after which the version has failed. Waiting for the hub, for the
            runtime or for room does not count.
        most_interrupted: how often creating, warming or testing may be cut short by the device going down before the
            version is blamed for it.
        first_rest_s, longest_rest_s: pause after a failure, doubled with each.
        look_every_s: between two looks at whether the running model answers.
        most_silent: looks in a row without an answer before the last good version takes over.
    """

    budget: Budget = field(default_factory=Budget)
    most_tries: int = 5
    most_interrupted: int = 8
    first_rest_s: float = 30.0
    longest_rest_s: float = 3600.0
    look_every_s: float = 300.0
    most_silent: int = 3
