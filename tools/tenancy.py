"""Tenants with isolation and quotas, and the API keys of their principals.

API keys are issued and shown once, kept as hashes, and resolved to the caller by `find_caller`.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import InvalidInput, NotAllowed
from memory.ledger import Ledger, Unit
from memory.ledger.tenants import ApiKey, Isolation, Principal, Tenant
from tools.calling.approval import MAY_DECIDE
from tools.calling.context import LOCAL_ENGINEER, SCOPES
from tools.spec import ApprovalRule, ToolContext, ToolSpec, View, tool

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
    title: Annotated[str, Field(max_length=200, description="its name for people")] = "",
    isolation: Annotated[Isolation, Field(description="on whose runtimes its requests are answered")] = "shared",
    quotas: Annotated[dict[str, float] | None, Field(description="by name; what is not named is not limited")] = None,
) -> TenantView:
    """Register a tenant with its isolation level (shared, dedicated or hybrid runtimes) and quotas."""
    tenant = Tenant(name, title or name, isolation, _checked(quotas or {}), "active", context.now)
    context.unit.tenants.add(tenant)
    return TenantView.of(tenant)


def manage_tenant_resources(
    context: ToolContext,
    tenant: TenantName,
    quotas: Annotated[dict[str, float | None] | None, Field(description="by name; null lifts one")] = None,
    isolation: Annotated[Isolation | None, Field(description="on whose runtimes its requests are answered")] = None,
    state: Annotated[Literal["active", "suspended"] | None, Field(description="suspended: nobody acts for it")] = None,
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


KEY_PREFIX = "chk_"
"""What every API key begins with."""
_NOBODYS = frozenset({LOCAL_ENGINEER.principal, "hub"})
"""Who acts without a key: the person at the hub's machine, and the hub itself."""
_OVER_OTHERS = frozenset({MAY_DECIDE, "keys:admin", "tenants:admin"})
"""Rights by which one could agree to one's own requests under another name."""
Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,99}$", description="letters, digits and . _ @ -")]
OwnTenant = Annotated[str, Field(min_length=1, max_length=64, description="the caller's own where left out")]


class ApiKeyView(View):
    """What is kept of a key."""

    id: str
    principal: str
    scopes: list[str]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked: bool


class NewApiKey(BaseModel):
    """A key that was just made. `key` is shown this once and not kept; `id` is no secret."""

    key: str
    id: str
    tenant: str
    view: ApiKeyView


class ApiKeyList(BaseModel):
    """Keys, oldest first."""

    keys: list[ApiKeyView]


def find_caller(ledger: Ledger, key: str, now: datetime) -> ToolContext:
    """Who calls with this key, with the rights that both the key and its principal have.

    Raises:
        NotAllowed: there is no such key, it is revoked or expired, or its principal or tenant is not active. All are
            told alike, so that nothing is learnt from the difference.
    """
    refusal = NotAllowed("The API key is not valid.", "Ask an administrator for a new one.")
    found = ledger.find_key(_hash(key))
    if found is None:
        raise refusal
    tenant, kept = found
    with ledger.view(tenant) as unit:
        principal = unit.principals.find(kept.principal)
        active = unit.tenants.get(tenant).state == "active"
    alive = kept.revoked_at is None and (kept.expires_at is None or kept.expires_at > now)
    if principal is None or not (principal.active and active and alive):
        raise refusal
    return ToolContext(principal.id, tenant, frozenset(kept.scopes) & frozenset(principal.scopes))


def api_key_issue(
    context: ToolContext,
    principal: Name,
    scopes: Annotated[list[str], Field(min_length=1, description="rights such as roster:read, or * for the caller's")],
    kind: Annotated[Literal["person", "service", "device"], Field(description="of the principal")] = "person",
    tenant: OwnTenant | None = None,
    days: Annotated[float | None, Field(gt=0, le=3650, description="valid for; without end where left out")] = None,
) -> NewApiKey:
    """Make an API key for a principal, who is registered where they are new. The key is shown this once."""
    unit, wanted, former = _checked_issue(context, principal, scopes, tenant)
    held = wanted | frozenset(former.scopes if former else ())
    created_at = former.created_at if former else context.now
    unit.principals.save(Principal(principal, kind, sorted(held), True, created_at))
    key_id = secrets.token_hex(4)
    key = f"{KEY_PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
    kept = ApiKey(
        id=key_id,
        principal=principal,
        hash=_hash(key),
        scopes=sorted(wanted),
        created_at=context.now,
        expires_at=context.now + timedelta(days=days) if days else None,
        revoked_at=None,
    )
    unit.keys.save(kept)
    return NewApiKey(key=key, id=key_id, tenant=unit.tenant, view=ApiKeyView.of(kept))


