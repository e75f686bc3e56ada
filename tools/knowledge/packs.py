"""Knowledge packs: the tenant's documents, or some of them, as one small file that a device searches by itself.

`pack_build` makes the file and keeps it by its digest; `device_pack_assign` says which devices shall have it, and the
hub signs that with the rest of their desired state.
"""

import hashlib
import math
import sqlite3
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge.kernel.errors import InvalidInput, NotFound
from edge.kernel.names import nearest_names
from edge.kernel.protocol.pack_file import COARSE, FORMAT, MEDIA_TYPE, TABLES, PackManifest, PackName, numbers
from edge.kernel.text_analysis import ANALYSER, terms_of, words_of
from memory.artifacts import ArtifactStore
from memory.documents.chunking import embedding_text
from memory.documents.passages import Chunk
from memory.home import storage_errors
from memory.ledger.documents import StoredDocument, chunk_id
from memory.store import KnowledgeStore
from tools.calling.context import ToolRuntime
from tools.knowledge.word_vectors import DIMENSIONS, Distilled, WordVectors, distil, general_words
from tools.registry.artifacts import keep
from tools.spec import ToolContext, ToolSpec, tool


@dataclass(frozen=True, slots=True)
class PackPassage:
    """One passage.

    Attributes:
        document, title: of the document that it stands in.
        start, end: characters of the document's text.
    """

    document: str
    title: str
    heading_path: tuple[str, ...]
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class WordTable:
    """Words with the vectors that go with the passages; `distilled.words` has their order."""

    words: Sequence[str]
    distilled: Distilled


MOST_PASSAGES = 20_000
"""A device compares all of them with each query."""
GENERAL_WORDS = 8_000
"""Common English words that a pack knows beside those of its documents: people ask in words of their own."""
_MOST_WORDS = 30_000


def pack_tools(store: KnowledgeStore, artifacts: ArtifactStore, runtime: ToolRuntime) -> list[ToolSpec]:
    """The tool that builds packs.

    Args:
        runtime: of the ledger in which a tenant's contents stand.
    """

    def pack_build(
        context: ToolContext,
        name: Annotated[PackName, Field(description="of the pack")],
        documents: Annotated[
            list[str] | None, Field(min_length=1, max_length=10_000, description="names of documents; all if left out")
        ] = None,
        version: Annotated[
            str | None,
            Field(
                pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$",
                description="of the pack; the same documents give the same one if left out",
                json_schema_extra={"names": []},
            ),
        ] = None,
    ) -> PackManifest:
        """Build a knowledge pack of the company's documents for devices. It is kept, and changes nothing by itself.

        The same documents give the same pack; without a version it is named by what is in it.
        """
        with tempfile.TemporaryDirectory(prefix="pack-") as folder:
            path = Path(folder) / "pack"
            facts = _build(path, store, context.tenant, name, documents, version)
            with path.open("rb") as file, runtime.ledger.unit(context.tenant) as unit:
                content = keep(unit, artifacts, file, MEDIA_TYPE, runtime.clock())
        return PackManifest(
            tenant=context.tenant,
            name=name,
            version=facts.version,
            content=content,
            documents=facts.documents,
            passages=facts.passages,
        )

    # It writes what is known by its digest alone, outside of any transaction: building may take minutes.
    return [tool(pack_build, scopes={"documents:read", "fleet:write"}, timeout_s=900.0, idempotent=True)]


@dataclass(frozen=True, slots=True)
class _Facts:
    version: str
    documents: int
    passages: int


def _build(
    path: Path, store: KnowledgeStore, tenant: str, name: str, names: Sequence[str] | None, version: str | None
) -> _Facts:
    chosen = _chosen(store.ledger.documents.all(tenant), names)
    counts = store.ledger.documents.chunk_counts(tenant)
    if sum(counts.get(document.id, 0) for document in chosen) > MOST_PASSAGES:
        raise InvalidInput(f"A pack holds at most {MOST_PASSAGES} passages.", "Choose fewer documents.")
    version = version or _digest(chosen)
    passages, vectors = _passages(store, tenant, chosen)
    words = WordVectors(store.embedder, store.home.cache)
    build_pack(path, {"tenant": tenant, "name": name, "version": version}, passages, vectors, words)
    return _Facts(version, len(chosen), len(passages))


