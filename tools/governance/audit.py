"""The audit log as tools: list its entries, verify its hash chain."""

import re
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import InvalidInput
from memory.ledger.audit import AuditOutcome, Head
from tools.spec import ToolContext, ToolSpec, View, tool

_HEAD = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


class AuditRow(View):
    """One entry; `arguments_digest` is SHA-256 of the canonical arguments."""

    sequence: int
    at: AwareDatetime
    principal: str
    tool: str
    effect: str
    arguments_digest: str
    outcome: AuditOutcome
    detail: str


class AuditList(BaseModel):
    """Entries, newest first."""

    entries: list[AuditRow]


class AuditFinding(View):
    """What a verification found.

    Attributes:
        checked: entries that are right, from the first on.
        head: `COUNT:HASH` of the end; note it elsewhere, and give it to the next verification.
        bad_sequence: number of the first entry that is altered, missing or out of order.
        why: in one sentence; empty where the log is whole.
    """

    tenant: str
    whole: bool
    checked: int
    head: str
    bad_sequence: int | None
    why: str


def audit_list(
    context: ToolContext,
    limit: Annotated[int, Field(ge=1, le=500, description="most entries in the answer")] = 50,
    before: Annotated[int | None, Field(ge=1, description="only entries before this number")] = None,
) -> AuditList:
    """List who called what, when and how it ended, newest first: changes, and everything that was refused."""
    entries = context.unit.audit.entries(limit, before)
    return AuditList(entries=[AuditRow.of(entry) for entry in entries])


def audit_verify(
    context: ToolContext,
    noted: Annotated[str | None, Field(description="COUNT:HASH, a head that was noted earlier")] = None,
) -> AuditFinding:
    """Prove that no entry of the audit log was altered, removed or moved since it was written."""
    head = None
    if noted is not None:
        match = _HEAD.fullmatch(noted)
        if match is None:
            raise InvalidInput(
                f"{noted!r} is not the head of an audit log.", "Give COUNT:HASH as audit_verify shows it."
            )
        head = Head(int(match[1]), match[2])
    found = context.unit.audit.verify(head)
    whole = found.bad_sequence is None
    return AuditFinding.of(found, tenant=context.tenant, whole=whole, head=str(found.head))


def audit_tools() -> list[ToolSpec]:
    """The operations on the audit log."""
    reads = {"audit:read"}
    return [
        tool(audit_list, scopes=reads, ledger=True),
        tool(audit_verify, scopes=reads, ledger=True, timeout_s=600.0),
    ]
