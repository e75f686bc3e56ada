"""Ranking quality and time per query of the retriever and of its two halves, on three public collections.

    python -m tests.bench.retrieval [--sweep] [scifact|galaxy-s10|cranfield ...]

Each collection is ingested as one Markdown file per document, once: the store stays in the system's temporary folder
under a name made from the content, and an interrupted ingest goes on. A document's score is its best chunk's.
"""

import argparse
import hashlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.kernel.text_analysis import terms_of
from evals.ranking import ndcg, recall
from memory.documents.chunking import CHUNKER_VERSION
from memory.documents.parsing import PARSER_VERSION
from memory.embedding import Embedder, load_minilm
from memory.home import open_home
from memory.retrieval import convex_combination
from memory.store import KnowledgeStore, open_store
from server.process import silence_third_parties
from tests.bench.machine import machine, spread, table

COLLECTIONS = ("cranfield", "galaxy-s10", "scifact")
TENANT = "bench"
DEPTH = 10
_CHUNKS = 100

Ranking = Callable[[str], list[tuple[str, float]]]
"""From a query to chunks with scores, best first."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A BEIR folder.

    Attributes:
        documents: id -> (title, text).
        queries: id -> text, those with a relevant document alone.
        judgements: query id -> document id -> grade.
    """

    name: str
    digest: str
    documents: dict[str, tuple[str, str]]
    queries: dict[str, str]
    judgements: dict[str, dict[str, float]]


def shared_retrieval_data() -> Path:
    """The folder of the collections; it may be absent."""
    root = Path(os.environ.get("CHARGEHAND_SHARED", Path(__file__).parents[3] / "shared"))
    return root / "data" / "retrieval"


def load_collection(folder: Path) -> Collection:
    """Read one collection."""
    corpus = (folder / "corpus.jsonl").read_bytes()
    judgements: dict[str, dict[str, float]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        judgements.setdefault(query, {})[document] = float(grade)
    judgements = {query: grades for query, grades in judgements.items() if max(grades.values()) > 0}
    queries = {str(row["_id"]): row["text"] for row in _rows((folder / "queries.jsonl").read_bytes())}
    return Collection(
        folder.name,
        hashlib.sha256(corpus).hexdigest(),
        {str(row["_id"]): (row["title"], row["text"]) for row in _rows(corpus)},
        {query: queries[query] for query in judgements},
        judgements,
    )


def ingested(collection: Collection, embedder: Embedder, cache: Path) -> KnowledgeStore:
    """The collection in a store of its own under `cache`, made where it is missing."""
    versions = f"{collection.digest} {PARSER_VERSION} {CHUNKER_VERSION} {embedder.name}"
    folder = cache / f"{collection.name}-{hashlib.sha256(versions.encode()).hexdigest()[:12]}"
    files = folder / "documents"
    files.mkdir(parents=True, exist_ok=True)
    for name, (title, text) in collection.documents.items():
        path = files / f"{name}.md"
        if not path.exists():
            path.write_text(f"# {' '.join(title.split()) or name}\n\n{text}\n", encoding="utf-8")
    store = open_store(open_home(folder / "home"), lambda: embedder)
    store.ingest([files], TENANT, 10_000_000)
    return store


def by_document(chunks: Iterable[tuple[str, float]], names: dict[str, str], depth: int = DEPTH) -> list[str]:
    """Documents in the order of their best chunks. `names`: id in the ledger -> id in the collection."""
    return list(dict.fromkeys(names[chunk.rpartition(":")[0]] for chunk, _ in chunks))[:depth]


def document_names(store: KnowledgeStore) -> dict[str, str]:
    """Id in the ledger -> id in the collection."""
    return {document.id: Path(document.name).stem for document in store.ledger.documents.all(TENANT)}


def rankings(store: KnowledgeStore) -> dict[str, Ranking]:
    """The two halves of the retriever, and the whole."""
    retriever = store.retriever

    def fused(query: str) -> list[tuple[str, float]]:
        return [(passage.chunk_id, passage.score) for passage in retriever.search(query, TENANT, 3 * DEPTH)]

    return {
        "BM25": lambda query: store.lexical.search(terms_of(query), TENANT, _CHUNKS),
        "MiniLM": lambda query: store.vectors.search(store.embedder.embed([query])[0], TENANT, _CHUNKS),
        "fused": fused,
    }


def measure(collection: Collection, rank: Ranking, names: dict[str, str]) -> tuple[float, float, list[float]]:
    """Mean nDCG@10, mean recall@10 and the milliseconds of each query."""
    gains: list[float] = []
    recalls: list[float] = []
    times_ms: list[float] = []
    for query, text in collection.queries.items():
        began = time.perf_counter()
        chunks = rank(text)
        times_ms.append((time.perf_counter() - began) * 1000)
        ranked = by_document(chunks, names)
        gains.append(ndcg(ranked, collection.judgements[query], DEPTH))
        recalls.append(recall(ranked, collection.judgements[query], DEPTH))
    return statistics.fmean(gains), statistics.fmean(recalls), times_ms


def sweep(collection: Collection, store: KnowledgeStore) -> Iterator[list[str]]:
    """Rows of nDCG@10 for each weight of the vectors, one column for each weight of the headings."""
    names = document_names(store)
    nearest = {
        query: dict(store.vectors.search(store.embedder.embed([text])[0], TENANT, store.retriever.candidates))
        for query, text in collection.queries.items()
    }
    columns: list[dict[float, float]] = []
    for heading in HEADING_WEIGHTS:
        store.lexical.heading_weight = heading
        lexical = {
            query: dict(store.lexical.search(terms_of(text), TENANT, store.retriever.candidates))
            for query, text in collection.queries.items()
        }
        columns.append({weight: _mean_ndcg(collection, lexical, nearest, weight, names) for weight in VECTOR_WEIGHTS})
    for weight in VECTOR_WEIGHTS:
        yield [f"{weight:.2f}", *(f"{column[weight]:.3f}" for column in columns)]


HEADING_WEIGHTS = (0.5, 1.0, 1.5, 2.0, 3.0)
VECTOR_WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)