def build_pack(
    path: Path,
    facts: dict[str, str],
    passages: Sequence[PackPassage],
    vectors: NDArray[np.float32],
    words: WordVectors,
    general: Sequence[str] | None = None,
) -> None:
    """Write a pack of these passages.

    Args:
        facts: as `write_pack`.
        vectors: unit vectors of the passages, shape (len(passages), dimensions of the embedder).
        general: words that are known beside the passages' own; the commonest English ones where it is None.

    Raises:
        InvalidInput: there are no passages, or the embedder has fewer dimensions than a pack.
        StorageFailed: the disk is full or read-only.
    """
    if not passages:
        raise InvalidInput("The documents have no text.", "Choose others, or ingest them again.")
    if vectors.shape[1] < DIMENSIONS:
        raise InvalidInput(f"The embedder has fewer than {DIMENSIONS} dimensions.", "Use another embedder.")
    bags = [Counter(words_of(" ".join((passage.title, *passage.heading_path, passage.text)))) for passage in passages]
    often: Counter[str] = Counter()
    for bag in bags:
        often.update(bag)
    own = sorted(often, key=lambda word: (-often[word], word))[:_MOST_WORDS]
    known = sorted({*own, *(general_words(GENERAL_WORDS) if general is None else general)})
    table = WordTable(known, distil(bags, vectors, known, words.of(known)))
    write_pack(path, facts, passages, table)


def _chosen(documents: Sequence[StoredDocument], names: Sequence[str] | None) -> list[StoredDocument]:
    if not documents:
        raise NotFound("There are no documents.", "Ingest some first.")
    if names is None:
        return list(documents)
    known = {document.name: document for document in documents}
    for name in names:
        if name not in known:
            raise NotFound(f"There is no document {name!r}.", nearest=nearest_names(name, list(known)))
    return [known[name] for name in sorted(set(names))]


def _digest(documents: Sequence[StoredDocument]) -> str:
    """Names what is in these documents."""
    whole = hashlib.sha256()
    for document in documents:
        whole.update(f"{document.name}\0{document.content_hash}\0".encode())
    return whole.hexdigest()[:12]


def _passages(
    store: KnowledgeStore, tenant: str, documents: Sequence[StoredDocument]
) -> tuple[list[PackPassage], NDArray[np.float32]]:
    """The documents' chunks, with the vectors that the index has; what it lacks is embedded."""
    chunks = store.ledger.documents.chunks_of([document.id for document in documents])
    passages: list[PackPassage] = []
    keys: list[str] = []
    texts: list[str] = []
    for document in documents:
        title, parts = chunks.get(document.id, (document.title, list[Chunk]()))
        for part in parts:
            passages.append(PackPassage(document.name, title, part.heading_path, part.start, part.end, part.text))
            keys.append(chunk_id(document.id, part.ordinal))
            texts.append(embedding_text(title, part))
    store.vectors.refresh(store.ledger.outbox.watermark(store.vectors.name))
    held = store.vectors.held(keys, tenant)
    missing = [place for place, key in enumerate(keys) if key not in held]
    vectors = np.zeros((len(keys), store.embedder.dimensions), dtype=np.float32)
    for place, key in enumerate(keys):
        if key in held:
            vectors[place] = held[key]
    if missing:
        vectors[missing] = store.embedder.embed([texts[place] for place in missing])
    return passages, vectors


_HEADING_WEIGHT = 2.0
"""Of a word in title and headings beside 1.0 in the text, as in `memory.mirrors.lexical`."""
_K1, _B = 1.2, 0.75
"""Of BM25, as in SQLite's FTS5."""


