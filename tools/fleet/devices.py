"""Devices as people see them: last sync, model version, enrolment."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import Conflict
from memory.ledger import Unit
from memory.ledger.devices import Device, Uplink
from tools.fleet.desired_state import SharedStates, read_state
from tools.fleet.enrolment import GroupName
from tools.fleet.waves import MODEL, place_models
from tools.spec import ToolContext, ToolSpec, View, tool

__all__ = ["DeviceList", "DeviceView", "device_tools", "view_of"]

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
    """The device; whether it is behind is told by what is for more than one."""
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
        after: Annotated[str, Field(max_length=200, description="only names behind this one")] = "",
        limit: Annotated[int, Field(ge=1, le=1000)] = 200,
    ) -> DeviceList:
        """List the devices: group, what model each runs, when it was here, and whether it is up to date."""
        unit = context.unit
        found = unit.devices.all(group)
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


def _behind(uplink: Uplink, shared_revision: int) -> bool:
    return uplink.have_revision < max(shared_revision, uplink.refetch_below)


def _served(unit: Unit, group: str) -> list[str]:
    target = unit.targets.find(group)
    if target is None or target.kind != "devices":
        return []
    return [str(arm["version"]) for arm in target.traffic.get("arms", [])]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
