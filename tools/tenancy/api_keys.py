"""API keys: issued and shown once, kept as hashes, resolved to the caller."""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import InvalidInput, NotAllowed
from memory.ledger import Ledger, Unit
from memory.ledger.tenants import ApiKey, Principal
from tools.calling.context import SCOPES
from tools.spec import ToolContext, ToolSpec, View, tool

__all__ = ["KEY_PREFIX", "ApiKeyList", "NewApiKey", "find_caller", "key_tools"]

KEY_PREFIX = "chk_"
"""What every API key begins with."""
Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,99}$", description="letters, digits and . _ @ -")]
TenantName = Annotated[str, Field(min_length=1, max_length=64, description="the caller's own where left out")]


class ApiKeyView(View):
    """What is kept of a key."""

    id: str
    principal: str
    scopes: list[str]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    revoked: bool


class NewApiKey(BaseModel):
    """A key that was just made. `key` is shown this once and not kept."""

    key: str
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
    kind: Literal["person", "service", "device"] = "person",
    tenant: TenantName | None = None,
    days: Annotated[float | None, Field(gt=0, le=3650, description="valid for; without end where left out")] = None,
) -> NewApiKey:
    """Make an API key for a principal, who is registered where they are new. The key is shown this once."""
    unit = _unit_of(context, tenant)
    wanted = context.scopes if scopes == ["*"] else frozenset(scopes)
    if unknown := sorted(wanted - SCOPES):
        raise InvalidInput(f"There is no scope {', '.join(unknown)}.", f"There are: {', '.join(sorted(SCOPES))}.")
    if beyond := sorted(wanted - context.scopes):
        raise NotAllowed(f"{context.principal} cannot give away {', '.join(beyond)}.", "Give only what you have.")
    if principal == context.principal and unit.tenant == context.tenant:
        raise NotAllowed("Nobody makes keys for themselves.", "Ask another administrator.")
    former = unit.principals.find(principal)
    if former is not None and not former.active:
        raise NotAllowed(f"The principal {principal!r} is not active.", "Choose another name.")
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
    return NewApiKey(key=key, tenant=unit.tenant, view=ApiKeyView.of(kept))


def api_keys_list(context: ToolContext, tenant: TenantName | None = None) -> ApiKeyList:
    """List the API keys: whose they are, what they may do and until when; never the keys themselves."""
    return ApiKeyList(keys=[ApiKeyView.of(key) for key in _unit_of(context, tenant).keys.all()])


def api_key_revoke(
    context: ToolContext,
    key: Annotated[str, Field(min_length=1, max_length=32, description="id of the key, which stands in it")],
    tenant: TenantName | None = None,
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
        tool(api_key_issue, scopes=scopes, effect="write", shown_once=True),
        tool(api_keys_list, scopes=scopes, ledger=True),
        tool(api_key_revoke, scopes=scopes, effect="destructive", idempotent=True),
    ]
