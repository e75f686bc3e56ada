"""What holds for every tool of the product."""

from typing import Any

import pytest
from pydantic import BaseModel

from memory.errors import InvalidInput, NotAllowed
from memory.store import KnowledgeStore
from tests.fakes.serving import ScriptedServing
from tools.catalogue import load_catalogue
from tools.evaluations import evaluation_tools
from tools.knowledge import knowledge_tools
from tools.licences import licence_tools
from tools.roster import RuntimeReport, ServedModel, roster_tools
from tools.spec import LOCAL_ENGINEER, ToolContext, ToolSpec

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


def test_every_tool_is_tested_here(tools: dict[str, ToolSpec]) -> None:
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


@pytest.mark.parametrize("name", GOOD)
def test_every_tool_describes_itself(name: str, tools: dict[str, ToolSpec]) -> None:
    spec = tools[name]
    assert spec.description.endswith(".")
    assert 20 < len(spec.description) < 200
    assert spec.effect == "read"
    assert 0 < spec.timeout_s <= 60
    assert spec.arguments.model_json_schema()["additionalProperties"] is False
    assert issubclass(spec.result, BaseModel)
    assert spec.result.model_json_schema()
