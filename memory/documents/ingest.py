"""Bring files into the ledger: idempotent by content hash, following updates and deletions."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from edge.kernel.errors import ChargehandError, InvalidInput, NotFound
from memory.documents.chunking import CHUNKER_VERSION, split_into_chunks
from memory.documents.parsing import PARSER_VERSION, SUPPORTED_SUFFIXES, parse_document
from memory.documents.passages import Chunk
from memory.ledger import Ledger
from memory.ledger.documents import StoredDocument

_BATCH = 32
_IGNORED_FOLDERS = frozenset({".git", ".venv", "__pycache__", "node_modules"})


@dataclass(slots=True)
class IngestReport:
    """What became of the files; names are those shown to users."""

    added: list[str] = field(default_factory=list[str])
    updated: list[str] = field(default_factory=list[str])
    unchanged: list[str] = field(default_factory=list[str])
    deleted: list[str] = field(default_factory=list[str])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    """Name -> why it could not be read and what to do."""


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is under one path: its files, the former documents whose files are gone, the folders not readable."""

    files: tuple[_File, ...]
    gone: tuple[StoredDocument, ...]
    closed: dict[str, str]


def ingest_paths(
    ledger: Ledger,
    paths: Sequence[Path],
    *,
    tenant: str,
    limit_bytes: int,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> IngestReport:
    """Read files and folders (recursively) into the ledger, in durable batches.

    A file that was read before and is unchanged costs one hash. Former files that are gone are deleted. A file that
    cannot be parsed is reported in `refused`, what the ledger holds of it stays, and the others go on.

    Args:
        limit_bytes: larger files are refused.

    Raises:
        NotFound: a path does not exist; nothing is changed.
        InvalidInput: a folder has no file of a supported kind, and nothing of it was ingested before; nothing is
            changed.
        StorageFailed: the disk is full; the batches before are kept.
    """
    report = IngestReport()
    known = {document.id: document for document in ledger.documents.all(tenant)}
    found = [_look(path, known) for path in paths]
    gone = {document.id: document for part in found for document in part.gone}
    if gone:
        ledger.documents.delete(list(gone.values()))
        report.deleted.extend(document.name for document in gone.values())
    batch: list[tuple[StoredDocument, Sequence[Chunk]]] = []
    for part in found:
        report.refused.update(part.closed)
        for file in part.files:
            document = _read(file, tenant, limit_bytes, known, report, now())
            if document is not None:
                batch.append(document)
                known[document[0].id] = document[0]
            if len(batch) >= _BATCH:
                ledger.documents.save(batch)
                batch = []
    if batch:
        ledger.documents.save(batch)
    return report


def _look(path: Path, known: dict[str, StoredDocument]) -> _Found:
    root = Path(os.path.abspath(path))  # noqa: PTH100
    closed: dict[Path, str] = {}
    files = tuple(_files(root, closed))
    gone = tuple(_vanished(root, files, closed, known))
    if not gone and not root.exists():
        raise NotFound(f"There is no file or folder {path}.", "Check the path.")
    if not gone and not files and not closed:
        kinds = ", ".join(sorted(SUPPORTED_SUFFIXES))
        raise InvalidInput(f"There is nothing to ingest in {path}.", f"Supported kinds: {kinds}.")
    return _Found(files, gone, {_relative(folder, root): why for folder, why in closed.items()})


def _files(root: Path, closed: dict[Path, str]) -> Iterator[_File]:
    """The file itself, or all supported files below the folder in a stable order; `closed` takes up what fails."""

    def note(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            closed[Path(error.filename)] = f"Cannot be read: {error.strerror}."

    if root.is_file():
        yield _File(root, root.name)
        return
    for folder, folders, names in os.walk(root, onerror=note):
        folders[:] = sorted(name for name in folders if name not in _IGNORED_FOLDERS and not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix.lower() in SUPPORTED_SUFFIXES and not name.startswith("."):
                yield _File(path, _relative(path, root))


def _vanished(
    root: Path, files: Sequence[_File], closed: Iterable[Path], known: dict[str, StoredDocument]
) -> Iterator[StoredDocument]:
    """Documents that once came from `root`, or from under it, and whose files are gone."""
    present = {str(file.path) for file in files}
    for document in known.values():
        source = Path(document.source)
        is_hidden = any(source.is_relative_to(folder) for folder in closed)
        if source.is_relative_to(root) and document.source not in present and not is_hidden:
            yield document


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path != root else path.name


def _read(
    file: _File,
    tenant: str,
    limit_bytes: int,
    known: dict[str, StoredDocument],
    report: IngestReport,
    now: datetime,
) -> tuple[StoredDocument, Sequence[Chunk]] | None:
    """Parse one file into what the ledger keeps; None where it is unchanged or refused (the report says which)."""
    source = str(file.path)
    try:
        document_id = hashlib.sha256(f"{tenant}\0{source}".encode()).hexdigest()[:20]
    except UnicodeEncodeError:
        report.refused[ascii(file.name)] = "Its name is not valid UTF-8. Rename it."
        return None
    before = known.get(document_id)
    # Each name is an end of the path: the longest says the most, and does not depend on what was ingested last.
    name = file.name if before is None else max(before.name, file.name, key=len)
    try:
        data = _load(file.path, limit_bytes)
        content_hash = _content_hash(data)
        if before is not None and (before.content_hash, before.name) == (content_hash, name):
            report.unchanged.append(name)
            return None
        parsed = parse_document(file.path.name, data)
    except (ChargehandError, OSError) as error:
        why = str(error) if isinstance(error, ChargehandError) else f"Cannot be read: {error.strerror}."
        report.refused[source if name in report.refused else name] = why
        return None
    (report.added if before is None else report.updated).append(name)
    document = StoredDocument(
        document_id, tenant, source, name, parsed.title, parsed.media_type, content_hash, parsed.text, now
    )
    return document, split_into_chunks(parsed)


def _load(path: Path, limit_bytes: int) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInput("It is not a file.", "Give a file with text in it.")
    size_bytes = status.st_size
    if size_bytes > limit_bytes:
        raise InvalidInput(
            f"It has {size_bytes} bytes; the limit is {limit_bytes}.", "Raise CHARGEHAND_DOCUMENT_LIMIT_BYTES."
        )
    return path.read_bytes()


def _content_hash(data: bytes) -> str:
    versions = f"parser {PARSER_VERSION}, chunker {CHUNKER_VERSION}\0".encode()
    return hashlib.sha256(versions + data).hexdigest()
