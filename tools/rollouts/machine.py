"""The state machine of a rollout: state and observation, or a person's command, to the next state and actions. Pure.

One call makes at most one change of state. The change and its actions belong into one transaction: then a process may
die anywhere, and the next one sees either all of it or nothing.
"""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from edge.kernel.errors import Conflict
from tools.rollouts.canary_analysis import Analysis, CachedVerdict
from tools.rollouts.plans import Step, state_at
from tools.rollouts.rollout import (
    TERMINAL,
    Action,
    AppendEvent,
    GateAnswer,
    Observation,
    Rollout,
    SetTarget,
    State,
    Transition,
)
from tools.rollouts.targets import TargetState
from tools.runs import backoff_s

Command = Literal["pause", "resume", "abort", "promote"]

_PATIENCE = 8
"""Looks that may fail in a row before a rollout pauses."""
_UNSEEN = timedelta(seconds=60)
"""How late a look may be; what is over it counts as time in which nobody looked."""
_AHEAD = timedelta(seconds=330)
"""No look is planned further ahead than this and the plan's interval: the clock was set back where one seems to be."""
_PAUSABLE = ("pending", "waiting_for_gate", "waiting_for_approval", "progressing", "analysing")


def advance(rollout: Rollout, seen: Observation, now: datetime) -> Transition:  # noqa: PLR0911 - one for each state
    """What comes next. Where nothing does, there are no actions: when to look, and what was observed, may be new."""
    rollout = rebased(rollout, now)
    match rollout.state:
        case "pending":
            return move(rollout, "waiting_for_gate" if rollout.plan.gate else _after_gate(rollout), now, "begun")
        case "waiting_for_gate":
            return _gate(rollout, seen, now)
        case "waiting_for_approval":
            return _approval(rollout, seen, now)
        case "progressing":
            return _take_step(rollout, seen, now)
        case "analysing":
            return _judge(rollout, seen, now)
        case "promoting":
            return _promote(rollout, seen, now)
        case "rolling_back":
            return _restore(rollout, seen, now)
        case _:
            return rollout, ()


def rebased(rollout: Rollout, now: datetime) -> Rollout:
    """The rollout with the times of its step moved where the clock jumped, or nobody looked for a while.

    What was not watched is no time in which all went well: the hold begins again where it was left, and the limit is
    that much later. A clock that was set back would otherwise make the step longer, and leave it unwatched meanwhile.
    """
    due, since, until = rollout.due_at, rollout.step_since, rollout.step_until
    if due is None or since is None or until is None or rollout.state != "analysing":
        return rollout
    late, early = now - due, due - now
    interval = timedelta(seconds=rollout.plan.interval_s)
    if late > _UNSEEN:
        lost = late - _UNSEEN
        lost_s = rollout.lost_s + lost.total_seconds()
        return rollout.model_copy(update={"step_until": until + lost, "lost_s": lost_s})
    if early > _AHEAD + interval:
        return rollout.model_copy(update={"step_since": since - early, "step_until": until - early})
    return rollout


def move(rollout: Rollout, state: State, now: datetime, reason: str, **changes: Any) -> Transition:
    """The rollout in another state, due at once where that state asks for work, and the event of the transition."""
    waits = state == "paused" or state in TERMINAL
    moved = rollout.model_copy(
        update={
            "due_at": None if waits else now,
            "resume_to": None,
            "judged": None,
            "not_ready": "",
            "failures": 0,
            **changes,
            "state": state,
            "reason": reason,
            "updated_at": now,
            "revision": rollout.revision + 1,
        }
    )
    return moved, (AppendEvent("state", reason, {"from": rollout.state, "to": state, "step": moved.step}),)


def trouble(rollout: Rollout, error: str, now: datetime) -> Transition:
    """Back-off after a failed look: later each time; in the end it pauses, unless it is rolling back."""
    failures = rollout.failures + 1
    if failures >= _PATIENCE and rollout.state != "rolling_back":
        return pause(rollout, now, f"{failures} attempts failed, the last with: {error}")
    wait_s = backoff_s(failures)
    changed = rollout.model_copy(
        update={
            "failures": failures,
            "due_at": now + timedelta(seconds=wait_s),
            "reason": error,
            "not_ready": "",
            "updated_at": now,
            "revision": rollout.revision + 1,
        }
    )
    return changed, (AppendEvent("trouble", error, {"failures": failures, "again_in_s": wait_s}),)


def pause(rollout: Rollout, now: datetime, reason: str) -> Transition:
    """Wait for a person; resuming goes on from the state it is in."""
    return move(rollout, "paused", now, reason, resume_to=rollout.state)


