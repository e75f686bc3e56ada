"""Bring files into the ledger: idempotent by content hash, following updates and deletions."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from edge.kernel.errors import ChargehandError, InvalidInput, NotFound
from memory.documents.chunking import CHUNKER_VERSION, split_into_chunks
from memory.documents.files import File, Found, find_files, read_file
from memory.documents.parsing import PARSER_VERSION, SUPPORTED_SUFFIXES, parse_document
from memory.documents.passages import Chunk
from memory.ledger import Ledger
from memory.ledger.documents import StoredDocument

_BATCH = 32
_BATCH_BYTES = 4 * 1024 * 1024
_READING = 0.2
"""Share of the work on a file that is done once it is read; the rest is to index it."""
_FIRST_WORD_S, _NEXT_WORD_S = 1.0, 0.25
_WEIGHT_OF_A_FILE = 2000
"""What a file costs beside its size, in bytes."""


@dataclass(slots=True)
class IngestReport:
    """What became of the files; names are those shown to users."""

    added: list[str] = field(default_factory=list[str])
    updated: list[str] = field(default_factory=list[str])
    unchanged: list[str] = field(default_factory=list[str])
    deleted: list[str] = field(default_factory=list[str])
    refused: dict[str, str] = field(default_factory=dict[str, str])
    """Name -> why it could not be read and what to do."""
    passed_over: dict[str, str] = field(default_factory=dict[str, str])
    """Name -> why it is not read: of another kind, hidden, a link. A folder counts as one."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is.

    Attributes:
        done: files that were looked at.
        files: how many there are.
        share: of the whole work, 0 to 1, by the size of the files; what is unchanged is no work.
    """

    done: int
    files: int
    share: float


class Stopwatch:
    """Says how far an ingest is and about how long it takes yet, from one second on and not too often."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._start = self._last = clock()

    def words(self, reached: Progress) -> str:
        """In words; empty where it is too early, or where nothing is worth telling."""
        now = self._clock()
        if reached.share >= 1.0 or now - self._start < _FIRST_WORD_S or now - self._last < _NEXT_WORD_S:
            return ""
        self._last = now
        words = f"{reached.done:,} of {reached.files:,} files, {reached.share:.0%}"
        if reached.share > 0.0:
            words += f", about {duration((now - self._start) * (1.0 - reached.share) / reached.share)} left"
        return words


