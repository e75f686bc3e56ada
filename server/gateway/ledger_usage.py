"""Usage and limits of tenants, over the ledger."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from edge.kernel.errors import NotAllowed
from memory.ledger import Ledger, Unit
from memory.ledger.usage import Usage
from server.gateway.ledger_ports import HELD_S
from server.gateway.ports import Limits, Use
from tools.rollouts.measurements import Answered, add_answers

__all__ = ["LedgerLimits", "LedgerSink", "by_minute"]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class LedgerSink:
    """Implements `server.gateway.ports.UsageSink`: usage by minute, that of shadows apart, each try once by its id.

    In the same transaction it is written down what was measured, for the rollouts.
    """

    ledger: Ledger
    clock: Callable[[], datetime] = _utc_now

    async def write(self, uses: Sequence[Use]) -> None:
        await asyncio.to_thread(self._write, uses)

    async def tokens_since(self, tenant: str, since: datetime) -> int:
        def total() -> int:
            with self.ledger.view(tenant) as unit:
                used = unit.usage.total(since)
            return int(used["tokens_in"] + used["tokens_out"])

        return await asyncio.to_thread(total)

    def _write(self, uses: Sequence[Use]) -> None:
        with self.ledger.unit(uses[0].tenant) as unit:
            fresh = unit.usage.uncounted([use.id for use in uses], self.clock())
            for log, shadow in ((unit.usage, False), (unit.shadow_usage, True)):
                for usage in by_minute([use for use in uses if use.id in fresh and use.shadow is shadow]):
                    log.count(usage)
            add_answers(unit, (_answered(use) for use in uses if use.id in fresh and _speaks(use)), self.clock())


@dataclass
class LedgerLimits:
    """Implements `server.gateway.ports.TenantLimits`: a tenant's quotas by the names of the fields of `Limits`."""

    ledger: Ledger
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, Limits | None]] = field(default_factory=dict[str, tuple[float, Limits | None]])

    async def limits(self, tenant: str) -> Limits:
        at, limits = self._known.get(tenant, (float("-inf"), None))
        if self.clock() - at >= HELD_S:
            limits = await asyncio.to_thread(self._load, tenant)
            self._known[tenant] = (self.clock(), limits)
        if limits is None:
            raise NotAllowed(f"The tenant {tenant} is suspended.", "Ask an administrator.")
        return limits

    def _load(self, tenant: str) -> Limits | None:
        with self.ledger.view(tenant) as unit:
            return _limits(unit, tenant)


def _speaks(use: Use) -> bool:
    """Whether it says something of the version; what a client's leaving or mistake ended does not."""
    return use.outcome == "done" or use.failed


def _answered(use: Use) -> Answered:
    ended = use.started_at + timedelta(seconds=use.latency_s)
    return Answered(use.target, use.version, ended, None if use.failed else use.latency_s)


def by_minute(uses: Sequence[Use]) -> list[Usage]:
    """Tries of one tenant, added up by target, version and minute."""
    sums: dict[tuple[str, str, datetime], Usage] = {}
    for use in uses:
        key = (use.target, use.version, use.started_at.replace(second=0, microsecond=0))
        was = sums.get(key) or Usage(*key, 0, 0, 0, 0, 0.0, 0.0)
        sums[key] = Usage(
            *key,
            requests=was.requests + 1,
            errors=was.errors + use.failed,
            tokens_in=was.tokens_in + use.prompt_tokens,
            tokens_out=was.tokens_out + use.completion_tokens,
            latency_ms_sum=was.latency_ms_sum + use.latency_s * 1e3,
            cost=was.cost + use.cost_usd,
        )
    return list(sums.values())


def _limits(unit: Unit, tenant: str) -> Limits | None:
    found = unit.tenants.get(tenant)
    if found.state != "active":
        return None
    day, concurrent = found.quotas.get("tokens_per_day"), found.quotas.get("concurrent_requests")
    return Limits(
        requests_per_minute=found.quotas.get("requests_per_minute"),
        tokens_per_minute=found.quotas.get("tokens_per_minute"),
        tokens_per_day=None if day is None else int(day),
        concurrent_requests=None if concurrent is None else int(concurrent),
    )
