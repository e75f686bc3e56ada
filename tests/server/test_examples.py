from datetime import UTC, datetime

from memory.ledger.documents import StoredDocument
from memory.store import KnowledgeStore
from server.examples import MOST, example_questions, spread
from tests.fakes.dependencies import dependencies_on
from tests.fakes.hubs import serve_hub

NOW = datetime(2026, 11, 3, tzinfo=UTC)


def document(title: str) -> StoredDocument:
    return StoredDocument(f"id of {title}", "default", "/x", f"{title}.md", title, "text/markdown", "0", "", NOW)


def asked(*titled: tuple[str, list[str]]) -> list[str]:
    documents = [document(title) for title, _ in titled]
    found = example_questions(documents, {f"id of {title}": headings for title, headings in titled})
    return [one["text"] for one in found]


def test_a_question_is_of_the_first_heading_that_says_something() -> None:
    assert asked(("Oven manual", ["Oven manual", "1.", "Cleaning"])) == [
        "What does “Oven manual” say about “Cleaning”?"
    ]
    assert asked(("Ferry", ["Can I take a dog?"])) == ["Can I take a dog?"]
    assert asked(("Ferry", [])) == ["What is “Ferry” about?"]
    assert asked(("烤箱手册", ["清洁"])) == ["《烤箱手册》中关于“清洁”是怎么说的？"]
    assert asked() == []
    assert asked(("x" * 200, ["y" * 200])) == []


def test_each_language_of_the_documents_has_one() -> None:
    documents = [document(f"Manual {number}") for number in range(20)] + [document("烤箱手册")]
    found = example_questions(documents, {})
    assert len(found) == MOST
    assert {one["language"] for one in found} == {"en", "zh"}
    assert len({one["about"] for one in found}) == MOST


def test_documents_are_looked_at_all_over_the_list() -> None:
    documents = [document(f"{number:04}") for number in range(1000)]
    looked_at = [int(one.title) for one in spread(documents, 10)]
    assert looked_at == list(range(0, 1000, 100))
    assert spread(documents[:3], 10) == documents[:3]


def test_the_hub_gives_those_of_its_documents(store: KnowledgeStore) -> None:
    with serve_hub(dependencies_on(store)) as hub:
        found = hub.http.get("/v1/examples").json()["examples"]
        titles = {one["title"] for one in hub.http.get("/v1/documents").json()["documents"]}
    assert len(found) == MOST
    assert {one["about"] for one in found} <= titles
    assert all(set(one) == {"about", "text", "language"} for one in found)
