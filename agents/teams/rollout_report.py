"""Rollouts to Markdown."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from agents.teams.markdown import percent_by_name, table, titles
from tools.rollouts.tools import RolloutList, RolloutStatus, RolloutView

__all__ = ["ROLLOUT_RENDERERS"]

_EVENTS = 8
_LONGEST_EVENT = 240
"""Characters; `chargehand rollout show` has the whole text, and the state says why it is as it is."""


def _rollout(view: RolloutView, chinese: bool) -> str:
    serves = percent_by_name(view.serves) or ("无" if chinese else "nothing yet")
    former = view.former_version or ("无" if chinese else "nothing")
    steps = " → ".join(view.steps)
    shadow = f", {view.shadow} (shadow)" if view.shadow else ""
    if chinese:
        lines = [
            f"**发布 {view.id}**（{view.strategy}）：{view.target} 从 {former} 到 {view.version}。",
            "",
            f"- 状态：**{view.state}**：{view.reason}",
            f"- 步骤 {view.step}/{len(view.steps)}：{steps}",
            f"- 流量：{serves}{shadow}",
        ]
        if view.state == "waiting_for_approval":
            lines.append(f"- 另一位负责人批准：`chargehand approvals approve ap-{view.id}`，或说“批准 ap-{view.id}”")
    else:
        lines = [
            (f"**Rollout {view.id}** of {view.target} from {former} to {view.version} ({view.strategy})."),
            "",
            f"- State: **{view.state}**: {view.reason}",
            f"- Step {view.step} of {len(view.steps)}: {steps}",
            f"- Serves: {serves}{shadow}",
        ]
        if view.state == "waiting_for_approval":
            lines.append(
                f"- Another principal approves it with `chargehand approvals approve ap-{view.id}`, or in the chat"
                f" “approve ap-{view.id}”"
            )
    return "\n".join(lines)


def _status(status: RolloutStatus, chinese: bool) -> str:
    told = [f"- {event.at:%H:%M:%S} {event.kind}: {_shortened(event.text)}" for event in status.events[-_EVENTS:]]
    head = ["最近的事件：" if chinese else "Latest events:", ""] if told else []
    return "\n".join([_rollout(status.rollout, chinese), "", *head, *told]).rstrip()


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_EVENT else f"{text[:_LONGEST_EVENT].rstrip()} …"


def _rollouts(found: RolloutList, chinese: bool) -> str:
    if not found.rollouts:
        return "没有这样的发布。" if chinese else "There is no such rollout."
    columns = titles(
        chinese,
        ("Rollout", "发布"),
        ("Target", "目标"),
        ("Version", "版本"),
        ("Strategy", "策略"),
        ("State", "状态"),
        ("Step", "步骤"),
        ("Serves", "流量"),
    )
    rows = [
        (
            one.id,
            one.target,
            one.version,
            one.strategy,
            one.state,
            f"{one.step}/{len(one.steps)}",
            percent_by_name(one.serves),
        )
        for one in found.rollouts
    ]
    return table(columns, rows)


ROLLOUT_RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {
    RolloutView: _rollout,
    RolloutStatus: _status,
    RolloutList: _rollouts,
}
