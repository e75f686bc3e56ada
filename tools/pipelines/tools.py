"""Deployment pipelines: stages with quality gates and approvals, through which versions are taken."""

import uuid
from dataclasses import replace
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import Conflict, GateRefused, InvalidInput, NotFound
from edge.kernel.names import nearest_names
from memory.ledger import Unit
from memory.ledger.factories import Pipeline
from tools.calling.approval import end
from tools.factories import ShortName
from tools.governance.gate import Gates, advice_on, read_result
from tools.pipelines.run import Advance, PipelineRun, PipelineStage
from tools.registry.versions import find_version
from tools.spec import ToolContext, ToolSpec, View, tool

PipelineName = Annotated[str, Field(min_length=1, max_length=200, description="name of a pipeline")]
RunId = Annotated[str | None, Field(max_length=64, description="id of a run; the one that is open where left out")]
VersionName = Annotated[str, Field(min_length=1, max_length=200, description="model@label, or an alias")]
_KEPT = 50
"""Runs that are over; older ones are forgotten, the audit log and the gate results are not."""


class RunView(BaseModel):
    """A run, and the stage that is next; None where it is over."""

    pipeline: str
    run: PipelineRun
    stage: str | None


class PipelineView(View):
    """A pipeline with its runs, newest first."""

    name: str
    stages: list[PipelineStage]
    runs: list[RunView]
    updated_at: AwareDatetime
    updated_by: str


class PipelineList(BaseModel):
    """Pipelines by name."""

    pipelines: list[PipelineView]


def pipeline_tools(gates: Gates) -> list[ToolSpec]:
    """The operations on pipelines."""

    def go_on(context: ToolContext, pipeline: Pipeline, run: PipelineRun) -> RunView:
        moved = Advance(context, gates, pipeline.name, stages_of(pipeline)).advance(run)
        _save(context, pipeline, moved)
        return _run_view(pipeline, moved)

    def pipeline_run(context: ToolContext, pipeline: PipelineName, version: VersionName) -> RunView:
        """Take a version through a pipeline as far as it can go now; what waits for evidence or others goes on then."""
        unit = context.unit
        kept, found = unit.pipelines.get(pipeline), find_version(unit, version)
        for other in runs_of(kept):
            if other.version == found.id and other.active:
                raise Conflict(f"{found.id} is in {pipeline} already: {other.id}.", "Advance that run, or cancel it.")
        if found.stage == "production":
            raise Conflict(f"{found.id} is in production already.", "Take another version through the pipeline.")
        run = PipelineRun(
            id=f"run-{uuid.uuid4().hex[:12]}",
            version=found.id,
            digest=found.digest,
            requested_by=context.principal,
            started_at=context.now,
            updated_at=context.now,
        )
        view = go_on(context, kept, run)
        if view.run.position == 0 and view.run.state == "refused":
            judged = next((read_result(one) for one in unit.gates.of(found.id) if one.id == view.run.gate_result), None)
            raise GateRefused(
                f"{found.id} cannot enter {view.stage}: {' '.join(view.run.reasons)}",
                f"{advice_on(judged)}, then run it again." if judged else "Take another version through the pipeline.",
                view.run.reasons,
            )
        return view

    def pipeline_advance(context: ToolContext, pipeline: PipelineName, run: RunId = None) -> RunView:
        """Let a run go on that waited for evidence, an approval or a rollout; it stays where nothing has changed."""
        kept = context.unit.pipelines.get(pipeline)
        return go_on(context, kept, _open_run(kept, run))

    reads, writes = {"factories:read"}, {"factories:write", "roster:write", "rollouts:write"}
    return [
        tool(create_deployment_pipeline, scopes={"factories:write"}, effect="write"),
        tool(pipeline_run, scopes=writes, effect="write"),
        tool(pipeline_advance, scopes=writes, effect="write"),
        tool(pipeline_cancel, scopes={"factories:write"}, effect="write"),
        tool(pipeline_status, scopes=reads, ledger=True),
    ]


def create_deployment_pipeline(
    context: ToolContext,
    name: Annotated[ShortName, Field(description="a new name: lower-case letters, digits, . _ -")],
    stages: Annotated[
        tuple[PipelineStage, ...], Field(min_length=1, max_length=10, description="in the order they are passed")
    ],
) -> PipelineView:
    """Create a pipeline: stages in order, each with a quality gate, an approval or a rollout."""
    unit = context.unit
    if unit.pipelines.find(name) is not None:
        raise Conflict(f"There is a pipeline {name!r} already.", "Pipelines never change: choose another name.")
    for label, names in (("stage", [stage.name for stage in stages]), ("alias", [one.alias for one in stages])):
        given = [one for one in names if one is not None]
        if twice := sorted({one for one in given if given.count(one) > 1}):
            raise InvalidInput(f"The {label} {twice[0]} stands twice.", "Name each once.")
    for stage in stages:
        _require_target(unit, stage)
    pipeline = Pipeline(name, [stage.model_dump(mode="json") for stage in stages], context.now, context.principal)
    unit.pipelines.add(pipeline)
    return _view(pipeline)


