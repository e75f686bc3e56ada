"""Models kept as files: contents by digest, and one small record for each name, written last and at once.

A record that is there names contents that are there, whenever the device is switched off.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from edge.files import disk_errors, file_digest, replace_file, sync_folder
from edge.kernel.errors import NotFound
from edge.kernel.gguf import read_gguf
from edge.runtime.port import Source

_RECORD = ".json"
_FAILED = ("The model cannot be kept", "Free space on the disk.")


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model on the store; `digest` is of its record."""

    name: str
    base: Path
    adapter: Path | None
    configuration: Mapping[str, Any]
    size_bytes: int
    digest: str


class ModelStore:
    """A folder of models. One process at a time may change it."""

    def __init__(self, folder: Path) -> None:
        self._contents = folder / "contents"
        self._records = folder / "models"

    def names(self) -> list[str]:
        if not self._records.is_dir():
            return []
        return sorted(unquote(path.stem) for path in self._records.glob(f"*{_RECORD}"))

    def get(self, name: str) -> StoredModel:
        """Raises NotFound: there is no such model, or a file of it is gone."""
        path = self._record_of(name)
        try:
            content = path.read_bytes()
            record: dict[str, Any] = json.loads(content)
            base = self._contents / record["base"]
            adapter = self._contents / record["adapter"] if record["adapter"] else None
            size = sum(file.stat().st_size for file in (base, adapter) if file is not None)
        except (FileNotFoundError, ValueError, KeyError) as error:
            raise NotFound(f"There is no model {name!r} here.", "Create it first.") from error
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        return StoredModel(name, base, adapter, record["configuration"], size, digest)

    def has(self, digest: str) -> bool:
        """Whether the file of this digest (`sha256:…`) is here for one of the models."""
        return (self._contents / digest.replace(":", "-")).is_file()

    def put(self, name: str, base: Source, adapter: Source | None, configuration: Mapping[str, Any]) -> None:
        """Keep it, in the place of any other of that name.

        Files on the same disk are linked, not copied: they must not be changed afterwards.

        Raises:
            InvalidInput: a file is no whole GGUF file.
            NotFound, StorageFailed
        """
        with disk_errors(*_FAILED):
            for folder in (self._contents, self._records):
                folder.mkdir(parents=True, exist_ok=True)
            record = {
                "base": self._take(base),
                "adapter": self._take(adapter) if adapter is not None else None,
                "configuration": dict(configuration),
            }
            replace_file(self._record_of(name), json.dumps(record).encode())
            self._sweep()

    def remove(self, name: str) -> None:
        """Does nothing where there is none. Raises StorageFailed."""
        with disk_errors(*_FAILED):
            self._record_of(name).unlink(missing_ok=True)
            if self._contents.is_dir():
                self._sweep()

    def _record_of(self, name: str) -> Path:
        return self._records / f"{quote(name, safe='')}{_RECORD}"

    def _take(self, source: Source) -> str:
        """Have the file's content; returns its name here."""
        if isinstance(source, str):
            if not self.has(source):
                raise NotFound(f"{source} is not here.", "Fetch it first.")
            return source.replace(":", "-")
        try:
            read_gguf(source)
            name = file_digest(source).replace(":", "-")
        except FileNotFoundError as error:
            raise NotFound(f"{source} is not there.", "Fetch it first.") from error
        kept = self._contents / name
        if not kept.exists():
            fresh = kept.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            try:
                fresh.hardlink_to(source)
            except OSError as error:
                if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}:
                    raise
                shutil.copyfile(source, fresh)
            with fresh.open("rb") as file:
                os.fsync(file.fileno())
            fresh.replace(kept)
            sync_folder(self._contents)
        return name

    def _sweep(self) -> None:
        """Remove contents that no record names; a device that was switched off in between does it the next time."""
        wanted = {file for name in self.names() for file in self._files(name)}
        for path in self._contents.iterdir():
            if path.name not in wanted:
                path.unlink(missing_ok=True)

    def _files(self, name: str) -> list[str]:
        try:
            kept = self.get(name)
        except NotFound:
            return []
        return [file.name for file in (kept.base, kept.adapter) if file is not None]
