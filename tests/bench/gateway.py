"""Model gateway over the bare runtime: time added to a request, and tokens per second at 16 clients.

The runtime is a fake with fixed delays in a process of its own, and so is the gateway, with its ledger on disk and two
versions behind one target. Requests to both are made in turn by the same client. `python -m tests.bench.gateway`
"""

import asyncio
import json
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from memory.artifacts import open_artifacts
from memory.home import open_home
from memory.ledger import open_ledger
from memory.ledger.rollouts import Target
from memory.ledger.versions import Model, Version
from memory.settings import Settings
from server.openai.routes import openai_routes
from server.security import KnownHosts
from tests.bench.machine import machine, spread, table
from tools.rollouts.targets import Arm, TargetState
from tools.serving.assembly import open_serving
from tools.serving.metering import Caller

FIRST_TOKEN_S, NEXT_TOKEN_S, TOKENS = 0.05, 0.02, 64
"""50 tokens/s a client: SmolLM2-135M on a free core."""

CLIENTS, ROUNDS, REQUESTS, CPU_REQUESTS = 16, 5, 60, 100
NOW = datetime.now(UTC)


async def chat(request: Request) -> Response:
    """The fake runtime: whole answers after the first delay, streams with a gap before each token."""
    body = await request.json()
    head = {"id": "c", "created": 1, "model": "m"}
    usage = {"prompt_tokens": 9, "completion_tokens": TOKENS, "total_tokens": 9 + TOKENS}
    if not body.get("stream"):
        await asyncio.sleep(FIRST_TOKEN_S)
        choice = {"index": 0, "message": {"role": "assistant", "content": "word " * TOKENS}, "finish_reason": "stop"}
        return JSONResponse({**head, "object": "chat.completion", "choices": [choice], "usage": usage})

    async def events() -> AsyncIterator[bytes]:
        def event(choices: list[dict[str, Any]], **more: Any) -> bytes:
            chunk = {**head, "object": "chat.completion.chunk", "choices": choices, **more}
            return b"data: " + json.dumps(chunk).encode() + b"\n\n"

        due = time.perf_counter() + FIRST_TOKEN_S
        for _ in range(TOKENS):
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            due += NEXT_TOKEN_S
            yield event([{"index": 0, "delta": {"content": "word "}, "finish_reason": None}])
        yield event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        yield event([], usage=usage)
        yield b"data: [DONE]\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


def serve_fake(listener: socket.socket) -> None:
    """Run the fake runtime for good."""
    app = Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])


def serve_hub(listener: socket.socket, home: Path, runtime_url: str) -> None:
    """Run the gateway over a ledger with one target of two versions, for good."""
    settings = Settings(_env_file=None, home=home, openai_base_url=runtime_url)
    ledger = open_ledger(home / "ledger.sqlite")
    with ledger.unit("default") as unit:
        unit.models.add(Model("m", "", "", NOW, "bench"))
        for label in ("1", "2"):
            unit.versions.add(
                Version(
                    f"m@{label}", "m", "openai:m", "m", "", "", "", "", label, "production", None, [], "", {}, NOW, "b"
                )
            )
        arms = (Arm(version="m@1", weight=90), Arm(version="m@2", weight=10))
        unit.targets.save(Target("champion", "serving", TargetState(arms=arms).model_dump(mode="json"), NOW))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        artifacts = open_artifacts(open_home(settings.home), settings.artifacts_address)
        async with open_serving(settings, ledger, artifacts) as opened, opened.warming():
            app.include_router(openai_routes(opened.gateway, lambda _: Caller("default", "bench")))
            yield

    app = FastAPI(lifespan=lifespan)
    app.add_middleware(KnownHosts)
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])


async def whole(client: httpx.AsyncClient, url: str) -> float:
    """Milliseconds of one whole answer."""
    begun = time.perf_counter()
    answer = await client.post(url, json={"model": "champion", "messages": [{"role": "user", "content": "hi"}]})
    answer.raise_for_status()
    return (time.perf_counter() - begun) * 1e3


