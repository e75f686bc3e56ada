"""A device that has jobs: a hub's key, clocks that tests move, and a box of tools that behave as tests need them to.

    python -m tests.fakes.job_devices FOLDER

For each line on stdin it forks a child that runs all due jobs until none is left, to be killed at any moment; it prints
the child's process id and, when the child is gone, how it ended.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from edge.database import open_database
from edge.jobs.runner import JobParts, Jobs
from edge.jobs.sandbox import Ended, run_apart
from edge.kernel.errors import InvalidInput, ToolFailed
from edge.kernel.protocol.desired import Item
from edge.kernel.protocol.jobs import JOB
from edge.kernel.protocol.signing import load_signer
from edge.outbox import Outbox
from tests.fakes.forks import Forks, forking

__all__ = ["JobDevice", "dying_jobs", "make_toolbox", "open_job_device"]

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


class Box:
    """What child processes call."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def call(self, name: str, arguments: Mapping[str, Any], *, by: str) -> dict[str, Any]:
        return getattr(self, name)(**arguments) or {"by": by}

    def mark(self, text: str) -> None:
        """Append a line, in one write."""
        with (self._folder / "marks").open("a") as file:
            file.write(f"{text}\n")

    def stay(self, text: str, seconds: float) -> None:
        """Mark a beginning and an end."""
        self.mark(f"begin {text}")
        time.sleep(seconds)
        self.mark(f"end {text}")

    def spin(self) -> None:
        while True:
            pass

    def hoard(self, mb: int) -> None:
        held = bytearray(mb << 20)
        for at in range(0, len(held), 4096):
            held[at] = 1

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def leave(self, seconds: float) -> None:
        """Start something, and go."""
        process = subprocess.Popen(["sleep", str(seconds)])
        (self._folder / "left").write_text(str(process.pid))

    def leave_far(self, seconds: float, mark: bool = True) -> None:
        """Start something in a session of its own, whose parent is gone, and go."""
        code = f"import os, time; os.setsid(); os.fork() and os._exit(0); open({str(self._folder / 'left')!r}, 'w').write(str(os.getpid())); time.sleep({seconds})"
        subprocess.run([sys.executable, "-c", code], check=True)
        until = time.monotonic() + 5
        while not (self._folder / "left").exists() and time.monotonic() < until:
            time.sleep(0.01)

    def crowd(self, many: int, seconds: float) -> None:
        """Start many, each in a session of its own, and wait."""
        for _ in range(many):
            subprocess.Popen(["sleep", str(seconds)], start_new_session=True)
        time.sleep(seconds)

    def hoard_together(self, many: int, mb: int, seconds: float) -> None:
        """Have several children hold memory, none of them much."""
        code = (
            f"import time; held = bytearray({mb} << 20); held[::4096] = b'x' * len(held[::4096]); time.sleep({seconds})"
        )
        for _ in range(many):
            subprocess.Popen([sys.executable, "-S", "-c", code], start_new_session=True)
        time.sleep(seconds)

    def spin_together(self, many: int, seconds: float) -> None:
        """Have several children compute, in sessions of their own."""
        for _ in range(many):
            subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"], start_new_session=True)
        time.sleep(seconds)

    def leave_and_wait(self, seconds: float) -> None:
        self.leave(seconds)
        time.sleep(seconds)

    def fail(self) -> None:
        raise ToolFailed("The sensor does not answer.", "Look at its cable.")

    def refuse(self) -> None:
        raise InvalidInput("There is no such sensor.")

    def chatter(self) -> None:
        print("{'not': 'the answer'}")

    def crash(self) -> None:
        os._exit(7)


def make_toolbox(folder: Path) -> Box:
    """As `JobParts.toolbox` names it."""
    return Box(folder)


