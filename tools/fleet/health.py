"""Health of the fleet: who is late, who runs what, who fails; and the events that devices recorded."""

from collections import Counter
from datetime import timedelta
from typing import Annotated, Any, cast

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.protocol.events import EventKind
from memory.ledger.devices import Device, Uplink
from tools.spec import ToolContext, ToolSpec, View, tool

__all__ = ["FleetHealth", "GroupHealth", "health_tools"]

_MOST_NAMED = 50


class GroupHealth(BaseModel):
    """One group: devices that were here in time, that are late, that never came; those up to date; models; failures.

    `late` and `failing` name at most 50; `lag_s` is of the one that was away longest.
    """

    group: str
    devices: int
    here: int
    late: list[str]
    never_seen: int
    revoked: int
    up_to_date: int
    lag_s: float | None
    versions: dict[str, int]
    failing: dict[str, str]


class FleetHealth(BaseModel):
    """Groups by name, and alerts of devices that are open."""

    groups: list[GroupHealth]
    open_alerts: int


class DeviceEventView(View):
    """One event; `at` is the device's clock, `received_at` the hub's."""

    device: str
    position: int
    seq: int
    kind: str
    at: str
    received_at: AwareDatetime
    body: dict[str, Any]


class DeviceEventList(BaseModel):
    """Events, newest first."""

    events: list[DeviceEventView]


def device_health(
    context: ToolContext,
    group: Annotated[str | None, Field(description="only this group")] = None,
    late_after_s: Annotated[float, Field(gt=0, le=1e8, description="a device that was away longer is late")] = 300.0,
) -> FleetHealth:
    """Show how the fleet is, group by group: who is here, late or failing, and which models run."""
    unit = context.unit
    links = {link.device: link for link in unit.uplinks.all()}
    groups: dict[str, list[Device]] = {}
    for device in unit.devices.all(group):
        groups.setdefault(device.group, []).append(device)
    revision, limit = unit.desired.head().shared_revision, context.now - timedelta(seconds=late_after_s)
    names = {device.id for devices in groups.values() for device in devices}
    return FleetHealth(
        groups=[_health(context, name, devices, links, revision, limit) for name, devices in sorted(groups.items())],
        open_alerts=sum(alert.subject in names for alert in unit.alerts.all(limit=10_000)),
    )


def _health(
    context: ToolContext, name: str, devices: list[Device], links: dict[str, Uplink], revision: int, limit: Any
) -> GroupHealth:
    enrolled = [device for device in devices if device.state == "enrolled"]
    seen = {one.id: links[one.id].seen_at for one in enrolled if one.id in links and links[one.id].seen_at}
    late = sorted((at, device) for device, at in seen.items() if at is not None and at < limit)
    failing = {one.id: why for one in enrolled if (why := _failure(one))}
    times = [at for at in seen.values() if at is not None]
    return GroupHealth(
        group=name,
        devices=len(enrolled),
        here=len(seen) - len(late),
        late=[device for _, device in late[:_MOST_NAMED]],
        never_seen=len(enrolled) - len(seen),
        revoked=len(devices) - len(enrolled),
        up_to_date=sum(links[one].have_revision >= max(revision, links[one].refetch_below) for one in seen),
        lag_s=max(0.0, (context.now - min(times)).total_seconds()) if times else None,
        versions=dict(Counter(str(one.reported.get("version") or "none") for one in enrolled).most_common(_MOST_NAMED)),
        failing=dict(sorted(failing.items())[:_MOST_NAMED]),
    )


def _failure(device: Device) -> str:
    """What is wrong with it by what it reported; empty where nothing is."""
    if device.reported.get("failed"):
        return f"cannot run {str(device.reported['failed'])[:200]}"
    health = device.reported.get("health")
    if isinstance(health, dict) and cast("dict[str, Any]", health).get("ok") is False:
        return str(cast("dict[str, Any]", health).get("why") or "says that it is not well")[:200]
    return ""


def device_events(
    context: ToolContext,
    device: Annotated[str | None, Field(max_length=200, description="of this device; else of all")] = None,
    kind: Annotated[EventKind | None, Field(description="only these")] = None,
    before: Annotated[int | None, Field(ge=1, description="a position; older ones of the device")] = None,
    limit: Annotated[int, Field(ge=1, le=500)] = 50,
) -> DeviceEventList:
    """List what devices recorded, newest first: tool calls, alerts, answers, jobs, notes, measurements."""
    events = context.unit.device_events
    if device is None:
        found = events.newest(kind, limit)
    else:
        found = events.of(context.unit.devices.get(device).id, kind=kind, before=before, limit=limit)
    return DeviceEventList(events=[DeviceEventView.of(event) for event in found])


def health_tools() -> list[ToolSpec]:
    """The operations that look at the fleet."""
    return [
        tool(device_health, scopes={"fleet:read"}, ledger=True),
        tool(device_events, scopes={"fleet:read"}, ledger=True),
    ]
