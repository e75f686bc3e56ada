import json
from pathlib import Path

import pytest

from memory.store import KnowledgeStore

QUESTIONS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "sample_questions.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize(("language", "least"), [("en", 0.94), ("zh", 0.85)])
def test_the_document_that_answers_is_among_the_passages(
    sample_store: KnowledgeStore, language: str, least: float
) -> None:
    asked = [entry for entry in QUESTIONS if entry["answerable"] and entry["language"] == language]
    found = [
        any(
            passage.document in entry["documents"]
            for passage in sample_store.retriever.search(entry["text"], "default", 8)
        )
        for entry in asked
    ]
    assert sum(found) / len(found) >= least


def test_passages_are_ordered_and_quote_their_documents(sample_store: KnowledgeStore) -> None:
    passages = sample_store.retriever.search("When does the SE30 shut down because of heat?", "default", 8)
    assert len(passages) == 8
    scores = [passage.score for passage in passages]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    for passage in passages:
        document = sample_store.ledger.documents.get(passage.document_id, "default")
        assert document.text[passage.start : passage.end] == passage.text


def test_a_code_finds_the_passage_that_has_it(sample_store: KnowledgeStore) -> None:
    best = sample_store.retriever.search("E-T095", "default", 3)
    assert any("E-T095" in passage.text for passage in best)
