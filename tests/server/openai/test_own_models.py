"""The hub itself as a model of OpenAI's API: the supervisor with citations, and the embedder of its documents."""

import json
from collections.abc import Iterator

import numpy as np
import openai
import pytest

from memory.store import KnowledgeStore
from tests.fakes.dependencies import dependencies_on
from tests.fakes.hubs import HubClient, serve_hub
from tests.fakes.understandings import ScriptedUnderstanding, helps

HEAT = "At what temperature does the SE30 throttle?"


@pytest.fixture(scope="module")
def hub(sample_store: KnowledgeStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubClient]:
    from tests.fakes.dependencies import copy_store

    store = copy_store(sample_store, tmp_path_factory.mktemp("own") / "home")
    with serve_hub(dependencies_on(store, ScriptedUnderstanding({"help": helps()}))) as client:
        yield client
    store.close()


@pytest.fixture
def client(hub: HubClient) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{hub.http.base_url}/v1", api_key="any", max_retries=0)


def test_chargehand_answers_with_citations(client: openai.OpenAI, hub: HubClient) -> None:
    answer = client.chat.completions.create(model="chargehand", messages=[{"role": "user", "content": HEAT}])
    message = answer.choices[0].message
    assert message.content is not None
    assert "85 °C" in message.content
    assert message.annotations
    cited = message.annotations[0].url_citation
    assert message.content[cited.start_index : cited.end_index] == "[1]"
    assert hub.http.get(cited.url).json()["title"] == cited.title
    assert answer.usage is not None


def test_it_streams_the_same(client: openai.OpenAI) -> None:
    asked = [{"role": "user", "content": HEAT}]
    options = {"include_usage": True}
    chunks = list(
        client.chat.completions.create(model="chargehand", messages=asked, stream=True, stream_options=options)  # type: ignore[call-overload]
    )
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert "85 °C" in said
    assert "[1]" in said
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None


def test_a_conversation_that_comes_again_goes_on_in_its_thread(client: openai.OpenAI, hub: HubClient) -> None:
    said = [{"role": "user", "content": "help"}]
    first = client.chat.completions.create(model="chargehand", messages=said)  # type: ignore[arg-type]
    said += [
        {"role": "assistant", "content": first.choices[0].message.content or ""},
        {"role": "user", "content": HEAT},
    ]
    second = client.chat.completions.create(model="chargehand", messages=said)  # type: ignore[arg-type]
    assert first.model_extra is not None
    assert second.model_extra is not None
    assert first.model_extra["metadata"] == second.model_extra["metadata"]
    assert len(hub.thread(first.model_extra["metadata"]["thread"])["messages"]) == 4


@pytest.mark.parametrize(
    "options",
    [
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"response_format": {"type": "json_object"}},
        {"logprobs": True},
    ],
    ids=["tools", "response_format", "logprobs"],
)
def test_what_it_cannot_honour_is_refused(client: openai.OpenAI, options: dict[str, object]) -> None:
    asked = [{"role": "user", "content": HEAT}]
    with pytest.raises(openai.BadRequestError, match="takes no"):
        client.chat.completions.create(model="chargehand", messages=asked, **options)  # type: ignore[call-overload]


def test_the_embedder_serves_vectors(client: openai.OpenAI, sample_store: KnowledgeStore) -> None:
    name = sample_store.embedder.name
    assert {"chargehand", name} <= {model.id for model in client.models.list()}
    texts = ["the fan is loud", "noisy ventilator", "quarterly revenue"]
    rows = np.array([row.embedding for row in client.embeddings.create(model=name, input=texts).data])
    assert rows.shape == (3, sample_store.embedder.dimensions)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/files", "/v1/audio/speech", "/v1/nothing"])
def test_what_is_not_served_is_not_found(hub: HubClient, path: str) -> None:
    headers = {"authorization": "Bearer any"} if path != "/v1/nothing" else {}
    assert hub.http.post(path, json={}, headers=headers).status_code == 404
    assert hub.http.get(path, headers=headers).status_code == 404


BAD_MESSAGES = [
    [{"role": "user"}],
    [{"role": "user", "content": None}],
    [{"role": "tool", "content": "x"}],
    [{"role": "assistant"}],
    [{"role": "assistant", "tool_calls": [{}]}],
    [{"role": "user", "content": [{"type": "video", "video": "x"}]}],
    [{"role": "user", "content": 7}],
    "hello",
    [7],
    [],
]
BAD_OPTIONS = [
    {"tools": [{}]},
    {"tools": [{"type": "function", "function": {"name": "a b"}}]},
    {"tool_choice": "required"},
    {"tool_choice": {"type": "function", "function": {"name": "none"}}},
    {"response_format": {"type": "json_schema"}},
    {"response_format": {"type": "xml"}},
    {"top_logprobs": 3},
    {"seed": 1e30},
    {"logit_bias": {"a": "b"}},
    {"metadata": {"a": 1}},
]
WHOLE = [b"", b"{", b"null", b"[]", b'"text"', b"\xff\xfe", b'{"model": "\\ud800", "messages": []}', b"[" * 100_000]


@pytest.mark.parametrize("model", ["chargehand", "local:smollm2-135m"])
def test_bad_bodies_are_the_callers_matter(hub: HubClient, model: str) -> None:
    good = [{"role": "user", "content": "help"}]
    bodies = [{"model": model, "messages": messages} for messages in BAD_MESSAGES]
    bodies += [{"model": model, "messages": good, **options} for options in BAD_OPTIONS]
    answers = [hub.http.post("/v1/chat/completions", json=body) for body in bodies]
    as_json = {"content-type": "application/json"}
    for path in ("chat/completions", "completions", "embeddings"):
        answers += [hub.http.post(f"/v1/{path}", content=body, headers=as_json) for body in WHOLE]
        answers.append(hub.http.post(f"/v1/{path}", content=b"{}"))
    assert {answer.status_code for answer in answers} == {400}
    assert all(answer.json()["error"]["type"] == "invalid_request_error" for answer in answers)


@pytest.mark.integration
def test_the_bundled_model_is_held_to_its_tools(client: openai.OpenAI) -> None:
    pytest.importorskip("xllamacpp")
    function = {
        "name": "set_speed",
        "description": "Set the speed of a fan.",
        "parameters": {"type": "object", "properties": {"level": {"enum": ["low", "high"]}}, "required": ["level"]},
    }
    asked = [{"role": "user", "content": "Set the fan to high."}]
    options = {"tools": [{"type": "function", "function": function}], "tool_choice": "required", "temperature": 0}
    answer = client.chat.completions.create(model="local:smollm2-135m", messages=asked, **options)  # type: ignore[call-overload]
    (call,) = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "set_speed"
    assert json.loads(call.function.arguments)["level"] in {"low", "high"}


@pytest.mark.integration
def test_the_bundled_model_s_probabilities_have_the_form_of_the_endpoint(client: openai.OpenAI) -> None:
    pytest.importorskip("xllamacpp")
    made = client.completions.create(model="local:smollm2-135m", prompt="The fan is", max_tokens=3, logprobs=2)
    shown = made.choices[0].logprobs
    assert shown is not None
    assert shown.tokens
    assert "".join(shown.tokens) == made.choices[0].text
    assert len(shown.tokens) == len(shown.token_logprobs or ()) == len(shown.top_logprobs or ())
