"""Rollouts as durable work: collects observations of many at once, and advances each by them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from memory.ledger.rollouts import RolloutEvent
from tools.rollouts.canary_analysis import Analysis, CachedVerdict, Case, Observed, analyse, fingerprint, judge_wave
from tools.rollouts.machine import advance, trouble
from tools.rollouts.plans import Step
from tools.rollouts.rollout import Observation, Rollout, Transition
from tools.rollouts.world import Window, World
from tools.runs import EventSource, Lease, RunStore, Work

_BEFORE = timedelta(hours=1)
"""How far back a former version is looked at that no longer serves beside the new one."""
_OF_A_TARGET = frozenset({"analysing", "progressing", "promoting", "rolling_back"})


class RevisionSource(Protocol):
    """Whether somebody else has changed a target."""

    def revisions(self, tenant: str, targets: Sequence[str]) -> dict[str, int]:
        """Of each of these targets of the tenant's; 0 where there is no such target."""
        ...


class RolloutStore(RunStore[Rollout], EventSource[RolloutEvent], RevisionSource, Protocol):
    """The ledger as rollouts need it, of all tenants.

    A step that sets its target goes through only while the target has the revision that the step expects.
    """


def rollout_work(store: RolloutStore, world: World) -> Work[Rollout]:
    """Rollouts, for a `tools.runs.Worker`."""

    def step(rollouts: Sequence[Rollout], now: datetime, lease: Lease) -> list[Transition | Exception]:
        del lease  # no step takes long
        found = read(rollouts, store, world, now)
        return [_next(rollout, found, world, now) for rollout in rollouts]

    return Work("rollout", store, step, trouble)


def _next(rollout: Rollout, found: "Measurements", world: World, now: datetime) -> Transition | Exception:
    try:
        return advance(rollout, observe(rollout, found, world, now), now)
    except Exception as error:  # noqa: BLE001 - one rollout must not stop the others; the worker records it
        return error


@dataclass(frozen=True, slots=True)
class Measurements:
    """What was measured for several rollouts.

    Attributes:
        revisions: of targets, by tenant and name.
        measured: of the new version, of the former one, and of the former one before the step, by the rollout's
            tenant and id.
    """

    revisions: dict[tuple[str, str], int]
    measured: dict[tuple[str, str], tuple[Observed, Observed, Observed]]


def read(rollouts: Sequence[Rollout], store: RevisionSource, world: World, now: datetime) -> Measurements:
    """What `observe` needs of the targets and of what was measured, in few queries.

    Raises:
        ChargehandError: what is looked at does not answer.
    """
    found = Measurements({}, {})
    for tenant in sorted({rollout.tenant for rollout in rollouts}):
        theirs = [one for one in rollouts if one.tenant == tenant and one.state in _OF_A_TARGET]
        if not theirs:
            continue
        revisions = store.revisions(tenant, [one.target for one in theirs])
        found.revisions.update({(tenant, name): revision for name, revision in revisions.items()})
        judged = [one for one in theirs if _is_measured(one) and revisions[one.target] == one.target_revision]
        new = world.metrics.observed(tenant, [_new(one, now) for one in judged])
        replacing = [one for one in judged if one.before.arms]
        former = world.metrics.observed(tenant, [_former(one, now) for one in replacing])
        past = world.metrics.observed(tenant, [_history(one) for one in replacing])
        formers = {one.id: seen for one, *seen in zip(replacing, former, past, strict=True)}
        for one, seen in zip(judged, new, strict=True):
            beside, before = formers.get(one.id, (Observed(), Observed()))
            found.measured[tenant, one.id] = (seen, beside, before)
    return found


def observe(rollout: Rollout, found: Measurements, world: World, now: datetime) -> Observation:
    """What `advance` needs to know. Raises as `read`."""
    match rollout.state:
        case "waiting_for_gate":
            return Observation(rollout.target_revision, gate=world.gate.judge(rollout))
        case "waiting_for_approval":
            answer = world.approvals.ask(rollout)
            return Observation(rollout.target_revision, approval=answer.standing, approval_reason=answer.reason)
        case "analysing":
            revision = found.revisions[rollout.tenant, rollout.target]
            return Observation(revision) if revision != rollout.target_revision else _step(rollout, found, world)
        case "progressing" | "promoting" | "rolling_back":
            return Observation(found.revisions[rollout.tenant, rollout.target])
        case _:
            return Observation(rollout.target_revision)


def _is_measured(rollout: Rollout) -> bool:
    step = rollout.current
    return (
        rollout.state == "analysing" and rollout.plan.kind == "serving" and step is not None and step.judge != "ready"
    )


def _new(rollout: Rollout, now: datetime) -> Window:
    _, since = _taken(rollout)
    return Window(rollout.target, rollout.candidate, since, now)


def _former(rollout: Rollout, now: datetime) -> Window:
    step, since = _taken(rollout)
    start, end = (since, now) if step.baseline == "alongside" else (since - _BEFORE, since)
    return Window(rollout.target, rollout.before.arms[0], start, end)


def _history(rollout: Rollout) -> Window:
    """What was usual of the former version before what it is judged by now."""
    step, since = _taken(rollout)
    end = since if step.baseline == "alongside" else since - _BEFORE
    return Window(rollout.target, rollout.before.arms[0], end - _BEFORE, end)


def _step(rollout: Rollout, found: Measurements, world: World) -> Observation:
    (step, _), revision = _taken(rollout), rollout.target_revision
    if rollout.plan.kind == "devices":
        report = world.fleet.report(rollout.tenant, rollout.target, rollout.candidate, step.weight)
        return Observation(revision, analysis=judge_wave(report, rollout.plan.error_threshold))
    not_ready = world.runtimes.not_ready(rollout.tenant, rollout.target, rollout.candidate)
    if step.judge == "ready":
        reasons = (not_ready or f"{rollout.candidate.version} is ready",)
        return Observation(revision, not_ready=not_ready, analysis=Analysis("inconclusive", reasons))
    judged = _judged(rollout, step, *found.measured[rollout.tenant, rollout.id])
    return Observation(revision, not_ready=not_ready, analysis=judged.analysis, judged=judged)


def _judged(rollout: Rollout, step: Step, candidate: Observed, baseline: Observed, history: Observed) -> CachedVerdict:
    """The verdict: the one that is known where nothing was observed since."""
    seen = fingerprint(candidate, baseline, history)
    if rollout.judged is not None and rollout.judged.of == seen:
        return rollout.judged
    plan = rollout.plan
    analysis = analyse(
        Case(
            candidate,
            baseline,
            plan.limits,
            history,
            rollout.carried,
            plan.judged_steps,
            step.minimum_samples,
        )
    )
    return CachedVerdict(seen, replace(analysis, findings=()))


def _taken(rollout: Rollout) -> tuple[Step, datetime]:
    """The step that is under way, and since when."""
    if rollout.current is None or rollout.step_since is None:
        raise ValueError(f"rollout {rollout.id} analyses without a step")
    return rollout.current, rollout.step_since
