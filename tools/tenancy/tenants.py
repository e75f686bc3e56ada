"""Tenants: who the hub is shared among, how far apart they are kept, and what each may use."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import InvalidInput
from memory.ledger.tenants import Isolation, Tenant
from tools.spec import ToolContext, ToolSpec, View, tool

__all__ = ["QUOTAS", "TenantList", "TenantUse", "TenantView", "tenant_tools"]

QUOTAS = frozenset({"requests_per_minute", "tokens_per_minute", "tokens_per_day", "concurrent_requests"})
"""What can be limited; a quota that a tenant does not have is not limited."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
TenantName = Annotated[str, Field(min_length=1, max_length=64, description="such as acme")]
NewName = Annotated[str, Field(pattern=f"^{_NAME.pattern}$", description="lower-case letters, digits and hyphens")]


class TenantView(View):
    """One tenant. A quota that is not in `quotas` is not limited."""

    id: str
    title: str
    isolation: Isolation
    quotas: dict[str, float]
    state: Literal["active", "suspended"]
    created_at: AwareDatetime


class TenantList(BaseModel):
    """All tenants of the hub, by name."""

    tenants: list[TenantView]


class TenantUse(BaseModel):
    """The caller's tenant, and what it used within the last 24 hours."""

    tenant: TenantView
    requests: int
    errors: int
    tokens_in: int
    tokens_out: int
    cost_usd: float


def register_tenant(
    context: ToolContext,
    name: NewName,
    title: Annotated[str, Field(max_length=200)] = "",
    isolation: Isolation = "shared",
    quotas: dict[str, float] | None = None,
) -> TenantView:
    """Register a tenant with its isolation level (shared, dedicated or hybrid runtimes) and quotas."""
    tenant = Tenant(name, title or name, isolation, _checked(quotas or {}), "active", context.now)
    context.unit.tenants.add(tenant)
    return TenantView.of(tenant)


def manage_tenant_resources(
    context: ToolContext,
    tenant: TenantName,
    quotas: Annotated[dict[str, float | None] | None, Field(description="by name; null lifts one")] = None,
    isolation: Isolation | None = None,
    state: Literal["active", "suspended"] | None = None,
) -> TenantView:
    """Change what a tenant may use, how far apart it is kept, or whether it may act at all."""
    former = context.unit.tenants.get(tenant)
    if quotas is None and isolation is None and state is None:
        raise InvalidInput("Nothing is to be changed.", "Give quotas, isolation or state.")
    if state == "suspended" and tenant == context.tenant:
        raise InvalidInput("A tenant cannot suspend itself.", "Name another tenant.")
    given = quotas or {}
    lifted = {name for name, value in given.items() if value is None}
    limits = _checked({name: value for name, value in given.items() if value is not None})
    _checked(dict.fromkeys(lifted, 1.0))
    kept = {name: value for name, value in former.quotas.items() if name not in lifted}
    changed = replace(
        former, quotas={**kept, **limits}, isolation=isolation or former.isolation, state=state or former.state
    )
    context.unit.tenants.save(changed)
    return TenantView.of(changed)


def tenants_list(context: ToolContext) -> TenantList:
    """List all tenants of the hub with their isolation, quotas and state."""
    return TenantList(tenants=[TenantView.of(tenant) for tenant in context.unit.tenants.all()])


def tenant_usage(context: ToolContext) -> TenantUse:
    """Show the caller's own tenant: its quotas, and what it used within the last 24 hours."""
    used = context.unit.usage.total(since=context.now - timedelta(hours=24))
    return TenantUse(
        tenant=TenantView.of(context.unit.tenants.get(context.tenant)),
        requests=int(used["requests"]),
        errors=int(used["errors"]),
        tokens_in=int(used["tokens_in"]),
        tokens_out=int(used["tokens_out"]),
        cost_usd=used["cost"],
    )


def _checked(quotas: dict[str, float]) -> dict[str, float]:
    if unknown := sorted(set(quotas) - QUOTAS):
        raise InvalidInput(f"There is no quota {', '.join(unknown)}.", f"There are: {', '.join(sorted(QUOTAS))}.")
    if wrong := sorted(name for name, value in quotas.items() if not 0 <= value < float("inf")):
        raise InvalidInput(f"The quota {', '.join(wrong)} is not a number of 0 and more.", "Give null to lift a quota.")
    return quotas


def tenant_tools() -> list[ToolSpec]:
    """The operations on tenants."""
    administers = {"tenants:admin"}
    return [
        tool(register_tenant, scopes=administers, effect="write"),
        tool(manage_tenant_resources, scopes=administers, effect="write", idempotent=True),
        tool(tenants_list, scopes=administers, ledger=True),
        tool(tenant_usage, scopes={"roster:read"}, ledger=True),
    ]
