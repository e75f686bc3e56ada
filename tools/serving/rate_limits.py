"""Rate limits and quotas of tenants: token buckets, a day's count and requests at a time."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from edge.kernel.errors import LimitReached
from tools.serving.metering import UsageSink

_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Quotas:
    """What a tenant may use; None is without limit."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    tokens_per_day: int | None = None
    concurrent_requests: int | None = None


class TenantQuotas(Protocol):
    """The tenants' quotas. Asked at every request, so adapters hold what they know in memory for a while."""

    async def quotas(self, tenant: str) -> Quotas:
        """Raises NotAllowed: nobody may act for this tenant now."""
        ...


@dataclass
class TokenBucket:
    """A token bucket that holds a minute's worth and may be overdrawn by what is known only afterwards.

    Attributes:
        per_minute: refill, > 0; also the most that it holds.
        level: what is in it; negative when it was overdrawn.
        at: when it was last looked at, monotonic seconds.
    """

    per_minute: float
    level: float
    at: float

    def wait_s(self, need: float, now: float) -> float:
        """Seconds until `need` is there; 0 when it is there now."""
        self.level = min(self.per_minute, self.level + (now - self.at) * self.per_minute / _MINUTE_S)
        self.at = now
        missing = min(need, self.per_minute) - self.level
        # A billionth of rounding must not keep a caller out who waited as told.
        return missing * _MINUTE_S / self.per_minute if missing > 1e-9 * self.per_minute else 0.0

    def take(self, amount: float) -> None:
        self.level -= amount


@dataclass
class _Account:
    """One tenant's use. `day` is the UTC day that `today` counts; None before the first look."""

    running: int = 0
    requests: TokenBucket | None = None
    tokens: TokenBucket | None = None
    day: datetime | None = None
    today: int = 0


@dataclass
class Ticket:
    """Leave to make one request; give it back with `release`."""

    tenant: str
    _give_back: Callable[[int], None] = field(repr=False)
    _open: bool = True

    def release(self, tokens: int) -> None:
        """End the request, which used so many tokens in all. A second call does nothing."""
        if self._open:
            self._open = False
            self._give_back(tokens)


class Admission:
    """Lets requests in, or says when to come back. Tokens are counted when a request ends, so one may overdraw.

    Args:
        clock: monotonic seconds.
        now: the moment, in UTC.
    """

    def __init__(
        self,
        quotas: TenantQuotas,
        sink: UsageSink,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._quotas = quotas
        self._sink = sink
        self._clock = clock
        self._now = now
        self._accounts: dict[str, _Account] = {}

    async def admit(self, tenant: str) -> Ticket:
        """Count one request of the tenant.

        Raises:
            LimitReached: a limit is reached; says which, and carries how long to wait.
            NotAllowed: nobody may act for this tenant.
        """
        limits = await self._quotas.quotas(tenant)
        account = self._accounts.setdefault(tenant, _Account())
        if limits.tokens_per_day is not None:
            await self._check_day(tenant, account, limits.tokens_per_day)
        now = self._clock()
        account.requests = _bucket(account.requests, limits.requests_per_minute, now)
        account.tokens = _bucket(account.tokens, limits.tokens_per_minute, now)
        self._check_rates(tenant, account, limits, now)
        if account.requests is not None:
            account.requests.take(1)
        account.running += 1

        def give_back(tokens: int) -> None:
            account.running -= 1
            account.today += tokens
            if account.tokens is not None:
                account.tokens.take(tokens)

        return Ticket(tenant, give_back)

    def _check_rates(self, tenant: str, account: _Account, limits: Quotas, now: float) -> None:
        most = limits.concurrent_requests
        if most is not None and account.running >= most:
            raise LimitReached(
                f"{tenant} has {account.running} requests running, as many as it may.", "Wait for one to end.", 1.0
            )
        for bucket, need, of in ((account.requests, 1.0, "requests"), (account.tokens, 1.0, "tokens")):
            wait = bucket.wait_s(need, now) if bucket else 0.0
            if bucket and wait > 0:
                raise LimitReached(
                    f"{tenant} has used its {bucket.per_minute:g} {of} per minute.",
                    f"Try again in {wait:.1f} s.",
                    wait,
                )

    async def _check_day(self, tenant: str, account: _Account, most: int) -> None:
        now = self._now()
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if account.day != today:
            used = await self._sink.tokens_since(tenant, today)
            account.day, account.today = today, used
        if account.today >= most:
            raise LimitReached(
                f"{tenant} has used its {most} tokens of today.",
                "Try again tomorrow (UTC), or ask for more.",
                (today + timedelta(days=1) - now).total_seconds(),
            )


def _bucket(known: TokenBucket | None, per_minute: float | None, now: float) -> TokenBucket | None:
    """The bucket of a limit; a limit that changed keeps what was used."""
    if per_minute is None:
        return None
    if known is None:
        return TokenBucket(per_minute, per_minute, now)
    if known.per_minute != per_minute:
        known.level = min(per_minute, known.level + per_minute - known.per_minute)
        known.per_minute = per_minute
    return known
