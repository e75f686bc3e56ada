"""The folder of everything that a device keeps, and what of it is private."""

import fcntl
import json
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.kernel.errors import InvalidInput, NotFound, StorageFailed
from edge.sync.enrolment import replace_file

__all__ = ["EdgeHome", "HubLink", "open_home"]

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
