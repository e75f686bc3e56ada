"""The real hub on a free port of this machine, in a thread of the test's process, and a client that reads its events."""

import json
import socket
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import uvicorn

from graphs.dependencies import Dependencies
from server.app import create_app
from tests.fakes.dependencies import components_of

__all__ = ["HubClient", "SentEvent", "body_of", "serve_hub", "sse"]

LIMIT_S = 30.0


@dataclass(frozen=True)
class SentEvent:
    """One event of a stream: its SSE id, and the JSON in it."""

    id: int
    line: str

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.line)


@dataclass(frozen=True)
class HubClient:
    """Talks to a hub as the page does."""

    http: httpx.Client

    def run(self, message: str, thread_id: str, run_id: str | None = None) -> list[SentEvent]:
        """Take one turn, to its end."""
        with self.http.stream("POST", "/v1/runs", json=body_of(message, thread_id, run_id)) as response:
            response.raise_for_status()
            return list(sse(response))

    def begin(self, message: str, thread_id: str, until: str) -> tuple[str, list[SentEvent]]:
        """Start a run and leave after its first event of a type; returns its id and what came until then."""
        body, seen = body_of(message, thread_id), list[SentEvent]()
        with self.http.stream("POST", "/v1/runs", json=body) as response:
            response.raise_for_status()
            for event in sse(response):
                seen.append(event)
                if event.data["type"] == until:
                    break
        return body["runId"], seen

    def follow(self, run_id: str, after: int | None = None) -> list[SentEvent]:
        """The events of a run after one of them, to its end."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        with self.http.stream("GET", f"/v1/runs/{run_id}/events", headers=headers) as response:
            response.raise_for_status()
            return list(sse(response))

    def thread(self, thread_id: str) -> dict[str, Any]:
        response = self.http.get(f"/v1/threads/{thread_id}")
        response.raise_for_status()
        return response.json()


def body_of(message: str, thread_id: str, run_id: str | None = None) -> dict[str, Any]:
    """What a client of AG-UI posts."""
    return {
        "threadId": thread_id,
        "runId": run_id or str(uuid4()),
        "messages": [{"id": str(uuid4()), "role": "user", "content": message}],
        "tools": [],
        "context": [],
        "state": {},
        "forwardedProps": {},
    }


def sse(response: httpx.Response) -> Iterator[SentEvent]:
    """The events of a stream as they come; comments are passed over."""
    fields: dict[str, str] = {}
    for line in response.iter_lines():
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield SentEvent(int(fields["id"]), fields["data"])
            fields = {}


@contextmanager
def serve_hub(dependencies: Dependencies, headers: Mapping[str, str] | None = None) -> Generator[HubClient]:
    """Run the hub until the end of the block.

    Raises:
        RuntimeError: it does not start within `LIMIT_S`.
    """
    config = uvicorn.Config(
        create_app(components_of(dependencies)), log_level="error", timeout_graceful_shutdown=1, access_log=False
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + LIMIT_S
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the hub did not start")
        time.sleep(0.01)
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=LIMIT_S, trust_env=False) as http:
            yield HubClient(http)
    finally:
        server.should_exit = True
        thread.join(LIMIT_S)
        listener.close()
