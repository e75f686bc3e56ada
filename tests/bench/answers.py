"""How often questions are answered without a model, and how often false sentences pass the check of claims.

    python -m tests.bench.answers
    python -m tests.bench.answers --documents DIR --questions FILE [--json] [--show]

With documents and questions of your own, each line of the file is {"question", "answer": [strings]} or {"question",
"absent": true}; every question is asked of the retrieval graph that chat uses. It prints the shares of

- answered: one of the strings stands in the answer; `plainly` where it is given as an answer, not as what comes near;
- declined: absent, and nothing is given as an answer; `wholly` where nothing is quoted at all.

Without, the sample questions are asked, and those of `answers_questions.jsonl` on `answers_documents`, homes of six and
of three documents: the confidence of `agents.grounding.evidence` was fitted on all three. Near misses are sample questions that the documents come close to and do not answer; off-topic questions are those of two public
collections on other subjects, left out where they are absent.
"""

import argparse
import asyncio
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.grounding.claims import check_claim
from agents.grounding.evidence import assess_evidence
from agents.grounding.places import places
from agents.grounding.quotes import Quote, select_quotes
from agents.grounding.relevance import Found, Rarity
from agents.grounding.wording import tokens
from edge.kernel.text_analysis import terms_of
from graphs.retrieval import build_retrieval
from memory.documents.passages import Passage
from memory.documents.sections import SectionReader
from memory.embedding import load_minilm
from memory.home import open_home
from memory.store import KnowledgeStore, open_store
from server.process import silence_third_parties
from tests.bench.machine import machine, spread, table
from tests.bench.retrieval import shared_retrieval_data
from tests.fakes.dependencies import dependencies_on

__all__ = ["Asked", "Question", "Scored", "answer_question", "ask_all", "read_questions", "sample_questions"]

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
TENANT = "bench"
PASSAGES = 8
_OFF_TOPIC_EACH = 50
_UNITS = ("°C", "%", "GB", "hours", "days", "minutes", "mm")


