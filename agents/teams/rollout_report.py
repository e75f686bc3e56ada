"""Rollouts, factories, pipelines and recorded evidence to Markdown."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from agents.teams.markdown import listing, number, percent_by_name
from tools.factories import Deployment, FactoryList, FactoryView
from tools.governance.evidence_store import RecordedEvidence
from tools.pipelines.tools import PipelineList, PipelineView, RunView
from tools.rollouts.measurements import RecordedScores
from tools.rollouts.tools import RolloutList, RolloutStatus, RolloutView

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


def _factory(view: FactoryView, chinese: bool) -> str:
    return _factories(FactoryList(factories=[view]), chinese)


def _factories(found: FactoryList, chinese: bool) -> str:
    if not found.factories:
        return "还没有模型工厂。" if chinese else "There is no model factory yet."
    return listing(
        chinese,
        found.factories,
        ("Factory", "工厂", lambda one: one.name),
        ("Model", "模型", lambda one: one.template.model),
        ("Base", "基座", lambda one: one.template.base),
        ("Sizes", "规格", lambda one: ", ".join(size.name for size in one.template.sizes)),
        ("Strategy", "策略", lambda one: one.template.strategy.kind),
        ("For", "用途", lambda one: one.template.use.gate),
    )


def _deployment(view: Deployment, chinese: bool) -> str:
    if view.rollout is not None:
        return _rollout(view.rollout, chinese)
    head = (
        f"**{view.version}** 已创建，但缺少证据，没有部署："
        if chinese
        else f"**{view.version}** was made, and is not deployed, since evidence is missing:"
    )
    return "\n".join([head, "", *(f"- {reason}" for reason in view.reasons)])


def _pipeline(view: PipelineView, chinese: bool) -> str:
    stages = " → ".join(stage.name for stage in view.stages)
    head = f"**流水线 {view.name}**：{stages}" if chinese else f"**Pipeline {view.name}**: {stages}"
    return "\n\n".join([head, *(_run(run, chinese) for run in view.runs)])


def _pipelines(found: PipelineList, chinese: bool) -> str:
    if not found.pipelines:
        return "还没有流水线。" if chinese else "There is no pipeline yet."
    return "\n\n".join(_pipeline(one, chinese) for one in found.pipelines)


def _run(view: RunView, chinese: bool) -> str:
    run, stage = view.run, view.stage
    at = (f"，阶段 {stage}" if chinese else f" at {stage}") if stage else ""
    head = (
        f"{run.id}：**{run.version}**{at}：**{run.state}**"
        if chinese
        else f"{run.id}: **{run.version}**{at}: **{run.state}**"
    )
    lines = [head, "", *(f"- {reason}" for reason in run.reasons)]
    if run.state == "waiting_for_approval" and run.approval:
        lines.append(
            f"- 另一位负责人：“批准 {run.approval}”"
            if chinese
            else f"- Another principal says “approve {run.approval}”"
        )
    return "\n".join(lines)


def _evidence(item: RecordedEvidence, chinese: bool) -> str:
    said = ", ".join(
        f"{name} {number(value) if isinstance(value, float) else value}"
        for name, value in item.body.items()
        if value not in (None, "")
    )
    return f"已记录 **{item.version}** 的证据：{said}。" if chinese else f"Recorded about **{item.version}**: {said}."


def _scores(item: RecordedScores, chinese: bool) -> str:
    mean = number(item.mean)
    if chinese:
        return f"已记录 {item.target} 上 **{item.version}** 的 {item.scores} 个评分，平均 {mean}。"
    return f"Recorded {item.scores} scores of **{item.version}** on {item.target}, mean {mean}."


ROLLOUT_RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {
    RolloutView: _rollout,
    RolloutStatus: _status,
    RolloutList: _rollouts,
    FactoryView: _factory,
    FactoryList: _factories,
    Deployment: _deployment,
    PipelineView: _pipeline,
    PipelineList: _pipelines,
    RunView: _run,
    RecordedEvidence: _evidence,
    RecordedScores: _scores,
}
