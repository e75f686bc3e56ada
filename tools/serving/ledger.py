"""The gateway's ports over the ledger: what tenants can ask for, their limits, and where usage is kept.

What is asked at every request is held in memory for a second.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from edge.kernel.errors import InvalidInput, NotAllowed, NotFound, Unavailable
from edge.kernel.names import nearest_names
from memory.artifacts import ArtifactStore
from memory.ledger import Ledger
from memory.ledger.usage import Usage
from memory.ledger.versions import Version
from tools.rollouts.measurements import Answered, add_answers
from tools.rollouts.targets import Arm, TargetState
from tools.serving.configuration import ServingCard, serving_card
from tools.serving.metering import UsageRecord
from tools.serving.rate_limits import Quotas
from tools.serving.routing import Backend, Offer, Price, Traffic
from tools.serving.runtime import Adapter, ServedVersion

HELD_S = 1.0
"""So old may be what a request is routed by; a change of weights is followed within this time."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class _Known:
    """What one tenant can ask for, as read at `at`.

    Attributes:
        malformed: versions whose card does not say how to serve them, and what is wrong with it.
        retired: versions that nobody may ask for any more, and why.
    """

    at: float
    traffic: Mapping[str, Traffic]
    targets: Sequence[str]
    backends: Mapping[str, Backend]
    malformed: Mapping[str, str]
    retired: Mapping[str, str]
    contents: Mapping[str, Sequence[str]]
    offers: Sequence[Offer]


