import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.retrieval import convex_combination
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


scores = st.dictionaries(st.sampled_from("abcdefgh"), st.floats(-5, 5), max_size=8)
weight = st.floats(0.05, 1.0)


@given(scores, scores, weight, weight)
def test_fused_scores_lie_between_0_and_1(one: dict, other: dict, first: float, second: float) -> None:
    fused = convex_combination([one, other], [first, second])
    assert fused.keys() == one.keys() | other.keys()
    assert all(-1e-9 <= score <= 1 + 1e-9 for score in fused.values())


@given(scores, scores, weight, weight)
def test_the_order_of_retrievers_does_not_matter(one: dict, other: dict, first: float, second: float) -> None:
    fused = convex_combination([one, other], [first, second])
    turned = convex_combination([other, one], [second, first])
    assert turned == pytest.approx(fused)


@given(scores, weight)
def test_one_retriever_keeps_its_order(one: dict, only: float) -> None:
    fused = convex_combination([one], [only])
    ranked = sorted(one, key=lambda item: one[item])
    assert [fused[item] for item in ranked] == sorted(fused.values())


def test_what_both_retrievers_rank_first_is_first() -> None:
    fused = convex_combination([{"a": 9.0, "b": 8.0, "c": 1.0}, {"a": 0.8, "d": 0.7, "b": 0.1}], [0.5, 0.5])
    assert max(fused, key=lambda item: fused[item]) == "a"
    assert fused["a"] == pytest.approx(1.0)


@pytest.mark.parametrize("weights", [[1.0], [-0.5, 1.0], [0.0, 0.0]])
def test_unusable_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match=r"weights"):
        convex_combination([{"a": 1.0}, {"b": 1.0}], weights)
