"""Real processes of a hub and of a device, to be killed.

    python -m tests.fakes.edge_processes hub FOLDER HOST PORT
    python -m tests.fakes.edge_processes device FOLDER URL

For each line on stdin the parent forks a child, prints its process id and, when it is gone, how it ended. The hub's
child serves until it is killed. The device's child records and syncs, `go run` until it is killed, `go drain` until the
hub has everything. What it recorded is in the file "recorded": a line "begin N" before, and "done N" after.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from edge.database import open_database
from edge.kernel.errors import LinkFailed
from edge.kernel.protocol.messages import Enrolled
from edge.kernel.protocol.signing import load_signer
from edge.outbox import Outbox
from edge.sync.enrolment import read_enrolment
from edge.sync.exchange import Syncer
from edge.sync.transport import as_device, mcp_client, open_transport
from tests.fakes.forks import Forks, forking

__all__ = ["DeviceFolder", "device_processes", "free_port", "hub_processes", "wait_for_port"]


class DeviceFolder:
    """Where a device keeps what it has, and what it recorded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.recorded = path / "recorded"

    def wait_for_more(self, seconds: float = 10) -> None:
        """Until something is recorded."""
        end, size = time.monotonic() + seconds, self.recorded.stat().st_size
        while self.recorded.stat().st_size == size:
            assert time.monotonic() < end, "nothing is recorded"
            time.sleep(0.002)

    def lines(self) -> tuple[list[int], list[int]]:
        """What was begun, and of that what was done."""
        told = [line.split() for line in self.recorded.read_text().splitlines() if line[-1:].isdigit()]
        return [int(n) for word, n in told if word == "begin"], [int(n) for word, n in told if word == "done"]


@contextmanager
def hub_processes(folder: Path, host: str, port: int) -> Generator[Forks]:
    with forking(__name__, "hub", str(folder), host, str(port)) as forks:
        yield forks


@contextmanager
def device_processes(folder: Path, url: str) -> Generator[Forks]:
    with forking(__name__, "device", str(folder), url) as forks:
        yield forks


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_port(host: str, port: int, seconds: float = 30) -> None:
    """Until somebody listens there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection((host, port), 1):
            return
        time.sleep(0.01)
    raise AssertionError(f"Nobody listens on port {port}.")


def serve_hub(folder: Path, host: str, port: int) -> None:
    """The hub's door, its MCP server and its tools on a ledger; without what devices do not need."""
    import uvicorn
    from starlette.applications import Starlette

    from memory.ledger import open_ledger
    from server.authentication import AuthenticationMiddleware, caller_of
    from server.mcp.http import open_mcp
    from tests.fakes.contents import contents_in
    from tools.calling.context import ToolRuntime
    from tools.fleet.credentials import Identity
    from tools.fleet.tools import fleet_tools
    from tools.spec import bind

    identity, ledger = Identity(folder / "identity.key"), open_ledger(folder / "ledger.db")
    bound = bind(fleet_tools(identity, contents_in(folder)), ToolRuntime(ledger))
    tools = {spec.name: spec for spec in bound}

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette):
        async with open_mcp(tools, caller_of, frozenset({host})) as route:
            app.router.routes.append(route)
            yield

    app = Starlette(lifespan=lifespan)
    guarded = AuthenticationMiddleware(app, ledger, None, identity=identity)
    uvicorn.run(guarded, host=host, port=port, log_level="critical", lifespan="on")


async def run_device(folder: DeviceFolder, url: str, *, drain: bool) -> None:
    """Record and sync; a link that fails is tried again at once."""
    hub = read_enrolment(folder.path / "hub.json")
    assert isinstance(hub, Enrolled)
    signer = load_signer(folder.path / "device.key")
    database = open_database(folder.path / "edge.db")
    outbox = Outbox(
        database,
        clock=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        boot=secrets.token_hex(4),
        new_stream=lambda: secrets.token_hex(16),
    )
    log = os.open(folder.recorded, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    number = max(folder.lines()[0], default=0)
    async with open_transport(url, as_device(hub, signer), timeout_s=5, connect_s=2) as link:
        syncer = Syncer(hub, link, database, outbox, lambda: secrets.token_hex(16), most_events=20)
        while not drain or outbox.status().waiting:
            for _ in range(0 if drain else 1 + number % 4):
                number += 1
                os.write(log, f"begin {number}\n".encode())
                outbox.record("audit", {"n": number})
                os.write(log, f"done {number}\n".encode())
            try:
                await syncer.round()
            except LinkFailed:
                await asyncio.sleep(0.02)


def main() -> None:
    """Fork on demand."""
    role, folder = sys.argv[1], Path(sys.argv[2])
    work: Callable[[str], None]
    if role == "hub":
        import mcp.server  # noqa: F401  # not to be killed in
        import uvicorn  # noqa: F401  # as above

        import tools.fleet.tools  # noqa: F401  # as above

        host, port = sys.argv[3], int(sys.argv[4])

        def work(order: str) -> None:
            serve_hub(folder, host, port)
    else:
        mcp_client()  # as above

        url = sys.argv[3]

        def work(order: str) -> None:
            asyncio.run(run_device(DeviceFolder(folder), url, drain=order == "go drain"))

    for line in sys.stdin:
        begin, begun = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(begin, 1)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            try:
                work(line.strip())
            except BaseException:  # noqa: BLE001  # what ends the child is told
                import traceback

                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        os.write(begun, b"!")
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        os.close(begin)
        os.close(begun)


if __name__ == "__main__":
    main()
