"""What the gateway must be told, and whom it tells: ports, and the values that pass through them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from tools.runtimes.port import Endpoint, Json, ServedVersion

__all__ = ["Arm", "Backend", "Deployments", "Limits", "Offer", "Price", "TenantLimits", "Traffic", "UsageSink", "Use"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One version's part of a target's traffic.

    Attributes:
        weight: >= 0; only its ratio to the other arms' weights counts. A shadow's is percent of all requests.
        configuration: goes with the arm: `system` is the system prompt, anything else an option of OpenAI's API that
            requests may leave out.
        key: names the version in its configuration, for routing and usage; the version's id where it is empty.
    """

    version: str
    weight: float
    configuration: Json = field(default_factory=dict[str, Any])
    key: str = ""

    @property
    def label(self) -> str:
        return self.key or self.version


@dataclass(frozen=True, slots=True)
class Traffic:
    """How the requests for one name are split now.

    Attributes:
        target: whose usage this is: a target, an alias, or the version itself.
        fallbacks: versions to try when all arms failed, in order.
        shadow: gets copies of requests; its answers are thrown away.
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


@dataclass(frozen=True, slots=True)
class Use:
    """One try of one version, as it is billed and judged.

    Attributes:
        id: unique.
        version: the arm's label: two configurations of one version are counted apart.
        latency_s: from the try's begin to its end.
        first_token_s: from the try's begin to the first text; None where none came or the answer was not streamed.
        estimated: the runtime did not count; `completion_tokens` counts pieces of the stream, `prompt_tokens` is 0.
        outcome: "done", "cancelled" (the client left), or the code of what went wrong in `server/outcomes.py`.
        failed: it speaks against the version: neither the client nor the request was the cause.
        attempt: 1 for the version that routing chose, more for those that stood in.
        shadow: the answer was thrown away.
    """

    id: str
    tenant: str
    principal: str
    target: str
    version: str
    runtime: str
    endpoint: Endpoint
    started_at: datetime
    latency_s: float
    first_token_s: float | None
    prompt_tokens: int
    completion_tokens: int
    estimated: bool
    cost_usd: float
    outcome: str
    failed: bool
    streamed: bool
    attempt: int
    shadow: bool


class UsageSink(Protocol):
    """Where usage is kept."""

    async def write(self, uses: Sequence[Use]) -> None:
        """Keep these, all of one tenant, durably; what was kept before, by its id, is left out.

        Raises:
            StorageFailed, Unavailable: try again with the same.
        """
        ...

    async def tokens_since(self, tenant: str, since: datetime) -> int:
        """Tokens, prompt and completion, that the tenant has used since then, without those of shadows."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What a tenant may use; None is without limit."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    tokens_per_day: int | None = None
    concurrent_requests: int | None = None


class TenantLimits(Protocol):
    """The tenants' limits. Asked at every request, so adapters hold what they know in memory for a while."""

    async def limits(self, tenant: str) -> Limits:
        """Raises NotAllowed: nobody may act for this tenant now."""
        ...
