"""The MCP server in memory: `ask`, pages and profiles, prompts, resources, completions, questions back."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from mcp.client.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult, PromptReference, ResourceTemplateReference

from agents.understanding.understanding import Understanding
from memory.store import KnowledgeStore
from server.chat.conversation import open_conversation
from server.mcp.ask import ASK, ask_tool
from server.mcp.profiles import PAGE_BYTES, Profile, is_for_devices
from server.mcp.resources import HubResources
from server.mcp.server import make_server
from tests.fakes.dependencies import components_on
from tests.fakes.understandings import ScriptedUnderstanding, helps
from tools.spec import LOCAL_ENGINEER, ToolContext, ToolSpec

HEAT = "At what temperature does the SE30 throttle?"


@pytest.fixture
def tools(store: KnowledgeStore) -> dict[str, ToolSpec]:
    return components_on(store).tools


@asynccontextmanager
async def connected(
    store: KnowledgeStore,
    caller: ToolContext = LOCAL_ENGINEER,
    profile: Profile | None = None,
    understanding: Understanding | None = None,
    **client: Any,
) -> AsyncIterator[Client]:
    components = components_on(store)
    components.base_understanding = understanding or ScriptedUnderstanding({"help": helps()})
    known = components.dependencies
    async with open_conversation(known) as conversation:
        tools = {ASK: ask_tool(conversation), **known.tools}
        resources = HubResources(store.ledger.documents, known.know)
        server = make_server(tools, lambda _: caller, resources, lambda _: profile)
        async with Client(server, **client) as made:
            yield made


async def listed(client: Client) -> list[list[str]]:
    """Names of the tools, by page."""
    pages, cursor = list[list[str]](), None
    while True:
        page = await client.list_tools(cursor=cursor)
        assert len(page.model_dump_json(by_alias=True, exclude_none=True)) <= 60_000
        pages.append([tool.name for tool in page.tools])
        cursor = page.next_cursor
        if cursor is None:
            return pages


async def test_people_are_offered_all_that_people_call_in_small_pages(
    store: KnowledgeStore, tools: dict[str, ToolSpec]
):
    async with connected(store) as client:
        pages = await listed(client)
    names = [name for page in pages for name in page]
    assert names[0] == ASK
    assert set(names) == {ASK} | {name for name, spec in tools.items() if not is_for_devices(spec)}
    assert len(names) == len(set(names))
    assert len(pages) > 1


@pytest.mark.parametrize("cursor", ["0", "-1", "x", "99999", "¹"])
async def test_a_page_that_was_not_given_out_is_refused(store: KnowledgeStore, cursor: str) -> None:
    async with connected(store) as client:
        with pytest.raises(MCPError, match="no page"):
            await client.list_tools(cursor=cursor)


async def test_a_profile_offers_its_tools_alone(store: KnowledgeStore, tools: dict[str, ToolSpec]) -> None:
    async with connected(store, profile="read") as client:
        names = {name for page in await listed(client) for name in page}
        with pytest.raises(MCPError, match="no tool"):
            await client.call_tool("register_model", {"name": "m"})
    assert names == {name for name, spec in tools.items() if spec.effect == "read" and not is_for_devices(spec)}
    async with connected(store, profile="device") as client:
        assert {name for page in await listed(client) for name in page} == {
            name for name, spec in tools.items() if is_for_devices(spec)
        }


async def test_a_device_is_offered_what_devices_call(store: KnowledgeStore) -> None:
    device = replace(LOCAL_ENGINEER, principal="device:press-1", scopes=frozenset({"edge:sync"}))
    async with connected(store, device) as client:
        assert all(name.startswith("edge_") for page in await listed(client) for name in page)


async def test_every_argument_of_every_tool_is_described(store: KnowledgeStore) -> None:
    async with connected(store, profile="all") as client:
        cursor, bare = None, list[str]()
        while True:
            page = await client.list_tools(cursor=cursor)
            for tool in page.tools:
                schema = tool.input_schema
                for name, field in schema.get("properties", {}).items():
                    parts = [field, *field.get("anyOf", [])]
                    parts += [schema["$defs"][part["$ref"].rpartition("/")[2]] for part in parts if "$ref" in part]
                    if not any(part.get("description") for part in parts):
                        bare.append(f"{tool.name}.{name}")
            cursor = page.next_cursor
            if cursor is None:
                break
    assert bare == []


async def test_ask_answers_with_sources_and_goes_on_in_its_thread(store: KnowledgeStore) -> None:
    async with connected(store) as client:
        first = (await client.call_tool(ASK, {"message": HEAT})).structured_content
        assert first is not None
        assert "85 °C" in first["answer"]
        assert (
            first["sources"][0]["quote"]
            in store.ledger.documents.get(first["sources"][0]["document_id"], "default").text
        )
        second = (await client.call_tool(ASK, {"message": "help", "thread": first["thread"]})).structured_content
        assert second is not None
        assert second["thread"] == first["thread"]


async def test_ask_needs_the_right_to_chat(store: KnowledgeStore) -> None:
    async with connected(store, replace(LOCAL_ENGINEER, scopes=frozenset({"roster:read"}))) as client:
        assert ASK not in {name for page in await listed(client) for name in page}
        answer = await client.call_tool(ASK, {"message": HEAT})
    assert answer.is_error


async def test_prompts_are_listed_and_filled(store: KnowledgeStore) -> None:
    async with connected(store) as client:
        prompts = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
        for prompt in prompts.values():
            given = {argument.name: "smollm2@b" for argument in prompt.arguments or ()}
            got = await client.get_prompt(prompt.name, given)
            text: Any = got.messages[0].content
            assert "$" not in text.text
            assert not given or "smollm2@b" in text.text
        with pytest.raises(MCPError, match="needs version"):
            await client.get_prompt("may_we_ship", {})
        with pytest.raises(MCPError, match="no prompt"):
            await client.get_prompt("none", {})


async def test_documents_are_resources(store: KnowledgeStore) -> None:
    document = store.ledger.documents.get(store.ledger.documents.all("default")[0].id, "default")
    async with connected(store) as client:
        found = {resource.name: resource for resource in (await client.list_resources()).resources}
        assert (await client.list_resource_templates()).resource_templates
        (read,) = (await client.read_resource(found[document.name].uri)).contents
        assert read.text == document.text  # pyright: ignore[reportAttributeAccessIssue]
        for wrong in ("chargehand://documents/none", "file:///etc/passwd"):
            with pytest.raises(MCPError):
                await client.read_resource(wrong)
    for stranger in (replace(LOCAL_ENGINEER, tenant="globex"), replace(LOCAL_ENGINEER, scopes=frozenset({"chat:use"}))):
        async with connected(store, stranger) as client:
            assert (await client.list_resources()).resources == []
            with pytest.raises(MCPError):
                await client.read_resource(found[document.name].uri)


async def test_names_are_completed(store: KnowledgeStore) -> None:
    async with connected(store) as client:
        await client.call_tool("register_model", {"name": "support"})
        for label in ("one", "two"):
            content = {"base": "smollm2-135m", "adapter": label}
            made = {"model": "support", "label": label, "reference": "local:x", "content": content}
            assert not (await client.call_tool("register_version", made)).is_error
        version = {"name": "version", "value": "supp"}
        found = await client.complete(PromptReference(name="may_we_ship"), version)
        assert found.completion.values == ["support@one", "support@two"]
        template = ResourceTemplateReference(uri="chargehand://documents/{id}")
        found = await client.complete(template, {"name": "id", "value": ""})
        assert len(found.completion.values) > 2


class Person:
    """At the client; answers what it is asked."""

    def __init__(self, **content: Any) -> None:
        self.content, self.asked = content, list[str]()

    async def __call__(self, context: Any, params: Any) -> ElicitResult:
        self.asked.append(params.message)
        return ElicitResult(action="accept" if self.content else "decline", content=self.content or None)


async def test_missing_arguments_are_asked_for(store: KnowledgeStore) -> None:
    person = Person(name="asked-for")
    async with connected(store, elicitation_callback=person, mode="2026-07-28") as client:
        made = await client.call_tool("register_model", {"description": "A model."})
    assert not made.is_error
    assert made.structured_content is not None
    assert made.structured_content["name"] == "asked-for"
    assert person.asked == ["register_model needs name."]


async def test_a_client_that_cannot_ask_gets_the_error(store: KnowledgeStore) -> None:
    async with connected(store, mode="2026-07-28") as client:
        assert (await client.call_tool("register_model", {})).is_error


async def test_whoever_does_not_answer_gets_the_error(store: KnowledgeStore) -> None:
    async with connected(store, elicitation_callback=Person(), mode="2026-07-28") as client:
        assert (await client.call_tool("register_model", {})).is_error


async def test_an_approval_is_asked_for_and_never_given_by_whoever_asked(store: KnowledgeStore) -> None:
    person = Person(approved=True)
    async with connected(store, elicitation_callback=person, mode="2026-07-28") as client:
        await client.call_tool("register_model", {"name": "support"})
        version = {"model": "support", "label": "1", "reference": "local:x", "content": {"base": "smollm2-135m"}}
        await client.call_tool("register_version", version)
        refused = await client.call_tool("retire_version", {"version": "support@1", "reason": "a test"})
    assert refused.is_error
    text: Any = refused.content[0]
    assert json.loads(text.text)["error"]["code"] == "approval_needed"
    assert len(person.asked) == 1
    assert "waits for an approval" in person.asked[0]


def test_a_page_leaves_room_for_what_stands_around_it() -> None:
    assert PAGE_BYTES < 60_000
