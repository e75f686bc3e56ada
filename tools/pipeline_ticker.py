"""Lets runs through pipelines go on by themselves: once what they wait for is there, `pipeline_advance` is called.

Everything that happens is done by that tool, in one transaction with its audit entry; the process may die before or
after. Looking changes nothing, so that a run which waits leaves no trace of being looked at.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edge.kernel.errors import ChargehandError, Conflict, NotFound
from memory.ledger import Ledger, Unit
from memory.ledger.factories import Pipeline
from tools.consent import current
from tools.context import LOCAL_ENGINEER, Books, ToolContext
from tools.governance.gate import Gates
from tools.pipeline_stages import OVER, PipelineStage, Run
from tools.pipelines import pipeline_tools
from tools.rollouts.ledger_store import read_rollout
from tools.rollouts.rollout import TERMINAL
from tools.spec import bind

__all__ = ["HUB", "PipelineTicker"]

_log = logging.getLogger(__name__)

HUB = "hub"
"""The principal in whose name runs go on; who asked for a run stays the one who must not approve it."""
_SCOPES = frozenset({"factories:write", "roster:write", "rollouts:write"})
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Due:
    tenant: str
    pipeline: str
    run: Run


class PipelineTicker:
    """One of any number: each claims a pipeline before it moves a run of it.

    Args:
        holder: name of this process, unlike that of any other.
        clock: now, aware of its zone.
        lease_s: how long others leave a pipeline alone after its holder dies.
    """

    def __init__(
        self, ledger: Ledger, gates: Gates, *, holder: str, clock: Callable[[], datetime], lease_s: float = 15.0
    ) -> None:
        self._ledger = ledger
        self._gates = gates
        self._holder = holder
        self._clock = clock
        self._lease = timedelta(seconds=lease_s)
        specs = {spec.name: spec for spec in bind(pipeline_tools(gates), Books(ledger, clock))}
        self._advance = specs["pipeline_advance"]
        self._waits: dict[str, tuple[datetime, timedelta]] = {}

    async def run_once(self) -> int:
        """Move every run that can go on; the number of those that were."""
        moved = 0
        for due in await asyncio.to_thread(lambda: list(self._due())):
            if await asyncio.to_thread(self._claim, due):
                moved += await self._move(due)
        return moved

    async def run(self, stop: asyncio.Event, every_s: float = 1.0) -> None:
        """Look again and again until `stop` is set. A ledger that fails is logged and tried again."""
        while not stop.is_set():
            try:
                await self.run_once()
            except Exception:  # noqa: BLE001 - the loop outlives any failure
                _log.exception("a pass over the pipelines failed; the next one tries again")
            try:
                await asyncio.wait_for(stop.wait(), every_s)
            except TimeoutError:
                continue

    async def _move(self, due: _Due) -> bool:
        context = ToolContext(HUB, due.tenant, _SCOPES)
        try:
            after = await self._advance.call(context, {"pipeline": due.pipeline, "run": due.run.id})
        except Conflict:
            return False  # somebody else moved it
        except ChargehandError as error:
            _log.warning("run %s of %s cannot go on: %s", due.run.id, due.pipeline, error)
            self._put_off(due.run)
            return False
        if Run.model_validate(after.model_dump()["run"]).reasons == due.run.reasons:
            self._put_off(due.run)
            return False
        self._waits.pop(due.run.id, None)
        return True

    def _put_off(self, run: Run) -> None:
        """What could not go on is tried again later, and each time later."""
        _, wait = self._waits.get(run.id, (self._clock(), _FIRST_WAIT / 2))
        longer = min(2 * wait, _LONGEST_WAIT)
        self._waits[run.id] = (self._clock() + longer, longer)

    def _due(self) -> Iterator[_Due]:
        now = self._clock()
        with self._ledger.view(LOCAL_ENGINEER.tenant) as unit:
            tenants = [tenant.id for tenant in unit.tenants.all() if tenant.state == "active"]
        for tenant in tenants:
            with self._ledger.view(tenant) as unit:
                for pipeline in unit.pipelines.all():
                    for run in _open_runs(pipeline):
                        until, _ = self._waits.get(run.id, (now, _FIRST_WAIT))
                        if until <= now and _may_go_on(unit, self._gates, pipeline, run, now):
                            yield _Due(tenant, pipeline.name, run)

    def _claim(self, due: _Due) -> bool:
        """Take the pipeline for this process; moving a run gives it back."""
        now = self._clock()
        try:
            with self._ledger.unit(due.tenant) as unit:
                pipeline = unit.pipelines.get(due.pipeline)
                holder, until = _lease_of(pipeline)
                if holder != self._holder and until > now:
                    return False
                lease = {"holder": self._holder, "until": (now + self._lease).isoformat()}
                unit.pipelines.save(replace(pipeline, state={**pipeline.state, "lease": lease}))
        except (Conflict, NotFound):
            return False
        return True


def _lease_of(pipeline: Pipeline) -> tuple[str, datetime]:
    lease = pipeline.state.get("lease")
    return (lease["holder"], datetime.fromisoformat(lease["until"])) if lease else ("", pipeline.updated_at)


def _open_runs(pipeline: Pipeline) -> list[Run]:
    runs = (Run.model_validate(run) for run in pipeline.state.get("runs", []))
    return [run for run in runs if run.state not in OVER]


def _may_go_on(unit: Unit, gates: Gates, pipeline: Pipeline, run: Run, now: datetime) -> bool:
    """Whether what the run waits for has come, or can come no more."""
    stage = PipelineStage.model_validate(pipeline.stages[run.position])
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
