"""The hub's own tools over a ledger on disk, as the simulation's hub."""

import io
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from edge.kernel.errors import ChargehandError, HubRefused, LinkFailed, StorageFailed
from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.messages import Enrolled
from memory.ledger import Ledger, Unit, open_ledger
from memory.ledger.devices import Device, Uplink
from memory.ledger.versions import Artifact
from server.outcomes import outcome_of
from tests.fakes.contents import contents_in
from tests.fakes.fleet_devices import MemoryIdentity
from tests.fakes.works import ANN
from tools.calling.context import OpenCall, ToolContext
from tools.fleet.desired_state import SharedStates, read_state
from tools.fleet.tools import fleet_tools
from tools.spec import ToolSpec

__all__ = ["LedgerHub", "empty_ledger"]

START = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def empty_ledger() -> Path:
    """A ledger file with its tables, made once in each process."""
    path = Path(mkdtemp()) / "ledger.db"
    ledger = open_ledger(path)
    ledger.close()
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()
    return path


class LedgerHub:
    """Each call is one transaction of the ledger, as it is on a hub. Nothing is flushed: no power fails here.

    Args:
        flush: as a hub does, for measurements.
    """

    def __init__(self, folder: Path, every_s: float = 60.0, *, flush: bool = False) -> None:
        self._path = folder / "ledger.db"
        self._every_s, self._flush = every_s, flush
        self.identity, self._contents = MemoryIdentity(), contents_in(folder)
        self._backups = 0
        shutil.copyfile(empty_ledger(), self._path)
        self._open()

    def enrolled(self, device: str) -> Enrolled:
        with self.ledger.unit("default") as unit:
            self.add_device(unit, device)
        return Enrolled(
            tenant="default", device=device, group="all", hub_id=self.identity.hub_id, hub_key=self.identity.hub_key
        )

    def add_device(self, unit: Unit, device: str) -> None:
        unit.devices.add(Device(device, "all", "enrolled", START))
        unit.uplinks.save(Uplink(device, "the key is not looked at here"))

    def handle(self, device: str, tool: str, arguments: Mapping[str, Any], now_s: float) -> Mapping[str, Any]:
        caller = ToolContext(f"device:{device}", "default", frozenset({"edge:sync"}))
        try:
            return self._call(caller, tool, arguments, now_s).model_dump(mode="json")
        except StorageFailed as error:
            raise LinkFailed(error.message) from error
        except ChargehandError as error:
            raise HubRefused(error.message, code=outcome_of(error).code) from error

    def want(self, device: str, number: int, text: str | None) -> None:
        name = f"prompt-{number}"
        if text is not None:
            self._call(ANN, "device_prompt_set", {"text": text, "name": name, "device": device})
        elif ("prompt", name) in self.wanted(device):
            self._call(ANN, "device_item_remove", {"kind": "prompt", "name": name, "device": device})

    def put(self, content: bytes) -> ArtifactRef:
        kept = self._contents.put(io.BytesIO(content))
        return ArtifactRef(digest=kept.digest, size_bytes=len(content))

    def want_pack(self, device: str, ref: ArtifactRef) -> None:
        with self.ledger.unit("default") as unit:
            unit.artifacts.save(Artifact(ref.digest, ref.media_type, ref.size_bytes, "memory:", START))
        self._call(ANN, "device_pack_assign", {"name": "pack", "digest": ref.digest, "device": device})

    def backup(self) -> object:
        self._backups += 1
        path = self._path.with_name(f"backup-{self._backups}.db")
        source, target = sqlite3.connect(self._path), sqlite3.connect(path)
        source.backup(target)
        source.close()
        target.close()
        return path

    def restore(self, backup: object) -> None:
        assert isinstance(backup, Path)
        self.ledger.close()
        for end in ("-wal", "-shm"):
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        shutil.copyfile(backup, self._path)
        self._open()

    def received(self, device: str) -> list[Mapping[str, Any]]:
        with self.ledger.view("default") as unit:
            return [event.body for event in unit.device_events.of(device, limit=1_000_000)][::-1]

    def wanted(self, device: str) -> dict[tuple[str, str], Mapping[str, Any]]:
        with self.ledger.view("default") as unit:
            state = read_state(unit, device, "all", SharedStates(), unit.desired.head())
            return {key: body for key, (_, body) in state.items.items() if body is not None}

    def reported(self, device: str) -> Mapping[str, Any] | None:
        with self.ledger.view("default") as unit:
            return unit.devices.get(device).reported

    def close(self) -> None:
        self.ledger.close()

    def _open(self) -> None:
        """A fresh process: nothing is held in memory of what was."""
        self.ledger: Ledger = open_ledger(self._path)
        if not self._flush:
            with self.ledger.database.read() as connection:
                engine = connection.engine
            sa.event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
            engine.dispose()
        self._tools: dict[str, ToolSpec] = {
            spec.name: spec for spec in fleet_tools(self.identity, self._contents, self._every_s)
        }

    def _call(self, caller: ToolContext, tool: str, arguments: Mapping[str, Any], now_s: float = 0.0) -> BaseModel:
        spec = self._tools[tool]
        values = spec.values(spec.check(arguments))
        with self.ledger.unit(caller.tenant) as unit:
            opened = OpenCall(unit, START + timedelta(seconds=now_s))
            return spec.run(replace(caller, opened=opened), **values)
