import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.grounding.relevance import Rarity, assess, coverage
from edge.kernel.text_analysis import terms_of
from memory.store import KnowledgeStore
from tests.bench.answers import sample_questions
from tests.fakes.passages import passage_of


def rarity(question: str, **frequencies: int) -> Rarity:
    return Rarity(dict.fromkeys(terms_of(question), 0) | frequencies, 100)


def found(question: str, store: KnowledgeStore) -> str:
    frequencies = Rarity(*store.lexical.document_frequencies(terms_of(question), "default"))
    return assess(question, store.retriever.search(question, "default", 8), frequencies)


@pytest.mark.parametrize(
    ("similarity", "expected"), [(0.8, "answer"), (0.45, "answer"), (0.4, "near"), (0.2, "nothing")]
)
def test_an_english_question_is_judged_by_meaning(similarity: float, expected: str) -> None:
    passages = [passage_of("The fan is loud.", similarity=None), passage_of("It cools.", similarity=similarity)]
    assert assess("Why is it so noisy?", passages, rarity("Why is it so noisy?")) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("网关降频的温度", "answer"), ("网关的温度", "near"), ("电池充电", "nothing")]
)
def test_a_chinese_question_is_judged_by_its_terms(text: str, expected: str) -> None:
    question = "网关降频保护"
    assert assess(question, [passage_of(text, similarity=0.9)], rarity(question)) == expected


def test_headings_count_for_a_chinese_question() -> None:
    question = "网关降频"
    assert assess(question, [passage_of("85 °C", "快速指南", "网关降频")], rarity(question)) == "answer"


def test_without_passages_there_is_nothing() -> None:
    assert assess("Why?", [], Rarity({}, 0)) == "nothing"


@pytest.mark.parametrize(
    ("question", "known", "expected"),
    [
        ("What does E-F071 mean?", {}, "nothing"),
        ("What does E-F071 mean?", {"ef071": 3}, "answer"),
        ("What does the code W-25 of the SE30 mean?", {"se30": 40}, "nothing"),
        ("Does it take 2.5GHz, a 10GB file and the 2nd fan?", {}, "answer"),
        ("May we ship qwen2.5-3b-instruct?", {"qwen253b": 2}, "answer"),
        ("SE90 的温度是多少", {}, "nothing"),
    ],
)
def test_a_code_that_no_document_has_means_nothing(question: str, known: dict[str, int], expected: str) -> None:
    passages = [passage_of("SE90 的温度是多少", similarity=0.9)]
    assert assess(question, passages, rarity(question, **known)) == expected


@given(st.sets(st.sampled_from("abcdefgh")), st.sets(st.sampled_from("abcdefgh")), st.integers(0, 50))
def test_coverage_is_a_share(terms: set[str], present: set[str], frequency: int) -> None:
    weights = Rarity(dict.fromkeys("abcd", frequency), 50)
    share = coverage(terms, present, weights)
    assert 0 <= share <= 1 + 1e-9
    assert (share > 0) == bool(terms & present)
    assert share == pytest.approx(1.0) or not terms or terms - present


def test_rare_terms_weigh_more() -> None:
    weights = Rarity({"gateway": 80, "varnish": 1}, 100)
    assert weights.of("unheard") > weights.of("varnish") > weights.of("gateway") > 0


@pytest.mark.parametrize(
    "question",
    [
        "What does the update error E-F071 on a gateway mean?",
        "What does code W-25 in the Wi-Fi history of an Aster laptop mean?",
        "best pizza in town",
        "Who won the football world cup?",
        "今天晚上吃什么好",
    ],
)
def test_what_the_sample_documents_say_nothing_about(question: str, sample_store: KnowledgeStore) -> None:
    assert found(question, sample_store) == "nothing"


def test_answerable_questions_are_rarely_turned_away(sample_store: KnowledgeStore) -> None:
    answerable = [question for question in sample_questions() if question.answers]
    judged = [found(question.text, sample_store) for question in answerable]
    assert judged.count("nothing") <= 2
    assert judged.count("answer") >= 0.7 * len(judged)  # measured: 0.77
