"""Documents per second of `KnowledgeStore.ingest`, as a share of the bare embedder embedding the same chunk texts.

    python -m tests.bench.ingest [--documents 300] [--rounds 3]

Both run in this process, by turns, so that what else the machine does falls on both alike.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from memory.documents.chunking import embedding_text
from memory.embedding import MiniLM, load_minilm
from memory.home import open_home
from memory.store import KnowledgeStore, open_store
from server.process import silence_third_parties
from tests.bench.machine import machine, spread, table

TENANT = "bench"
_WORDS = (
    "gateway firmware update station battery charger fan sensor bracket torque cable lease token model adapter canary"
    " throttles restarts measures reports rejects signs keeps drops waits after before while unless under over within"
    " the a each every second third 12 48 95 percent degrees volts minutes screws lamps purple amber steady blinking"
).split()


def write_documents(folder: Path, count: int, seed: int) -> None:
    """Markdown files of about 130 word pieces, all different."""
    chosen = random.Random(seed)
    folder.mkdir(parents=True)
    for number in range(count):
        sentences = (" ".join(chosen.choices(_WORDS, k=11)).capitalize() + "." for _ in range(9))
        (folder / f"note-{number}.md").write_text(f"# Note {number} of batch {seed}\n\n{' '.join(sentences)}\n")


def chunk_texts(store: KnowledgeStore) -> list[str]:
    """What was embedded for the store's documents."""
    documents = [document.id for document in store.ledger.documents.all(TENANT)]
    texts: list[str] = []
    for start in range(0, len(documents), 500):
        for title, chunks in store.ledger.documents.chunks_of(documents[start : start + 500]).values():
            texts.extend(embedding_text(title, chunk) for chunk in chunks)
    return texts


def one_round(embedder: MiniLM, folder: Path, documents: int, seed: int) -> tuple[float, float]:
    """Seconds of the ingest, and of embedding the same texts alone."""
    write_documents(folder / "files", documents, seed)
    store = open_store(open_home(folder / "home"), lambda: embedder)
    began = time.perf_counter()
    store.ingest([folder / "files"], TENANT, 1_000_000)
    ingest_s = time.perf_counter() - began
    texts = chunk_texts(store)
    store.close()
    began = time.perf_counter()
    embedder.embed(texts)
    return ingest_s, time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Ingest beside the bare embedder.")
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        embedder = load_minilm(Path(folder))
        one_round(embedder, Path(folder, "warm-up"), 8, 0)
        rounds = [
            one_round(embedder, Path(folder, f"round-{seed}"), options.documents, seed)
            for seed in range(1, options.rounds + 1)
        ]
    print(machine())
    rows = [
        ["ingest, documents/s", spread([options.documents / ingest for ingest, _ in rounds])],
        ["embedder alone, documents/s", spread([options.documents / bare for _, bare in rounds])],
        ["share", spread([bare / ingest for ingest, bare in rounds], digits=2)],
    ]
    print(table(["", "min / median / max"], rows))


if __name__ == "__main__":
    silence_third_parties()
    main()
