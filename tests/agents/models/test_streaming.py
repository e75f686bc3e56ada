import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast

import pytest
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from agents.models.resolve import ResolvedModel, resolve_model
from agents.models.streaming import stream_text
from edge.kernel.errors import (
    ChargehandError,
    Interrupted,
    InvalidInput,
    LimitReached,
    NotAllowed,
    NotFound,
    OutOfTime,
    Unavailable,
)
from tests.fakes.model_servers import Behaviour, FakeServer, ollama_model, serve_ollama, serve_openai
from tests.fakes.offline import NOBODY, offline_settings
from tests.fakes.runtime_servers import PROMPT_TOKENS, serve_runtime
from tests.fakes.serving import OpenServing, serving_of
from tools.serving.metering import charged_to
from tools.serving.rate_limits import Quotas

Talk = tuple[FakeServer, ResolvedModel]

QUESTION: list[BaseMessage] = [SystemMessage("Be short."), HumanMessage("Is the gateway ready?")]
SCHEMA = {"type": "object", "properties": {"team": {"enum": ["evaluation", "deployment"]}}, "required": ["team"]}
BOUND = {"type": "json_schema", "json_schema": {"name": "route", "schema": SCHEMA}}


@asynccontextmanager
async def served(**settings: Any) -> AsyncGenerator[tuple[OpenServing, ResolvedModel]]:
    """The model that the settings name, over a serving of its own."""
    chosen = offline_settings(**settings)
    async with serving_of(chosen) as serving:
        yield serving, resolve_model(chosen, {}).over(serving)  # pyright: ignore[reportArgumentType]  # a fake


@asynccontextmanager
async def resolved(**settings: Any) -> AsyncGenerator[ResolvedModel]:
    async with served(**settings) as (_, model):
        yield model


def phi(server: FakeServer) -> dict[str, str]:
    return {"model": "ollama:phi4-mini", "ollama_url": server.url}


def github(server: FakeServer, name: str = "microsoft/phi-4-mini-instruct", **values: Any) -> dict[str, Any]:
    base = {"github_base_url": f"{server.url}/inference", "github_token": "ghp_test"}
    return {"model": f"github:{name}", **base, **values}


@pytest.fixture(params=["ollama", "openai", "github"])
async def talk(request: pytest.FixtureRequest) -> AsyncIterator[Talk]:
    """A server and a model that is answered by it, once for each way to speak to one."""
    if request.param == "ollama":
        with serve_ollama(ollama_model("phi4-mini:latest")) as server:
            async with resolved(**phi(server)) as model:
                yield server, model
        return
    with serve_openai() as server:
        openai = {"model": "openai:any-3b", "openai_base_url": f"{server.url}/v1"}
        async with resolved(**(openai if request.param == "openai" else github(server))) as model:
            yield server, model


async def read(model: ResolvedModel, messages: list[BaseMessage] | None = None, **options: Any) -> list[str]:
    limits = {"first_token_s": 20.0, "next_token_s": 20.0} | options
    return [text async for text in stream_text(model, messages or QUESTION, **limits)]


async def test_gives_the_text_in_pieces(talk: Talk) -> None:
    server, model = talk
    assert await read(model) == list(server.behaviour.words)


async def test_ollama_is_told_its_context_also_beside_other_options() -> None:
    with serve_ollama(ollama_model("phi4-mini:latest", context=4096)) as server:
        async with resolved(**phi(server)) as model:
            await read(model)
            assert server.chat.body["options"] == {"num_ctx": 4096, "temperature": 0.0}
            await read(model, max_tokens=40, seed=7, temperature=0.5, stop=["\n"])
    expected = {"num_ctx": 4096, "temperature": 0.5, "num_predict": 40, "seed": 7, "stop": ["\n"]}
    assert server.chat.body["options"] == expected
    assert server.chat.body["model"] == "phi4-mini:latest"


async def test_the_ollama_chat_model_itself_sends_its_context() -> None:
    with serve_ollama(ollama_model("phi4-mini:latest")) as server:
        async with resolved(**phi(server)) as model:
            assert model.chat is not None
            await model.chat.ainvoke(QUESTION)
    assert server.chat.body["options"]["num_ctx"] == 8192


async def test_github_is_asked_as_its_api_wants() -> None:
    with serve_openai() as server:
        async with resolved(**github(server)) as model:
            await read(model, max_tokens=30)
    request = server.chat
    assert request.path == "/inference/chat/completions"
    assert request.headers["authorization"] == "Bearer ghp_test"
    assert request.headers["x-github-api-version"] == "2022-11-28"
    assert request.headers["accept"] == "application/vnd.github+json"
    assert request.body["model"] == "microsoft/phi-4-mini-instruct"
    assert request.body["max_tokens"] == 30
    assert "max_completion_tokens" not in request.body