def write_pack(path: Path, facts: Mapping[str, str], passages: Sequence[PackPassage], table: WordTable | None) -> None:
    """Write a pack to a file that does not exist yet.

    Args:
        facts: "tenant", "name" and "version".
        table: None for a pack that is searched by words alone.

    Raises:
        StorageFailed: the disk is full or read-only.
    """
    with storage_errors(path):
        connection = sqlite3.connect(path)
        try:
            connection.executescript(f"PRAGMA page_size=4096; PRAGMA journal_mode=OFF; {TABLES}")
            _write_facts(connection, facts, len(passages), table)
            _write_passages(connection, passages)
            connection.executemany("INSERT INTO terms VALUES (?, ?, ?, ?)", _weighted_terms(passages))
            if table is not None:
                _write_vectors(connection, table)
            connection.commit()
            connection.execute("VACUUM")
        finally:
            connection.close()


def _write_facts(
    connection: sqlite3.Connection, facts: Mapping[str, str], passages: int, table: WordTable | None
) -> None:
    dimensions = 0 if table is None else table.distilled.passages.shape[1]
    written = {
        **facts,
        "format": FORMAT,
        "analyser": ANALYSER,
        "passages": str(passages),
        "dimensions": str(dimensions),
    }
    connection.executemany("INSERT INTO facts VALUES (?, ?)", sorted(written.items()))


def _write_passages(connection: sqlite3.Connection, passages: Sequence[PackPassage]) -> None:
    documents = {name: key for key, name in enumerate(dict.fromkeys(passage.document for passage in passages))}
    titles = {passage.document: passage.title for passage in passages}
    rows = [(key, name, titles[name]) for name, key in documents.items()]
    connection.executemany("INSERT INTO documents VALUES (?, ?, ?)", rows)
    connection.executemany(
        "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
        (
            (
                key,
                documents[passage.document],
                " > ".join(passage.heading_path),
                passage.start,
                passage.end,
                zlib.compress(passage.text.encode("utf-8", "replace"), 9),
            )
            for key, passage in enumerate(passages)
        ),
    )


def _weighted_terms(passages: Sequence[PackPassage]) -> Iterator[tuple[str, bytes, bytes, float]]:
    """Each term with its passages and their BM25, one byte each."""
    lengths: list[int] = []
    postings: dict[str, dict[int, float]] = {}
    for key, passage in enumerate(passages):
        heading = terms_of(" ".join((passage.title, *passage.heading_path)))
        body = terms_of(passage.text)
        lengths.append(len(heading) + len(body))
        counts: Counter[str] = Counter(body)
        often = {term: float(count) for term, count in counts.items()}
        for term in heading:
            often[term] = often.get(term, 0.0) + _HEADING_WEIGHT
        for term, frequency in often.items():
            postings.setdefault(term, {})[key] = frequency
    mean = max(1.0, sum(lengths) / max(1, len(lengths)))
    for term in sorted(postings):
        found = postings[term]
        rarity = math.log(1 + (len(passages) - len(found) + 0.5) / (len(found) + 0.5))
        scores = [
            rarity * frequency * (_K1 + 1) / (frequency + _K1 * (1 - _B + _B * lengths[key] / mean))
            for key, frequency in found.items()
        ]
        scale = max(scores) / 255
        yield term, numbers(found), bytes(max(1, round(score / scale)) for score in scores), scale


def _write_vectors(connection: sqlite3.Connection, table: WordTable) -> None:
    small = table.distilled
    coarse = np.ascontiguousarray(small.passages[:, :COARSE]).tobytes()
    fine = np.ascontiguousarray(small.passages[:, COARSE:]).tobytes()
    connection.execute("INSERT INTO vectors VALUES (0, ?, ?, ?)", (coarse, fine, small.norms.astype("<f4").tobytes()))
    rows = zip(table.words, small.scales.tolist(), small.words, strict=True)
    connection.executemany(
        "INSERT INTO words VALUES (?, ?, ?)", ((word, scale, vector.tobytes()) for word, scale, vector in rows)
    )
