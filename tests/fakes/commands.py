"""The command line in processes of its own, on a home of the test's own, knowing nothing of this machine."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import AnyMessage

from memory.ledger import open_ledger
from memory.threads import open_threads
from tests.fakes.offline import NOBODY
from tests.fakes.weights import WEIGHT_CACHE

__all__ = ["CHARGEHAND", "Done", "Up", "environment", "messages_of", "run_process", "start_up"]

ROOT = Path(__file__).parents[2]
CHARGEHAND = (sys.executable, "-c", "from server.cli import main; main()")
START_LIMIT_S = 120
_URL = re.compile(r"http://\S+")


@dataclass(frozen=True)
class Done:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object that stdout holds; fails when there is more or less."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(home: Path, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Every setting that the machine's own environment could fill has a value; there is no model unless one is given."""
    inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "LANG", "SYSTEMROOT", "TMPDIR"}}
    return inherited | {
        "CHARGEHAND_CACHE": str(WEIGHT_CACHE),
        "CHARGEHAND_HOME": str(home),
        "CHARGEHAND_MODEL": "none",
        "HOME": str(home),
        "NO_PROXY": "127.0.0.1,localhost",
        "OLLAMA_HOST": NOBODY,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        "PYTHONUNBUFFERED": "1",
        **(settings or {}),
    }


def run_process(
    home: Path,
    *arguments: str | bytes,
    settings: Mapping[str, str] | None = None,
    limit_s: float = START_LIMIT_S,
    stdin: str | None = None,
) -> Done:
    """Run a command to its end in an empty working folder of the home, with this text on its stdin."""
    done = subprocess.run(
        [*CHARGEHAND, *arguments],
        cwd=home,
        env=environment(home, settings),
        input=None if stdin is None else stdin.encode(),
        capture_output=True,
        timeout=limit_s,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def messages_of(home: Path, thread_id: str) -> list[AnyMessage]:
    """What a thread of a home has kept, read without any process."""

    async def read() -> list[AnyMessage]:
        ledger = open_ledger(home / "ledger.sqlite")
        async with open_threads(home / "threads.sqlite", ledger) as threads:
            saved = await threads.messages(thread_id, "default")
        ledger.close()
        return [entry.message for entry in saved]

    return asyncio.run(read())


@dataclass(frozen=True)
class Up:
    """A running `chargehand up`."""

    url: str
    process: subprocess.Popen[str]

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        self.process.send_signal(with_signal)
        return self.process.wait(START_LIMIT_S)


@contextmanager
def start_up(home: Path, *options: str, settings: Mapping[str, str] | None = None) -> Generator[Up]:
    """Run `chargehand up` on a free port until the end of the block.

    Raises:
        RuntimeError: it ended instead, or took too long; the message holds what it said.
    """
    command = [*CHARGEHAND, "up", *(options or ("--port", "0"))]
    with subprocess.Popen(
        command,
        cwd=home,
        env=environment(home, settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        too_late = threading.Timer(START_LIMIT_S, process.kill)
        too_late.start()
        try:
            said = process.stdout.readline()
            url = _URL.search(said)
            if url is None:
                process.kill()
                raise RuntimeError(f"up did not start: {said}{process.stderr.read()}")
            too_late.cancel()
            yield Up(url.group(), process)
        finally:
            too_late.cancel()
            if process.poll() is None:
                process.kill()