def pipeline_cancel(
    context: ToolContext,
    pipeline: PipelineName,
    reason: Annotated[str, Field(min_length=3, max_length=2000, description="why, for the record")],
    run: RunId = None,
) -> RunView:
    """End a run where it is; the stages that the version has entered stay. A rollout is aborted on its own."""
    kept = context.unit.pipelines.get(pipeline)
    found = _open_run(kept, run)
    rollout = context.unit.rollouts.get(found.rollout) if found.rollout is not None else None
    if rollout is not None and rollout.ended_at is None:
        raise Conflict(f"{rollout.id} is moving {rollout.target}.", f"Abort it first: rollout_abort {rollout.id}.")
    if found.approval is not None:
        end(context.unit, found.approval, f"run {found.id} is cancelled")
    changed = found.model_copy(update={"state": "cancelled", "reasons": (reason,), "updated_at": context.now})
    _save(context, kept, changed)
    return _run_view(kept, changed)


def pipeline_status(
    context: ToolContext,
    pipeline: Annotated[str | None, Field(max_length=200, description="only this; all where left out")] = None,
) -> PipelineList:
    """Show pipelines with their stages, and how far each run is and what it waits for."""
    unit = context.unit
    found = unit.pipelines.all() if pipeline is None else [unit.pipelines.get(pipeline)]
    return PipelineList(pipelines=[_view(one) for one in found])


def _require_target(unit: Unit, stage: PipelineStage) -> None:
    first = stage.strategy is not None and stage.strategy.kind == "recreate"
    if stage.target is not None and not first:
        unit.targets.get(stage.target)


def stages_of(pipeline: Pipeline) -> list[PipelineStage]:
    """A pipeline's stages in order."""
    return [PipelineStage.model_validate(stage) for stage in pipeline.stages]


def runs_of(pipeline: Pipeline) -> list[PipelineRun]:
    """The runs through a pipeline that are remembered, newest first."""
    return [PipelineRun.model_validate(run) for run in pipeline.state.get("runs", [])]


def _open_run(pipeline: Pipeline, name: str | None) -> PipelineRun:
    """Raises NotFound, InvalidInput, Conflict: there is none, it is not clear which, or it is over."""
    runs = runs_of(pipeline)
    if name is None:
        found = [run for run in runs if run.active]
        if len(found) > 1:
            raise InvalidInput(f"{len(found)} runs are open: {', '.join(run.id for run in found)}.", "Name one.")
        if not found:
            raise NotFound(f"No run of {pipeline.name} is open.", "Start one with pipeline_run.")
        return found[0]
    for run in runs:
        if run.id == name:
            if not run.active:
                raise Conflict(f"{run.id} is over: {run.state}.", "Start another.")
            return run
    raise NotFound(f"{pipeline.name} has no run {name!r}.", nearest=nearest_names(name, [run.id for run in runs]))


def _save(context: ToolContext, pipeline: Pipeline, run: PipelineRun) -> None:
    """The run beside the others, newest first. What was noted of its failures, and the pipeline's lease, are over."""
    others = [one for one in runs_of(pipeline) if one.id != run.id]
    over = [one.id for one in others if not one.active][:_KEPT]
    kept = [run, *(one for one in others if one.active or one.id in over)]
    ordered = sorted(kept, key=lambda one: one.started_at, reverse=True)
    backoff = {name: one for name, one in pipeline.state.get("backoff", {}).items() if name != run.id}
    state = {"runs": [one.model_dump(mode="json") for one in ordered], **({"backoff": backoff} if backoff else {})}
    changed = replace(pipeline, state=state, updated_at=context.now, updated_by=context.principal)
    context.unit.pipelines.save(changed)


def _run_view(pipeline: Pipeline, run: PipelineRun) -> RunView:
    stages = stages_of(pipeline)
    over = not run.active and run.state != "refused"
    stage = None if over or run.position >= len(stages) else stages[run.position].name
    return RunView(pipeline=pipeline.name, run=run, stage=stage)


def _view(pipeline: Pipeline) -> PipelineView:
    runs = [_run_view(pipeline, run) for run in runs_of(pipeline)]
    return PipelineView.of(pipeline, stages=stages_of(pipeline), runs=runs)
