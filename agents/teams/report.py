"""The report of a turn: typed tool results to Markdown by the renderers of their slices."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from agents.teams.outcomes import Outcome, Refused, Waiting
from agents.teams.refusals import told
from agents.understanding.examples import ToolTalk
from agents.understanding.wording import order_of
from edge.kernel.errors import GateRefused, NotFound
from edge.kernel.language import Language
from evals import report as evaluations
from tools import memories
from tools.calling.markdown import fields
from tools.fleet import report as fleet
from tools.governance import report as governance
from tools.pipelines import report as pipelines
from tools.registry import report as registry
from tools.rollouts import report as rollouts

_RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {
    renderer: render
    for slice_ in (rollouts, pipelines, governance, registry, evaluations, fleet, memories)
    for renderer, render in slice_.RENDERERS.items()
}


def render_report(outcomes: Sequence[Outcome], language: Language, talk: Mapping[str, ToolTalk] | None = None) -> str:
    """Markdown of all outcomes, in order. What has no renderer of its own is shown field by field.

    Args:
        talk: what is said to the tools, for the words of orders.
    """
    return "\n\n".join(_render(outcome, language, talk or {}) for outcome in outcomes)


def _render(outcome: Outcome, language: Language, talk: Mapping[str, ToolTalk]) -> str:
    chinese = language == "zh"
    if isinstance(outcome, Waiting):
        return _waiting(outcome, language, talk)
    if isinstance(outcome, Refused):
        return _refused(outcome, language, talk)
    renderer = _RENDERERS.get(type(outcome))
    shown = renderer(outcome, chinese) if renderer else fields(outcome)
    return shown or ("没有内容。" if chinese else "There is none.")


def _waiting(outcome: Waiting, language: Language, talk: Mapping[str, ToolTalk]) -> str:
    """How somebody else approves it, and how it goes on then."""
    approval, order = outcome.approval, order_of(outcome.call, talk, language)
    if language == "zh":
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


def _refused(outcome: Refused, language: Language, talk: Mapping[str, ToolTalk]) -> str:
    """Why, reason by reason where a gate refused."""
    error, order, chinese = outcome.error, order_of(outcome.call, talk, language), language == "zh"
    message, advice = told(error, language, talk)
    if outcome.reads:
        return " ".join(part for part in (message, advice) if part)
    head = f"**已拒绝**：`{order}` 没有执行。" if chinese else f"**Refused**: `{order}` was not done."
    reasons = list(error.reasons) if isinstance(error, GateRefused) else []
    lines = [f"- {reason}" for reason in reasons] or [f"- {message}"]
    if isinstance(error, GateRefused) and reasons:
        head += " 门禁的理由：" if chinese else " The gate's reasons:"
    if advice and not (isinstance(error, NotFound) and not error.nearest):
        lines.append(f"- {advice}")
    return "\n".join([head, "", *lines])