async def test_github_asks_openai_models_by_the_newer_name_of_the_limit() -> None:
    with serve_openai() as server:
        async with resolved(**github(server, "openai/gpt-5-mini")) as model:
            await read(model, max_tokens=30)
    assert server.chat.body["max_completion_tokens"] == 30
    assert "max_tokens" not in server.chat.body


async def test_github_on_the_account_of_an_organisation() -> None:
    with serve_openai() as server:
        async with resolved(**github(server, github_organisation="acme works")) as model:
            await read(model)
    assert server.chat.path == "/orgs/acme%20works/inference/chat/completions"


async def test_the_schema_reaches_the_server_and_the_text_comes_once(talk: Talk) -> None:
    server, model = talk
    server.behaviour = Behaviour(words=['{"team"', ': "deploy', 'ment"}'])
    text = "".join(await read(model, response_format=BOUND))
    assert json.loads(text) == {"team": "deployment"}
    body = server.chat.body
    if model.reference.provider == "ollama":
        assert body["format"] == SCHEMA
        assert json.dumps(SCHEMA, separators=(",", ":")) in body["messages"][0]["content"]
        assert body["messages"][0]["content"].startswith("Be short.")
    else:
        assert body["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidInput),
        (401, NotAllowed),
        (403, NotAllowed),
        (404, NotFound),
        (408, OutOfTime),
        (422, InvalidInput),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
async def test_a_refusal_by_status(talk: Talk, status: int, kind: type[ChargehandError]) -> None:
    server, model = talk
    server.behaviour = Behaviour(status=status)
    with pytest.raises(kind) as raised:
        await read(model)
    assert raised.value.advice
    assert str(model.reference) in raised.value.message
    assert len([request for request in server.received if "chat" in request.path]) == 1


async def test_a_rate_limit_says_how_long_to_wait() -> None:
    with serve_openai() as server:
        server.behaviour = Behaviour(status=429, retry_after="17")
        async with resolved(**github(server)) as model:
            with pytest.raises(Unavailable, match="Try again in 17 s"):
                await read(model)


async def test_a_refused_token_names_its_variable() -> None:
    with serve_openai() as server:
        server.behaviour = Behaviour(status=401)
        async with resolved(**github(server)) as model:
            with pytest.raises(NotAllowed, match="CHARGEHAND_GITHUB_TOKEN") as raised:
                await read(model)
    assert "ghp_test" not in str(raised.value)


@pytest.mark.parametrize(
    ("behaviour", "kind", "got"),
    [
        (Behaviour(die_after=0), Unavailable, 0),
        (Behaviour(die_after=2), Interrupted, 2),
        (Behaviour(end_mark=False), Interrupted, 4),
        (Behaviour(report_after=0), Unavailable, 0),
        (Behaviour(report_after=2), Interrupted, 2),
        (Behaviour(garbage=b"<html>Sign in to the hotel's network</html>\n"), Unavailable, 0),
        (Behaviour(garbage=b'data: {"surprise": \n\n'), Unavailable, 0),
        (Behaviour(garbage=b'data: {"surprise": 1}\n\n'), Unavailable, 0),
        (Behaviour(garbage=b"data: [1]\n\n"), Unavailable, 0),
        (Behaviour(garbage=b'{"surprise": 1}\n'), Unavailable, 0),
        (Behaviour(garbage=b"[1]\n"), Unavailable, 0),
    ],
    ids=str,
)
async def test_an_answer_that_breaks(talk: Talk, behaviour: Behaviour, kind: type[ChargehandError], got: int) -> None:
    server, model = talk
    server.behaviour = behaviour
    pieces: list[str] = []

    async def collect() -> None:
        async for text in stream_text(model, QUESTION, first_token_s=20, next_token_s=20):
            pieces.append(text)  # noqa: PERF401  # what came before the failure counts

    with pytest.raises(kind) as raised:
        await collect()
    assert pieces == list(behaviour.words[:got])
    assert raised.value.retryable


async def test_nobody_at_the_address() -> None:
    async with resolved(model="openai:any", openai_base_url=f"{NOBODY}/v1") as model:
        with pytest.raises(Unavailable, match="openai:any does not answer"):
            await read(model)


async def test_a_late_first_token(talk: Talk) -> None:
    server, model = talk
    server.behaviour = Behaviour(first_delay_s=3)
    with pytest.raises(OutOfTime, match="did not begin to answer in time"):
        await read(model, first_token_s=0.3)


async def test_a_silence_half_way(talk: Talk) -> None:
    server, model = talk
    server.behaviour = Behaviour(gap_s=3)
    with pytest.raises(OutOfTime, match="fell silent half-way"):
        await read(model, next_token_s=0.3)


async def test_time_that_the_reader_takes_is_not_the_models(talk: Talk) -> None:
    _, model = talk
    pieces: list[str] = []
    async for text in stream_text(model, QUESTION, first_token_s=20, next_token_s=0.5):
        await asyncio.sleep(0.3)
        pieces.append(text)
    assert len(pieces) == 4


async def test_closing_hangs_up_on_the_server(talk: Talk) -> None:
    server, model = talk
    server.behaviour = Behaviour(words=["word "] * 1000, gap_s=0.01)
    deltas = cast("Any", stream_text(model, QUESTION, first_token_s=20, next_token_s=20))
    async with aclosing(deltas):
        assert await anext(deltas) == "word "
    assert await asyncio.to_thread(server.hung_up.wait, 5)


async def test_cancelling_hangs_up_on_the_server_and_stays_a_cancellation(talk: Talk) -> None:
    server, model = talk
    server.behaviour = Behaviour(words=["word "] * 1000, gap_s=0.01)
    begun = asyncio.Event()

    async def reads() -> None:
        async for _ in stream_text(model, QUESTION, first_token_s=20, next_token_s=20):
            begun.set()

    reader = asyncio.create_task(reads())
    async with asyncio.timeout(20):
        await begun.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert await asyncio.to_thread(server.hung_up.wait, 5)


async def test_a_prompt_that_ollama_would_cut_is_refused_unsent() -> None:
    with serve_ollama(ollama_model("phi4-mini:latest", context=2048)) as server:
        async with resolved(**phi(server)) as model:
            with pytest.raises(InvalidInput, match=r"about \d+ tokens; ollama:phi4-mini reads 2048"):
                await read(model, [HumanMessage("The gateway is ready. " * 1000)])
        assert all("chat" not in request.path for request in server.received)


async def test_without_a_model_there_is_nothing_to_stream() -> None:
    with pytest.raises(InvalidInput, match="No language model is configured"):
        await read(resolve_model(offline_settings(), {}))


async def test_an_unknown_option_is_refused_with_the_known_ones(talk: Talk) -> None:
    server, model = talk
    with pytest.raises(InvalidInput, match=r"No model takes top_k.*max_tokens"):
        await read(model, top_k=3)
    assert all("chat" not in request.path for request in server.received)


async def test_what_was_read_and_written_is_metered_for_whom_it_was_done() -> None:
    with serve_runtime("any-3b") as server:
        async with served(model="openai:any-3b", openai_base_url=f"{server.url}/v1") as (serving, model):
            with charged_to("acme", "ann"):
                await read(model)
            await read(model)
            await serving.meter.flush()
    asked, own = serving.sink.rows
    assert (asked.tenant, asked.principal) == ("acme", "ann")
    assert (own.tenant, own.principal) == ("default", "local")
    assert (asked.target, asked.version, asked.runtime) == ("openai:any-3b", "openai:any-3b", "openai")
    assert (asked.prompt_tokens, asked.completion_tokens, asked.estimated) == (PROMPT_TOKENS, 4, False)
    assert (asked.outcome, asked.streamed) == ("done", True)
    assert asked.first_token_s is not None
    assert asked.latency_s >= asked.first_token_s


async def test_an_answer_that_was_stopped_is_metered_with_what_was_written() -> None:
    with serve_openai() as server:
        server.behaviour = Behaviour(words=["word "] * 1000, gap_s=0.01)
        async with served(model="openai:any-3b", openai_base_url=f"{server.url}/v1") as (serving, model):
            deltas = cast("Any", stream_text(model, QUESTION, first_token_s=20, next_token_s=20))
            async with aclosing(deltas):
                await anext(deltas)
            assert await asyncio.to_thread(server.hung_up.wait, 5)
            await serving.meter.flush()
    (row,) = serving.sink.rows
    assert (row.outcome, row.failed, row.estimated) == ("cancelled", False, True)
    assert row.completion_tokens >= 1


async def test_a_tenant_that_has_used_its_share_is_refused() -> None:
    with serve_runtime("any-3b") as server:
        async with served(model="openai:any-3b", openai_base_url=f"{server.url}/v1") as (serving, model):
            serving.limits.value = Quotas(requests_per_minute=1)
            await read(model)
            with pytest.raises(LimitReached, match="requests per minute"):
                await read(model)
