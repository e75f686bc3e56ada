"""An error as programs read it: the same JSON over HTTP and MCP."""

from typing import Any

from edge.kernel.errors import ApprovalNeeded, ChargehandError, GateRefused, LimitReached, NotFound
from server.outcomes import outcome_of

__all__ = ["INTERNAL", "tell"]

INTERNAL = {"code": "internal", "message": "An internal error; the hub's log has the details.", "advice": "Try again."}


def tell(error: ChargehandError) -> dict[str, Any]:
    """`code`, `message` and `advice`, and what the error's kind carries beside them."""
    told: dict[str, Any] = {"code": outcome_of(error).code, "message": error.message, "advice": error.advice}
    if isinstance(error, ApprovalNeeded):
        told["approval_id"] = error.approval_id
    elif isinstance(error, NotFound):
        told["nearest"] = list(error.nearest)
    elif isinstance(error, GateRefused):
        told["reasons"] = list(error.reasons)
    elif isinstance(error, LimitReached):
        told["retry_after_s"] = error.retry_after_s
    return told
