"""Rollouts as tools, and as they are shown. Tools write the desired state; the reconciler makes it so."""

import re
import uuid
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from edge.kernel.errors import InvalidInput, NotFound
from edge.kernel.names import nearest_names
from memory.ledger import Unit
from tools.rollouts.canary_analysis import CanaryLimits
from tools.rollouts.forecast import Forecast, fitted, forecast
from tools.rollouts.machine import Command, command, retry
from tools.rollouts.measurements import score_record, traffic_of
from tools.rollouts.plans import Plan, RolloutChoice, Strategy, make_plan
from tools.rollouts.rollout import Rollout
from tools.rollouts.store import add_rollout, read_rollout, read_target, rollouts_of, write_change
from tools.rollouts.targets import Arm
from tools.serving.configuration import require_configuration
from tools.spec import ApprovalRule, ToolContext, ToolSpec, View, tool

Name = Annotated[str, Field(min_length=1, max_length=200)]
TargetName = Annotated[
    Name,
    Field(
        description="serving target, or group of devices",
        json_schema_extra={"names": ["target", "group"], "new": {"strategy": "recreate"}},
    ),
]
VersionName = Annotated[Name, Field(description="id of a version such as phi-4-mini@q4, or an alias")]
RolloutName = Annotated[Name, Field(description="id of a rollout, or a target that is in one")]
_NEW_TARGET = re.compile(r"\w[\w.-]*")
"""Neither `model@label` nor `runtime:model`, which requests to the gateway name, too."""
Reason = Annotated[str, Field(max_length=2000, description="why, for the record")]


def _rising(percentages: tuple[int, ...] | None) -> tuple[int, ...] | None:
    if percentages and any(not 0 < one <= 100 for one in percentages):
        raise ValueError("a percentage is more than 0 and at most 100")
    if percentages and any(later <= former for former, later in pairwise(percentages)):
        raise ValueError("percentages must rise")
    return percentages


Percentages = Annotated[
    tuple[int, ...] | None,
    AfterValidator(_rising),
    Field(
        description="rising percent of the traffic or devices: canary steps, or one: part of rolling, share of shadow"
    ),
]
HoldSeconds = Annotated[float | None, Field(description="shortest time of each step, seconds")]
LimitSeconds = Annotated[float | None, Field(description="longest time of each step before it pauses, seconds")]
Samples = Annotated[int | None, Field(description="requests that each step needs at least")]
ErrorShare = Annotated[float | None, Field(ge=0, le=1, description="share of a wave's devices that may fail")]
Configuration = Annotated[
    dict[str, Any] | None, Field(description="how the version is served: system prompt and default options")
]


class RolloutView(View):
    """A rollout as it stands.

    Attributes:
        serves: percent by version; `shadow` is the version that gets copies.
        requests_per_s: what the target was asked in the last hour, a second.
        expected_s: how much longer it takes at that, to a version that is no worse; None where that cannot be said.
        expected: the same in words, and what to do where the traffic is too small for a decision.
    """

    id: str
    target: str
    strategy: str
    state: str
    reason: str
    version: str
    former_version: str | None
    step: int
    steps: list[str]
    serves: dict[str, int]
    shadow: str | None
    requested_by: str
    created_at: AwareDatetime
    updated_at: AwareDatetime
    retry_of: str | None
    requests_per_s: float | None = None
    expected_s: float | None = None
    expected: str = ""


class RolloutEventView(View):
    """One thing that happened; `sequence` counts from 1. `data` is for programs: a gate's verdict and reasons."""

    sequence: int
    at: AwareDatetime
    kind: str
    text: str
    data: dict[str, Any] = Field(default_factory=dict[str, Any])


class RolloutStatus(BaseModel):
    """A rollout with what happened to it."""

    rollout: RolloutView
    plan: Plan
    events: list[RolloutEventView]


class RolloutList(BaseModel):
    """Rollouts, newest first."""

    rollouts: list[RolloutView]


def rollout_tools() -> list[ToolSpec]:
    """The rollout operations. A rollout waits for the gate's pass, then for somebody else's approval."""
    reads, writes = {"rollouts:read"}, {"rollouts:write"}
    return [
        tool(rollout_start, scopes=writes, effect="write"),
        tool(execute_blue_green_deployment, scopes=writes, effect="write"),
        tool(rollout_status, scopes=reads, ledger=True),
        tool(rollout_list, scopes=reads, ledger=True),
        tool(rollout_pause, scopes=writes, effect="write"),
        tool(rollout_resume, scopes=writes, effect="write"),
        tool(rollout_abort, scopes=writes, effect="write"),
        tool(rollout_promote, scopes=writes, effect="write", approval=ApprovalRule(plan=_promoted)),
        tool(rollout_retry, scopes=writes, effect="write"),
        tool(score_record, scopes={"evaluations:write"}, effect="write"),
    ]