async def streamed(client: httpx.AsyncClient, url: str) -> tuple[float, int]:
    """(milliseconds to the first token, tokens) of one stream."""
    begun, first, tokens = time.perf_counter(), 0.0, 0
    body = {"model": "champion", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    async with client.stream("POST", url, json=body) as response:
        response.raise_for_status()
        async for part in response.aiter_raw():
            first = first or (time.perf_counter() - begun) * 1e3
            tokens += part.count(b"word ")
    return first, tokens


async def tokens_per_second(client: httpx.AsyncClient, url: str) -> float:
    """Of all clients together, two streams each, one after the other."""

    async def one() -> int:
        return sum([(await streamed(client, url))[1] for _ in range(2)])

    begun = time.perf_counter()
    tokens = sum(await asyncio.gather(*(one() for _ in range(CLIENTS))))
    return tokens / (time.perf_counter() - begun)


def cpu_ms(process: int) -> float:
    """Milliseconds of processor that a process has used; what else the machine does hardly counts in it."""
    used = psutil.Process(process).cpu_times()
    return (used.user + used.system) * 1e3


async def measure(bare: str, ours: str, hub: int) -> None:
    """Print both comparisons, bare and gateway in turn.

    Args:
        hub: process id of the gateway.
    """
    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=None), trust_env=False) as client:
        for url in (bare, ours):
            for _ in range(200):  # until the other process listens
                try:
                    await whole(client, url)
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
            await asyncio.gather(*(streamed(client, url) for _ in range(CLIENTS)))
        added, first = list[float](), list[float]()
        for _ in range(ROUNDS):
            pairs = [(await whole(client, bare), await whole(client, ours)) for _ in range(REQUESTS // ROUNDS)]
            added.append(statistics.median(b for _, b in pairs) - statistics.median(a for a, _ in pairs))
            firsts = [((await streamed(client, bare))[0], (await streamed(client, ours))[0]) for _ in range(3)]
            first.append(statistics.median(b for _, b in firsts) - statistics.median(a for a, _ in firsts))
        before = cpu_ms(hub)
        for _ in range(CPU_REQUESTS):
            await whole(client, ours)
        per_answer = (cpu_ms(hub) - before) / CPU_REQUESTS
        before = cpu_ms(hub)
        rates = [(await tokens_per_second(client, bare), await tokens_per_second(client, ours)) for _ in range(ROUNDS)]
    per_token = (cpu_ms(hub) - before) / (ROUNDS * 2 * CLIENTS * TOKENS)
    rows = [
        ["p50 added to a whole answer, ms", spread(added, 2)],
        ["p50 added to the first token, ms", spread(first, 2)],
        [f"bare tokens/s, {CLIENTS} clients", spread([rate for rate, _ in rates])],
        [f"gateway tokens/s, {CLIENTS} clients", spread([rate for _, rate in rates])],
        ["processor of the gateway for a whole answer, ms", f"{per_answer:.2f}"],
        ["processor of the gateway for a token of a stream, ms", f"{per_token:.3f}"],
        ["gateway / bare", spread([ours / bare for bare, ours in rates], 3)],
    ]
    print(table(["over the bare runtime", "min / median / max"], rows))


def main() -> None:
    """Start both processes and measure."""
    print(machine())
    print(f"fake runtime: {TOKENS} tokens, the first after {FIRST_TOKEN_S:g} s, then one every {NEXT_TOKEN_S:g} s")
    fake, hub = (socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(2))
    fake_url, hub_url = (f"http://127.0.0.1:{one.getsockname()[1]}/v1" for one in (fake, hub))
    context = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory() as folder:
        processes = [
            context.Process(target=serve_fake, args=(fake,), daemon=True),
            context.Process(target=serve_hub, args=(hub, Path(folder), fake_url), daemon=True),
        ]
        for process in processes:
            process.start()
        try:
            hub_pid = processes[1].pid
            assert hub_pid is not None
            asyncio.run(measure(f"{fake_url}/chat/completions", f"{hub_url}/chat/completions", hub_pid))
        finally:
            for process in processes:
                process.terminate()
                process.join()


if __name__ == "__main__":
    main()
