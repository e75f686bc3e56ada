"""Ollama and servers of OpenAI's API behind the port, over loopback servers that also fail."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from edge.kernel.errors import Interrupted, InvalidInput, NotFound, Unavailable
from tests.fakes.model_servers import Behaviour, Handler, Received, serve
from tests.fakes.runtime_servers import serve_ollama_store, serve_runtime
from tools.serving.ollama import OllamaRuntime
from tools.serving.openai_compatible import OpenAICompatibleRuntime
from tools.serving.runtime import Adapter, Json, Progress, ServedVersion

CHAT = {"messages": [{"role": "user", "content": "hi"}]}
VERSION = ServedVersion("m@1", "m", defaults={"temperature": 0.5})


async def pieces(chunks: AsyncGenerator[Json]) -> list[str]:
    return [c["choices"][0]["delta"].get("content", "") async for c in chunks if c["choices"]]


async def test_answers_whole_and_streamed():
    with serve_runtime("m") as server:
        runtime = OpenAICompatibleRuntime("vllm", f"{server.url}/v1/", "secret")
        answer = await runtime.complete(VERSION, "chat/completions", CHAT)
        assert answer["choices"][0]["message"]["content"] == "The gateway is ready."
        assert "".join(await pieces(runtime.stream(VERSION, "chat/completions", CHAT))) == "The gateway is ready."
        whole, streamed = server.received
        assert whole.headers["authorization"] == "Bearer secret"
        assert whole.body == {**CHAT, "model": "m", "temperature": 0.5}
        assert streamed.body["stream_options"] == {"include_usage": True}
        await runtime.close()


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, InvalidInput), (401, Unavailable), (404, NotFound), (429, Unavailable), (500, Unavailable)],
)
async def test_refusals_are_told_apart(status: int, error: type[Exception]):
    with serve_runtime("m") as server:
        server.behaviour = Behaviour(status=status, retry_after="7")
        runtime = OpenAICompatibleRuntime("vllm", f"{server.url}/v1")
        for call in (
            runtime.complete(VERSION, "chat/completions", CHAT),
            pieces(runtime.stream(VERSION, "chat/completions", CHAT)),
        ):
            with pytest.raises(error):
                await call
        await runtime.close()


@pytest.mark.parametrize(
    "behaviour",
    [Behaviour(die_after=2), Behaviour(report_after=2), Behaviour(end_mark=False), Behaviour(garbage=b"data: {no\n\n")],
)
async def test_answers_that_break_off_are_interrupted(behaviour: Behaviour):
    with serve_runtime("m") as server:
        server.behaviour = behaviour
        runtime = OpenAICompatibleRuntime("vllm", f"{server.url}/v1")
        with pytest.raises(Interrupted):
            await pieces(runtime.stream(VERSION, "chat/completions", CHAT))
        await runtime.close()


async def test_who_does_not_answer_is_unavailable_and_unhealthy():
    with serve_runtime("m") as server:
        pass
    runtime = OpenAICompatibleRuntime("vllm", f"{server.url}/v1")
    with pytest.raises(Unavailable):
        await runtime.complete(VERSION, "chat/completions", CHAT)
    assert not (await runtime.health()).up
    await runtime.close()


async def test_a_compatible_server_must_have_the_model():
    with serve_runtime("m", "n") as server:
        runtime = OpenAICompatibleRuntime("vllm", f"{server.url}/v1")
        await runtime.ensure(VERSION)
        with pytest.raises(NotFound):
            await runtime.ensure(ServedVersion("x@1", "x"))
        assert (await runtime.health()).up
        await runtime.close()


async def test_ollama_pulls_what_it_lacks_and_tells_how_far_it_is():
    with serve_ollama_store() as server:
        runtime, seen = OllamaRuntime(server.url), list[Progress]()
        await runtime.ensure(VERSION, seen.append)
        assert Progress("downloading", 50, 100) in seen
        assert [model.name for model in await runtime.models()] == ["m"]
        asked = len(server.received)
        await runtime.ensure(VERSION)
        assert not [request for request in server.received[asked:] if request.path == "/api/pull"]
        await runtime.close()


async def test_ollama_says_that_a_model_cannot_be_pulled():
    with serve_ollama_store() as server:
        runtime = OllamaRuntime(server.url)
        with pytest.raises(Interrupted, match="does not exist"):
            await runtime.ensure(ServedVersion("x@1", "missing"))
        await runtime.close()


async def test_ollama_creates_from_weights_and_adapter_and_sends_each_file_once(tmp_path: Path):
    weights, adapter = tmp_path / "m.gguf", tmp_path / "lora.gguf"
    weights.write_bytes(b"GGUF" * 600_000)
    adapter.write_bytes(b"lora")
    version = ServedVersion("m@2", "m2", weights, (Adapter(adapter),), context_tokens=2048)
    with serve_ollama_store() as server:
        runtime = OllamaRuntime(server.url)
        await runtime.ensure(version)
        (creation,) = [request.body for request in server.received if request.path == "/api/create"]
        assert set(creation["files"]) == {"m.gguf"}
        assert set(creation["adapters"]) == {"lora.gguf"}
        assert creation["parameters"] == {"num_ctx": 2048}
        await runtime.ensure(ServedVersion("m@3", "m3", weights))
        sent = [request for request in server.received if request.method == "POST" and "blobs" in request.path]
        assert len(sent) == 2
        with pytest.raises(NotFound):
            await runtime.ensure(ServedVersion("m@4", "m4", tmp_path / "none.gguf"))
        await runtime.close()


async def test_ollama_loads_and_unloads():
    with serve_ollama_store(m="sha256:0") as server:
        runtime = OllamaRuntime(server.url)
        await runtime.warm(VERSION)
        assert [model.loaded for model in await runtime.models()] == [True]
        await runtime.unload(VERSION)
        assert [model.loaded for model in await runtime.models()] == [False]
        assert (await runtime.health()).detail == "Ollama 0.13.0"
        await runtime.close()


async def test_a_server_that_refuses_stream_options_is_not_sent_them():
    with serve_runtime("m") as server:
        runtime = OpenAICompatibleRuntime("mistralai", f"{server.url}/v1", takes_stream_options=False)
        await pieces(runtime.stream(VERSION, "chat/completions", CHAT))
        assert "stream_options" not in server.received[0].body
        assert server.received[0].body["stream"] is True
        await runtime.close()


async def test_ollama_is_sent_its_context_where_its_own_api_can_say_the_request():
    def answer(handler: Handler, request: Received) -> None:
        message = {"role": "assistant", "content": "hi"}
        if request.path == "/api/chat":
            counts = {"prompt_eval_count": 7, "eval_count": 2}
            handler.send_json(200, {"model": "m", "message": message, "done": True, "done_reason": "length", **counts})
        else:
            handler.send_json(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})

    version = ServedVersion("ollama:m", "m:latest", context_tokens=2048, sends_context=True)
    with serve(answer) as server:
        runtime = OllamaRuntime(server.url)
        asked = {**CHAT, "stop": "\n", "max_tokens": 2, "response_format": {"type": "json_object"}}
        whole = await runtime.complete(version, "chat/completions", asked)
        assert whole["choices"] == [
            {"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "hi"}}
        ]
        assert whole["usage"] == {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
        await runtime.complete(version, "chat/completions", {**CHAT, "tools": [{"type": "function"}]})
        await runtime.complete(ServedVersion("m@1", "m"), "chat/completions", CHAT)
        await runtime.close()
    own, with_tools, plain = server.received
    assert own.path == "/api/chat"
    assert own.body["options"] == {"num_ctx": 2048, "num_predict": 2, "stop": ["\n"]}
    assert (own.body["model"], own.body["format"], own.body["stream"]) == ("m:latest", "json", False)
    assert [with_tools.path, plain.path] == ["/v1/chat/completions"] * 2
