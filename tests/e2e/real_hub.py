"""The real hub in a process of its own, on a home of its own, with the sample documents."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

__all__ = ["RealHub", "running_hub"]

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 120.0
STOP_LIMIT_S = 30.0
CHARGEHAND = [sys.executable, "-c", "from server.cli import main; main()"]


@dataclass(frozen=True)
class RealHub:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> Any:
        """The JSON at `path`, such as "/v1/threads"."""
        with urlopen(self.url + path, timeout=20) as response:
            return json.load(response)


@contextmanager
def running_hub(home: Path, model: str = "none") -> Generator[RealHub]:
    """Ingest the samples into `home` and run `chargehand up` on a free port until the end of the block.

    Raises:
        RuntimeError: it does not answer within `START_LIMIT_S`; the message holds the end of its log.
    """
    env = {**os.environ, "CHARGEHAND_HOME": str(home), "CHARGEHAND_MODEL": model}
    subprocess.run([*CHARGEHAND, "ingest", "memory/samples"], cwd=ROOT, env=env, check=True, timeout=300)
    hub = RealHub(_free_port())
    log = home / "hub.log"
    with log.open("wb") as sink:
        command = [*CHARGEHAND, "up", "--port", str(hub.port)]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=sink, stderr=subprocess.STDOUT)
    try:
        _wait_for(hub, process, log)
        yield hub
    finally:
        process.terminate()
        process.wait(timeout=STOP_LIMIT_S)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _wait_for(hub: RealHub, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            hub.get("/v1/status")
        except OSError:  # Not listening yet, or listening and not answering yet.
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"The hub did not start:\n{log.read_text(errors='replace')[-4000:]}")
