"""Following a run: every event once, in order, to its end."""

from dataclasses import dataclass

import pytest

from edge.kernel.errors import NotFound
from tools.runs import watch


@dataclass(frozen=True)
class Event:
    sequence: int


@dataclass(frozen=True)
class Run:
    active: bool


class Source:
    """One event more with each question, until there are five; it reads at most two at once."""

    def __init__(self) -> None:
        self.there = 0

    def get(self, tenant: str, run_id: str) -> Run:
        if (tenant, run_id) != ("default", "r"):
            raise NotFound("There is no such run.")
        return Run(active=self.there < 5)

    def events(self, tenant: str, run_id: str, after: int, limit: int = 2) -> list[Event]:
        self.there = min(self.there + 1, 5)
        return [Event(number) for number in range(after + 1, self.there + 1)][:limit]


@pytest.mark.parametrize("after", [0, 3, 5])
async def test_events_come_once_and_in_order_to_the_end(after: int) -> None:
    seen = [event.sequence async for event in watch(Source(), "default", "r", after=after, every_s=0)]
    assert seen == list(range(after + 1, 6))


async def test_another_tenants_run_is_not_there() -> None:
    with pytest.raises(NotFound):
        _ = [event async for event in watch(Source(), "other", "r")]
