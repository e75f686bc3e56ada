"""What holds for every tool of the product; how each face calls it is in `test_faces.py`."""

import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from edge.kernel.errors import InvalidInput, NotAllowed
from evals.evaluations import evaluation_tools
from memory.home import open_home
from memory.store import KnowledgeStore
from tests.fakes.dependencies import components_on
from tests.fakes.good_calls import GOOD as EVERY
from tests.fakes.ingesters import open_word_store
from tests.fakes.serving import ScriptedServing
from tools.calling.context import SCOPES
from tools.governance.licence_tools import licence_tools
from tools.knowledge.search import knowledge_tools
from tools.registry.catalogue import load_catalogue
from tools.registry.roster import RuntimeReport, ServedModel, roster_tools
from tools.spec import LOCAL_ENGINEER, ToolContext, ToolSpec

DECIDING = {"approval_approve", "approval_delegate", "approval_reject", "approval_revoke", "delegation_revoke"}
GOOD: dict[str, list[dict[str, Any]]] = {
    "knowledge_search": [{"query": "SE30"}, {"query": "温度", "limit": 50}],
    "evaluation_list": [{}, {"task": "intent-routing"}, {"task": None, "subject": "phi"}],
    "licence_lookup": [{"model": "phi-4-mini"}],
    "licence_list": [{}, {"commercial_use": "conditional", "tier": "edge"}],
    "roster_list": [{}],
    "model_profile": [{"model": "ollama:phi4-mini"}],
}
BAD: dict[str, list[tuple[dict[str, Any], str]]] = {
    "knowledge_search": [
        ({}, "query"),
        ({"query": ""}, "query"),
        ({"query": 5}, "query"),
        ({"query": "x" * 70_001}, "query"),
        ({"query": "SE30", "limit": 0}, "limit"),
        ({"query": "SE30", "limit": 51}, "limit"),
        ({"query": "SE30", "limit": 1.5}, "limit"),
    ],
    "evaluation_list": [({"task": 5}, "task"), ({"subject": ["phi"]}, "subject")],
    "licence_lookup": [
        ({}, "model"),
        ({"model": ""}, "model"),
        ({"model": "x" * 201}, "model"),
        ({"model": None}, "model"),
    ],
    "licence_list": [({"commercial_use": "perhaps"}, "commercial_use"), ({"tier": "cloud"}, "tier")],
    "roster_list": [],
    "model_profile": [({}, "model"), ({"model": ["phi-4"]}, "model")],
}


@pytest.fixture(scope="module")
def tools(sample_store: KnowledgeStore) -> dict[str, ToolSpec]:
    catalogue = load_catalogue()
    serving = ScriptedServing([RuntimeReport("ollama", (ServedModel("ollama:phi4-mini", None),), "")])
    specs = [
        *knowledge_tools(sample_store.retriever),
        *evaluation_tools(sample_store.ledger),
        *licence_tools(catalogue),
        *roster_tools(catalogue, serving, "ollama:phi4-mini"),
    ]
    assert len({spec.name for spec in specs}) == len(specs)
    return {spec.name: spec for spec in specs}


def test_every_tool_that_needs_no_ledger_is_tested_here(tools: dict[str, ToolSpec]) -> None:
    assert set(tools) == set(GOOD) == set(BAD)


@pytest.mark.parametrize("name", GOOD)
async def test_good_arguments_give_the_result_that_is_promised(name: str, tools: dict[str, ToolSpec]) -> None:
    for arguments in GOOD[name]:
        result = await tools[name].call(LOCAL_ENGINEER, arguments)
        assert isinstance(result, tools[name].result)
        assert type(result).model_validate_json(result.model_dump_json()) == result


@pytest.mark.parametrize(("name", "arguments", "argument"), [(name, *bad) for name in BAD for bad in BAD[name]])
async def test_bad_arguments_are_named(
    name: str, arguments: dict[str, Any], argument: str, tools: dict[str, ToolSpec]
) -> None:
    with pytest.raises(InvalidInput, match=f"{argument}: "):
        await tools[name].call(LOCAL_ENGINEER, arguments)


@pytest.mark.parametrize("name", GOOD)
async def test_no_tool_takes_an_argument_that_it_does_not_know(name: str, tools: dict[str, ToolSpec]) -> None:
    for extra in ("tenant", "context", "limit_", ""):
        with pytest.raises(InvalidInput):
            await tools[name].call(LOCAL_ENGINEER, {**GOOD[name][0], extra: "x"})


@pytest.mark.parametrize("name", GOOD)
async def test_no_tool_runs_without_its_scope(name: str, tools: dict[str, ToolSpec]) -> None:
    spec = tools[name]
    assert spec.scopes
    assert spec.scopes <= LOCAL_ENGINEER.scopes
    lesser = ToolContext("ann", "default", LOCAL_ENGINEER.scopes - spec.scopes)
    with pytest.raises(NotAllowed, match=f"ann may not call {name}"):
        await spec.call(lesser, GOOD[name][0])


@pytest.fixture(scope="module")
def every_tool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ToolSpec]]:
    """All tools of a hub."""
    store = open_word_store(open_home(tmp_path_factory.mktemp("conformance") / "home"))
    yield components_on(store).tools
    store.close()


def test_every_tool_of_a_hub_is_in_the_table(every_tool: dict[str, ToolSpec]) -> None:
    assert set(every_tool) == set(EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_every_tool_describes_itself(name: str, every_tool: dict[str, ToolSpec]) -> None:
    spec = every_tool[name]
    assert spec.name == name
    assert spec.description.endswith(".")
    assert 20 < len(spec.description) < 200
    assert spec.scopes
    assert spec.scopes <= SCOPES
    assert 0 < spec.timeout_s <= 900
    for model in (spec.arguments, spec.result):
        assert issubclass(model, BaseModel)
        assert model.model_json_schema()
    assert spec.arguments.model_json_schema()["additionalProperties"] is False


@pytest.mark.parametrize("name", EVERY)
def test_no_reading_scope_lets_anybody_change_anything(name: str, every_tool: dict[str, ToolSpec]) -> None:
    spec = every_tool[name]
    if spec.effect != "read":
        # Who may decide on an approval, also by delegation, is asked for by the tool itself: see `tests.tools.calling.test_approval`.
        assert name in DECIDING or not all(scope.endswith(":read") for scope in spec.scopes)
        assert not inspect.iscoroutinefunction(spec.run)


@pytest.mark.parametrize("name", EVERY)
async def test_whatever_scope_is_missing_the_call_is_refused(name: str, every_tool: dict[str, ToolSpec]) -> None:
    spec = replace(every_tool[name], runtime=None)
    for scope in spec.scopes:
        lesser = ToolContext("ann", "default", SCOPES - {scope})
        with pytest.raises(NotAllowed, match=f"ann may not call {name}: it needs {scope}"):
            await spec.call(lesser, EVERY[name])
