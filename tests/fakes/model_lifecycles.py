"""The world of a device's model, on disk, and processes in which a life goes on and is killed.

    python -m tests.fakes.model_lifecycles FOLDER

For each line on stdin, `N`, it forks a child that steps the life until it rests, and that kills itself at the N-th place
where that can matter (0: nowhere); it prints the child's process id and, when the child is gone, how it ended.
"""

import hashlib
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from edge.database import Database, open_database
from edge.kernel.errors import InvalidInput, LinkFailed, ModelUnavailable, NotFound, OutOfTime, Untrusted
from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.desired import ModelTarget, SelfTest
from edge.model_lifecycle.lifecycle import LifecycleLimits, ModelLifecycle
from edge.model_lifecycle.steps import Budget, MemoryUsage
from edge.outbox import Outbox
from edge.runtime.port import InstalledModel, Message, Reply, Source
from tests.fakes.forks import Forks, forking

__all__ = ["World", "dying_lives", "open_world", "target"]

Point = Callable[[], None]


def nowhere() -> None:
    """A place at which nobody dies."""


class Dying:
    """Kills its own process at the n-th place."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Hub:
    """Artifacts in a folder, by digest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, content: bytes) -> ArtifactRef:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        (self._folder / digest).write_bytes(content)
        return ArtifactRef(digest=digest, size_bytes=len(content))

    def read(self, ref: ArtifactRef) -> bytes:
        return (self._folder / ref.digest).read_bytes()


class DiskFetch:
    """Fetches in pieces of eight bytes, and goes on where it broke off. `link` False: the hub is not reached."""

    def __init__(self, hub: Hub, folder: Path, point: Point = nowhere) -> None:
        self._hub = hub
        self._folder = folder
        self._point = point
        self.link = True
        self.altered = False
        self.pieces = 0
        folder.mkdir(parents=True, exist_ok=True)

    def fetch(self, ref: ArtifactRef) -> Path:
        whole, part = self._folder / ref.digest, self._folder / f"{ref.digest}.part"
        while not whole.exists():
            self._point()
            if not self.link:
                raise LinkFailed("The hub is not reached.")
            content = self._hub.read(ref)
            have = part.stat().st_size if part.exists() else 0
            if have < len(content):
                with part.open("ab") as file:
                    file.write(content[have : have + 8])
                self.pieces += 1
            else:
                part.rename(whole)
        if self.altered:
            whole.write_bytes(b"GGUF something else")
        return whole

    def forget(self, ref: ArtifactRef) -> None:
        self._point()
        for path in (self._folder / ref.digest, self._folder / f"{ref.digest}.part"):
            path.unlink(missing_ok=True)

    def kept(self) -> list[str]:
        return sorted(path.name for path in self._folder.iterdir())


class DiskChat:
    """Answers as its file says: "GGUF good ..." well; "silent", "wrong", "slow" and "dead" not."""

    context_tokens = 2048

    def __init__(self, runtime: "DiskRuntime", name: str) -> None:
        self._runtime = runtime
        self.name = name

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return 1

    def chat(self, messages: Sequence[Message], **options: Any) -> Reply:
        manner = self._runtime.manner(self.name)
        if manner == "dead" or self.name in self._runtime.dead:
            raise ModelUnavailable(f"{self.name} died.")
        if manner == "slow":
            raise OutOfTime("It is slow.")
        text = {"silent": " ", "wrong": "blue"}.get(manner, "I am ready.")
        return Reply(text, 1, 3, "stop", 0.01)


class DiskRuntime:
    """Keeps models as files in a folder."""

    def __init__(self, folder: Path, point: Point = nowhere, name: Literal["ollama", "llama"] = "llama") -> None:
        self.name: Literal["ollama", "llama"] = name
        self._folder = folder
        self._point = point
        self.up = True
        self.dead = set[str]()
        self.warmed = list[str]()
        self.unloaded = list[str]()
        folder.mkdir(parents=True, exist_ok=True)

    def available(self) -> bool:
        return self.up

    def models(self) -> list[InstalledModel]:
        self._ask()
        paths = sorted(self._folder.glob("*.model"))
        return [InstalledModel(path.stem, path.stat().st_size, "sha256:" + "0" * 64) for path in paths]

    def has(self, digest: str) -> bool:
        self._ask()
        return any(digest in self._read(model.name)["digests"] for model in self.models())

    def create(self, name: str, base: Source, adapter: Source | None, configuration: Mapping[str, Any]) -> None:
        self._ask()
        contents = [self._content(source) for source in (base, adapter) if source is not None]
        if not contents[0].startswith("GGUF"):
            raise InvalidInput("This is no GGUF file.")
        digests = [f"sha256:{hashlib.sha256(content.encode()).hexdigest()}" for content in contents]
        fresh = self._folder / f"{name}.new"
        fresh.write_text(json.dumps({"digests": digests, "contents": contents, "configuration": dict(configuration)}))
        self._point()
        fresh.rename(self._folder / f"{name}.model")
        self._point()

    def warm(self, name: str) -> None:
        self._ask()
        if self.manner(name) == "heavy":
            raise ModelUnavailable("It does not fit the memory.")
        self.warmed.append(name)

    def unload(self, name: str) -> None:
        self._ask()
        self.unloaded.append(name)

    def remove(self, name: str) -> None:
        self._ask()
        (self._folder / f"{name}.model").unlink(missing_ok=True)
        self._point()

    def chat_model(self, name: str) -> DiskChat:
        return DiskChat(self, name)

    def close(self) -> None:
        pass

    def manner(self, name: str) -> str:
        self._ask()
        return self._read(name)["contents"][0].split()[1]

    def _ask(self) -> None:
        self._point()
        if not self.up:
            raise ModelUnavailable("The runtime is not there.")

    def _read(self, name: str) -> dict[str, Any]:
        try:
            return json.loads((self._folder / f"{name}.model").read_text())
        except FileNotFoundError as error:
            raise ModelUnavailable(f"There is no model {name}.") from error

    def _content(self, source: Source) -> str:
        if isinstance(source, Path):
            return source.read_text()
        for model in self.models():
            kept = self._read(model.name)
            if source in kept["digests"]:
                return kept["contents"][kept["digests"].index(source)]
        raise NotFound("No such content.")


