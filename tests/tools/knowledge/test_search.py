from typing import cast

from memory.store import KnowledgeStore
from tools.knowledge.search import FoundPassages, knowledge_tools
from tools.spec import LOCAL_ENGINEER, ToolContext


async def search(store: KnowledgeStore, context: ToolContext, **arguments: object) -> FoundPassages:
    (spec,) = knowledge_tools(store.retriever)
    return cast("FoundPassages", await spec.call(context, arguments))


async def test_passages_best_first_with_their_places(sample_store: KnowledgeStore) -> None:
    found = await search(sample_store, LOCAL_ENGINEER, query="What does E-T085 on the SE30 mean?", limit=5)
    assert len(found.passages) == 5
    scores = [passage.score for passage in found.passages]
    assert scores == sorted(scores, reverse=True)
    best = found.passages[0]
    assert "E-T085" in best.text
    document = sample_store.ledger.documents.get(best.document_id, "default")
    assert document.text[best.start : best.end] == best.text


async def test_of_the_callers_tenant_alone(sample_store: KnowledgeStore) -> None:
    other = ToolContext("bob", "another", frozenset({"documents:read"}))
    assert (await search(sample_store, other, query="SE30")).passages == []


async def test_the_result_is_plain_json(sample_store: KnowledgeStore) -> None:
    found = await search(sample_store, LOCAL_ENGINEER, query="SE30 温度", limit=1)
    assert FoundPassages.model_validate_json(found.model_dump_json()) == found
