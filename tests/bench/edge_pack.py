"""Knowledge packs on the device: ranking quality beside BM25 and the hub's retriever, size, and time per query.

    python -m tests.bench.edge_pack [scifact|galaxy-s10|cranfield ...]

The collections are those of `tests.bench.retrieval`, and a document's score is its best passage's. SciFact is also
measured as a device would have it: the passages of the judged documents, filled up to 2,000. Chinese is measured by the
questions of CMRC 2018 and the texts in which their answers stand.
"""

import argparse
import hashlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from edge.kernel.protocol.artifacts import ArtifactRef
from edge.knowledge.pack import Pack, open_pack
from evals.ranking import ndcg, recall
from memory.embedding import MiniLM, load_minilm
from memory.ledger.documents import chunk_id
from memory.store import KnowledgeStore
from server.process import silence_third_parties
from tests.bench.machine import machine, spread, table
from tests.bench.retrieval import (
    COLLECTIONS,
    DEPTH,
    TENANT,
    Collection,
    by_document,
    document_names,
    ingested,
    load_collection,
    measure,
    rankings,
    shared_retrieval_data,
)
from tools.knowledge.packs import PackPassage, build_pack
from tools.knowledge.word_vectors import WordVectors

_ON_A_DEVICE = 2_000


def packed(
    passages: Sequence[PackPassage], vectors: np.ndarray, words: WordVectors, folder: Path
) -> tuple[Pack, int, float]:
    """The pack, its bytes, and the seconds that building took."""
    path = folder / f"{len(list(folder.iterdir()))}.pack"
    began = time.perf_counter()
    build_pack(path, {"tenant": TENANT, "name": "bench", "version": "1"}, passages, vectors, words)
    took = time.perf_counter() - began
    content = path.read_bytes()
    ref = ArtifactRef(digest=f"sha256:{hashlib.sha256(content).hexdigest()}", size_bytes=len(content))
    return open_pack(path, ref), len(content), took


def passages_of(store: KnowledgeStore, wanted: set[str] | None = None) -> tuple[list[PackPassage], np.ndarray]:
    """The passages of a store with their vectors; of some documents alone where they are named."""
    documents = [one for one in store.ledger.documents.all(TENANT) if wanted is None or Path(one.name).stem in wanted]
    chunks = store.ledger.documents.chunks_of([one.id for one in documents])
    passages: list[PackPassage] = []
    keys: list[str] = []
    for document in documents:
        for part in chunks[document.id][1]:
            title = chunks[document.id][0]
            passages.append(PackPassage(document.name, title, part.heading_path, part.start, part.end, part.text))
            keys.append(chunk_id(document.id, part.ordinal))
    held = store.vectors.held(keys, TENANT)
    return passages, np.stack([held[key] for key in keys])


def quality(pack: Pack, collection: Collection) -> tuple[float, float, list[float]]:
    """Mean nDCG@10, mean recall@10 and the milliseconds of each query."""
    gains: list[float] = []
    recalls: list[float] = []
    times_ms: list[float] = []
    for query, text in collection.queries.items():
        began = time.perf_counter()
        found = pack.search(text, 3 * DEPTH)
        times_ms.append((time.perf_counter() - began) * 1000)
        ranked = list(dict.fromkeys(Path(one.document).stem for one in found))[:DEPTH]
        gains.append(ndcg(ranked, collection.judgements[query], DEPTH))
        recalls.append(recall(ranked, collection.judgements[query], DEPTH))
    return statistics.fmean(gains), statistics.fmean(recalls), times_ms


def judged(collection: Collection, store: KnowledgeStore) -> set[str]:
    """The judged documents, and others by the alphabet until there are so many passages as a device has."""
    counts = {Path(one.name).stem: one.id for one in store.ledger.documents.all(TENANT)}
    chunks = store.ledger.documents.chunk_counts(TENANT)
    wanted = {document for grades in collection.judgements.values() for document in grades}
    total = sum(chunks.get(counts[one], 0) for one in wanted)
    for one in sorted(counts):
        if one not in wanted and total + chunks.get(counts[one], 0) <= _ON_A_DEVICE:
            wanted.add(one)
            total += chunks.get(counts[one], 0)
    return wanted


