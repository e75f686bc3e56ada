"""The folder of everything that a device keeps, and what every process that works on it opens.

Such a process is the agent, a command of the command line, or the child process of a job.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import secrets
import shutil
import socket
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.database import Database, open_database, read_database
from edge.files import replace_file
from edge.kernel.errors import InvalidInput, NotFound, StorageFailed
from edge.kernel.protocol.messages import Enrolled
from edge.kernel.protocol.signing import Signer, load_signer
from edge.outbox import Bounds, Outbox
from edge.settings import EdgeSettings
from edge.state import DesiredState, ReportedState
from edge.sync.enrolment import read_enrolment

_FULL_BELOW_MB = 1
"""Then SQLite may not write any more."""


class HubLink(BaseModel):
    """How the hub is reached.

    Attributes:
        url: of its MCP endpoint.
        authorities: certificates (PEM file) that the hub's must come from; None for those of the system.
        proxy: address of an HTTP proxy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    authorities: Path | None = None
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class EdgeHome:
    """Where things are; made by `open_home`."""

    root: Path

    @property
    def key(self) -> Path:
        """The device's private key; nobody but its user may read it."""
        return self.root / "device.key"

    @property
    def enrolment(self) -> Path:
        return self.root / "enrolment.json"

    @property
    def database(self) -> Path:
        return self.root / "edge.db"

    @property
    def artifacts(self) -> Path:
        """Contents that came from the hub, by digest."""
        return self.root / "artifacts"

    @property
    def models(self) -> Path:
        """What llama.cpp runs."""
        return self.root / "models"

    @property
    def socket(self) -> Path:
        """Where the agent that runs can be asked."""
        return self.root / "agent.sock"

    @property
    def page_code(self) -> Path:
        """The code of the device's page."""
        return self.root / "page.code"

    def room(self) -> str:
        """How much is free on its disk, in words."""
        free_mb = shutil.disk_usage(self.root).free / (1 << 20)
        return f"{free_mb:.0f} MiB free" if free_mb >= _FULL_BELOW_MB else f"full: {free_mb:.1f} MiB free"

    def link(self) -> HubLink:
        """Raises NotFound: the device never enrolled; InvalidInput: the file is broken."""
        path = self.root / "hub.json"
        try:
            return HubLink.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise NotFound("This device is not enrolled.", "Run `chargehand-edge enroll`.") from error
        except (OSError, ValidationError) as error:
            raise InvalidInput(f"{path} cannot be read.", "Enrol the device again.") from error

    def keep_link(self, link: HubLink) -> None:
        """Raises StorageFailed."""
        told: dict[str, Any] = link.model_dump(mode="json")
        replace_file(self.root / "hub.json", json.dumps(told).encode())

    @contextmanager
    def only_one(self) -> Generator[None]:
        """One agent runs on a home at a time. Raises InvalidInput: another does."""
        path = self.root / "running.lock"
        with path.open("a", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InvalidInput(f"An agent already runs on {self.root}.", "Stop it first.") from error
            yield


def open_home(root: Path) -> EdgeHome:
    """The home in this folder, which is made, private to its user, where it does not exist. Raises StorageFailed."""
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(root, os.W_OK | os.X_OK):
            raise PermissionError(13, "it cannot be written to")
    except OSError as error:
        raise StorageFailed(
            f"The folder {root} cannot be used: {error.strerror}.", "Choose another by CHARGEHAND_EDGE_HOME."
        ) from error
    return EdgeHome(root)


_MIB = 1 << 20


def facts() -> dict[str, Any]:
    """JSON; tells people at the hub what they have before them."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "hostname": socket.gethostname(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_mb": memory // _MIB,
    }


@dataclass(frozen=True, slots=True)
class Parts:
    """Settings, places and the one database, for a process of its own."""

    settings: EdgeSettings
    home: EdgeHome
    database: Database
    outbox: Outbox
    desired: DesiredState
    reported: ReportedState

    @classmethod
    def of(cls, settings: EdgeSettings, *, reading: bool = False) -> Parts:
        """Open them.

        Args:
            reading: nothing will be written, so that it works on a disk that is full.

        Raises:
            StorageFailed: the home or the database cannot be used.
        """
        home = open_home(settings.home)
        database = (read_database if reading else open_database)(home.database)
        room = settings.outbox
        outbox = Outbox(
            database,
            clock=utc_now,
            monotonic=time.monotonic,
            boot=boot_id(),
            new_stream=lambda: secrets.token_hex(16),
            bounds=Bounds(
                audit=int(room.audit_mb * _MIB),
                record=int(room.record_mb * _MIB),
                telemetry=int(room.telemetry_mb * _MIB),
            ),
        )
        return cls(settings, home, database, outbox, DesiredState(database), ReportedState(database))

    @property
    def enrolled(self) -> Enrolled | None:
        """The hub; None before the device enrolled. Raises StorageFailed."""
        return read_enrolment(self.home.enrolment)

    @property
    def signer(self) -> Signer:
        """Raises Untrusted, StorageFailed: the key cannot be used."""
        try:
            return load_signer(self.home.key)
        except OSError as error:
            raise StorageFailed(f"{self.home.key} cannot be used: {error.strerror}.") from error


def boot_id() -> str:
    """Names this start of the operating system."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"start-{os.getpid()}-{time.monotonic_ns()}"


def utc_now() -> datetime:
    """The wall clock; it may jump."""
    return datetime.now(UTC)
