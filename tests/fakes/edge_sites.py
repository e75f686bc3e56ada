"""A hub's folder with one enrolled device, for tests of real processes."""

import asyncio
import io
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.signing import load_signer
from edge.sync.enrolment import enrol
from edge.sync.transport import open_transport, with_token
from memory.artifacts import ArtifactStore
from memory.ledger import Ledger, open_ledger
from tests.fakes.contents import contents_in
from tests.fakes.edge_processes import DeviceFolder, free_port, hub_processes, wait_for_port
from tests.fakes.forks import Forks
from tests.fakes.works import ANN
from tools.calling.context import ToolRuntime
from tools.fleet.credentials import Identity
from tools.fleet.tools import fleet_tools
from tools.spec import bind

__all__ = ["EdgeSite", "open_site"]


@dataclass
class EdgeSite:
    """The hub's child is running when the block of `open_site` begins."""

    folder: Path
    device: DeviceFolder
    hub: Forks
    hub_process: int
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/mcp"

    def restart_hub(self) -> None:
        """kill -9, and a new one."""
        self.hub.kill(self.hub_process)
        self.hub_process = self.hub.start()
        wait_for_port(self.host, self.port)

    def ledger(self) -> Ledger:
        return open_ledger(self.folder / "ledger.db")

    def call(self, tool: str, **arguments: Any) -> Any:
        """As somebody at the hub."""
        ledger = self.ledger()
        specs = bind(fleet_tools(Identity(self.folder / "identity.key"), self._contents), ToolRuntime(ledger))
        spec = next(spec for spec in specs if spec.name == tool)
        try:
            return asyncio.run(spec.call(ANN, arguments))
        finally:
            ledger.close()

    def received(self) -> list[int]:
        """What the hub has of the device, in the order in which it came."""
        ledger = self.ledger()
        with ledger.view("default") as unit:
            events = unit.device_events.of("press", limit=1_000_000)[::-1]
        ledger.close()
        return [event.body["n"] for event in events if "n" in event.body]

    def put(self, content: bytes) -> ArtifactRef:
        kept = self._contents.put(io.BytesIO(content))
        return ArtifactRef(digest=kept.digest, size_bytes=kept.size_bytes)

    def check(self) -> None:
        """All that was recorded is there, once and in order; what was only begun may be."""
        begun, done = self.device.lines()
        came = self.received()
        assert len(came) == len(set(came))
        assert sorted(set(done) - set(came)) == []
        assert set(came) <= set(begun)
        assert came == sorted(came)
        ledger = self.ledger()
        with ledger.view("default") as unit:
            assert unit.audit.verify().bad_sequence is None
        ledger.close()

    @property
    def _contents(self) -> ArtifactStore:
        return contents_in(self.folder)


@contextmanager
def open_site(folder: Path, host: str = "127.0.0.1") -> Generator[EdgeSite]:
    device = DeviceFolder(folder / "press")
    device.path.mkdir()
    device.recorded.touch()
    port = free_port()
    with hub_processes(folder, host, port) as hub:
        site = EdgeSite(folder, device, hub, hub.start(), host, port)
        wait_for_port(host, port)
        try:
            token = site.call("device_enrolment_token", device="press").token
            asyncio.run(_enrol(site, token))
            yield site
        finally:
            hub.kill(site.hub_process)


async def _enrol(site: EdgeSite, token: str) -> None:
    signer = load_signer(site.device.path / "device.key")
    async with open_transport(site.url, with_token(token)) as link:
        await enrol(site.device.path / "hub.json", link, signer, "press", token, {"cpu": "arm"})
