"""Routing: which version answers a caller, by weighted rendezvous hashing, and what a tenant can ask for (a port).

Each version draws a number from the target's name, its own name and the caller's key, and the best draw for its weight
wins. So a caller keeps its version while the weights stand; shares are as the weights, for any number of versions; and
raising one version's weight moves callers to it and from it to nobody.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any, Literal, Protocol

from tools.rollouts.targets import Arm
from tools.serving.runtime import ServedVersion


@dataclass(frozen=True, slots=True)
class Traffic:
    """How the requests for one name are split now.

    Attributes:
        target: whose usage this is: a target, an alias, or the version itself.
        arms: only the ratio of their weights counts; `system` of a configuration is the system prompt, anything else an
            option of OpenAI's API that requests may leave out.
        fallbacks: versions to try when all arms failed, in order.
        shadow: gets copies of `weight` percent of the requests; its answers are thrown away.
    """

    target: str
    arms: tuple[Arm, ...]
    fallbacks: tuple[str, ...] = ()
    shadow: Arm | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens."""

    prompt: float = 0.0
    completion: float = 0.0


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a version is served: `runtime` is the name of one of the hub's runtimes."""

    version: ServedVersion
    runtime: str
    price: Price = field(default_factory=Price)


@dataclass(frozen=True, slots=True)
class Offer:
    """A name that requests may ask for."""

    name: str
    kind: Literal["target", "alias", "version", "runtime"]
    created_at: datetime | None = None


class Deployments(Protocol):
    """What a tenant can ask for. Asked at every request, so adapters hold what they know in memory for a while."""

    async def traffic(self, tenant: str, model: str) -> Traffic:
        """The traffic of a target, an alias, a version or a runtime's model, looked up in this order.

        Raises:
            NotFound: the tenant has nothing of this name; carries the nearest.
        """
        ...

    async def backend(self, tenant: str, version: str) -> Backend:
        """Where a version is served. Raises NotFound: the tenant has no such version."""
        ...

    async def offers(self, tenant: str) -> Sequence[Offer]:
        """Everything that the tenant may ask for."""
        ...

    async def arms(self) -> Sequence[tuple[str, str, Arm]]:
        """(tenant, target, arm) of everything that is to serve, arms of weight 0 and shadows included."""
        ...


def configured(backend: Backend, configuration: Mapping[str, Any]) -> Backend:
    """The backend with an arm's configuration over its version's own."""
    if not configuration:
        return backend
    options = {name: value for name, value in configuration.items() if name != "system"}
    version = replace(
        backend.version,
        system=str(configuration.get("system", backend.version.system)),
        defaults={**backend.version.defaults, **options},
    )
    return replace(backend, version=version)


def chosen_arm(target: str, arms: Sequence[Arm], key: str) -> Arm | None:
    """The arm of this caller; None where every weight is 0.

    The draw is that of Thaler and Ravishankar's rendezvous hashing (1998), weighted as an exponential race:
    the least of -ln(u) / weight, u uniform in (0, 1).
    """
    open_arms = [arm for arm in arms if arm.weight > 0]
    if len(open_arms) < 2:
        return open_arms[0] if open_arms else None
    return min(open_arms, key=lambda arm: (-math.log(share_of(target, arm.key, key)) / arm.weight, arm.key))


def attempt_order(traffic: Traffic, key: str) -> list[Arm]:
    """The chosen arm, then those that stand in for it: the other open arms, greatest weight first, then fallbacks.

    An arm of weight 0 is never tried: it is being prepared, or has been found bad.
    """
    first = chosen_arm(traffic.target, traffic.arms, key)
    others = sorted(traffic.arms, key=lambda arm: (-arm.weight, arm.key))
    order = [first] if first else []
    order += [arm for arm in others if arm.weight > 0 and arm is not first]
    closed = {arm.version for arm in traffic.arms}
    return order + [
        Arm(version=version, weight=0) for version in dict.fromkeys(traffic.fallbacks) if version not in closed
    ]


def share_of(*parts: str) -> float:
    """A number in (0, 1), always the same for the same strings and evenly spread over different ones."""
    digest = blake2b("\x00".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return ((int.from_bytes(digest, "big") >> 11) + 0.5) / 2.0**53
