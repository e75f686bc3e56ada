"""Devices that keep to the protocol and do nothing else, and the hub's tools that they talk to."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from edge.kernel.protocol.artifacts import unpack_range
from edge.kernel.protocol.desired import DESIRED, Desired, state_digest
from edge.kernel.protocol.events import FIRST_CHAIN, EventKind, chain
from edge.kernel.protocol.messages import Enrolled, SyncResponse, check_seal, pack_events
from edge.kernel.protocol.signing import Signer, request_statement
from memory.artifacts import ArtifactStore
from tests.fakes.contents import contents_in
from tests.fakes.works import ANN, Works
from tools.calling.context import ToolContext
from tools.fleet.credentials import Identity
from tools.fleet.tools import fleet_tools

__all__ = ["FakeDevice", "FleetWorks", "MemoryIdentity", "new_signer", "open_fleet"]


def new_signer(seed: bytes | None = None) -> Signer:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Signer(Ed25519PrivateKey.from_private_bytes((seed or os.urandom(32))[:32]))


class MemoryIdentity(Identity):
    """A hub whose key is in no file."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere/identity.key"))
        self.signer = new_signer()


@dataclass
class FleetWorks:
    """A ledger with the tools of the fleet, on a home of its own."""

    works: Works
    identity: Identity
    contents: ArtifactStore

    async def call(self, name: str, /, caller: ToolContext = ANN, **arguments: Any) -> Any:
        return await self.works.call(caller, name, **arguments)

    async def token(self, tenant: str = "default", **arguments: Any) -> str:
        caller = ToolContext("ann", tenant, ANN.scopes)
        made: Any = await self.works.call(caller, "device_enrolment_token", **arguments)
        return made.token

    async def enrolled(self, name: str = "press-1", tenant: str = "default", **token: Any) -> "FakeDevice":
        device = FakeDevice(self, name, tenant)
        await device.enrol(await self.token(tenant, **token))
        return device


def open_fleet(works: Works, folder: Path) -> FleetWorks:
    identity, contents = Identity(folder / "identity.key"), contents_in(folder)
    works.add(fleet_tools(identity, contents))
    return FleetWorks(works, identity, contents)


@dataclass
class FakeDevice:
    """Keeps everything in memory; `events` are all that it ever recorded."""

    hub: FleetWorks
    name: str
    tenant: str = "default"
    signer: Signer = field(default_factory=new_signer)
    stream: str = field(default_factory=lambda: os.urandom(16).hex())
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    after: int = 0
    reported_version: int = 0
    reported: dict[str, Any] = field(default_factory=dict[str, Any])
    hub_has: int = -1
    revision: int = -1
    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict[tuple[str, str], dict[str, Any]])
    whole: bool = False
    enrolment: Enrolled | None = None

    @property
    def context(self) -> ToolContext:
        return ToolContext(f"device:{self.name}", self.tenant, frozenset({"edge:sync"}))

    async def enrol(self, token: str, **changed: Any) -> Enrolled:
        caller = ToolContext(f"enrolment:{token.split('_')[1]}", self.tenant, frozenset({"edge:enrol"}))
        arguments = {**self.enrolling(token), **changed}
        self.enrolment = cast("Enrolled", await self.hub.works.call(caller, "edge_enroll", **arguments))
        return self.enrolment

    def enrolling(self, token: str) -> dict[str, Any]:
        proof = self.signer.sign(hashlib.sha256(token.encode()).hexdigest().encode())
        return {"device": self.name, "public_key": self.signer.public_key, "proof": proof}

    def record(self, kind: EventKind, **body: Any) -> dict[str, Any]:
        before = self.events[-1]["chain"] if self.events else FIRST_CHAIN
        seq = len(self.events) + 1
        values: Any = (seq, kind, "1970-01-01T00:00:00", "boot", float(seq), body)
        names = ("seq", "kind", "at", "boot", "uptime_s", "body")
        event = {**dict(zip(names, values, strict=True)), "chain": chain(before, *values)}
        self.events.append(event)
        return event

    def report(self, **reported: Any) -> None:
        self.reported = reported
        self.reported_version += 1

    def chain_at(self, seq: int) -> str:
        return self.events[seq - 1]["chain"] if seq else FIRST_CHAIN

    @property
    def digest(self) -> str:
        return state_digest(cast("Mapping[tuple[str, str], Mapping[str, Any]]", self.items))

    def request(self, most: int = 500, *, packed: bool = False, **changed: Any) -> dict[str, Any]:
        through = min(len(self.events), self.after + most)
        events = self.events[self.after : through]
        request: dict[str, Any] = {
            "stream": self.stream,
            "after": self.after,
            "after_chain": self.chain_at(self.after),
            "through": through,
            "through_chain": self.chain_at(through),
            "nonce": os.urandom(16).hex(),
            "reported_version": self.reported_version,
            "have_revision": self.revision,
            "have_digest": self.digest,
            "whole": self.whole,
        }
        request.update({"packed": pack_events(events)} if packed else {"events": events})
        if self.hub_has != self.reported_version:
            request["reported"] = self.reported
        return {**request, **changed}

    async def send(self, request: Mapping[str, Any]) -> SyncResponse:
        return cast("SyncResponse", await self.hub.works.call(self.context, "edge_sync", **request))

    async def sync(self, most: int = 500, **changed: Any) -> SyncResponse:
        """Send, and take the answer."""
        request = self.request(most, **changed)
        response = await self.send(request)
        self.take(response, request["nonce"])
        return response

    async def settle(self) -> None:
        """Until there is nothing more to tell or to take."""
        for _ in range(20):
            response = await self.sync()
            if response.desired is None and self.after == len(self.events) and self.hub_has == self.reported_version:
                return
        raise AssertionError("it does not settle")

    def take(self, response: SyncResponse, nonce: str) -> None:
        assert self.enrolment is not None
        hub = self.enrolment
        check_seal(response, hub.hub_key, hub.hub_id, self.tenant, self.name, nonce)
        if response.cursor > len(self.events) or self.chain_at(response.cursor) != response.cursor_chain:
            self.stream, self.after = os.urandom(16).hex(), 0
        else:
            self.after = response.cursor
        self.hub_has = response.reported_version
        if response.desired is None:
            return
        desired = Desired.model_validate(response.desired.open(DESIRED, hub.hub_key))
        assert desired.device == self.name
        if desired.since is None:
            self.items = {}
        elif desired.since != self.revision:
            return
        for item in desired.items:
            if item.body is None:
                self.items.pop((item.kind, item.name), None)
            else:
                self.items[item.kind, item.name] = item.body
        self.revision = desired.revision
        self.whole = self.digest != desired.digest

    async def fetch(self, digest: str, length: int = 1 << 20) -> bytes:
        content = b""
        while True:
            part: Any = await self.hub.works.call(
                self.context, "edge_artifact", digest=digest, offset=len(content), length=length
            )
            content += unpack_range(part)
            if len(content) >= part.total_bytes:
                return content

    def authorization(self, body: bytes) -> str:
        assert self.enrolment is not None
        statement = request_statement(self.enrolment.hub_id, self.tenant, self.name, body)
        return f"Device {self.tenant}/{self.name} {self.signer.sign(statement)}"