def _later(rollout: Rollout, now: datetime, judged: CachedVerdict | None = None, not_ready: str = "") -> Transition:
    due_at = now + timedelta(seconds=rollout.plan.interval_s)
    return rollout.model_copy(update={"due_at": due_at, "judged": judged, "not_ready": not_ready}), ()


def _after_gate(rollout: Rollout) -> State:
    return "waiting_for_approval" if rollout.plan.approval else "progressing"


def _gate(rollout: Rollout, seen: Observation, now: datetime) -> Transition:
    answer = seen.gate
    if answer is None:
        return _later(rollout, now)
    reasons = " ".join(answer.reasons) or "no reason given"
    match answer.verdict:
        case "pass":
            passed = f"the gate passed: {len(answer.reasons)} rules are met" if answer.reasons else "the gate passed"
            after = _after_gate(rollout)
            moved, (event, *others) = move(rollout, after, now, passed, approvers=answer.approvers)
        case "fail":
            moved, (event, *others) = move(rollout, "failed", now, f"the gate refused: {reasons}")
        case "insufficient_evidence":
            moved, (event, *others) = pause(rollout, now, f"the gate lacks evidence: {reasons}")
    return moved, (_with_gate(event, answer), *others)


def _with_gate(event: Action, answer: GateAnswer) -> Action:
    """The event, with the verdict for programs."""
    assert isinstance(event, AppendEvent)  # noqa: S101 # nosec B101: a move appends its event first
    verdict = {"verdict": answer.verdict, "gate": answer.gate, "result": answer.result, "reasons": answer.reasons}
    return replace(event, data={**event.data, "gate": verdict})


def _approval(rollout: Rollout, seen: Observation, now: datetime) -> Transition:
    match seen.approval:
        case "approved":
            return move(rollout, "progressing", now, f"approved {seen.approval_reason}".strip())
        case "rejected" | "expired":
            return move(rollout, "failed", now, f"the approval was {seen.approval} {seen.approval_reason}".strip())
        case _:
            return _later(rollout, now)


def _take_step(rollout: Rollout, seen: Observation, now: datetime) -> Transition:
    if seen.target_revision != rollout.target_revision:
        return _interference(rollout, now)
    if rollout.step == len(rollout.plan.steps):
        return move(rollout, "promoting", now, "every step passed")
    step = rollout.plan.steps[rollout.step]
    number = rollout.step + 1
    return _with_target(
        move(
            rollout,
            "analysing",
            now,
            f"step {number} of {len(rollout.plan.steps)}: {step.name}",
            step=number,
            step_since=now,
            step_until=now + timedelta(seconds=step.limit_s),
            lost_s=0.0,
        ),
        state_at(step, rollout.before, rollout.candidate),
        seen.target_revision,
        f"step:{number}",
    )


def _judge(rollout: Rollout, seen: Observation, now: datetime) -> Transition:
    if seen.target_revision != rollout.target_revision:
        return _interference(rollout, now)
    step, since, until = rollout.current, rollout.step_since, rollout.step_until
    if step is None or since is None or until is None:
        raise ValueError(f"rollout {rollout.id} analyses without a step")
    analysis = seen.analysis or Analysis("inconclusive", ("nothing was observed",))
    if analysis.verdict == "roll_back":
        return _with_verdict(move(rollout, "rolling_back", now, "; ".join(analysis.reasons)), analysis)
    held = now >= since + timedelta(seconds=step.hold_s + rollout.lost_s)
    if held and not seen.not_ready and _passes(step, analysis):
        return _next_step(rollout, analysis, now, f"{step.name} passed")
    ready_within_s = math.inf if step.ready_within_s is None else step.ready_within_s
    unready = bool(seen.not_ready) and (now - since).total_seconds() >= ready_within_s + rollout.lost_s
    if now < until and not unready:
        return _later(rollout, now, seen.judged, seen.not_ready)
    return _at_limit(rollout, step, seen, analysis, now)


def _passes(step: Step, analysis: Analysis) -> bool:
    harmless = analysis.enough and not analysis.doubts
    return step.judge == "ready" or analysis.verdict == "promote" or (step.judge == "harm" and harmless)


def _next_step(rollout: Rollout, analysis: Analysis, now: datetime, reason: str) -> Transition:
    """On to the next step, which goes on with what this one found."""
    carried = {**rollout.carried, **analysis.carried}
    return _with_verdict(move(rollout, "progressing", now, reason, carried=carried), analysis)