def _checked_issue(
    context: ToolContext, principal: str, scopes: Sequence[str], tenant: str | None
) -> tuple[Unit, frozenset[str], Principal | None]:
    """Where the key is made, its scopes, and the principal where there is one already. Raises as `api_key_issue`."""
    unit = _unit_of(context, tenant)
    wanted = context.scopes if list(scopes) == ["*"] else frozenset(scopes)
    if unknown := sorted(wanted - SCOPES):
        raise InvalidInput(f"There is no scope {', '.join(unknown)}.", f"There are: {', '.join(sorted(SCOPES))}.")
    if beyond := sorted(wanted - context.scopes):
        raise NotAllowed(f"{context.principal} cannot give away {', '.join(beyond)}.", "Give only what you have.")
    if principal in _NOBODYS:
        raise NotAllowed(f"Nobody gets a key for {principal!r}: it is who acts without one.", "Choose another name.")
    if principal == context.principal and unit.tenant == context.tenant:
        raise NotAllowed("Nobody makes keys for themselves.", "Ask another administrator.")
    former = unit.principals.find(principal)
    if former is not None and not former.active:
        raise NotAllowed(f"The principal {principal!r} is not active.", "Choose another name.")
    return unit, wanted, former


class KeyPlan(BaseModel):
    """What a key would be.

    Attributes:
        exists: the principal is somebody already: whoever holds the key acts in their name.
        adds: rights that the principal has not had.
    """

    principal: str
    tenant: str
    exists: bool
    scopes: list[str]
    adds: list[str]


def _planned_issue(
    context: ToolContext, principal: str, scopes: Sequence[str], tenant: str | None, **rest: object
) -> KeyPlan:
    unit, wanted, former = _checked_issue(context, principal, scopes, tenant)
    adds = wanted - frozenset(former.scopes if former else ())
    return KeyPlan(
        principal=principal,
        tenant=unit.tenant,
        exists=former is not None,
        scopes=sorted(wanted),
        adds=sorted(adds),
    )


def _needs_nobody(
    context: ToolContext, principal: str, scopes: Sequence[str], tenant: str | None, **rest: object
) -> bool:
    """Whether one person may make the key alone: for somebody new, who could not agree to that person's requests.

    The first who could is made by one person, since nobody else is there to agree.
    """
    _, wanted, former = _checked_issue(context, principal, scopes, tenant)
    if former is not None:
        return False
    return not (wanted & _OVER_OTHERS) or not _somebody_else_decides(context)


def _somebody_else_decides(context: ToolContext) -> bool:
    """Whether another principal of the caller's tenant holds a key by which they may decide."""
    alive = (
        key
        for key in context.unit.keys.all()
        if MAY_DECIDE in key.scopes
        and key.principal != context.principal
        and key.revoked_at is None
        and (key.expires_at is None or key.expires_at > context.now)
    )
    found = (context.unit.principals.find(key.principal) for key in alive)
    return any(one is not None and one.active and MAY_DECIDE in one.scopes for one in found)


def api_keys_list(context: ToolContext, tenant: OwnTenant | None = None) -> ApiKeyList:
    """List the API keys: whose they are, what they may do and until when; never the keys themselves."""
    return ApiKeyList(keys=[ApiKeyView.of(key) for key in _unit_of(context, tenant).keys.all()])


def api_key_revoke(
    context: ToolContext,
    key: Annotated[str, Field(min_length=1, max_length=32, description="id of the key, which stands in it")],
    tenant: OwnTenant | None = None,
) -> ApiKeyView:
    """Revoke an API key at once and for ever."""
    unit = _unit_of(context, tenant)
    kept = unit.keys.get(key)
    if kept.revoked_at is None:
        kept = replace(kept, revoked_at=context.now)
        unit.keys.save(kept)
    return ApiKeyView.of(kept)


def _unit_of(context: ToolContext, tenant: str | None) -> Unit:
    """The caller's unit, or another tenant's for those who administer the whole hub."""
    if tenant is None or tenant == context.tenant:
        return context.unit
    if "tenants:admin" not in context.scopes:
        raise NotAllowed(
            f"{context.principal} may not administer the tenant {tenant!r}.", "Ask the hub's administrator."
        )
    context.unit.tenants.get(tenant)
    return context.unit.within(tenant)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def key_tools() -> list[ToolSpec]:
    """The operations on API keys."""
    scopes = {"keys:admin"}
    return [
        tool(
            api_key_issue,
            scopes=scopes,
            effect="write",
            shown_once=True,
            approval=ApprovalRule(unless=_needs_nobody, plan=_planned_issue),
        ),
        tool(api_keys_list, scopes=scopes, ledger=True),
        tool(api_key_revoke, scopes=scopes, effect="destructive", idempotent=True),
    ]