def rollout_start(  # noqa: PLR0913, PLR0917 - what people may say of a rollout
    context: ToolContext,
    target: TargetName,
    version: VersionName,
    strategy: Annotated[
        Literal["canary", "blue_green", "rolling", "recreate", "shadow"], Field(description="how it gets the traffic")
    ] = "canary",
    percentages: Percentages = None,
    hold_s: HoldSeconds = None,
    limit_s: LimitSeconds = None,
    minimum_samples: Samples = None,
    limits: CanaryLimits | None = None,
    error_threshold: Annotated[
        float | None, Field(ge=0, le=1, description="share of a wave's devices that may fail")
    ] = None,
    configuration: Configuration = None,
) -> RolloutView:
    """Start moving a target to a version, step by step and judged on the way; waits for gate and approval first."""
    choice = RolloutChoice(
        kind=strategy, percentages=percentages, hold_s=hold_s, limit_s=limit_s, minimum_samples=minimum_samples
    )
    options = {"limits": limits, "error_threshold": error_threshold}
    return start_rollout(context, target, version, choice.strategy, configuration, **options)


def execute_blue_green_deployment(
    context: ToolContext,
    target: TargetName,
    version: VersionName,
    hold_s: HoldSeconds = None,
    minimum_samples: Samples = None,
    limits: CanaryLimits | None = None,
    configuration: Configuration = None,
) -> RolloutView:
    """Make a version ready beside the one that serves, switch all traffic at once, and judge it; fast way back."""
    choice = RolloutChoice(kind="blue_green", hold_s=hold_s, minimum_samples=minimum_samples)
    return start_rollout(context, target, version, choice.strategy, configuration, limits=limits)


def start_rollout(
    context: ToolContext,
    target: str,
    version: str,
    strategy: Strategy,
    configuration: dict[str, Any] | None = None,
    **options: Any,
) -> RolloutView:
    """Start a rollout within the open transaction, which may be another operation's.

    Args:
        options: fields of `Plan`; None leaves one as it is.

    Raises:
        NotFound: there is no such version, or no such target, which only recreate makes.
        InvalidInput: the version is retired, or the target cannot be moved so.
        Conflict: the target is in another rollout.
    """
    unit, now = context.unit, context.now
    before, revision = read_target(unit, target)
    known = unit.targets.find(target)
    if known is None and strategy.kind != "recreate":
        raise _no_target(unit, target)
    if known is None and not _NEW_TARGET.fullmatch(target):
        raise InvalidInput(
            f"A new target cannot be called {target!r}.", "Take letters, digits and . _ - without blanks."
        )
    kind = known.kind if known else "devices" if unit.devices.all(target) else "serving"
    require_configuration(kind, configuration or {})
    candidate = Arm(version=_version(unit, version), configuration=configuration or {})
    given = {name: value for name, value in options.items() if value is not None}
    rollout = Rollout(
        id=_new_id(),
        tenant=context.tenant,
        target=target,
        plan=make_plan(strategy, kind, before, candidate, **given),
        before=before,
        target_revision=revision,
        candidate=candidate,
        requested_by=context.principal,
        created_at=now,
        updated_at=now,
        due_at=now,
    )
    if before.arms and kind == "serving":
        rollout = rollout.model_copy(update={"plan": fitted(rollout.plan, traffic_of(unit, rollout, now))})
    add_rollout(unit, rollout)
    return _view(unit, rollout, now)


def rollout_status(
    context: ToolContext,
    rollout: RolloutName,
    after: Annotated[int, Field(ge=0, description="only events behind this number")] = 0,
) -> RolloutStatus:
    """Show a rollout: its state and why, its step, what the target serves, and its events behind a sequence number."""
    found = _find(context.unit, rollout, over=True)
    events = [RolloutEventView.of(event) for event in context.unit.rollouts.events(found.id, after, 500)]
    return RolloutStatus(rollout=_view(context.unit, found, context.now), plan=found.plan, events=events)


def rollout_list(
    context: ToolContext,
    target: Annotated[str | None, Field(description="only this target's")] = None,
    active: Annotated[bool, Field(description="only those that are not over")] = False,
    limit: Annotated[int, Field(ge=1, le=200, description="most entries in the answer")] = 50,
) -> RolloutList:
    """List the rollouts with their state and step, newest first."""
    found = rollouts_of(context.unit, target, limit, active=active)
    return RolloutList(rollouts=[_view(context.unit, one) for one in found])


def rollout_pause(context: ToolContext, rollout: RolloutName, reason: Reason = "") -> RolloutView:
    """Hold a rollout where it is; the traffic stays as it is now."""
    return _command(context, rollout, "pause", reason)


