"""Items of the desired state that people set: configuration, policy, prompts, knowledge packs, models, signed jobs."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from edge.kernel.errors import Conflict, InvalidInput
from edge.kernel.protocol.artifacts import ArtifactRef, Digest
from edge.kernel.protocol.desired import KnowledgePack
from edge.kernel.protocol.device_tools import (
    check_limits,
    check_merge_rules,
    check_settings,
    check_tool_call,
    check_tools,
)
from edge.kernel.protocol.jobs import JOB, Action, CallTool, Job, Limits, OnCron, Retries, Schedule, parse_cron
from memory.ledger.rollouts import Target
from tools.calling.approval import ApprovalRule
from tools.fleet.credentials import Identity
from tools.fleet.desired_state import CONFIGURATION, Where, put_item, remove_item, where_of
from tools.fleet.waves import MODEL, model_target, place_models
from tools.rollouts.targets import Arm, TargetState
from tools.spec import ToolContext, ToolSpec, View, tool

Device = Annotated[str | None, Field(max_length=200, description="for this device alone")]
Group = Annotated[str | None, Field(max_length=200, description="for this group; for all where no device is named")]
ItemName = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="lower-case letters, digits, . _ -")
]
JobName = Annotated[ItemName, Field(json_schema_extra={"names": ["job"]})]
PackName = Annotated[ItemName, Field(json_schema_extra={"names": ["pack"]})]
PromptName = Annotated[ItemName, Field(json_schema_extra={"names": ["prompt"]})]
AnyItemName = Annotated[ItemName, Field(json_schema_extra={"names": ["pack", "prompt", "policy"]})]


class ItemView(View):
    """One item: for whom it is, and at which revision it changed last; `body` is null once it is gone."""

    scope: str
    subject: str
    kind: str
    name: str
    revision: int
    body: dict[str, Any] | None


def device_configure(
    context: ToolContext,
    values: Annotated[dict[str, Any], Field(max_length=500, description="key -> value; null takes a key back")],
    rules: Annotated[dict[str, str], Field(max_length=100, description="key prefix -> rule of merging")] = {},  # noqa: B006
    device: Device = None,
    group: Group = None,
) -> ItemView:
    """Set values of the devices' configuration; values for a device go before its group's, and those before all's."""
    check_settings(values)
    check_merge_rules(rules)
    where = where_of(context, device, group)
    former = context.unit.desired.find(*where, CONFIGURATION, CONFIGURATION)
    body = former.body if former is not None and former.body is not None else {}
    kept = {**body.get("values", {}), **values}
    merged = {
        "values": {key: value for key, value in kept.items() if value is not None},
        "rules": {**body.get("rules", {}), **rules},
    }
    return ItemView.of(put_item(context, where, CONFIGURATION, CONFIGURATION, merged))


def device_policy_set(
    context: ToolContext,
    tools: Annotated[list[str], Field(max_length=100, description="tools that may be called")],
    diagnostics: Annotated[list[str], Field(max_length=100, description="diagnostics that may be run")] = [],  # noqa: B006
    limits: Annotated[dict[str, float], Field(max_length=100, description="name -> number")] = {},  # noqa: B006
    device: Device = None,
    group: Group = None,
) -> ItemView:
    """Set which tools and diagnostics devices may use, and their limits."""
    check_tools(tools)
    check_limits(limits)
    body = {"tools": tools, "diagnostics": diagnostics, "limits": limits}
    return ItemView.of(put_item(context, where_of(context, device, group), "policy", "policy", body))


def device_prompt_set(
    context: ToolContext,
    text: Annotated[str, Field(min_length=1, max_length=8000, description="of the prompt")],
    name: PromptName = "system",
    device: Device = None,
    group: Group = None,
) -> ItemView:
    """Set a prompt of the devices' assistants."""
    return ItemView.of(put_item(context, where_of(context, device, group), "prompt", name, {"text": text}))


def device_pack_assign(
    context: ToolContext,
    name: PackName,
    digest: Annotated[Digest, Field(description="of the pack, which must be kept as an artifact")],
    device: Device = None,
    group: Group = None,
) -> ItemView:
    """Give devices a knowledge pack, which they search without the hub."""
    kept = context.unit.artifacts.get(digest)
    content = ArtifactRef(digest=kept.digest, size_bytes=kept.size_bytes, media_type=kept.media_type)
    body = KnowledgePack(name=name, content=content).model_dump(mode="json")
    return ItemView.of(put_item(context, where_of(context, device, group), "pack", name, body))


def device_item_remove(
    context: ToolContext,
    kind: Annotated[
        Literal["pack", "prompt", "configuration", "policy", "model"], Field(description="of what is removed")
    ],
    name: AnyItemName,
    device: Device = None,
    group: Group = None,
) -> ItemView:
    """Take back a pack, prompt, configuration, policy or model; what is for more devices counts again."""
    return ItemView.of(remove_item(context, where_of(context, device, group), kind, name))