class JobDevice:
    """Its clock stands until a test moves it.

    Attributes:
        ended: what the next runs do, in the place of a child process; the last one again and again. None: real ones.
        carried_out: orders of runs.
    """

    def __init__(self, folder: Path, boot: str = "boot-1", *, real: bool = False, moving: bool = False) -> None:
        self.folder = folder
        self.hub = load_signer(folder / "hub.key")
        self.stranger = load_signer(folder / "stranger.key")
        self.now_s = 0.0
        self.offset = timedelta()
        self.boot = boot
        self.enrolled = True
        self.ended = [Ended("done", 0.1, {"ok": True})]
        self.carried_out = list[dict[str, Any]]()
        self.asked = list[tuple[str, str, float]]()
        self._real = real
        self._moving = moving
        self.database = open_database(folder / "edge.db")
        self.outbox = Outbox(
            self.database, clock=self.clock, monotonic=self.monotonic, boot=boot, new_stream=lambda: uuid4().hex
        )
        self.jobs: Jobs = None  # pyright: ignore[reportAttributeAccessIssue]
        self.start()

    def start(self, boot: str | None = None) -> Jobs:
        """As a new process does; in a new boot its clock begins again."""
        if boot is not None:
            self.boot, self.offset, self.now_s = boot, self.offset + timedelta(seconds=self.now_s), 0.0
        if self.jobs is not None:
            self.jobs.close()
        self.jobs = Jobs(
            self.database,
            self.outbox,
            JobParts(
                hub_key=lambda: self.hub.public_key if self.enrolled else None,
                folder=self.folder,
                toolbox="tests.fakes.job_devices:make_toolbox",
                ask=self._ask,
                clock=self.clock,
                monotonic=self.monotonic,
                boot=self.boot,
                run_apart=run_apart if self._real else self._pretend,
            ),
        )
        return self.jobs

    def run_due(self) -> int:
        """Look at all schedules, then run one after another until none can begin; how many ran."""
        self.jobs.due()
        count = 0
        while self.jobs.run_next():
            count += 1
        return count

    def last_outcomes(self, name: str) -> list[str]:
        """Of the last finished runs, the newest first."""
        query = "SELECT outcome FROM job_runs WHERE job = ? AND state = 'finished' ORDER BY id DESC"
        with self.database.read() as rows:
            return [outcome for (outcome,) in rows.execute(query, (name,))]

    def clock(self) -> datetime:
        return datetime.now(UTC) if self._moving else START + timedelta(seconds=self.now_s) + self.offset

    def monotonic(self) -> float:
        return time.monotonic() if self._moving else self.now_s

    def job(self, name: str, schedule: Mapping[str, Any], revision: int = 1, **more: Any) -> Item:
        """A job as the hub signs it."""
        body = {
            "name": name,
            "schedule": schedule,
            "action": {"do": "tool", "tool": "mark", "arguments": {"text": name}},
        }
        return Item(kind="job", name=name, revision=revision, body=self.hub.envelope(JOB, body | more).model_dump())

    def outcomes(self) -> list[tuple[str, str]]:
        """Of all "job" events."""
        bodies = (json.loads(event.body) for event in self.outbox.recent("job", 1000))
        return [(body["job"], body["outcome"]) for body in bodies]

    def tell(self, kind: Any) -> list[dict[str, Any]]:
        """Bodies of the events of a kind."""
        return [json.loads(event.body) for event in self.outbox.recent(kind, 1000)]

    def marks(self) -> list[str]:
        path = self.folder / "marks"
        return path.read_text().splitlines() if path.exists() else []

    def _pretend(self, order: Mapping[str, Any], wall_s: float, on_start: Any) -> Ended:
        on_start(2**22 + 1, 1)  # a number that no process has
        self.carried_out.append(dict(order))
        return self.ended.pop(0) if len(self.ended) > 1 else self.ended[0]

    def _ask(self, text: str, by: str, limit_s: float) -> dict[str, Any]:
        self.asked.append((text, by, limit_s))
        return {"text": "It is warm."}


@contextmanager
def open_job_device(folder: Path, *, real: bool = False, moving: bool = False) -> Generator[JobDevice]:
    device = JobDevice(folder, real=real, moving=moving)
    try:
        yield device
    finally:
        device.jobs.close()
        device.database.close()


@contextmanager
def dying_jobs(folder: Path) -> Generator[Forks]:
    """A process that starts daemons that die, for this folder."""
    with forking(__name__, str(folder)) as forks:
        yield forks


def main() -> None:
    """Fork on demand."""
    folder = Path(sys.argv[1])
    for _ in sys.stdin:
        begin, begun = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(begin, 1)
            device = JobDevice(folder, real=True, moving=True)
            while device.jobs.due():
                if not device.jobs.run_next():
                    time.sleep(0.01)
            os._exit(0)
        print(child, flush=True)
        os.write(begun, b"!")
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        os.close(begin)
        os.close(begun)


if __name__ == "__main__":
    main()
