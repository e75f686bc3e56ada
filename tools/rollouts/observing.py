"""Looks at the world for a rollout: only at what its state asks for."""

from datetime import datetime, timedelta

from tools.rollouts.analysis import Analysis, Observed, analyse, judge_wave
from tools.rollouts.plans import Step
from tools.rollouts.rollout import Observation, Rollout
from tools.rollouts.store import RolloutStore, World

__all__ = ["observe"]

_BEFORE = timedelta(hours=1)
"""How far back a former version is looked at that no longer serves beside the new one."""


def observe(rollout: Rollout, store: RolloutStore, world: World, now: datetime) -> Observation:
    """What `advance` needs to know.

    Raises:
        ChargehandError: what is looked at does not answer.
    """
    match rollout.state:
        case "waiting_for_gate":
            return Observation(rollout.target_revision, gate=world.gate.judge(rollout))
        case "waiting_for_approval":
            answer = world.approvals.ask(rollout)
            return Observation(rollout.target_revision, approval=answer.standing, approval_reason=answer.reason)
        case "analysing":
            _, revision = store.target(rollout.tenant, rollout.target)
            if revision != rollout.target_revision:
                return Observation(revision)
            return _step(rollout, world, now)
        case "progressing" | "promoting" | "rolling_back":
            return Observation(store.target(rollout.tenant, rollout.target)[1])
        case _:
            return Observation(rollout.target_revision)


def _step(rollout: Rollout, world: World, now: datetime) -> Observation:
    step, since, revision = rollout.current, rollout.step_since, rollout.target_revision
    if step is None or since is None:
        raise ValueError(f"rollout {rollout.id} analyses without a step")
    if rollout.plan.kind == "devices":
        report = world.fleet.report(rollout.tenant, rollout.target, rollout.candidate, step.weight)
        return Observation(revision, analysis=judge_wave(report, rollout.plan.error_threshold))
    not_ready = world.runtimes.not_ready(rollout.tenant, rollout.target, rollout.candidate)
    if step.judge == "ready":
        reasons = (not_ready or f"{rollout.candidate.version} is ready",)
        return Observation(revision, not_ready=not_ready, analysis=Analysis("inconclusive", reasons))
    candidate = world.metrics.observed(rollout.tenant, rollout.target, rollout.candidate, since, now)
    found = analyse(
        candidate,
        _baseline(rollout, step, world, since, now),
        rollout.plan.limits,
        alpha=rollout.plan.alpha,
        minimum_samples=step.minimum_samples,
    )
    return Observation(revision, not_ready=not_ready, analysis=found)


def _baseline(rollout: Rollout, step: Step, world: World, since: datetime, now: datetime) -> Observed:
    if not rollout.before.arms:
        return Observed()
    former = rollout.before.arms[0]
    start, end = (since, now) if step.baseline == "alongside" else (since - _BEFORE, since)
    return world.metrics.observed(rollout.tenant, rollout.target, former, start, end)
