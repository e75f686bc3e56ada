"""Jobs of devices: the hub signs them, and devices run no others."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from edge.kernel import errors as edge_errors
from edge.kernel.errors import InvalidInput
from edge.kernel.protocol.jobs import JOB, Action, Job, Limits, OnCron, Retries, Schedule, parse_cron
from tools.fleet.configuration import Device, Group, ItemName, ItemView, item_view
from tools.fleet.desired_state import put_item, remove_item, where_of
from tools.fleet.identity import Identity
from tools.spec import ToolContext, ToolSpec, tool

__all__ = ["JobList", "job_tools"]


class JobView(BaseModel):
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
        body = identity.envelope(JOB, job.model_dump(mode="json")).model_dump(mode="json")
        return item_view(put_item(context, where_of(context, device, group), JOB, name, body))

    return [
        tool(device_job_put, scopes={"fleet:write"}, effect="write"),
        tool(device_job_remove, scopes={"fleet:write"}, effect="write"),
        tool(device_job_list, scopes={"fleet:read"}, ledger=True),
    ]


def _require_due(expression: str) -> None:
    """Raises InvalidInput: it is no cron expression, or never due."""
    try:
        due = parse_cron(expression).next_after(datetime.now(UTC), UTC)
    except edge_errors.InvalidInput as error:
        raise InvalidInput(error.message, error.advice) from error
    if due is None:
        raise InvalidInput(f"The cron expression {expression!r} is never due.", "Name a day that there is.")


def device_job_remove(context: ToolContext, name: ItemName, device: Device = None, group: Group = None) -> ItemView:
    """Take a job back from those for whom it is."""
    return item_view(remove_item(context, where_of(context, device, group), JOB, name))


def device_job_list(context: ToolContext) -> JobList:
    """List the jobs of devices, and for whom each is."""
    return JobList(
        jobs=[
            JobView(
                scope=item.scope, subject=item.subject, revision=item.revision, job=(item.body or {}).get("body", {})
            )
            for item in context.unit.desired.all(JOB)
        ]
    )
