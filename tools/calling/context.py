"""Call context of a tool: principal, tenant and scopes; the open transaction; ledger and clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from edge.kernel.errors import NotAllowed
from memory.ledger import Ledger, Unit
from memory.ledger.audit import AuditOutcome

SCOPES = frozenset(
    """
    documents:read documents:write evaluations:read evaluations:write licences:read
    roster:read roster:write artifacts:write
    policies:read policies:write gates:read gates:write
    rollouts:read rollouts:write
    approvals:read approvals:decide
    audit:read
    factories:read factories:write
    fleet:read fleet:write
    edge:enrol edge:sync
    alerts:read alerts:write
    models:use chat:use
    keys:admin tenants:admin
    """.split()
)
"""Every right there is. `tenants:admin` is over the whole hub, all others are within one tenant."""


@dataclass(frozen=True, slots=True)
class OpenCall:
    """What a running tool works in: an open transaction, the moment of the call, what was prepared for it.

    Attributes:
        tools: names of all tools that are bound to the same runtime.
    """

    unit: Unit
    now: datetime
    prepared: Any = None
    tools: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SaidIn:
    """Where in a conversation a call was asked for."""

    thread: str
    message: str


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Who calls, for which tenant, with which rights.

    Attributes:
        idempotency_key: of the caller's making; a repeat of the same call with it gives the first result.
        approval_id: the approval under which the call is made; None looks for one of exactly this call.
        said_in: the message that asks for the call; None where it was not asked for in a conversation.
        opened: set while a tool runs.
    """

    principal: str
    tenant: str
    scopes: frozenset[str]
    idempotency_key: str | None = None
    approval_id: str | None = None
    said_in: SaidIn | None = field(default=None, compare=False)
    opened: OpenCall | None = field(default=None, compare=False, repr=False)

    @property
    def unit(self) -> Unit:
        """The open transaction. Raises RuntimeError: the tool neither writes nor was made with `ledger=True`."""
        return self._open.unit

    @property
    def now(self) -> datetime:
        """The moment of the call. Raises as `unit`."""
        return self._open.now

    @property
    def prepared(self) -> Any:
        """What the tool's `prepare` gave; None where it has none. Raises as `unit`."""
        return self._open.prepared

    @property
    def tools(self) -> frozenset[str]:
        """Names of the tools there are beside the one that runs. Raises as `unit`."""
        return self._open.tools

    @property
    def _open(self) -> OpenCall:
        if self.opened is None:
            raise RuntimeError("this tool has no transaction: make it with effect='write' or ledger=True")
        return self.opened


def require_scope(context: ToolContext, scope: str, doing: str) -> None:
    """For what is no tool: raises NotAllowed where the caller lacks the scope; `doing` completes "may not ..."."""
    if scope not in context.scopes:
        raise NotAllowed(f"{context.principal} may not {doing}.", f"Ask an administrator for the scope {scope}.")


LOCAL_ENGINEER = ToolContext("local", "default", SCOPES)
"""The person at a hub that only this machine can reach: may ask for anything, and not approve what it asked for."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ToolRuntime:
    """The ledger with its clock: where the calls of tools are done, and recorded in the audit log.

    Attributes:
        tools: names of the tools that are bound to it.
    """

    ledger: Ledger
    clock: Callable[[], datetime] = _utc_now
    tools: frozenset[str] = frozenset()

    def note(
        self, context: ToolContext, tool: str, effect: str, arguments_digest: str, outcome: AuditOutcome, detail: str
    ) -> None:
        """Append an audit entry of a call that changed nothing, in a transaction of its own."""
        with self.ledger.unit(context.tenant) as unit:
            unit.audit.append(
                at=self.clock(),
                principal=context.principal,
                tool=tool,
                effect=effect,
                arguments_digest=arguments_digest,
                outcome=outcome,
                detail=detail,
            )
