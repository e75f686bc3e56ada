"""One call of a tool that changes something: approval, change, idempotency and audit entry in one transaction."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from edge.kernel.canonical import digest_of
from edge.kernel.errors import ApprovalNeeded, CallerError, ChargehandError, Conflict, NotAllowed, NotFound, OutOfTime
from memory.ledger import Unit
from memory.ledger.audit import AuditOutcome, Call
from tools.calling.approval import consume, find_or_request
from tools.calling.audit_detail import done_in_words
from tools.calling.context import OpenCall, ToolContext, ToolRuntime

if TYPE_CHECKING:
    from tools.spec import ToolSpec


@dataclass(frozen=True, kw_only=True)
class WriteCall:
    """A call whose caller is authorised and whose arguments are checked.

    Attributes:
        checked: the validated arguments; `values` are what the tool's function is called with, `arguments` the JSON.
        commit: whoever takes this lock first decides: the transaction that is about to end, or the caller who gave up
            waiting. So a call that was reported as out of time has changed nothing.
    """

    spec: "ToolSpec"
    runtime: ToolRuntime
    context: ToolContext
    checked: BaseModel
    values: Mapping[str, Any]
    arguments: Mapping[str, Any]
    commit: threading.Lock

    def perform(self) -> BaseModel:
        """Do it, with its audit entry; what is refused or fails has changed nothing, and gets an audit entry, too.

        Raises:
            ApprovalNeeded: it waits for an approval, which was asked for if it was not yet.
            Conflict: the idempotency key was used for another call.
            ChargehandError: as the tool's function.
        """
        try:
            done = self._perform()
        except ChargehandError as error:
            self._note("refused" if isinstance(error, CallerError) else "failed", str(error))
            raise
        except Exception as error:
            self._note("failed", f"{type(error).__name__}: {error}")
            raise
        if isinstance(done, ApprovalNeeded):
            raise done
        return done

    def _perform(self) -> BaseModel | ApprovalNeeded:
        prepared = None
        if self.spec.prepare is not None:
            with self.runtime.ledger.view(self.context.tenant) as unit:
                _require_active(unit)
                former = self._former_result(unit)
            if former is not None:
                return former
            prepared = self.spec.prepare(self.context, **self.values)
        if self.spec.grouped:
            return self.runtime.ledger.grouped(self.context.tenant, partial(self._perform_in, prepared))
        with self.runtime.ledger.unit(self.context.tenant) as unit:
            return self._perform_in(prepared, unit)

    def _perform_in(self, prepared: Any, unit: Unit) -> BaseModel | ApprovalNeeded:
        _require_active(unit)
        former = self._former_result(unit)
        if former is not None:
            return former
        context = replace(self.context, opened=OpenCall(unit, self.runtime.clock(), prepared, self.runtime.tools))
        needed = self._check_approval(context)
        if needed is None:
            result = self.spec.run(context, **self.values)
            self._remember(context, result)
            self._append(context, "done", "" if self.spec.personal else done_in_words(self.arguments, result))
        else:
            result = needed
            self._append(context, "waiting", needed.approval_id)
        if not self.commit.acquire(blocking=False):
            raise OutOfTime(f"{self.spec.name} took too long; nothing was changed.", "Try again.")
        return result

    def _former_result(self, unit: Unit) -> BaseModel | None:
        if self.context.idempotency_key is None:
            return None
        former = unit.calls.find(self.context.principal, self.context.idempotency_key)
        if former is None:
            return None
        if former.digest != self._call_digest:
            raise Conflict(
                f"The idempotency key {self.context.idempotency_key!r} was used for another call.",
                "Use a new key for each call.",
            )
        if self.spec.shown_once:
            raise Conflict(f"{self.spec.name} was done already, and shows its result only once.", "Use a new key.")
        return self.spec.result.model_validate(former.result)

    def _check_approval(self, context: ToolContext) -> ApprovalNeeded | None:
        rule, name = self.spec.approval, self.spec.name
        if rule is None or not rule.asks(self.checked):
            return None
        if rule.is_free(context, self.values) or rule.is_done(context, self.values):
            return None
        approval = find_or_request(context, name, rule, self.values, self.arguments)
        if approval.state == "approved":
            consume(context.unit, approval, context.now)
            return None
        return ApprovalNeeded(
            f"{name} waits for an approval: {approval.id}, until {approval.expires_at:%Y-%m-%d %H:%M} UTC.",
            f"Somebody else approves it with `chargehand approvals approve {approval.id}`; then call again."
            if approval.four_eyes
            else f"Approve it with `chargehand approvals approve {approval.id}`; then call again.",
            approval_id=approval.id,
        )

    def _remember(self, context: ToolContext, result: BaseModel) -> None:
        if context.idempotency_key is not None:
            shown = {} if self.spec.shown_once else result.model_dump(mode="json")
            call = Call(context.principal, context.idempotency_key, self._call_digest, shown, context.now)
            context.unit.calls.add(call)

    def _append(self, context: ToolContext, outcome: AuditOutcome, detail: str) -> None:
        context.unit.audit.append(
            at=context.now,
            principal=context.principal,
            tool=self.spec.name,
            effect=self.spec.effect,
            arguments_digest=digest_of(self.arguments),
            outcome=outcome,
            detail=detail,
        )

    def _note(self, outcome: AuditOutcome, detail: str) -> None:
        self.runtime.note(self.context, self.spec.name, self.spec.effect, digest_of(self.arguments), outcome, detail)

    @property
    def _call_digest(self) -> str:
        return digest_of({"tool": self.spec.name, "arguments": self.arguments})


def _require_active(unit: Unit) -> None:
    try:
        tenant = unit.tenants.get(unit.tenant)
    except NotFound as error:
        raise NotAllowed(f"There is no tenant {unit.tenant!r}.", "Ask an administrator to register it.") from error
    if tenant.state != "active":
        raise NotAllowed(f"The tenant {unit.tenant!r} is {tenant.state}.", "Ask an administrator.")
