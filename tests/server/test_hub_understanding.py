"""What understands messages in a hub: a capable model as planner, over real HTTP, or what is set in its place."""

from pathlib import Path
from typing import Any

import pytest

from agents.understanding.interpretation import Interpretation
from agents.understanding.model_planner import ModelUnderstanding
from agents.understanding.understanding import ExampleUnderstanding, Look
from memory.store import KnowledgeStore
from server.chat.conversation import open_conversation
from server.hub import Components
from tests.fakes.dependencies import components_on, copy_store
from tests.fakes.planner_servers import plan, serve_planner

LOCAL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("settings", "plans"),
    [
        ({"model": "none"}, False),
        ({"model": "openai:tiny-500m", "openai_base_url": LOCAL}, False),
        ({"model": "openai:served", "openai_base_url": LOCAL}, True),
        ({"model": "github:someone/served", "github_token": "t"}, True),
        ({"model": "openai:served", "openai_base_url": LOCAL, "model_capable": False}, False),
        ({"model": "openai:tiny-500m", "openai_base_url": LOCAL, "model_capable": True}, True),
    ],
)
def test_a_capable_model_plans_and_others_do_not(
    settings: dict[str, Any], plans: bool, sample_store: KnowledgeStore
) -> None:
    understanding = components_on(sample_store, **settings).understanding
    assert isinstance(understanding, ModelUnderstanding if plans else ExampleUnderstanding)


class Tuned:
    """Another implementation of the port."""

    async def interpret(self, look: Look) -> Interpretation:
        return Interpretation(look.said.language)


def test_another_implementation_takes_the_place_of_the_examples(sample_store: KnowledgeStore) -> None:
    for settings in ({"model": "none"}, {"model": "openai:served", "openai_base_url": LOCAL}):
        hub, tuned = components_on(sample_store, **settings), Tuned()
        hub.base_understanding = tuned
        understanding = hub.understanding
        assert getattr(understanding, "base", understanding) is tuned


async def test_a_turn_shows_the_plan_as_a_proposal_and_a_yes_makes_the_calls(
    sample_store: KnowledgeStore, tmp_path: Path
) -> None:
    message = "Please add a model called menu-reader built on phi-4-mini, then list what we have registered."
    named = {"name": "menu-reader", "based_on": "phi-4-mini"}
    store = copy_store(sample_store, tmp_path / "home")
    with serve_planner({message: plan(("register_model", named, named), ("models_list", {}, {}))}) as server:
        hub = components_on(store, model="openai:scripted", openai_base_url=server.url, draft_with="none")
        try:
            asked = await _turn(hub, "a", message)
            assert [call["tool"] for call in asked.proposed] == ["register_model", "models_list"]
            assert asked.tool_calls == []
            assert not asked.notices
            done = await _turn(hub, "a", "yes")
            made = [call["name"] for call in done.tool_calls]
            assert made == ["register_model", "models_list"]
        finally:
            hub.close()


async def test_a_turn_says_that_the_model_failed(sample_store: KnowledgeStore, tmp_path: Path) -> None:
    store = copy_store(sample_store, tmp_path / "home")
    with serve_planner({"Which models are registered?": "no plan"}) as server:
        hub = components_on(store, model="openai:scripted", openai_base_url=server.url, draft_with="none")
        try:
            reply = await _turn(hub, "b", "Which models are registered?")
        finally:
            hub.close()
    assert [call["name"] for call in reply.tool_calls] == ["models_list"]
    assert reply.notices[0]["kind"] == "model_failed"
    assert "understood without the model" in reply.notices[0]["message"]


async def _turn(hub: Components, thread: str, message: str) -> Any:
    async with open_conversation(hub.dependencies) as conversation:
        return await conversation.take_turn(thread, message, lambda event: None)