@dataclass(frozen=True, slots=True)
class Question:
    """A question; `answers` are strings of which a good quote has one, none where the documents do not answer."""

    text: str
    language: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a question."""

    found: Found
    passages: Sequence[Passage]
    quotes: Sequence[Quote]
    ms: float

    def has(self, answers: Sequence[str], quotes: int = 3) -> bool:
        """Whether one of the first quotes has one of the answers."""
        return any(answer in quote.text for quote in self.quotes[:quotes] for answer in answers)


def sample_questions() -> list[Question]:
    """The questions on the sample documents, in the file's order."""
    lines = (ROOT / "tests" / "data" / "sample_questions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [Question(row["text"], row["language"], tuple(row["answer_contains"])) for row in rows]


def answer_question(text: str, store: KnowledgeStore, tenant: str) -> Asked:
    """Retrieve, assess and quote."""
    began = time.perf_counter()
    passages = store.retriever.search(text, tenant, PASSAGES)
    rarity = Rarity(*store.lexical.document_frequencies(terms_of(text), tenant))
    found = assess_evidence(text, passages, rarity).level
    sections = SectionReader(store.ledger.documents, tenant)
    quotes = [] if found == "nothing" else select_quotes(text, passages, rarity, section_of=sections.whole)
    return Asked(found, passages, quotes, 1000 * (time.perf_counter() - began))


@dataclass(frozen=True, slots=True)
class Scored:
    """What chat said to a question of a file.

    Attributes:
        question: as in the file.
        answers: strings of which a right answer has one; empty where the documents do not answer.
        found: the finding.
        text: the whole answer.
        quoted: the quotes in it as the documents have them.
        ms: wall time of the graph.
    """

    question: str
    answers: tuple[str, ...]
    found: Found
    text: str
    quoted: str
    ms: float

    @property
    def right(self) -> bool:
        """Whether one of the strings stands in the answer, however lines are broken and table cells are set."""
        said = _flat(f"{self.text}\n{self.quoted}")
        return any(_flat(answer) in said for answer in self.answers)


def _flat(text: str) -> str:
    return " ".join(re.sub(r"[|·]|\*\*|`", " ", text).split()).lower()


def read_questions(file: Path) -> list[tuple[str, tuple[str, ...]]]:
    """(question, its answers) of each line of a file."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [(row["question"], tuple(row.get("answer") or ())) for row in rows]


async def ask_all(store: KnowledgeStore, questions: Sequence[tuple[str, tuple[str, ...]]]) -> list[Scored]:
    """Ask the retrieval graph, without a model, each question in a thread of its own; the store has one tenant."""
    graph = build_retrieval(dependencies_on(store))
    scored: list[Scored] = []
    for question, answers in questions:
        began = time.perf_counter()
        state: dict[str, Any] = await graph.ainvoke({"question": question})
        quoted = "\n".join(citation["quote"] for citation in state["citations"])
        scored.append(
            Scored(question, answers, state["found"], state["answer"], quoted, 1000 * (time.perf_counter() - began))
        )
    return scored


def shares(scored: Sequence[Scored]) -> dict[str, float]:
    """The shares that the module's docstring names, and the median time."""
    answerable = [one for one in scored if one.answers]
    absent = [one for one in scored if not one.answers]
    found: dict[str, float] = {"answerable": len(answerable), "absent": len(absent)}
    if answerable:
        found["answered"] = _mean(one.right for one in answerable)
        found["answered plainly"] = _mean(one.right and one.found == "answer" for one in answerable)
        found["wrongly answered"] = _mean(not one.right and one.found == "answer" for one in answerable)
        found["wrongly declined"] = _mean(one.found == "nothing" for one in answerable)
    if absent:
        found["declined"] = _mean(one.found != "answer" for one in absent)
        found["declined wholly"] = _mean(one.found == "nothing" for one in absent)
    times = sorted(one.ms for one in scored)
    return {name: round(value, 3) for name, value in found.items()} | {"ms": round(times[len(times) // 2], 1)}


def _mean(hits: Iterator[bool]) -> float:
    values = list(hits)
    return sum(values) / len(values)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    silence_third_parties()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, help="a folder or a file to ingest")
    parser.add_argument("--questions", type=Path, help="JSONL of questions on them")
    parser.add_argument("--json", action="store_true", help="print the shares as JSON")
    parser.add_argument("--show", action="store_true", help="print each question that went wrong, with its answer")
    asked = parser.parse_args(arguments)
    if asked.documents and asked.questions:
        return _print_own(asked.documents, asked.questions, as_json=asked.json, show=asked.show)
    if asked.documents or asked.questions:
        parser.error("--documents and --questions go together")
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(Path(folder))
        store = open_store(home, lambda: load_minilm(home.weights))
        store.ingest([ROOT / "memory" / "samples"], TENANT, 10_000_000)
        answer_question("warm up", store, TENANT)
        _print_questions(store)
        _print_claims(store)
        store.close()
    for size in ("", "_small"):
        _print_own(
            HERE / f"answers_documents{size}", HERE / f"answers_questions{size}.jsonl", as_json=False, show=False
        )
    return 0


def _print_own(documents: Path, questions: Path, *, as_json: bool, show: bool) -> int:
    with tempfile.TemporaryDirectory() as folder:
        home = open_home(Path(folder))
        store = open_store(home, lambda: load_minilm(home.weights))
        store.ingest([documents], "default", 10_000_000)
        answer_question("warm up", store, "default")
        scored = asyncio.run(ask_all(store, read_questions(questions)))
        store.close()
    if show:
        for one in scored:
            if one.right != bool(one.answers) or (not one.answers and one.found == "answer"):
                print(f"[{one.found}] {one.question}\n    wanted {list(one.answers)}\n    {one.text}\n")
    found: Mapping[str, float] = shares(scored)
    if as_json:
        print(json.dumps(found))
    else:
        print(f"\n{table([documents.name, ''], [[name, f'{value:g}'] for name, value in found.items()])}")
    return 0


def _print_questions(store: KnowledgeStore) -> None:
    questions = sample_questions()
    groups: dict[str, list[Question]] = {
        f"{kind} ({language})": [q for q in questions if q.language == language and bool(q.answers) == answerable]
        for kind, answerable in (("answerable", True), ("near miss", False))
        for language in ("en", "zh")
    }
    groups |= {f"off topic ({name})": asked for name in ("galaxy-s10", "scifact") if (asked := _off_topic(name))}
    rows: list[list[str]] = []
    for name, asked in groups.items():
        results = [answer_question(question.text, store, TENANT) for question in asked]
        shares = [_share(result.found == found for result in results) for found in ("answer", "near", "nothing")]
        hits = [
            _share(result.has(question.answers, most) for question, result in zip(asked, results, strict=True))
            if asked[0].answers
            else ""
            for most in (1, 3)
        ]
        rows.append([name, str(len(asked)), *shares, *hits, spread([result.ms for result in results])])
    header = ["questions", "n", "answer", "near", "nothing", "in 1st quote", "in all quotes", "ms min / median / max"]
    print(f"\n{table(header, rows)}")


def _off_topic(collection: str) -> list[Question]:
    path = shared_retrieval_data() / collection / "queries.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()[:_OFF_TOPIC_EACH] if path.exists() else []
    return [Question(json.loads(line)["text"], "en", ()) for line in lines]


def _share(hits: Iterator[bool]) -> str:
    values = list(hits)
    return f"{sum(values) / len(values):.2f}"


def _print_claims(store: KnowledgeStore) -> None:
    """Sentences of the documents as they stand, and made false; a false one should not be kept."""
    chance = random.Random(7)
    counts: dict[str, list[int]] = {}
    began, checked = time.perf_counter(), 0
    documents = store.ledger.documents.chunks_of([one.id for one in store.ledger.documents.all(TENANT)])
    for _, chunks in documents.values():
        words = re.findall(r"[A-Za-z]{4,}", " ".join(chunk.text for chunk in chunks)) or ["gateway"]
        for chunk in chunks:
            for sentence in (place.text for place in places(chunk.text) if len(tokens(place.text)) > 3):
                for name, claim in (("as it stands", sentence), *_made_false(sentence, words, chance)):
                    kept = counts.setdefault(name, [0, 0])
                    kept[0] += check_claim(claim, [chunk.text]).passage is not None
                    kept[1] += 1
                    checked += 1
    rows = [[name, str(total), f"{kept / total:.2f}"] for name, (kept, total) in counts.items()]
    print(f"\n{table(['sentences of the documents', 'n', 'kept'], rows)}")
    print(f"{1000 * (time.perf_counter() - began) / checked:.2f} ms per claim")


def _made_false(sentence: str, words: Sequence[str], chance: random.Random) -> Iterator[tuple[str, str]]:
    """What was done to the sentence, and the sentence; where it could be done."""
    changes: dict[str, tuple[str, Callable[[re.Match[str]], str]]] = {
        "other figure": (r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", lambda found: f"{float(found[0]) + 7:g}"),
        "other unit": (rf"(?<=\d)( ?)(?:{'|'.join(_UNITS)})\b", lambda found: f"{found[1]}{chance.choice(_UNITS)}"),
        "denied": (r"\b(?:is|are|can|must|will|has)\b", lambda found: f"{found[0]} not"),
        "denial dropped": (r"\b(?:not|never|no) |不|禁止|无", lambda found: found[0][:0]),
        "doubted": (r"\b(is|are)\b", lambda found: f"may, it seems, {found[1]}"),
        "word of its document": (r"[A-Za-z]{4,}", lambda found: found[0] and chance.choice(words)),
    }
    for name, (pattern, into) in changes.items():
        claim = re.sub(pattern, into, sentence, count=1)
        if claim != sentence:
            yield name, claim


if __name__ == "__main__":
    sys.exit(main())