@dataclass
class LedgerDeployments:
    """Implements `tools.serving.routing.Deployments`.

    Args:
        own: versions of the hub itself, which need no row in the ledger, by `runtime:model`; see `offer`.
        runtimes: names of the hub's runtimes; `runtime:model` of any but `local` is passed to it as it is.
        artifacts: where files of versions are kept; they are fetched from there when their version is first wanted.
        clock: monotonic seconds.
    """

    ledger: Ledger
    runtimes: frozenset[str]
    own: dict[str, ServedVersion]
    artifacts: ArtifactStore
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, _Known] = field(default_factory=dict[str, _Known])
    _fetched: set[str] = field(default_factory=set[str])
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def traffic(self, tenant: str, model: str) -> Traffic:
        known = await self._read(tenant)
        if model in known.traffic:
            return known.traffic[model]
        if model in known.retired:
            raise NotFound(f"{model} is retired: {known.retired[model]}.", "Ask for another version.")
        if model in known.backends or model in known.malformed or self._of_runtime(model) is not None:
            return Traffic(model, (Arm(version=model),))
        nearest = nearest_names(model, [offer.name for offer in known.offers])
        raise NotFound(f"There is no model {model!r}.", nearest=nearest)

    async def backend(self, tenant: str, version: str) -> Backend:
        known = await self._read(tenant)
        if version in known.malformed:
            raise Unavailable(f"{version} cannot be served. {known.malformed[version]}", "Register it anew.")
        found = known.backends.get(version) or self._of_runtime(version)
        if found is None:
            raise NotFound(f"There is no version {version!r}.", nearest=nearest_names(version, known.backends))
        for digest in known.contents.get(version, ()):
            if digest not in self._fetched:
                await asyncio.to_thread(self.artifacts.fetch, digest)
                self._fetched.add(digest)
        return found

    async def offers(self, tenant: str) -> Sequence[Offer]:
        return (await self._read(tenant)).offers

    def offer(self, version: ServedVersion) -> None:
        """Serve a version of the hub itself under its id `runtime:model`, to every tenant."""
        self.own[version.id] = version
        self._known.clear()

    async def arms(self) -> list[tuple[str, str, Arm]]:
        """(tenant, target, arm) of everything that must be ready to serve, those of weight 0 and shadows included.

        What only an alias or nothing names is loaded when it is asked for.
        """

        def tenants() -> list[str]:
            with self.ledger.view("default") as unit:
                return [tenant.id for tenant in unit.tenants.all()]

        found: list[tuple[str, str, Arm]] = []
        for tenant in await asyncio.to_thread(tenants):
            known = await self._read(tenant)
            for traffic in (known.traffic[name] for name in known.targets):
                shadow = (traffic.shadow,) if traffic.shadow else ()
                found += [(tenant, traffic.target, arm) for arm in (*traffic.arms, *shadow)]
        return found

    async def _read(self, tenant: str) -> _Known:
        known = self._known.get(tenant)
        if known is not None and self.clock() - known.at < HELD_S:
            return known
        async with self._reading:
            known = self._known.get(tenant)
            if known is None or self.clock() - known.at >= HELD_S:
                known = self._known[tenant] = await asyncio.to_thread(self._load, tenant)
            return known

    def _load(self, tenant: str) -> _Known:
        at = self.clock()
        with self.ledger.view(tenant) as unit:
            targets = [target for target in unit.targets.all() if target.kind == "serving"]
            aliases, versions = unit.aliases.all(), unit.versions.all()
            files = {artifact.digest: artifact.url for artifact in unit.artifacts.all()}
        kept = {digest for digest, url in files.items() if url == self.artifacts.url_of(digest)}
        contents = {one.id: [d for d in (one.base_digest, one.adapter_digest) if d in kept] for one in versions}
        cards, malformed = _cards(versions)
        backends = {one.id: self._backend(one, cards[one.id], files) for one in versions if one.id in cards}
        retired = {one.id: one.retired_reason.rstrip(".") for one in versions if one.stage == "retired"}
        traffic = {alias.name: Traffic(alias.name, (Arm(version=alias.version),)) for alias in aliases}
        for target in targets:
            state = TargetState.model_validate(target.traffic)
            stand_ins = tuple(
                dict.fromkeys(
                    name for arm in state.arms if arm.version in cards for name in cards[arm.version].fallbacks
                )
            )
            traffic[target.name] = Traffic(target.name, state.arms, stand_ins, state.shadow)
        offers = [
            *(Offer(target.name, "target", target.updated_at) for target in targets),
            *(Offer(alias.name, "alias", alias.updated_at) for alias in aliases),
            *(Offer(one.id, "version", one.created_at) for one in versions if one.id not in retired),
            *(Offer(name, "runtime") for name in self.own),
        ]
        unique = {offer.name: offer for offer in reversed(offers)}
        named = [target.name for target in targets]
        return _Known(at, traffic, named, backends, malformed, retired, contents, list(reversed(unique.values())))

    def _of_runtime(self, name: str) -> Backend | None:
        if name in self.own:
            return Backend(self.own[name], name.partition(":")[0])
        runtime, _, model = name.partition(":")
        if runtime == "local" or runtime not in self.runtimes or not model:
            return None
        return Backend(ServedVersion(name, model), runtime)

    def _backend(self, version: Version, card: ServingCard, files: Mapping[str, str]) -> Backend:
        """Where a version is served; its files are artifacts by their digest, else the bundled model's."""
        runtime, _, model = version.reference.partition(":")
        own = self.own.get(version.reference)
        weights = self._file(files, version.base_digest) or (own.weights if own else None)
        # An adapter whose file is not here must not be left out: the runtime says that the file is missing.
        adapter = (self._file(files, version.adapter_digest) or Path(version.adapter)) if version.adapter else None
        served = ServedVersion(
            id=version.id,
            model=model,
            weights=weights,
            adapters=(Adapter(adapter, card.adapter_scale),) if adapter else (),
            context_tokens=card.context_tokens,
            slots=card.slots,
            system=card.system,
            defaults=card.options,
            embeds=card.embeds,
            reads_images=card.reads_images,
            fingerprint=card.fingerprint,
        )
        return Backend(served, runtime, Price(card.prompt_price, card.completion_price))

    def _file(self, files: Mapping[str, str], digest: str) -> Path | None:
        """Where an artifact of the tenant is, or will be once it is fetched; None where that is elsewhere."""
        url = files.get(digest)
        if not url:
            return None
        if url == self.artifacts.url_of(digest):
            return self.artifacts.path_of(digest)
        parts = urlsplit(url)
        return Path(unquote(parts.path)) if parts.scheme in {"", "file"} else None


