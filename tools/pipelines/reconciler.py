"""Runs through pipelines as durable work: once what a run waits for is there, `pipeline_advance` is called.

Everything that happens is done by that tool, in one transaction with its audit entry. Looking changes nothing, so that
a run which waits leaves no trace of being looked at.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from edge.kernel.errors import ChargehandError, Conflict, NotFound
from memory.ledger import Ledger, Unit
from memory.ledger.factories import Pipeline
from tools.calling.approval import current
from tools.calling.context import LOCAL_ENGINEER, ToolContext, ToolRuntime
from tools.governance.gate import Gates
from tools.pipelines.run import PipelineRun
from tools.pipelines.tools import RunView, pipeline_tools, runs_of, stages_of
from tools.rollouts.rollout import TERMINAL
from tools.rollouts.store import read_rollout
from tools.runs import Lease, Step, Work, backoff_s
from tools.spec import bind

HUB = "hub"
"""The principal in whose name runs go on; who asked for a run stays the one who must not approve it."""
_SCOPES = frozenset({"factories:write", "roster:write", "rollouts:write"})
_CLOCK_SKEW = timedelta(minutes=1)
_FIRST_S, _LONGEST_S = 10.0, 600.0
_ADVANCE, _PUT_OFF = "advance", "put off"


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that can go on, or is to be tried again.

    Attributes:
        failures: tries in a row that came to nothing.
    """

    tenant: str
    pipeline: str
    run: PipelineRun
    failures: int
    due_at: datetime | None

    @property
    def id(self) -> str:
        return self.run.id