def _mean_ndcg(
    collection: Collection,
    lexical: dict[str, dict[str, float]],
    nearest: dict[str, dict[str, float]],
    weight: float,
    names: dict[str, str],
) -> float:
    gains: list[float] = []
    for query in collection.queries:
        fused = convex_combination([lexical[query], nearest[query]], [1 - weight, weight])
        ranked = by_document(sorted(fused.items(), key=lambda item: (-item[1], item[0])), names)
        gains.append(ndcg(ranked, collection.judgements[query], DEPTH))
    return statistics.fmean(gains)


def _rows(data: bytes) -> list[dict[str, str]]:
    return [json.loads(line) for line in data.splitlines() if line]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="nDCG@10, recall@10 and ms per query.")
    parser.add_argument("collections", nargs="*", help=f"of {', '.join(COLLECTIONS)}; all where none is named")
    parser.add_argument("--sweep", action="store_true", help="nDCG@10 by the weights of vectors and headings")
    options = parser.parse_args(arguments)
    cache = Path(tempfile.gettempdir()) / "chargehand-bench"
    embedder = load_minilm(cache)
    rows: list[list[str]] = []
    print(machine())
    for name in options.collections or COLLECTIONS:
        collection = load_collection(shared_retrieval_data() / name)
        store = ingested(collection, embedder, cache)
        if options.sweep:
            print(f"\n{name}: nDCG@10 by weight of the vectors (rows) and of the headings (columns)")
            print(table(["", *map(str, HEADING_WEIGHTS)], list(sweep(collection, store))))
            continue
        names = document_names(store)
        for label, rank in rankings(store).items():
            gain, found, times_ms = measure(collection, rank, names)
            rows.append([f"{name} {label}", f"{gain:.3f}", f"{found:.3f}", spread(times_ms), str(len(times_ms))])
        store.close()
    if rows:
        print(table(["", "nDCG@10", "recall@10", "ms per query min / median / max", "queries"], rows))


if __name__ == "__main__":
    silence_third_parties()
    main()