def _cards(versions: Sequence[Version]) -> tuple[dict[str, ServingCard], dict[str, str]]:
    """How each version is served; and of those whose card does not say it, what is wrong. One must not stop all."""
    cards, malformed = dict[str, ServingCard](), dict[str, str]()
    for version in versions:
        try:
            cards[version.id] = serving_card(version.card)
        except InvalidInput as error:
            malformed[version.id] = error.message
    return cards, malformed


@dataclass(frozen=True)
class LedgerSink:
    """Implements `tools.serving.metering.UsageSink`: usage by minute, that of shadows apart, each try once by its id.

    In the same transaction it is written down what was measured, for the rollouts.
    """

    ledger: Ledger
    clock: Callable[[], datetime] = _utc_now

    async def write(self, uses: Sequence[UsageRecord]) -> None:
        await asyncio.to_thread(self._write, uses)

    async def tokens_since(self, tenant: str, since: datetime) -> int:
        def total() -> int:
            with self.ledger.view(tenant) as unit:
                used = unit.usage.total(since)
            return int(used["tokens_in"] + used["tokens_out"])

        return await asyncio.to_thread(total)

    def _write(self, uses: Sequence[UsageRecord]) -> None:
        with self.ledger.unit(uses[0].tenant) as unit:
            fresh = unit.usage.uncounted([use.id for use in uses], self.clock())
            for log, shadow in ((unit.usage, False), (unit.shadow_usage, True)):
                for usage in by_minute([use for use in uses if use.id in fresh and use.shadow is shadow]):
                    log.count(usage)
            add_answers(unit, (_answered(use) for use in uses if use.id in fresh and _speaks(use)), self.clock())


@dataclass
class LedgerQuotas:
    """Implements `tools.serving.rate_limits.TenantQuotas`: quotas by the names of its fields."""

    ledger: Ledger
    clock: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, Quotas | None]] = field(default_factory=dict[str, tuple[float, Quotas | None]])

    async def quotas(self, tenant: str) -> Quotas:
        at, quotas = self._known.get(tenant, (float("-inf"), None))
        if self.clock() - at >= HELD_S:
            quotas = await asyncio.to_thread(self._load, tenant)
            self._known[tenant] = (self.clock(), quotas)
        if quotas is None:
            raise NotAllowed(f"The tenant {tenant} is suspended.", "Ask an administrator.")
        return quotas

    def _load(self, tenant: str) -> Quotas | None:
        with self.ledger.view(tenant) as unit:
            found = unit.tenants.get(tenant)
        if found.state != "active":
            return None
        day, concurrent = found.quotas.get("tokens_per_day"), found.quotas.get("concurrent_requests")
        return Quotas(
            requests_per_minute=found.quotas.get("requests_per_minute"),
            tokens_per_minute=found.quotas.get("tokens_per_minute"),
            tokens_per_day=None if day is None else int(day),
            concurrent_requests=None if concurrent is None else int(concurrent),
        )


def _speaks(use: UsageRecord) -> bool:
    """Whether it says something of the version; what a client's mistake ended does not."""
    return use.outcome in {"done", "cancelled"} or use.failed


def _answered(use: UsageRecord) -> Answered:
    """The attempt as rollouts judge it: by the arm that routing chose; what stood in for another one is apart.

    Requests that fail wherever they go would otherwise count against whoever stands in, and most against a canary.
    """
    left = use.outcome == "cancelled"
    return Answered(
        target=use.target,
        arm=use.version,
        at=use.started_at + timedelta(seconds=use.latency_s),
        took_s=None if use.failed or left else use.latency_s,
        first_token_s=(use.first_token_s or use.latency_s) if use.streamed else None,
        tokens=use.completion_tokens,
        stands_in=use.attempt > 1,
        left=left,
    )


def by_minute(uses: Sequence[UsageRecord]) -> list[Usage]:
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
