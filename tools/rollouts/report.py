"""Report of rollouts: Markdown in English and Chinese, every figure the tool's own."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from tools.calling.markdown import listing, number, percent_by_name
from tools.rollouts.measurements import RecordedScores
from tools.rollouts.tools import RolloutList, RolloutStatus, RolloutView

_EVENTS = 8
_LONGEST_EVENT = 240
"""Characters; `chargehand rollout show` has the whole text, and the state says why it is as it is."""


def render_rollout(view: RolloutView, chinese: bool) -> str:
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
            *([f"- 预计：{view.expected}"] if view.expected else []),
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
            *([f"- Expected: {view.expected}"] if view.expected else []),
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
    return "\n".join([render_rollout(status.rollout, chinese), "", *head, *told]).rstrip()


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_EVENT else f"{text[:_LONGEST_EVENT].rstrip()} …"


def _rollouts(found: RolloutList, chinese: bool) -> str:
    if not found.rollouts:
        return "没有这样的发布。" if chinese else "There is no such rollout."
    return listing(
        chinese,
        found.rollouts,
        ("Rollout", "发布", lambda one: one.id),
        ("Target", "目标", lambda one: one.target),
        ("Version", "版本", lambda one: one.version),
        ("Strategy", "策略", lambda one: one.strategy),
        ("State", "状态", lambda one: one.state),
        ("Step", "步骤", lambda one: f"{one.step}/{len(one.steps)}"),
        ("Serves", "流量", lambda one: percent_by_name(one.serves)),
    )


def _scores(item: RecordedScores, chinese: bool) -> str:
    mean = number(item.mean)
    if chinese:
        return f"已记录 {item.target} 上 **{item.version}** 的 {item.scores} 个评分，平均 {mean}。"
    return f"Recorded {item.scores} scores of **{item.version}** on {item.target}, mean {mean}."


RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {
    RolloutView: render_rollout,
    RolloutStatus: _status,
    RolloutList: _rollouts,
    RecordedScores: _scores,
}