def rollout_resume(context: ToolContext, rollout: RolloutName, reason: Reason = "") -> RolloutView:
    """Let a paused rollout go on where it paused, its step with the full time again."""
    return _command(context, rollout, "resume", reason)


def rollout_abort(context: ToolContext, rollout: RolloutName, reason: Reason = "") -> RolloutView:
    """End a rollout and give the target back exactly what it served before, version and configuration, at once."""
    return _command(context, rollout, "abort", reason)


def rollout_promote(context: ToolContext, rollout: RolloutName, reason: Reason = "") -> RolloutView:
    """Skip the steps that are left and serve the new version alone; gate and approval cannot be skipped."""
    return _command(context, rollout, "promote", reason)


def _promoted(context: ToolContext, rollout: str, reason: str) -> dict[str, Any]:
    found = _find(context.unit, rollout)
    command(found, "promote", context.principal, context.now, reason)  # nobody is asked to approve what cannot be done
    former = found.before.arms[0].key if found.before.arms else None
    return {"rollout": found.id, "target": found.target, "from": former, "to": found.candidate.key}


def rollout_retry(context: ToolContext, rollout: RolloutName) -> RolloutView:
    """Start a rollout again that was rolled back, aborted or refused, from what its target serves now."""
    former = _find(context.unit, rollout, over=True)
    before, revision = read_target(context.unit, former.target)
    again = retry(
        former,
        rollout_id=_new_id(),
        before=before,
        target_revision=revision,
        requested_by=context.principal,
        now=context.now,
    )
    add_rollout(context.unit, again)
    return _view(context.unit, again, context.now)


def _command(context: ToolContext, name: str, what: Command, reason: str) -> RolloutView:
    after, actions = command(_find(context.unit, name), what, context.principal, context.now, reason)
    write_change(context.unit, after, actions)
    return _view(context.unit, after, context.now)


def _find(unit: Unit, name: str, *, over: bool = False) -> Rollout:
    """The rollout of an id, or the one that a target is in; with `over`, also the last one that it was in."""
    row = unit.rollouts.open_on(name)
    if row is None and unit.targets.find(name) is not None:
        last = [one.id for one in unit.rollouts.all(name, limit=1)]
        if over and last:
            return read_rollout(unit, last[0])
        raise NotFound(f"{name} is in no rollout now.", f"Its last was {last[0]}." if last else "", last)
    return read_rollout(unit, row.id if row is not None else name)


def _version(unit: Unit, name: str) -> str:
    alias = unit.aliases.find(name)
    version = unit.versions.get(alias.version if alias is not None else name)
    if version.stage == "retired":
        raise InvalidInput(f"{version.id} is retired: {version.retired_reason or 'no reason given'}.", "Name another.")
    return version.id


def _no_target(unit: Unit, name: str) -> NotFound:
    nearest = nearest_names(name, [target.name for target in unit.targets.all()])
    advice = "" if nearest else "The first version of a new target is rolled out with recreate."
    return NotFound(f"There is no target {name!r}.", advice, nearest)


def _new_id() -> str:
    return f"ro-{uuid.uuid4().hex[:12]}"


def _view(unit: Unit, rollout: Rollout, now: datetime | None = None) -> RolloutView:
    """A rollout, with what its target serves now; with `now`, also how long it will take."""
    serves = read_target(unit, rollout.target)[0]
    found = _expected(unit, rollout, now) if now is not None else None
    return RolloutView.of(
        rollout,
        strategy=rollout.plan.strategy.kind,
        reason=rollout.standing,
        version=rollout.candidate.version,
        former_version=rollout.before.arms[0].version if rollout.before.arms else None,
        steps=[step.name for step in rollout.plan.steps],
        serves={arm.version: arm.weight for arm in serves.arms},
        shadow=serves.shadow.version if serves.shadow else None,
        requests_per_s=round(found.per_s, 3) if found else None,
        expected_s=round(found.total_s) if found and found.decides else None,
        expected=_in_words(found) if found else "",
    )


def _expected(unit: Unit, rollout: Rollout, now: datetime) -> Forecast | None:
    if not rollout.active or not rollout.before.arms or rollout.plan.kind != "serving":
        return None
    since_s = (now - rollout.step_since).total_seconds() if rollout.step and rollout.step_since else 0.0
    return forecast(
        rollout.plan,
        traffic_of(unit, rollout, now),
        taken=rollout.step,
        since_s=max(0.0, since_s),
        carried=rollout.carried,
    )


def _in_words(found: Forecast) -> str:
    traffic = f"{found.per_s:.3g} requests/s"
    if found.decides:
        return f"about {_duration(found.total_s)} at {traffic}, if the new version is no worse"
    return (
        f"not decided within {_duration(found.total_s)} at {traffic}, probably: "
        "give the steps more time (limit_s), wider limits, or larger shares"
    )


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return f"{round(hours / 24)} days"
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
