"""What tenants can ask for, over the ledger. As it is asked at every request, it is held in memory for a second."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from edge.kernel.errors import InvalidInput, NotFound, Unavailable
from memory.artifacts import ArtifactStore
from memory.ledger import Ledger
from memory.ledger.versions import Version
from memory.nearest import nearest_names
from server.gateway.ports import Arm, Backend, Offer, Price, Traffic
from tools.rollouts.targets import Arm as StoredArm
from tools.rollouts.targets import TargetState
from tools.runtimes.port import Adapter, ServedVersion
from tools.serving import ServingCard, serving_card

__all__ = ["HELD_S", "LedgerDeployments"]

HELD_S = 1.0
"""So old may be what a request is routed by; a change of weights is followed within this time."""


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
    """Implements `server.gateway.ports.Deployments`.

    Args:
        bundled: models that need no version in the ledger, by `runtime:model`.
        runtimes: names of the hub's runtimes; `runtime:model` of any but `local` is passed to it as it is.
        artifacts: where files of versions are kept; they are fetched from there when their version is first wanted.
        clock: monotonic seconds.
    """

    ledger: Ledger
    runtimes: frozenset[str]
    bundled: Mapping[str, ServedVersion]
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
            return Traffic(model, (Arm(model, 100),))
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
        traffic = {alias.name: Traffic(alias.name, (Arm(alias.version, 100),)) for alias in aliases}
        for target in targets:
            state = TargetState.model_validate(target.traffic)
            arms = tuple(_arm(arm) for arm in state.arms)
            stand_ins = tuple(
                dict.fromkeys(name for arm in arms if arm.version in cards for name in cards[arm.version].fallbacks)
            )
            traffic[target.name] = Traffic(target.name, arms, stand_ins, _arm(state.shadow) if state.shadow else None)
        offers = [
            *(Offer(target.name, "target", target.updated_at) for target in targets),
            *(Offer(alias.name, "alias", alias.updated_at) for alias in aliases),
            *(Offer(one.id, "version", one.created_at) for one in versions if one.id not in retired),
            *(Offer(name, "runtime") for name in self.bundled),
        ]
        unique = {offer.name: offer for offer in reversed(offers)}
        named = [target.name for target in targets]
        return _Known(at, traffic, named, backends, malformed, retired, contents, list(reversed(unique.values())))

    def _of_runtime(self, name: str) -> Backend | None:
        if name in self.bundled:
            return Backend(self.bundled[name], name.partition(":")[0])
        runtime, _, model = name.partition(":")
        if runtime == "local" or runtime not in self.runtimes or not model:
            return None
        return Backend(ServedVersion(name, model), runtime)

    def _backend(self, version: Version, card: ServingCard, files: Mapping[str, str]) -> Backend:
        """Where a version is served; its files are artifacts by their digest, else the bundled model's."""
        runtime, _, model = version.reference.partition(":")
        bundled = self.bundled.get(version.reference)
        weights = self._file(files, version.base_digest) or (bundled.weights if bundled else None)
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


def _arm(stored: StoredArm) -> Arm:
    return Arm(stored.version, stored.weight, stored.configuration, stored.key)


def _cards(versions: Sequence[Version]) -> tuple[dict[str, ServingCard], dict[str, str]]:
    """How each version is served; and of those whose card does not say it, what is wrong. One must not stop all."""
    cards, malformed = dict[str, ServingCard](), dict[str, str]()
    for version in versions:
        try:
            cards[version.id] = serving_card(version.card)
        except InvalidInput as error:
            malformed[version.id] = error.message
    return cards, malformed