def duration(seconds: float) -> str:
    """A span of time as one says it: "20 s", "5 min", "2 h 10 min"."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


class _Meter:
    """Counts what is done, and tells it."""

    def __init__(self, found: Sequence[Found], tell: Callable[[Progress], None]) -> None:
        self._tell = tell
        self._files = sum(len(part.files) for part in found)
        self._bytes = sum(_weight(file) for part in found for file in part.files)
        self._done = 0
        self._read = self._indexed = 0

    def skip(self, file: File) -> None:
        """A file that makes no work."""
        self._done += 1
        self._bytes -= _weight(file)
        self.tell()

    def read(self, file: File) -> None:
        self._done += 1
        self._read += _weight(file)
        self.tell()

    def indexed(self) -> None:
        """All that was read is done."""
        self._indexed, self._read = self._indexed + self._read, 0
        self.tell()

    def tell(self, share: float = 0.0) -> None:
        """Tell how far it is.

        Args:
            share: of what was read and waits to be indexed.
        """
        done = self._indexed + self._read * (_READING + (1.0 - _READING) * share)
        self._tell(Progress(self._done, self._files, min(1.0, done / self._bytes) if self._bytes > 0 else 1.0))


def _weight(file: File) -> int:
    return file.size_bytes + _WEIGHT_OF_A_FILE


def _ignore(_: Progress) -> None:
    pass


def _nothing_more(_: Callable[[float], None]) -> object:
    return None


def ingest_paths(
    ledger: Ledger,
    paths: Sequence[Path],
    *,
    tenant: str,
    limit_bytes: int,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    progress: Callable[[Progress], None] = _ignore,
    index: Callable[[Callable[[float], None]], object] = _nothing_more,
) -> IngestReport:
    """Read files and folders (recursively) into the ledger, in durable batches.

    A file that was read before and is unchanged costs one hash. Former files that are gone are deleted. A file that
    cannot be parsed is reported in `refused`, what the ledger holds of it stays, and the others go on.

    Args:
        limit_bytes: larger files are refused.
        progress: is told after each file, and as the index goes on.
        index: brings the mirrors up to what was saved, after each batch; what it is given takes the share that is
            done.

    Raises:
        NotFound: a path does not exist; nothing is changed.
        InvalidInput: a folder has no file of a supported kind, and nothing of it was ingested before; nothing is
            changed.
        StorageFailed: the disk is full; the batches before are kept.
    """
    report = IngestReport()
    known = {document.id: document for document in ledger.documents.all(tenant)}
    found, gone = _look_at_all(paths, known)
    ledger.documents.delete(gone)
    report.deleted.extend(document.name for document in gone)
    meter = _Meter(found, progress)
    batch: list[tuple[StoredDocument, Sequence[Chunk]]] = []
    size_bytes = 0

    def save() -> None:
        nonlocal batch, size_bytes
        if batch:
            ledger.documents.save(batch)
            index(meter.tell)
        meter.indexed()
        batch, size_bytes = [], 0

    names = _names(found)
    seen: set[str] = set()
    for part in found:
        report.refused.update({part.name_of(folder): why for folder, why in part.closed.items()})
        report.passed_over.update(part.passed_over)
    for file in (file for part in found for file in part.files):
        is_new = file.real not in seen  # it may lie under two of the paths
        seen.add(file.real)
        document = _read(file, names[file.real], tenant, limit_bytes, known, report, now()) if is_new else None
        if document is None:
            meter.skip(file)
            continue
        meter.read(file)
        batch.append(document)
        size_bytes += file.size_bytes
        if len(batch) >= _BATCH or size_bytes >= _BATCH_BYTES:
            save()
    save()
    return report


def _look_at_all(paths: Sequence[Path], known: dict[str, StoredDocument]) -> tuple[list[Found], list[StoredDocument]]:
    """What is under the paths, and the former documents whose files are gone, which are no longer known."""
    looked = [_look(path, known) for path in paths]
    gone = {document.id: document for _, lost in looked for document in lost}
    for key in gone:
        del known[key]
    return [found for found, _ in looked], list(gone.values())


def _look(path: Path, known: Mapping[str, StoredDocument]) -> tuple[Found, list[StoredDocument]]:
    """What is under a path, and the former documents whose files are gone."""
    found = find_files(path)
    gone = list(_vanished(path, found, known))
    if not gone and not found.root.exists():
        raise NotFound(f"There is no file or folder {path}.", "Check the path.")
    if not gone and not found.files and not found.closed:
        if found.root.exists() and not found.root.is_dir():
            raise InvalidInput(f"{path} is not a file.", "Give a file with text in it, or a folder.")
        kinds = ", ".join(sorted(SUPPORTED_SUFFIXES))
        passed = f"; {len(found.passed_over)} passed over" if found.passed_over else ""
        raise InvalidInput(f"There is nothing to ingest in {path}{passed}.", f"Supported kinds: {kinds}.")
    return found, gone


def _vanished(path: Path, found: Found, known: Mapping[str, StoredDocument]) -> Iterator[StoredDocument]:
    """Documents that once came from `path`, or from under it, and whose files are gone.

    A document is told by its file without links, whichever path it was ingested by.
    """
    roots = (found.root, Path(os.path.abspath(path)))  # noqa: PTH100
    present = {file.real for file in found.files if os.path.lexists(file.real)}
    missing = {file.real for file in found.files} - present
    for document in known.values():
        source, real = Path(document.source), os.path.realpath(document.source)
        is_under = any(source.is_relative_to(root) for root in roots) or Path(real).is_relative_to(found.root)
        is_hidden = any(source.is_relative_to(folder) for folder in found.closed)
        is_present = real in present and document.id == _document_id(document.tenant, real)
        if document.source in missing or (is_under and not is_present and not is_hidden):
            yield document


def _names(found: Sequence[Found]) -> dict[str, str]:
    """What each file is called: each name is an end of its path, and the longest says the most."""
    names: dict[str, str] = {}
    for part in found:
        for file in part.files:
            names[file.real] = max(names.get(file.real, ""), file.name, key=len)
    return names


def _document_id(tenant: str, real: str) -> str:
    """Raises UnicodeEncodeError: the path is not valid UTF-8."""
    return hashlib.sha256(f"{tenant}\0{real}".encode()).hexdigest()[:20]


def _source(file: File, before: StoredDocument | None) -> str:
    """The path that a document is followed by: its own where that was ingested, else the link that led to it."""
    own = str(file.path)
    if before is None or own in (file.real, before.source):
        return own
    return before.source if os.path.realpath(before.source) == file.real else own


def _read(
    file: File,
    name: str,
    tenant: str,
    limit_bytes: int,
    known: dict[str, StoredDocument],
    report: IngestReport,
    now: datetime,
) -> tuple[StoredDocument, Sequence[Chunk]] | None:
    """Parse one file into what the ledger keeps; None where it is unchanged or refused (the report says which)."""
    try:
        document_id = _document_id(tenant, file.real)
        str(file.path).encode()
    except UnicodeEncodeError:
        report.refused[ascii(file.name)] = "Its name is not valid UTF-8. Rename it."
        return None
    before = known.get(document_id)
    source = _source(file, before)
    name = name if before is None else max(before.name, name, key=len)
    try:
        data = read_file(file.path, limit_bytes)
        content_hash = _content_hash(data)
        if before is not None and (before.content_hash, before.name, before.source) == (
            content_hash,
            name,
            source,
        ):
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


def _content_hash(data: bytes) -> str:
    versions = f"parser {PARSER_VERSION}, chunker {CHUNKER_VERSION}\0".encode()
    return hashlib.sha256(versions + data).hexdigest()
