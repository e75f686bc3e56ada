"""Enrolment: one-time tokens, and what a device gets for one."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import Conflict, NotAllowed, Untrusted
from edge.kernel.protocol.messages import Enrolled
from edge.kernel.protocol.signing import verify
from memory.ledger import Unit
from memory.ledger.devices import Device, EnrolmentToken, Uplink
from tools.fleet.credentials import TOKEN_PREFIX, Identity, hash_of, token_of
from tools.fleet.events import SETTLED, clone_alert
from tools.fleet.waves import place_models
from tools.spec import ToolContext, ToolSpec, View, tool

_NAME = r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$"
DeviceName = Annotated[str, Field(pattern=_NAME, description="letters, digits and . _ -")]
GroupName = Annotated[str, Field(pattern=_NAME, description="group of devices: letters, digits and . _ -")]


class TokenView(View):
    """What is kept of a token."""

    id: str
    group: str
    device: str | None
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime
    used_by: str | None
    used_at: AwareDatetime | None


class NewToken(BaseModel):
    """A token that was just made. `token` is shown this once and not kept; `hub_key` is what the device will trust."""

    token: str
    hub_id: str
    hub_key: str
    view: TokenView


class TokenList(BaseModel):
    """Tokens, newest first."""

    tokens: list[TokenView]


def enrolment_tools(identity: Identity) -> list[ToolSpec]:
    """The operations by which devices come in."""

    def device_enrolment_token(
        context: ToolContext,
        group: GroupName = "default",
        device: Annotated[
            DeviceName | None, Field(description="only this device, which may get a new key; else any that is new")
        ] = None,
        hours: Annotated[float, Field(gt=0, le=24 * 30, description="valid for")] = 24.0,
    ) -> NewToken:
        """Make a one-time token with which one device can enrol. The token is shown this once."""
        token_id = secrets.token_hex(6)
        token = f"{TOKEN_PREFIX}{token_id}_{secrets.token_urlsafe(32)}"
        kept = EnrolmentToken(
            id=token_id,
            hash=hash_of(token),
            group=group,
            device=device,
            created_at=context.now,
            created_by=context.principal,
            expires_at=context.now + timedelta(hours=hours),
        )
        context.unit.enrolments.save(kept)
        return NewToken(token=token, hub_id=identity.hub_id, hub_key=identity.hub_key, view=TokenView.of(kept))

    def device_tokens(context: ToolContext) -> TokenList:
        """List the enrolment tokens: for whom, until when, and which device used each; never the tokens themselves."""
        return TokenList(tokens=[TokenView.of(token) for token in context.unit.enrolments.all()])

    def edge_enroll(
        context: ToolContext,
        device: DeviceName,
        public_key: Annotated[str, Field(min_length=44, max_length=44, description="Ed25519, base64")],
        proof: Annotated[str, Field(min_length=88, max_length=88, description="the token's hash, signed; base64")],
        facts: Annotated[dict[str, Any], Field(max_length=64, description="what the device is")] = {},  # noqa: B006
    ) -> Enrolled:
        """Enrol the calling device under a one-time token: from now on it proves who it is by its own key."""
        unit = context.unit
        token = unit.enrolments.find(token_of(context))
        if token is None:
            raise NotAllowed("The enrolment token is not valid.", "Ask for a new one.")
        try:
            verify(public_key, proof, token.hash.encode())
        except Untrusted as error:
            raise NotAllowed("The proof does not show that the device holds its key.", "Sign the token.") from error
        if token.used_at is None:
            _require_valid(token, device, context.now)
            _admit(context, token, device, public_key, facts)
        elif (token.public_key, token.used_by) != (public_key, device):
            raise NotAllowed(f"The enrolment token was used by {token.used_by!r} already.", "Ask for a new one.")
        kept = unit.devices.get(device)
        if kept.state != "enrolled":
            raise NotAllowed(f"The device {device!r} was revoked.", "Ask for a token of its own.")
        return Enrolled(
            tenant=context.tenant, device=device, group=kept.group, hub_id=identity.hub_id, hub_key=identity.hub_key
        )

    return [
        tool(device_enrolment_token, scopes={"fleet:write"}, effect="write", shown_once=True),
        tool(device_tokens, scopes={"fleet:read"}, ledger=True),
        tool(edge_enroll, scopes={"edge:enrol"}, effect="write", idempotent=True),
    ]


def _require_valid(token: EnrolmentToken, device: str, now: datetime) -> None:
    if token.expires_at <= now:
        raise NotAllowed("The enrolment token is not valid.", "Ask for a new one.")
    if token.device is not None and token.device != device:
        raise NotAllowed(f"The enrolment token is not for {device!r}.", "Enrol under the name that it was made for.")


def _admit(context: ToolContext, token: EnrolmentToken, device: str, public_key: str, facts: dict[str, Any]) -> None:
    unit = context.unit
    former, uplink = unit.devices.find(device), unit.uplinks.find(device)
    if former is None:
        unit.devices.add(Device(device, token.group, "enrolled", context.now))
    elif token.device is None and (uplink is None or uplink.public_key != public_key or former.state != "enrolled"):
        raise Conflict(
            f"There is a device {device!r} already.", "Choose another name, or ask for a token for just this device."
        )
    else:
        labels = dict(former.labels)
        if former.state == "suspect":
            _settle_clone(unit, device, uplink.public_key if uplink else "", public_key, context.now)
            labels[SETTLED] = str((uplink.stream_number if uplink else 0) - len(unit.streams.of(device)))
        unit.devices.save(replace(former, group=token.group, state="enrolled", labels=labels))
    revision = unit.desired.next_revision(shared=False)
    fresh = uplink or Uplink(device, public_key)
    unit.uplinks.save(replace(fresh, public_key=public_key, facts=facts, have_revision=-1, refetch_below=revision))
    unit.enrolments.save(replace(token, public_key=public_key, used_by=device, used_at=context.now))
    _place(unit, context, {token.group} | ({former.group} if former else set()))


def _settle_clone(unit: Unit, device: str, former_key: str, public_key: str, now: datetime) -> None:
    """The device that comes with a new key is the right one. Raises Conflict: it has the key that its clone has."""
    if former_key == public_key:
        raise Conflict(
            f"Another device uses the key of {device!r}, too.",
            "Remove device.key on the one that stays; enrol it again.",
        )
    alert = unit.alerts.find(clone_alert(device))
    if alert is not None:
        unit.alerts.save(replace(alert, state="closed", closed_at=now))


def _place(unit: Unit, context: ToolContext, groups: set[str]) -> None:
    for group in sorted(groups):
        place_models(unit, group, context.now, context.principal)
