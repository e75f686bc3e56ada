"""Devices as people see them: last sync, model, enrolment; health of the fleet (late, failing); recorded events."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, cast

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import Conflict
from edge.kernel.protocol.events import EventKind
from memory.ledger import Unit
from memory.ledger.devices import Device, Uplink
from tools.fleet.desired_state import SharedStates, read_state
from tools.fleet.enrolment import GroupName
from tools.fleet.waves import MODEL, place_models
from tools.spec import ToolContext, ToolSpec, View, tool

KnownDevice = Annotated[str, Field(min_length=1, max_length=200, description="name of a device")]


class DeviceView(View):
    """One device.

    `version` is the key of the model that it runs, as it said; `behind` says that its desired state has changed since
    it was here.
    """

    id: str
    group: str
    state: str
    version: str
    failed: str
    seen_at: AwareDatetime | None
    lag_s: float | None
    events: int
    behind: bool
    enrolled_at: AwareDatetime


class DeviceList(BaseModel):
    """Devices by name."""

    devices: list[DeviceView]
    total: int


class DeviceDetail(BaseModel):
    """All of one device: what it reported, what it shall be, its streams of events."""

    device: DeviceView
    labels: dict[str, str]
    facts: dict[str, Any]
    reported: dict[str, Any]
    desired: list[dict[str, Any]]
    streams: list[dict[str, Any]]
    rejected: list[dict[str, Any]]


class GroupView(BaseModel):
    """One group, with how many of its devices are enrolled, and what its target serves."""

    group: str
    devices: int
    serves: list[str]


class GroupList(BaseModel):
    """Groups by name."""

    groups: list[GroupView]


def view_of(device: Device, uplink: Uplink | None, shared_revision: int, now: datetime) -> DeviceView:
    """The device; it is behind where it lacks shared items of its desired state."""
    seen_at = uplink.seen_at if uplink else None
    return DeviceView.of(
        device,
        version=_text(device.reported.get("version")),
        failed=_text(device.reported.get("failed")),
        seen_at=seen_at,
        lag_s=max(0.0, (now - seen_at).total_seconds()) if seen_at else None,
        events=uplink.events if uplink else 0,
        behind=device.state == "enrolled" and (uplink is None or _behind(uplink, shared_revision)),
    )


def device_tools(shared: SharedStates) -> list[ToolSpec]:
    """The operations on devices."""

    def device_list(
        context: ToolContext,
        group: Annotated[str | None, Field(description="only this group's")] = None,
        version: Annotated[
            str | None,
            Field(max_length=200, description='only those that run this version of a model, or none: "none"'),
        ] = None,
        late: Annotated[bool, Field(description="only those that were away too long, or never came")] = False,
        late_after_s: Annotated[float, Field(gt=0, le=1e8, description="seconds after which a device is late")] = 300.0,
        after: Annotated[str, Field(max_length=200, description="only names behind this one")] = "",
        limit: Annotated[int, Field(ge=1, le=1000, description="most devices in the answer")] = 200,
    ) -> DeviceList:
        """List the devices: group, what model each runs, when it was here, and whether it is up to date."""
        unit = context.unit
        found = unit.devices.all(group)
        if version is not None:
            found = [device for device in found if _runs(device, version)]
        if late:
            seen = {link.device: link.seen_at for link in unit.uplinks.some([device.id for device in found])}
            limit_at = context.now - timedelta(seconds=late_after_s)
            found = [one for one in found if one.state != "revoked" and _is_late(seen.get(one.id), limit_at)]
        page = [device for device in found if device.id > after][:limit]
        links = {link.device: link for link in unit.uplinks.some([device.id for device in page])}
        revision = unit.desired.head().shared_revision
        return DeviceList(
            devices=[view_of(device, links.get(device.id), revision, context.now) for device in page], total=len(found)
        )

    def device_show(context: ToolContext, device: KnownDevice) -> DeviceDetail:
        """Show a device: what it is, what it reported, what it shall be, and what of its events was set aside."""
        unit = context.unit
        found = unit.devices.get(device)
        uplink, head = unit.uplinks.find(found.id), unit.desired.head()
        state = read_state(unit, found.id, found.group, shared, head)
        return DeviceDetail(
            device=view_of(found, uplink, head.shared_revision, context.now),
            labels=dict(found.labels),
            facts=dict(uplink.facts) if uplink else {},
            reported=dict(found.reported),
            desired=[item.model_dump(mode="json") for item in state.whole()],
            streams=[
                {
                    "stream": one.stream,
                    "cursor": one.cursor,
                    "begun_at": one.begun_at.isoformat(),
                    "thinned": dict(one.thinned),
                }
                for one in unit.streams.of(found.id)
            ],
            rejected=[{"seq": one.seq, "reason": one.reason} for one in unit.device_events.rejected(found.id, 20)],
        )

    return [
        tool(device_list, scopes={"fleet:read"}, ledger=True),
        tool(device_show, scopes={"fleet:read"}, ledger=True),
        tool(device_groups, scopes={"fleet:read"}, ledger=True),
        tool(device_move, scopes={"fleet:write"}, effect="write"),
        tool(device_revoke, scopes={"fleet:write"}, effect="destructive", idempotent=True),
    ]


def device_groups(context: ToolContext) -> GroupList:
    """List the groups of devices, with how many devices each has and which models it serves."""
    unit = context.unit
    counts: dict[str, int] = {}
    for device in unit.devices.all():
        counts[device.group] = counts.get(device.group, 0) + (device.state == "enrolled")
    return GroupList(
        groups=[
            GroupView(group=name, devices=count, serves=_served(unit, name)) for name, count in sorted(counts.items())
        ]
    )


def device_move(context: ToolContext, device: KnownDevice, group: GroupName) -> DeviceView:
    """Move a device to another group; it gets what that group has when it syncs next."""
    unit = context.unit
    found = unit.devices.get(device)
    if found.state != "enrolled":
        raise Conflict(f"The device {device!r} is revoked.", "Enrol it again.")
    moved = found
    if found.group != group:
        moved = unit.devices.save(replace(found, group=group))
        drop_model(context, found.id)
        unit.uplinks.refetch([found.id], unit.desired.next_revision(shared=False))
        place_models(unit, group, context.now, context.principal)
    return view_of(moved, unit.uplinks.find(device), unit.desired.head().shared_revision, context.now)


def device_revoke(
    context: ToolContext,
    device: KnownDevice,
    reason: Annotated[str, Field(min_length=1, max_length=2000, description="why, for the record")],
) -> DeviceView:
    """Refuse a device from now on; what it sent is kept, and it comes back only with a token of its own."""
    unit = context.unit
    found = unit.devices.get(device)
    if found.state != "revoked":
        labels = {**found.labels, "revoked": reason}
        found = unit.devices.save(replace(found, state="revoked", labels=labels))
        unit.desired.drop_device(found.id)
    return view_of(found, unit.uplinks.find(device), unit.desired.head().shared_revision, context.now)


def drop_model(context: ToolContext, device: str) -> None:
    """Take back a model that the device alone was given."""
    former = context.unit.desired.find("device", device, MODEL, MODEL)
    if former is not None and former.body is not None:
        revision = context.unit.desired.next_revision(shared=False)
        context.unit.desired.put(replace(former, revision=revision, body=None, changed_at=context.now))


def _runs(device: Device, version: str) -> bool:
    """Whether it reports this version, in whatever configuration: its key follows behind "@"."""
    running = _text(device.reported.get("version"))
    return not running if version == "none" else running == version or running.startswith(f"{version}@")


def _is_late(seen_at: datetime | None, limit: datetime) -> bool:
    return seen_at is None or seen_at < limit


def _behind(uplink: Uplink, shared_revision: int) -> bool:
    return uplink.have_revision < max(shared_revision, uplink.refetch_below)


def _served(unit: Unit, group: str) -> list[str]:
    target = unit.targets.find(group)
    if target is None or target.kind != "devices":
        return []
    return [str(arm["version"]) for arm in target.traffic.get("arms", [])]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


_MOST_NAMED = 50
_ALL = 2**31 - 1


class GroupHealth(BaseModel):
    """One group: devices that were here in time, that are late, that never came; those up to date; models; failures.

    `late` and `failing` name at most 50, `versions` the 50 that most run; `late_count` and `failing_count` count all.
    `suspect` are devices that have a clone; `lag_s` is of the one that was away longest.
    """

    group: str
    devices: int
    here: int
    late: list[str]
    late_count: int
    never_seen: int
    revoked: int
    suspect: int
    up_to_date: int
    lag_s: float | None
    versions: dict[str, int]
    failing: dict[str, str]
    failing_count: int


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
        open_alerts=sum(alert.subject in names for alert in unit.alerts.all(limit=_ALL)),
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
        late_count=len(late),
        never_seen=len(enrolled) - len(seen),
        revoked=sum(device.state == "revoked" for device in devices),
        suspect=sum(device.state == "suspect" for device in devices),
        up_to_date=sum(links[one].have_revision >= max(revision, links[one].refetch_below) for one in seen),
        lag_s=max(0.0, (context.now - min(times)).total_seconds()) if times else None,
        versions=dict(Counter(str(one.reported.get("version") or "none") for one in enrolled).most_common(_MOST_NAMED)),
        failing=dict(sorted(failing.items())[:_MOST_NAMED]),
        failing_count=len(failing),
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
    limit: Annotated[int, Field(ge=1, le=500, description="most entries in the answer")] = 50,
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