class World:
    """A device with its hub.

    Attributes:
        now: of the clock that does not jump; tests move it.
        memory, held: what is free of it while nothing is loaded, and how much less until a model is unloaded.
    """

    def __init__(self, folder: Path, point: Point = nowhere, limits: LifecycleLimits | None = None) -> None:
        self.hub = Hub(folder / "hub")
        self.fetch = DiskFetch(self.hub, folder / "fetched", point)
        self.runtime = DiskRuntime(folder / "runtime", point)
        self.now = 0.0
        self.free = 1 << 40
        self.memory: MemoryUsage | None = MemoryUsage(1 << 40, 1 << 40)
        self.held = 0
        self.database = open_dying(folder / "edge.db", point)
        self.outbox = Outbox(
            self.database,
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            monotonic=lambda: self.now,
            boot="boot",
            new_stream=lambda: uuid4().hex,
        )
        self.limits = limits or LifecycleLimits(budget=Budget(1000, 0), look_every_s=60)
        self.runtimes = [self.runtime]
        self.life = self.restarted()

    def restarted(self) -> ModelLifecycle:
        """The life as a new process finds it."""
        self.life = ModelLifecycle(
            self.database,
            self.outbox,
            self.fetch,
            self.runtimes,
            free_bytes=lambda: self.free,
            memory=lambda runtime: self._memory_now(),
            monotonic=lambda: self.now,
            limits=self.limits,
        )
        return self.life

    def _memory_now(self) -> MemoryUsage | None:
        if self.memory is None:
            return None
        held = 0 if self.runtime.unloaded else self.held
        return MemoryUsage(self.memory.total_bytes, self.memory.free_bytes - held)

    def settle(self, wanted: ModelTarget | None) -> dict[str, Any]:
        """Step until nothing moves any more; what is reported then."""
        for _ in range(100):
            if not (report := self.life.step(wanted)).moved:
                return report.as_reported()
        raise AssertionError("it does not come to rest")

    def steps(self) -> list[str]:
        """Of all events of the kind "model"."""
        return [json.loads(event.body)["step"] for event in self.outbox.recent("model", 1000)]

    def target(self, key: str, content: str = "GGUF good", adapter: str = "", **more: Any) -> ModelTarget:
        return target(self.hub, key, content, adapter, **more)


def target(hub: Hub, key: str, content: str, adapter: str = "", **more: Any) -> ModelTarget:
    """A model that answers as its content says."""
    test = SelfTest(prompts=("Reply with the word ready.",), expect=("ready",))
    ref = hub.keep(adapter.encode()) if adapter else None
    base = hub.keep(f"{content} of {key}".encode() if "of" not in content else content.encode())
    return ModelTarget(key=key, version=key, base=base, adapter=ref, **{"self_test": test, **more})


@contextmanager
def open_world(folder: Path, limits: LifecycleLimits | None = None) -> Generator[World]:
    world = World(folder, limits=limits)
    try:
        yield world
    finally:
        world.database.close()


def open_dying(path: Path, point: Point) -> Database:
    """A database whose every statement is a place to die at, before and after."""

    class Connection(sqlite3.Connection):
        def execute(self, *given: Any) -> Any:
            point()
            done = super().execute(*given)
            point()
            return done

    def connect(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, timeout=30, isolation_level=None, check_same_thread=False, factory=Connection
        )
        # OFF: what a killed process wrote stays; only a power cut would take it.
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "foreign_keys=ON"):
            sqlite3.Connection.execute(connection, f"PRAGMA {pragma}")
        return connection

    return open_database(path, connect)


@contextmanager
def dying_lives(folder: Path) -> Generator[Forks]:
    """A process that starts lives that die, for this folder; its order is in `folder/wanted.json`."""
    with forking(__name__, str(folder)) as forks:
        yield forks


def main() -> None:
    """Fork on demand. Limits are wide: a version is not to be blamed for being killed."""
    import importlib

    folder = Path(sys.argv[1])
    limits = LifecycleLimits(budget=Budget(1000, 0), most_interrupted=100_000)
    for owner in ("edge.configuration", "edge.jobs.store", "edge.outbox_backlog", "edge.sensors.board", "edge.state"):
        importlib.import_module(owner)  # not to be killed in
    for line in sys.stdin:
        begin, begun = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(begin, 1)
            wanted = ModelTarget.model_validate_json((folder / "wanted.json").read_text())
            dying = Dying(int(line))
            world = World(folder, dying, limits)
            try:
                world.settle(wanted)
            except (Untrusted, AssertionError):
                os._exit(1)
            os._exit(0)
        print(child, flush=True)
        os.write(begun, b"!")
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        os.close(begin)
        os.close(begun)


if __name__ == "__main__":
    main()