def device_model_assign(
    context: ToolContext,
    version: Annotated[str, Field(min_length=1, max_length=200, description="id of a version, or an alias")],
    device: Device = None,
    group: Annotated[str | None, Field(max_length=200, description="all of this group, without a rollout")] = None,
    configuration: Annotated[dict[str, Any], Field(max_length=100, description="how it is run")] = {},  # noqa: B006
) -> ItemView:
    """Give one device a model to try, until its group's next rollout; or a whole group, which needs an approval."""
    unit = context.unit
    alias = unit.aliases.find(version)
    arm = Arm(version=alias.version if alias is not None else version, configuration=configuration)
    if device is None and group is None:
        group = "default"
    where = where_of(context, device, group)
    body = model_target(unit, arm).model_dump(mode="json")
    if where[0] == "device":
        return ItemView.of(put_item(context, where, MODEL, MODEL, body))
    _set_target(context, where, arm)
    place_models(unit, where[1], context.now, context.principal, candidate=arm.key)
    found = unit.desired.find(*where, MODEL, MODEL)
    return ItemView.of(found if found is not None else put_item(context, where, MODEL, MODEL, body))


def _set_target(context: ToolContext, where: Where, arm: Arm) -> None:
    unit, name = context.unit, where[1]
    running = unit.rollouts.open_on(name)
    if running is not None:
        raise Conflict(f"{name} is in rollout {running.id}.", "Wait until it is over, or abort it.")
    former = unit.targets.find(name)
    unit.targets.save(
        Target(
            name=name,
            kind="devices",
            traffic=TargetState(arms=(arm,)).model_dump(mode="json"),
            updated_at=context.now,
            configuration=former.configuration if former else {},
            revision=former.revision if former else 0,
        )
    )


def configuration_tools() -> list[ToolSpec]:
    """The operations on desired items."""
    writes = {"fleet:write"}
    return [
        tool(device_configure, scopes=writes, effect="write"),
        tool(device_policy_set, scopes=writes, effect="write"),
        tool(device_prompt_set, scopes=writes, effect="write"),
        tool(device_pack_assign, scopes=writes, effect="write"),
        tool(device_item_remove, scopes=writes, effect="write"),
        tool(device_model_assign, scopes=writes, effect="write", approval=ApprovalRule(when={"device": (None,)})),
    ]


class JobView(View):
    """One job, and for whom it is."""

    scope: str
    subject: str
    revision: int
    job: dict[str, Any]


class JobList(BaseModel):
    """Jobs by name."""

    jobs: list[JobView]


def job_tools(identity: Identity) -> list[ToolSpec]:
    """The operations on jobs."""

    def device_job_put(  # noqa: PLR0913, PLR0917 - the fields of a job
        context: ToolContext,
        name: ItemName,
        schedule: Annotated[Schedule, Field(description="on: cron, interval, event or once")],
        action: Annotated[Action, Field(description="do: tool or ask")],
        priority: Annotated[int, Field(ge=0, le=9, description="the larger goes first")] = 5,
        deadline_s: Annotated[float | None, Field(gt=0, description="skip a run that is this late")] = None,
        retries: Retries = Retries(),  # noqa: B008
        limits: Limits = Limits(),  # noqa: B008
        missed: Annotated[str, Field(pattern="^(run_once|skip)$", description="of runs while it was off")] = "run_once",
        device: Device = None,
        group: Group = None,
    ) -> ItemView:
        """Give devices a job, signed by the hub: what to do, when, how often to try again and what it may use."""
        if isinstance(action, CallTool):
            check_tool_call(action.tool, action.arguments)
        if isinstance(schedule, OnCron):
            _require_due(schedule.expression)
        try:
            job = Job.model_validate(
                {
                    "name": name,
                    "schedule": schedule,
                    "action": action,
                    "priority": priority,
                    "deadline_s": deadline_s,
                    "retries": retries,
                    "limits": limits,
                    "missed": missed,
                }
            )
        except ValidationError as error:
            raise InvalidInput(f"The job does not fit: {error.errors()[0]['msg']}.", "Correct it.") from error
        told = job.model_dump(mode="json")
        if job.limits.tasks == Limits().tasks:  # devices of an earlier release do not know it
            del told["limits"]["tasks"]
        body = identity.envelope(JOB, told).model_dump(mode="json")
        return ItemView.of(put_item(context, where_of(context, device, group), JOB, name, body))

    return [
        tool(device_job_put, scopes={"fleet:write"}, effect="write"),
        tool(device_job_remove, scopes={"fleet:write"}, effect="write"),
        tool(device_job_list, scopes={"fleet:read"}, ledger=True),
    ]


def _require_due(expression: str) -> None:
    """Raises InvalidInput: it is no cron expression, or never due."""
    if parse_cron(expression).next_after(datetime.now(UTC), UTC) is None:
        raise InvalidInput(f"The cron expression {expression!r} is never due.", "Name a day that there is.")


def device_job_remove(context: ToolContext, name: JobName, device: Device = None, group: Group = None) -> ItemView:
    """Take a job back from those for whom it is."""
    return ItemView.of(remove_item(context, where_of(context, device, group), JOB, name))


def device_job_list(
    context: ToolContext,
    device: Annotated[str | None, Field(max_length=200, description="only what this device has; else all")] = None,
    group: Annotated[str | None, Field(max_length=200, description="only what this group has")] = None,
) -> JobList:
    """List the jobs of devices, and for whom each is."""
    wanted = {where_of(context, device, group)}
    if device is not None:
        wanted.add(("group", context.unit.devices.get(device).group))
    if wanted != {("all", "")}:
        wanted.add(("all", ""))
    items = [one for one in context.unit.desired.all(JOB) if len(wanted) == 1 or (one.scope, one.subject) in wanted]
    return JobList(jobs=[JobView.of(item, job=(item.body or {}).get("body", {})) for item in items])
