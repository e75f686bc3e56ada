"""What every process that works on a device opens: the agent, the command line, the child process of a job."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.database import Database, open_database, read_database
from edge.home import EdgeHome, open_home
from edge.kernel.errors import StorageFailed
from edge.kernel.protocol.messages import Enrolled
from edge.kernel.protocol.signing import Signer, load_signer
from edge.outbox import Bounds, Outbox
from edge.settings import EdgeSettings
from edge.state import DesiredState, ReportedState
from edge.sync.enrolment import read_enrolment

__all__ = ["Parts", "boot_id", "utc_now"]

_MIB = 1 << 20


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
