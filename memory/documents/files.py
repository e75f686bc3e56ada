"""The files below a path that are documents, and what is passed over on the way, with the reason."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge.kernel.errors import InvalidInput
from memory.documents.parsing import SUPPORTED_SUFFIXES

_IGNORED_FOLDERS = frozenset({".git", ".venv", "__pycache__", "node_modules"})
_TRIES = 3
_HIDDEN = "Hidden: its name begins with a dot."


@dataclass(frozen=True, slots=True)
class File:
    """A file to be read.

    Attributes:
        path: as it was found, absolute.
        real: without links; what tells documents apart.
        name: relative to what was ingested; shown to users.
        size_bytes: when it was found; 0 where that cannot be told.
    """

    path: Path
    real: str
    name: str
    size_bytes: int = 0


@dataclass(slots=True)
class Found:
    """What there is under one path.

    Attributes:
        root: the path without links.
        files: each once, in a stable order.
        passed_over: name -> why it is no document to be read.
        closed: folder -> why it cannot be looked into.
    """

    root: Path
    files: list[File] = field(default_factory=list[File])
    passed_over: dict[str, str] = field(default_factory=dict[str, str])
    closed: dict[Path, str] = field(default_factory=dict[Path, str])

    def name_of(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path != self.root else path.name


def find_files(path: Path) -> Found:
    """The file itself, or all below the folder that are of a supported kind.

    A link to a file is that file, and a file is found once; links to folders are passed over, so that nothing is
    followed in circles. What is named itself is never passed over.
    """
    found = Found(Path(os.path.realpath(path)))
    if found.root.is_file():
        found.files.append(_file(found.root, Path(os.path.abspath(path)).name))  # noqa: PTH100
        return found
    links: list[Path] = []
    for file in _walk(found):
        if file.is_symlink():
            links.append(file)
        else:
            found.files.append(_file(file, found.name_of(file)))
    known = {file.real: file.name for file in found.files}
    for link in links:
        file = _file(link, found.name_of(link))
        if file.real in known:
            found.passed_over[file.name] = f"A link to {known[file.real]}, which is read itself."
        else:
            known[file.real] = file.name
            found.files.append(file)
    found.files.sort(key=lambda file: file.name.split("/"))
    return found


def _walk(found: Found) -> Iterator[Path]:
    def note(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            found.closed[Path(error.filename)] = f"Cannot be read: {error.strerror}."

    for folder, folders, names in os.walk(found.root, onerror=note):
        kept: list[str] = []
        for name in sorted(folders):
            path = Path(folder, name)
            why = _why_no_folder(path)
            if why:
                found.passed_over[f"{found.name_of(path)}/"] = why
            else:
                kept.append(name)
        folders[:] = kept
        for name in sorted(names):
            path = Path(folder, name)
            why = _why_no_document(path)
            if why:
                found.passed_over[found.name_of(path)] = why
            else:
                yield path


def _why_no_folder(path: Path) -> str:
    if path.name in _IGNORED_FOLDERS:
        return "A folder of programs, not of documents."
    if path.name.startswith("."):
        return _HIDDEN
    return "A link to a folder: name the folder itself to ingest it." if path.is_symlink() else ""


def _why_no_document(path: Path) -> str:
    if path.name.startswith("."):
        return _HIDDEN
    suffix = path.suffix.lower()
    if suffix in SUPPORTED_SUFFIXES:
        return ""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"Cannot be read: {error.strerror}."
    if not stat.S_ISREG(mode):
        return "It is not a file."
    return f"Files of the kind {suffix} are not read." if suffix else "It has no suffix that tells what it is."


def _file(path: Path, name: str) -> File:
    try:
        size_bytes = path.stat().st_size
    except OSError:
        size_bytes = 0
    return File(path, os.path.realpath(path), name, size_bytes)


def read_file(path: Path, limit_bytes: int) -> bytes:
    """Read a whole file, again where it changes meanwhile.

    Raises:
        InvalidInput: it is no file, too large, or does not stop changing.
        OSError: it cannot be read.
    """
    for _ in range(_TRIES):
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InvalidInput("It is not a file.", "Give a file with text in it.")
        if status.st_size > limit_bytes:
            raise InvalidInput(
                f"It has {status.st_size} bytes; the limit is {limit_bytes}.", "Raise CHARGEHAND_DOCUMENT_LIMIT_BYTES."
            )
        data = path.read_bytes()
        after = path.stat()
        if (status.st_mtime_ns, status.st_size, len(data)) == (after.st_mtime_ns, after.st_size, after.st_size):
            return data
    raise InvalidInput("It changes while it is read.", "Ingest it again once it is whole.")
