"""Report of pipelines, their runs and model factories: Markdown in English and Chinese."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from tools.calling.markdown import listing
from tools.factories import Deployment, FactoryList, FactoryView
from tools.pipelines.tools import PipelineList, PipelineView, RunView
from tools.rollouts.report import render_rollout


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
        return render_rollout(view.rollout, chinese)
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


RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {
    FactoryView: _factory,
    FactoryList: _factories,
    Deployment: _deployment,
    PipelineView: _pipeline,
    PipelineList: _pipelines,
    RunView: _run,
}