class PipelineStore:
    """`tools.runs.RunStore` of the runs through all pipelines. A lease is of a pipeline, with all its runs.

    Nobody needs to tell a step that its run was cancelled: it is one transaction of the tool, which looks itself.
    """

    def __init__(self, ledger: Ledger, gates: Gates, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._gates = gates
        self._clock = clock
        specs = {spec.name: spec for spec in bind(pipeline_tools(gates), ToolRuntime(ledger, clock))}
        self._advance = specs["pipeline_advance"]

    def claim(self, holder: str, now: datetime, until: datetime, limit: int) -> list[OpenRun]:
        due = sorted(self._due(now), key=lambda one: one.due_at or now)[:limit]
        leased = {
            (tenant, name): self._lease(tenant, name, holder, now, until)
            for tenant, name in dict.fromkeys((one.tenant, one.pipeline) for one in due)
        }
        return [one for one in due if leased[one.tenant, one.pipeline]]

    def renew(self, holder: str, runs: Sequence[OpenRun], until: datetime) -> set[str]:
        now = self._clock()
        return {one.id for one in runs if self._lease(one.tenant, one.pipeline, holder, now, until)}

    def commit(self, steps: Sequence[Step[OpenRun]], holder: str) -> list[OpenRun]:
        through: list[OpenRun] = []
        for run, (what,) in steps:
            if not self._holds(run, holder):
                continue
            if what == _PUT_OFF:
                self._put_off(run)
            elif self._go_on(run):
                through.append(replace(run, due_at=None))
        return through

    def postpone(self, runs: Sequence[OpenRun]) -> None:
        """Nothing to save: a run that waits is not claimed."""

    def release(self, holder: str) -> None:
        for tenant in self._tenants():
            with self._ledger.unit(tenant) as unit:
                for pipeline in unit.pipelines.all():
                    if _lease_of(pipeline)[0] == holder:
                        unit.pipelines.save(replace(pipeline, state=_without(pipeline, "lease")))

    def _go_on(self, run: OpenRun) -> bool:
        """Call the tool; whether that changed anything. What did not is tried again later, and each time later."""
        arguments = {"pipeline": run.pipeline, "run": run.id}
        try:
            after = asyncio.run(self._advance.call(ToolContext(HUB, run.tenant, _SCOPES), arguments))
        except Conflict:
            return False  # somebody else moved it
        if isinstance(after, RunView) and after.run.reasons != run.run.reasons:
            return True
        self._put_off(_failed_once_more(run, self._clock()))
        return False

    def _put_off(self, run: OpenRun) -> None:
        with self._ledger.unit(run.tenant) as unit:
            pipeline = unit.pipelines.get(run.pipeline)
            known: dict[str, Any] = pipeline.state.get("backoff", {})
            due_at = (run.due_at or self._clock()).isoformat()
            backoff = {**known, run.id: {"failures": run.failures, "due_at": due_at}}
            unit.pipelines.save(replace(pipeline, state={**_without(pipeline, "lease"), "backoff": backoff}))

    def _due(self, now: datetime) -> Iterator[OpenRun]:
        for tenant in self._tenants():
            with self._ledger.view(tenant) as unit:
                for pipeline in unit.pipelines.all():
                    for run in _open_runs(tenant, pipeline):
                        due = run.due_at is not None and run.due_at <= now
                        if due and _may_go_on(unit, self._gates, pipeline, run.run, now):
                            yield run

    def _tenants(self) -> list[str]:
        with self._ledger.view(LOCAL_ENGINEER.tenant) as unit:
            return [tenant.id for tenant in unit.tenants.all() if tenant.state == "active"]

    def _lease(self, tenant: str, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take or prolong the lease of a pipeline; whether nobody else has it. Moving a run gives it back."""
        try:
            with self._ledger.unit(tenant) as unit:
                pipeline = unit.pipelines.get(name)
                other, theirs_until = _lease_of(pipeline)
                set_back = theirs_until > until + _CLOCK_SKEW  # longer than a lease can be
                if other != holder and theirs_until > now and not set_back:
                    return False
                lease = {"holder": holder, "until": until.isoformat()}
                unit.pipelines.save(replace(pipeline, state={**pipeline.state, "lease": lease}))
        except (Conflict, NotFound):
            return False
        return True

    def _holds(self, run: OpenRun, holder: str) -> bool:
        """Whether no other holder has its pipeline."""
        with self._ledger.view(run.tenant) as unit:
            pipeline = unit.pipelines.find(run.pipeline)
        return pipeline is not None and _lease_of(pipeline)[0] in {"", holder}


def pipeline_work(ledger: Ledger, gates: Gates, clock: Callable[[], datetime]) -> Work[OpenRun]:
    """Runs through pipelines, for a `tools.runs.Worker`. Each is advanced in a transaction of its own."""

    def step(runs: Sequence[OpenRun], now: datetime, lease: Lease) -> list[Step[OpenRun] | Exception]:
        del now, lease  # the tool looks again, within its transaction
        return [(run, (_ADVANCE,)) for run in runs]

    def failed(run: OpenRun, error: str, now: datetime) -> Step[OpenRun]:
        del error  # the tool has recorded it
        return _failed_once_more(run, now), (_PUT_OFF,)

    return Work("pipeline run", PipelineStore(ledger, gates, clock), step, failed, batch=1)


def _failed_once_more(run: OpenRun, now: datetime) -> OpenRun:
    failures = run.failures + 1
    wait_s = backoff_s(failures, first_s=_FIRST_S, longest_s=_LONGEST_S)
    return replace(run, failures=failures, due_at=now + timedelta(seconds=wait_s))


def _lease_of(pipeline: Pipeline) -> tuple[str, datetime]:
    lease = pipeline.state.get("lease")
    return (lease["holder"], datetime.fromisoformat(lease["until"])) if lease else ("", pipeline.updated_at)


def _without(pipeline: Pipeline, key: str) -> dict[str, Any]:
    return {name: value for name, value in pipeline.state.items() if name != key}


def _open_runs(tenant: str, pipeline: Pipeline) -> Iterator[OpenRun]:
    backoff: dict[str, Any] = pipeline.state.get("backoff", {})
    for run in runs_of(pipeline):
        if run.active:
            noted = backoff.get(run.id)
            due_at = datetime.fromisoformat(noted["due_at"]) if noted else run.updated_at
            yield OpenRun(tenant, pipeline.name, run, noted["failures"] if noted else 0, due_at)


def _may_go_on(unit: Unit, gates: Gates, pipeline: Pipeline, run: PipelineRun, now: datetime) -> bool:
    """Whether what the run waits for has come, or can come no more."""
    stage = stages_of(pipeline)[run.position]
    try:
        match run.state:
            case "rolling_out":
                return run.rollout is None or read_rollout(unit, run.rollout).state in TERMINAL
            case "waiting_for_approval":
                return run.approval is None or current(unit.approvals.get(run.approval), now).state != "requested"
            case "waiting_for_target":
                return stage.target is None or unit.rollouts.open_on(stage.target) is None
            case "waiting_for_evidence":
                version = unit.versions.get(run.version)
                use = stage.use
                judged = gates.judge(unit, version, use, run.requested_by, now).result.verdict if use else "pass"
                return judged in {"pass", "fail"} or version.stage == "retired"
            case _:
                return True
    except ChargehandError:
        return True  # the tool finds the same, and says so
