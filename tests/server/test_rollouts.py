"""Following a rollout over HTTP."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from server.app import add_error_handlers
from server.rollouts import rollout_routes
from tests.fakes.rollouts import NOON, MemoryStore, a_rollout
from tools.calling.context import LOCAL_ENGINEER, ToolContext
from tools.rollouts.machine import advance, command
from tools.rollouts.rollout import Observation


@pytest.fixture
def store() -> MemoryStore:
    """A rollout that was begun, and aborted."""
    store = MemoryStore()
    rollout = a_rollout("ro-1")
    store.add(rollout)
    rollout, actions = advance(rollout, Observation(rollout.target_revision), NOON)
    store.commit([(rollout, actions)])
    rollout, actions = command(rollout, "abort", "ann", NOON, "second thoughts")
    store.commit([(rollout, actions)])
    rollout, actions = advance(rollout, Observation(rollout.target_revision), NOON)
    store.commit([(rollout, actions)])
    return store


def client_of(store: MemoryStore, caller: ToolContext = LOCAL_ENGINEER) -> TestClient:
    app = FastAPI()
    add_error_handlers(app)
    app.include_router(rollout_routes(store, lambda _: caller))
    return TestClient(app)


def events(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def test_the_stream_tells_everything_in_order_and_ends_with_the_rollout(store: MemoryStore):
    told = list(events(client_of(store).get("/v1/rollouts/ro-1/events").text))
    assert [event["sequence"] for event in told] == list(range(1, len(told) + 1))
    assert any(event["kind"] == "command" and "second thoughts" in event["text"] for event in told)
    assert told[-1]["data"]["to"] == "aborted"


def test_who_comes_back_gets_only_the_rest(store: MemoryStore):
    response = client_of(store).get("/v1/rollouts/ro-1/events", headers={"Last-Event-ID": "2"})
    assert next(events(response.text))["sequence"] == 3


@pytest.mark.parametrize(
    ("path", "caller", "status"),
    [
        ("/v1/rollouts/ro-2/events", LOCAL_ENGINEER, 404),
        ("/v1/rollouts/ro-1/events", replace(LOCAL_ENGINEER, tenant="other"), 404),
        ("/v1/rollouts/ro-1/events", replace(LOCAL_ENGINEER, scopes=frozenset({"roster:read"})), 403),
    ],
)
def test_what_is_not_there_or_not_allowed_is_refused_before_anything_is_sent(
    store: MemoryStore, path: str, caller: ToolContext, status: int
):
    response = client_of(store, caller).get(path)
    assert response.status_code == status
    assert response.json()["error"]["message"]
