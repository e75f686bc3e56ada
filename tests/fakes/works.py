"""A ledger with a clock of the test's own, and tools bound to it."""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from edge.kernel.errors import ApprovalNeeded, GateRefused
from memory.ledger import Ledger, open_ledger
from memory.ledger.audit import AuditEntry
from memory.ledger.governance import GateResult
from memory.ledger.tenants import Tenant
from memory.ledger.versions import Version
from tools.calling.context import LOCAL_ENGINEER, ToolContext, ToolRuntime
from tools.spec import ToolSpec, bind

__all__ = ["ANN", "BOB", "START", "Works", "open_works", "require_passed_gate"]

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ANN = replace(LOCAL_ENGINEER, principal="ann")
BOB = replace(LOCAL_ENGINEER, principal="bob")


@dataclass
class Works:
    """The clock stands until it is told to go on."""

    ledger: Ledger
    tools: dict[str, ToolSpec] = field(default_factory=dict[str, ToolSpec])
    now: datetime = START

    @property
    def runtime(self) -> ToolRuntime:
        return ToolRuntime(self.ledger, lambda: self.now)

    def add(self, specs: Iterable[ToolSpec]) -> None:
        self.tools.update({spec.name: spec for spec in bind(specs, self.runtime)})

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)

    async def call(self, caller: ToolContext, name: str, /, **arguments: Any) -> BaseModel:
        return await self.tools[name].call(caller, arguments)

    async def agree(self, caller: ToolContext, approver: ToolContext, name: str, /, **arguments: Any) -> BaseModel:
        """Ask for an approval, get it from `approver`, and do it."""
        try:
            return await self.call(caller, name, **arguments)
        except ApprovalNeeded as needed:
            await self.call(approver, "approval_approve", approval=needed.approval_id)
        return await self.call(caller, name, **arguments)

    def audit(self, tenant: str = "default") -> list[AuditEntry]:
        """Oldest first; the chain is whole."""
        with self.ledger.view(tenant) as unit:
            assert unit.audit.verify().bad_sequence is None
            return unit.audit.entries(limit=1000)[::-1]

    def outcomes(self, tenant: str = "default") -> list[tuple[str, str, str]]:
        return [(entry.principal, entry.tool, entry.outcome) for entry in self.audit(tenant)]

    def judge(self, version: str, verdict: str, *reasons: str) -> None:
        """Record a gate's verdict."""
        self.wait(seconds=1)
        result = GateResult(f"g{self.now.isoformat()}", "release", version, verdict, list(reasons), {}, self.now)
        with self.ledger.unit("default") as unit:
            unit.gates.add(result)

    def register_tenant(self, name: str, quotas: Mapping[str, float] | None = None) -> None:
        with self.ledger.unit("default") as unit:
            unit.tenants.add(Tenant(name, name, "shared", quotas or {}, "active", self.now))


@cache
def _empty_ledger() -> bytes:
    """The file of a ledger with nothing in it, made once: its migrations take longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.sqlite"
        open_ledger(file).close()
        return file.read_bytes()


def open_works(folder: Path) -> Works:
    file = folder / "ledger.sqlite"
    if not file.exists():
        file.write_bytes(_empty_ledger())
    return Works(open_ledger(file))


def require_passed_gate(context: ToolContext, version: Version) -> None:
    """The gatekeeper that goes by the newest verdict on the version.

    Raises:
        GateRefused: no gate judged it yet, or the newest verdict is not "pass".
    """
    newest = context.unit.gates.of(version.id, limit=1)
    if not newest:
        raise GateRefused(f"No gate has judged {version.id} yet.", "Evaluate it and run the gate first.")
    if newest[0].verdict != "pass":
        reasons = [str(reason) for reason in newest[0].reasons]
        raise GateRefused(
            f"The gate {newest[0].gate} says {newest[0].verdict} of {version.id}: {'; '.join(reasons)}.",
            "Mend what it names, then run the gate again.",
            reasons,
        )
