"""What people may do to a rollout. Pure; what does not fit its state is refused with what would."""

from datetime import datetime, timedelta
from typing import Literal

from edge.kernel.errors import Conflict
from tools.rollouts.machine import move
from tools.rollouts.rollout import Rollout, Tell, Transition
from tools.rollouts.targets import TargetState

__all__ = ["Command", "command", "retry"]

Command = Literal["pause", "resume", "abort", "promote"]

_PAUSABLE = ("pending", "waiting_for_gate", "waiting_for_approval", "progressing", "analysing")


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
    said = f"{what} by {by}" + (f": {reason}" if reason else "")
    told = Tell("command", said, {"command": what, "by": by, "reason": reason})
    match what:
        case "pause" if rollout.state in _PAUSABLE:
            after, actions = move(rollout, "paused", now, said, resume_to=rollout.state)
        case "resume" if rollout.state == "paused" and rollout.resume_to is not None:
            step = rollout.current
            until = now + timedelta(seconds=step.limit_s) if step else None
            after, actions = move(rollout, rollout.resume_to, now, said, step_until=until)
        case "abort" if rollout.active and rollout.state != "rolling_back":
            after, actions = move(rollout, "rolling_back", now, said, ends_as="aborted")
        case "promote" if _may_be_promoted(rollout):
            after, actions = move(rollout, "promoting", now, said)
        case _:
            raise Conflict(f"Rollout {rollout.id} is {rollout.state}: it cannot {what}.", _advice(rollout))
    return after, (told, *actions)


def _may_be_promoted(rollout: Rollout) -> bool:
    here = rollout.resume_to if rollout.state == "paused" else rollout.state
    return here in {"progressing", "analysing"}


def _advice(rollout: Rollout) -> str:
    if not rollout.active:
        return "It is over; retry makes a new one." if rollout.state != "promoted" else "It is over."
    if rollout.state in {"promoting", "rolling_back"}:
        return "It is about to end; look again."
    return "It may be resumed or aborted." if rollout.state == "paused" else "It may be paused or aborted."
