"""What was not done: it waits for somebody's approval, or it was refused, and why."""

from agents.planner.calls import order_of
from agents.teams.outcomes import Refused, Waiting
from edge.kernel.errors import GateRefused, NotFound

__all__ = ["refused", "waiting"]


def waiting(outcome: Waiting, chinese: bool) -> str:
    """How somebody else approves it, and how it goes on then."""
    approval, order = outcome.approval, order_of(outcome.call)
    if chinese:
        return (
            f"**等待审批**：`{order}` 还没有执行，需要另一位负责人同意（{approval}）。\n\n"
            f"- 另一位负责人：`chargehand approvals approve {approval}`，或在对话中说“批准 {approval}”\n"
            "- 批准之后请说“继续”"
        )
    return (
        f"**Waiting for an approval**: `{order}` is not done yet; somebody else has to agree ({approval}).\n\n"
        f"- Another principal: `chargehand approvals approve {approval}`, or in the chat “approve {approval}”\n"
        "- Once it is approved, say “go on”"
    )


def refused(outcome: Refused, chinese: bool) -> str:
    """Why, reason by reason where a gate refused."""
    error, order = outcome.error, order_of(outcome.call)
    head = f"**已拒绝**：`{order}` 没有执行。" if chinese else f"**Refused**: `{order}` was not done."
    reasons = list(error.reasons) if isinstance(error, GateRefused) else []
    lines = [f"- {reason}" for reason in reasons] or [f"- {error.message}"]
    if isinstance(error, GateRefused) and reasons:
        head += " 门禁的理由：" if chinese else " The gate's reasons:"
    if error.advice and not (isinstance(error, NotFound) and not error.nearest):
        lines.append(f"- {error.advice}")
    return "\n".join([head, "", *lines])
