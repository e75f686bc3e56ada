"""What the chat's own model does is metered for whom the turn is taken, and visible where all usage is."""

from datetime import UTC, datetime
from typing import Any

import pytest

from memory.ledger.usage import Usage
from memory.store import KnowledgeStore
from server.chat.conversation import open_conversation
from tests.fakes.dependencies import dependencies_on
from tests.fakes.offline import offline_settings
from tests.fakes.runtime_servers import PROMPT_TOKENS, serve_runtime
from tests.fakes.understandings import ScriptedUnderstanding
from tests.server.chat.turns import CARRIED, HEAT, Listener, help_after
from tools.serving.providers import bundled_is_installed
from tools.spec import ToolContext, ToolRuntime, bind
from tools.tenancy import tenant_tools

DAY = datetime(2020, 1, 1, tzinfo=UTC)
ANN = ToolContext("ann", "default", frozenset({"chat:use", "documents:read", "roster:read"}))


def used(store: KnowledgeStore, model: str) -> list[Usage]:
    with store.ledger.view("default") as unit:
        return unit.usage.of(target=model)


def total_tokens(store: KnowledgeStore) -> float:
    with store.ledger.view("default") as unit:
        total = unit.usage.total(DAY)
    return total["tokens_in"] + total["tokens_out"]


async def turn(store: KnowledgeStore, understanding: ScriptedUnderstanding, **settings: Any) -> str:
    dependencies = dependencies_on(store, understanding, serving_as=offline_settings(**settings))
    async with open_conversation(dependencies) as conversation:
        return (await conversation.take_turn("t1", HEAT, Listener(), ANN)).answer


async def test_a_turn_s_draft_is_counted_with_its_tokens(store: KnowledgeStore):
    with serve_runtime("fake-3b") as server:
        server.behaviour.words = [CARRIED, "It ", "restarts."]
        answer = await turn(store, help_after(), model="openai:fake-3b", openai_base_url=f"{server.url}/v1")
        asked = [request for request in server.received if "chat" in request.path]
    assert answer.startswith(CARRIED.strip())
    rows = used(store, "openai:fake-3b")
    assert {row.version for row in rows} == {"openai:fake-3b"}
    assert sum(row.requests for row in rows) == len(asked)
    assert sum(row.tokens_in for row in rows) == PROMPT_TOKENS * len(asked)
    assert sum(row.tokens_out for row in rows) == 3 * len(asked)
    assert sum(row.errors for row in rows) == 0
    assert sum(row.latency_ms_sum for row in rows) > 0
    specs = {spec.name: spec for spec in bind(tenant_tools(), ToolRuntime(store.ledger))}
    use: Any = await specs["tenant_usage"].call(ANN, {})
    assert use.requests >= len(asked)
    assert use.tokens_out >= 3 * len(asked)


async def test_a_model_that_fails_counts_as_an_error(store: KnowledgeStore):
    with serve_runtime("fake-3b") as server:
        server.behaviour.status = 500
        answer = await turn(store, help_after(), model="openai:fake-3b", openai_base_url=f"{server.url}/v1")
    assert answer.startswith("From the documents:")
    rows = used(store, "openai:fake-3b")
    assert sum(row.errors for row in rows) == sum(row.requests for row in rows) >= 1


@pytest.mark.skipif(not bundled_is_installed(), reason="the extra chargehand[local] is not installed")
@pytest.mark.long
async def test_the_bundled_model_is_counted_too(store: KnowledgeStore):
    before = total_tokens(store)
    await turn(store, help_after(), model="local:smollm2-135m", draft_with="any")
    rows = used(store, "local:smollm2-135m")
    assert sum(row.tokens_in for row in rows) > 100
    assert total_tokens(store) > before