def chinese(words: WordVectors, embedder: MiniLM, folder: Path) -> list[str]:
    """A row: recall of the text in which a question's answer stands."""
    path = shared_retrieval_data().parent / "eval" / "cmrc2018.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = [_question(row) for row in rows]
    texts = list(dict.fromkeys(text for text, _ in pairs))
    passages = [PackPassage(str(key), "", (), 0, len(text), text) for key, text in enumerate(texts)]
    pack, size, _ = packed(passages, embedder.embed(texts), words, folder)
    times_ms: list[float] = []
    places: list[int] = []
    for text, question in pairs:
        began = time.perf_counter()
        found = [one.document for one in pack.search(question, DEPTH)]
        times_ms.append((time.perf_counter() - began) * 1000)
        wanted = str(texts.index(text))
        places.append(found.index(wanted) + 1 if wanted in found else 0)
    gain = statistics.fmean(1 / np.log2(place + 1) if place else 0.0 for place in places)
    hits = statistics.fmean(place > 0 for place in places)
    name = f"cmrc2018 (Chinese), {len(texts)} passages: pack"
    return [name, f"{gain:.3f}", f"{hits:.3f}", spread(times_ms), f"{size / 1e6:.1f}"]


def _question(row: dict[str, str]) -> tuple[str, str]:
    text, _, question = row["input"].rpartition("\n")
    return text.strip(), question.strip()


def _rows(name: str, embedder: MiniLM, words: WordVectors, cache: Path, folder: Path) -> list[list[str]]:
    collection = load_collection(shared_retrieval_data() / name)
    store = ingested(collection, embedder, cache)
    names = document_names(store)
    rows: list[list[str]] = []
    for label, rank in rankings(store).items():
        if label != "MiniLM":
            gain, found, times_ms = measure(collection, rank, names)
            rows.append([f"{name}: hub {label}", f"{gain:.3f}", f"{found:.3f}", spread(times_ms), ""])
    choices: list[tuple[str, set[str] | None]] = [("pack", None)]
    if name == "scifact":
        some = judged(collection, store)
        choices.append(("pack of a device", some))
        rows += [_among(collection, label, rankings(store)[label], names, some) for label in ("BM25", "fused")]
    for label, wanted in choices:
        passages, vectors = passages_of(store, wanted)
        pack, size, took = packed(passages, vectors, words, folder)
        gain, found, times_ms = quality(pack, collection)
        title = f"{name}: {label}, {len(passages)} passages ({took:.0f} s to build)"
        rows.append([title, f"{gain:.3f}", f"{found:.3f}", spread(times_ms), f"{size / 1e6:.1f}"])
    store.close()
    return rows


def _among(
    collection: Collection,
    label: str,
    rank: Callable[[str], list[tuple[str, float]]],
    names: dict[str, str],
    some: set[str],
) -> list[str]:
    """The hub's ranking with the documents left out that a device does not have."""
    gains: list[float] = []
    recalls: list[float] = []
    for query, text in collection.queries.items():
        ranked = [one for one in by_document(rank(text), names, 3 * DEPTH) if one in some][:DEPTH]
        gains.append(ndcg(ranked, collection.judgements[query], DEPTH))
        recalls.append(recall(ranked, collection.judgements[query], DEPTH))
    name = f"{collection.name}: hub {label}, others left out"
    return [name, f"{statistics.fmean(gains):.3f}", f"{statistics.fmean(recalls):.3f}", "", ""]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Quality, size and speed of knowledge packs.")
    parser.add_argument("collections", nargs="*", help=f"of {', '.join(COLLECTIONS)}; all where none is named")
    options = parser.parse_args(arguments)
    cache = Path(tempfile.gettempdir()) / "chargehand-bench"
    embedder = load_minilm(cache)
    words = WordVectors(embedder, cache)
    rows: list[list[str]] = []
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        for name in options.collections or COLLECTIONS:
            rows += _rows(name, embedder, words, cache, Path(folder))
        rows.append(chinese(words, embedder, Path(folder)))
    print(table(["", "nDCG@10", "recall@10", "ms per query min / median / max", "MB"], rows))


if __name__ == "__main__":
    silence_third_parties()
    main()
