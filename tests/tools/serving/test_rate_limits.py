"""Quotas and rates with a clock that the test turns."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.errors import LimitReached
from tests.fakes.gateways import FakeQuotas, FakeSink
from tools.serving.rate_limits import Admission, Quotas, TokenBucket


class Clock:
    """Monotonic seconds and the moment, turned together."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.start = datetime(2026, 5, 4, 12, tzinfo=UTC)

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)


def admission(clock: Clock, limits: Quotas, spent: int = 0) -> Admission:
    return Admission(FakeQuotas(limits), FakeSink(spent=spent), clock, clock.now)


@given(st.floats(1, 10_000), st.lists(st.floats(0, 30), max_size=200))
def test_never_more_is_let_in_than_a_minutes_worth_and_the_refill(per_minute: float, pauses: list[float]):
    bucket, now, let_in = TokenBucket(per_minute, per_minute, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        if bucket.wait_s(1, now) == 0:
            bucket.take(1)
            let_in += 1
    assert let_in <= per_minute * (1 + now / 60) + 1e-6 * per_minute + 1e-6


@given(st.floats(1, 10_000), st.floats(0, 1e6))
def test_who_waits_as_told_gets_in(per_minute: float, overdrawn: float):
    bucket = TokenBucket(per_minute, -overdrawn, 0.0)
    assert bucket.wait_s(1, bucket.wait_s(1, 0.0)) == pytest.approx(0.0, abs=1e-6)


async def test_the_third_request_of_two_a_minute_waits_half_a_minute():
    clock = Clock()
    gate = admission(clock, Quotas(requests_per_minute=2))
    for _ in range(2):
        (await gate.admit("a")).release(0)
    with pytest.raises(LimitReached, match="2 requests per minute") as caught:
        await gate.admit("a")
    assert caught.value.retry_after_s == pytest.approx(30)
    await gate.admit("b")  # tenants do not share
    clock.seconds += 30
    await gate.admit("a")


async def test_tokens_are_paid_afterwards_and_may_overdraw():
    clock = Clock()
    gate = admission(clock, Quotas(tokens_per_minute=60))
    (await gate.admit("a")).release(180)
    with pytest.raises(LimitReached, match="60 tokens per minute") as caught:
        await gate.admit("a")
    assert caught.value.retry_after_s == pytest.approx(121)


async def test_requests_at_a_time_are_given_back_once():
    gate = admission(Clock(), Quotas(concurrent_requests=1))
    ticket = await gate.admit("a")
    with pytest.raises(LimitReached, match="running"):
        await gate.admit("a")
    ticket.release(1)
    ticket.release(1)
    await gate.admit("a")
    with pytest.raises(LimitReached):
        await gate.admit("a")


async def test_the_days_tokens_count_what_was_used_before_the_hub_started():
    clock = Clock()
    gate = admission(clock, Quotas(tokens_per_day=100), spent=90)
    (await gate.admit("a")).release(15)
    with pytest.raises(LimitReached, match="100 tokens of today") as caught:
        await gate.admit("a")
    assert caught.value.retry_after_s == pytest.approx(12 * 3600)
