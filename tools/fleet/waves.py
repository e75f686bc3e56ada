"""Waves of a rollout on devices: the desired model of a group, and of the devices that a wave has reached."""

from datetime import datetime
from typing import Any

from pydantic import ValidationError

from edge.kernel.errors import InvalidInput, NotFound
from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.desired import ModelTarget
from memory.ledger import Unit
from memory.ledger.alerts import Alert
from memory.ledger.desired import DesiredItem
from tools.rollouts.targets import Arm, TargetState, wave

MODEL = "model"
"""Kind and name of the item: a device runs one."""


def model_target(unit: Unit, arm: Arm) -> ModelTarget:
    """What a device fetches and runs for this arm: the files of its version, as the roster has them.

    Fields `runtime`, `self_test` and `configuration` of the card's `edge` are taken over; the arm's configuration wins.

    Raises:
        NotFound: there is no such version, or its files are not kept as artifacts.
        InvalidInput: the card's `edge` does not fit.
    """
    version = unit.versions.get(arm.version)
    given: Any = version.card.get("edge")
    card: dict[str, Any] = dict(given) if isinstance(given, dict) else {}  # pyright: ignore[reportUnknownArgumentType]
    configuration = {**card.pop("configuration", {}), **arm.configuration}
    base = _reference(unit, version.id, "base", version.base_digest)
    adapter = _reference(unit, version.id, "adapter", version.adapter_digest) if version.adapter else None
    try:
        return ModelTarget(
            key=arm.key, version=version.id, base=base, adapter=adapter, configuration=configuration, **card
        )
    except (TypeError, ValidationError) as error:
        raise InvalidInput(f"The card's `edge` of {version.id} does not fit: {error}.", "Correct the card.") from error


def place_models(unit: Unit, group: str, now: datetime, by: str, *, candidate: str | None = None) -> None:
    """Write the desired model of a group's devices, by what its target serves: the first arm, and a wave the last one.

    Args:
        candidate: key of the arm that a rollout moves to, when it is the rollout that asks: then devices that the wave
            has not reached lose a model of their own, and the candidate has to be there. Else only devices that came
            newly into the wave get it.

    Raises:
        NotFound, InvalidInput: as `model_target`, of the candidate. For another arm an alert is raised.
    """
    target = unit.targets.find(group)
    if target is None or target.kind != "devices":
        return
    devices = [one.id for one in unit.devices.all(group) if one.state == "enrolled"]
    arms = TargetState.model_validate(target.traffic).arms
    if not arms or not devices:
        return
    first, *others = arms
    _set_group(unit, group, _body(unit, first, candidate, group, now), now, by)
    reached = wave(devices, others[-1].weight, group) if others else frozenset[str]()
    body = _body(unit, others[-1], candidate, group, now) if reached else None
    _set_devices(unit, devices if candidate else sorted(reached), reached, body, now, by)


def _set_group(unit: Unit, group: str, body: dict[str, Any] | None, now: datetime, by: str) -> None:
    former = unit.desired.find("group", group, MODEL, MODEL)
    if (former.body if former else None) != body:
        revision = unit.desired.next_revision(shared=True)
        unit.desired.put(DesiredItem("group", group, MODEL, MODEL, revision, body, now, by))


def _set_devices(
    unit: Unit, devices: list[str], reached: frozenset[str], body: dict[str, Any] | None, now: datetime, by: str
) -> None:
    former = {item.subject: item.body for item in unit.desired.for_devices(MODEL, MODEL)}
    wanted = {device: body if device in reached else None for device in devices}
    changed = [device for device in devices if former.get(device) != wanted[device]]
    if changed:
        revision = unit.desired.next_revision(shared=False)
        items = [DesiredItem("device", one, MODEL, MODEL, revision, wanted[one], now, by) for one in changed]
        unit.desired.replace_for_devices(MODEL, MODEL, items)


def _body(unit: Unit, arm: Arm, candidate: str | None, group: str, now: datetime) -> dict[str, Any] | None:
    try:
        return model_target(unit, arm).model_dump(mode="json")
    except (NotFound, InvalidInput) as error:
        if arm.key == candidate:
            raise
        unit.alerts.save(Alert(f"model-{group}"[:200], "warning", group, str(error)[:2000], "open", now))
        return None


def _reference(unit: Unit, version: str, part: str, digest: str) -> ArtifactRef:
    if not digest:
        raise NotFound(
            f"The {part} of {version} has no digest, so that no device can fetch it.",
            "Put the file, and register a version with its digest.",
        )
    kept = unit.artifacts.get(digest)
    return ArtifactRef(digest=kept.digest, size_bytes=kept.size_bytes, media_type=kept.media_type)