def _at_limit(rollout: Rollout, step: Step, seen: Observation, analysis: Analysis, now: datetime) -> Transition:
    """The step's time is over and nothing is decided."""
    if analysis.worse:
        why = f"{step.name} is shown to be worse at its limit of {step.limit_s:g} s: {'; '.join(analysis.worse)}"
        return _with_verdict(move(rollout, "rolling_back", now, why), analysis)
    reasons = (seen.not_ready,) if seen.not_ready else analysis.reasons
    why = f"{step.name} is undecided at its limit of {step.limit_s:g} s: {'; '.join(reasons)}"
    if step.at_limit == "next" and analysis.enough and not seen.not_ready:
        return _next_step(rollout, analysis, now, f"nothing shows it to be worse, so it goes on; {why}")
    if step.at_limit == "roll_back":
        return _with_verdict(move(rollout, "rolling_back", now, why), analysis)
    return _with_verdict(pause(rollout, now, why), analysis)


def _promote(rollout: Rollout, seen: Observation, now: datetime) -> Transition:
    final = TargetState(arms=(rollout.candidate.model_copy(update={"weight": 100}),))
    reason = f"{rollout.candidate.version} serves {rollout.target}"
    return _with_target(move(rollout, "promoted", now, reason), final, seen.target_revision, "promote")


def _restore(rollout: Rollout, seen: Observation, now: datetime) -> Transition:
    moved = move(rollout, rollout.ends_as, now, rollout.reason)
    if rollout.step == 0:
        return moved
    return _with_target(moved, rollout.before, seen.target_revision, "restore")


def _with_target(transition: Transition, state: TargetState, revision: int, what: str) -> Transition:
    rollout, actions = transition
    event = AppendEvent("target", what, {"what": what, **state.model_dump(mode="json")})
    changed = rollout.model_copy(update={"target_revision": revision + 1})
    return changed, (*actions, SetTarget(state, revision), event)


def _with_verdict(transition: Transition, analysis: Analysis) -> Transition:
    rollout, actions = transition
    event = AppendEvent(
        "analysis", "; ".join(analysis.reasons), {"verdict": analysis.verdict, "reasons": analysis.reasons}
    )
    return rollout, (event, *actions)


def _interference(rollout: Rollout, now: datetime) -> Transition:
    return pause(rollout, now, f"{rollout.target} was changed by someone else; abort to restore what it served before")


def retry(
    former: Rollout, *, rollout_id: str, before: TargetState, target_revision: int, requested_by: str, now: datetime
) -> Rollout:
    """The same plan again, from what the target serves now; gate and approval are asked anew.

    Raises:
        Conflict: the former rollout is not over, or it succeeded.
    """
    if former.active or former.state == "promoted":
        raise Conflict(
            f"Rollout {former.id} is {former.state} and cannot be tried again.",
            "Resume it." if former.state == "paused" else "Only what was rolled back, aborted or failed can be.",
        )
    return Rollout(
        id=rollout_id,
        tenant=former.tenant,
        target=former.target,
        plan=former.plan,
        before=before,
        target_revision=target_revision,
        candidate=former.candidate,
        requested_by=requested_by,
        created_at=now,
        updated_at=now,
        due_at=now,
        retry_of=former.id,
    )


def command(rollout: Rollout, what: Command, by: str, now: datetime, reason: str = "") -> Transition:
    """The rollout after a person's command.

    pause waits for resume. resume goes on where it paused, a step with its full time again. abort restores what the
    target served, at once and from any state. promote skips the steps that are left, though never gate or approval.

    Raises:
        Conflict: the command does not fit the rollout's state.
    """
    reason_given = f"{what} by {by}" + (f": {reason}" if reason else "")
    event = AppendEvent("command", reason_given, {"command": what, "by": by, "reason": reason})
    match what:
        case "pause" if rollout.state in _PAUSABLE:
            after, actions = move(rollout, "paused", now, reason_given, resume_to=rollout.state)
        case "resume" if rollout.state == "paused" and rollout.resume_to is not None:
            step = rollout.current
            until = now + timedelta(seconds=step.limit_s) if step else None
            after, actions = move(rollout, rollout.resume_to, now, reason_given, step_until=until)
        case "abort" if rollout.active and rollout.state != "rolling_back":
            after, actions = move(rollout, "rolling_back", now, reason_given, ends_as="aborted")
        case "promote" if _may_be_promoted(rollout):
            after, actions = move(rollout, "promoting", now, reason_given)
        case _:
            raise Conflict(f"Rollout {rollout.id} is {rollout.state}: it cannot {what}.", _advice(rollout))
    return after, (event, *actions)


def _may_be_promoted(rollout: Rollout) -> bool:
    here = rollout.resume_to if rollout.state == "paused" else rollout.state
    return here in {"progressing", "analysing"}


def _advice(rollout: Rollout) -> str:
    if not rollout.active:
        return "It is over; retry makes a new one." if rollout.state != "promoted" else "It is over."
    if rollout.state in {"promoting", "rolling_back"}:
        return "It is about to end; look again."
    return "It may be resumed or aborted." if rollout.state == "paused" else "It may be paused or aborted."
