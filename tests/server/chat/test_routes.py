"""The HTTP API of runs and threads, as the page and other AG-UI clients use it, over a real connection."""

import json
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from ag_ui.core import ContentPart, Message, RunAgentInput, TextPart, UserMessage

from memory.ledger.threads import Thread, ThreadQuestion
from memory.store import KnowledgeStore
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.dependencies import dependencies_on
from tests.fakes.hubs import HubClient, SentEvent, body_of, serve_hub, sse
from tests.fakes.understandings import ScriptedUnderstanding, helps, to
from tests.server.chat.protocol import assert_valid

HEAT = "At what temperature does the SE30 throttle?"
CARRIED = "At 85 °C SoC temperature the gateway lowers its clock from 1.8 to 1.2 GHz. "
ROUTES = {"help": helps(), "ship": to("governance")}


@contextmanager
def hub_on(store: KnowledgeStore, chat: ScriptedChat | None = None) -> Generator[HubClient]:
    model = scripted_model(chat) if chat else None
    with serve_hub(dependencies_on(store, ScriptedUnderstanding(ROUTES), model)) as client:
        yield client


@pytest.fixture
def hub(store: KnowledgeStore) -> Iterator[HubClient]:
    with hub_on(store) as client:
        yield client


@pytest.fixture
def chat() -> ScriptedChat:
    """Says a sentence that the documents carry, then talks on for 20 s."""
    return ScriptedChat(pieces=[CARRIED, "At 95 °C it shuts down. ", *["It "] * 2000], next_token_s=0.01, said=[])


@pytest.fixture
def talkative(store: KnowledgeStore, chat: ScriptedChat) -> Iterator[HubClient]:
    """A hub whose model is `chat`."""
    with hub_on(store, chat) as client:
        yield client


def assert_error(response: httpx.Response, status: int, code: str) -> dict[str, str]:
    assert response.status_code == status
    error = response.json()["error"]
    assert error["code"] == code
    assert error["message"]
    assert set(error) - {"nearest"} == {"code", "message", "advice"}
    return error


def test_a_run_streams_numbered_events(hub: HubClient):
    with hub.http.stream("POST", "/v1/runs", json=body_of(HEAT, "t1", "r1")) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert "no-store" in response.headers["cache-control"]
        events = list(sse(response))
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    parsed = assert_valid([event.line for event in events])
    assert (parsed[0].thread_id, parsed[0].run_id) == ("t1", "r1")
    assert parsed[-1].outcome.type == "success"


def test_the_thread_keeps_what_the_run_streamed(hub: HubClient):
    events = [event.data for event in hub.run(HEAT, "t1")]
    asked, answered = hub.thread("t1")["messages"]
    assert (asked["role"], asked["content"]) == ("user", HEAT)
    assert answered["role"] == "assistant"
    assert answered["status"] == "complete"
    assert answered["content"] == "".join(e["delta"] for e in events if e["type"] == "TEXT_MESSAGE_CONTENT")
    custom = {event["name"]: event["value"] for event in events if event["type"] == "CUSTOM"}
    assert answered["route"] == custom["route"]
    assert answered["citations"] == custom["citations"]["citations"]
    (call,) = answered["tool_calls"]
    assert call["id"] == next(e["toolCallId"] for e in events if e["type"] == "TOOL_CALL_START")
    assert call["result"] == json.loads(next(e["content"] for e in events if e["type"] == "TOOL_CALL_RESULT"))


def test_citations_point_into_the_documents_of_the_api(hub: HubClient):
    hub.run(HEAT, "t1")
    for citation in hub.thread("t1")["messages"][1]["citations"]:
        document = hub.http.get(f"/v1/documents/{citation['document_id']}").json()
        assert document["text"][citation["start"] : citation["end"]] == citation["quote"]
        assert (document["name"], document["title"]) == (citation["document"], citation["title"])


def test_ag_uis_own_input_is_taken_and_the_last_user_message_counts(hub: HubClient):
    parts: list[ContentPart] = [TextPart(text="help"), TextPart(text="me")]
    messages: list[Message] = [UserMessage(id="m1", content="an older one"), UserMessage(id="m2", content=parts)]
    given = RunAgentInput(thread_id="t1", run_id="r1", messages=messages, tools=[], context=[], state={})
    content = given.model_dump_json(by_alias=True, exclude_none=True)
    headers = {"content-type": "application/json", "accept": "text/event-stream"}
    with hub.http.stream("POST", "/v1/runs", content=content, headers=headers) as response:
        assert_valid([event.line for event in sse(response)])
    (asked, _) = hub.thread("t1")["messages"]
    assert asked["content"] == "help\nme"


def test_a_run_is_resumed_after_any_event_without_gap_or_repeat(hub: HubClient):
    events = hub.run(HEAT, "t1", "r1")
    for after in (0, 1, 7, len(events) - 1, len(events)):
        assert hub.follow("r1", after) == events[after:]
    assert hub.follow("r1") == events


def test_a_lost_connection_is_resumed_while_the_run_goes_on(talkative: HubClient, chat: ScriptedChat):
    run_id, seen = talkative.begin(HEAT, "t1", until="TEXT_MESSAGE_CONTENT")
    with talkative.http.stream(
        "GET", f"/v1/runs/{run_id}/events", headers={"Last-Event-ID": str(seen[-1].id)}
    ) as response:
        rest = sse(response)
        first = next(rest)
        assert first.id == seen[-1].id + 1
        talkative.http.post(f"/v1/runs/{run_id}/cancel")
        remaining = [first, *rest]
    assert talkative.follow(run_id) == [*seen, *remaining]


def test_a_client_that_leaves_does_not_stop_the_run(store: KnowledgeStore):
    slow = ScriptedChat(pieces=[CARRIED, *["It "] * 10, "rests."], next_token_s=0.05, said=[])
    with hub_on(store, slow) as client:
        run_id, seen = client.begin(HEAT, "t1", until="REASONING_MESSAGE_CONTENT")
        assert slow.said[0] < len(slow.pieces)
        whole = client.follow(run_id)
        assert slow.said == [len(slow.pieces)]
        assert whole[: len(seen)] == seen
        assert assert_valid([event.line for event in whole])[-1].outcome.type == "success"
        assert client.thread("t1")["messages"][-1]["status"] == "complete"


def test_cancelling_ends_the_stream_and_stops_the_model(talkative: HubClient, chat: ScriptedChat):
    run_id, _ = talkative.begin(HEAT, "t1", until="TEXT_MESSAGE_CONTENT")
    response = talkative.http.post(f"/v1/runs/{run_id}/cancel")
    assert (response.status_code, response.json()) == (202, {"status": "cancelling"})
    events = assert_valid([event.line for event in talkative.follow(run_id)])
    assert events[-1].outcome.type == "cancelled"
    said = list(chat.said)
    last = talkative.thread("t1")["messages"][-1]
    assert (last["role"], last["status"]) == ("assistant", "cancelled")
    assert last["content"].startswith(CARRIED.strip())
    assert last["notices"][0]["kind"] == "partial"
    assert chat.said == said
    assert talkative.http.post(f"/v1/runs/{run_id}/cancel").status_code == 202
    assert assert_valid([event.line for event in talkative.run("help", "t1")])[-1].outcome.type == "success"


def test_a_busy_thread_and_a_repeated_run_are_conflicts(talkative: HubClient):
    run_id, _ = talkative.begin(HEAT, "t1", until="TEXT_MESSAGE_CONTENT")
    assert talkative.thread("t1")["run_id"] == run_id
    assert_error(talkative.http.post("/v1/runs", json=body_of("help", "t1")), 409, "conflict")
    assert_error(talkative.http.post("/v1/runs", json=body_of("help", "t2", run_id)), 409, "conflict")
    assert_error(talkative.http.delete("/v1/threads/t1"), 409, "conflict")
    talkative.http.post(f"/v1/runs/{run_id}/cancel")
    assert talkative.thread("t1")["run_id"] is None
    assert_error(talkative.http.post("/v1/runs", json=body_of("help", "t1", run_id)), 409, "conflict")
    assert talkative.http.delete("/v1/threads/t1").status_code == 204


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/runs/nobody/events"),
        ("POST", "/v1/runs/nobody/cancel"),
        ("GET", "/v1/threads/nobody"),
        ("DELETE", "/v1/threads/nobody"),
        ("POST", "/v1/threads/nobody/fork"),
        ("GET", "/v1/documents/nobody"),
        ("GET", "/v1/nothing"),
        ("GET", "/assets/nothing.js"),
        ("GET", "/assets/%2e%2e/app.py"),
    ],
)
def test_what_is_not_there_is_not_found(hub: HubClient, method: str, path: str):
    body = {"checkpoint_id": "c1"} if path.endswith("fork") else None
    assert_error(hub.http.request(method, path, json=body), 404, "not_found")


def test_a_wrong_method_is_told_as_an_error(hub: HubClient):
    assert_error(hub.http.put("/v1/threads"), 405, "invalid_input")


def replaced(**fields: Any) -> dict[str, Any]:
    return body_of("help", "t1", "r1") | fields


@pytest.mark.parametrize(
    "body",
    [
        b"{not json",
        b"[]",
        b"",
        b'{"threadId": "t1"}',
        replaced(messages=[]),
        replaced(messages="help"),
        replaced(messages=[{"id": "m1", "role": "assistant", "content": "hello"}]),
        replaced(messages=[{"id": "m1", "role": "user", "content": "  \n "}]),
        replaced(messages=[{"id": "m1", "role": "user", "content": "x" * 1_000_000}]),
        replaced(messages=[{"id": "m1", "role": "user", "content": "half \ud83d"}]),
        replaced(messages=[{"id": "m1", "role": "user", "content": 7}]),
        replaced(threadId=""),
        replaced(threadId="x" * 129),
        replaced(threadId="a/b"),
        replaced(threadId="two\nlines"),
        replaced(threadId=7),
        replaced(runId=""),
        replaced(runId="a/b"),
    ],
    ids=lambda body: str(body)[:60] if isinstance(body, bytes) else str({**body, "tools": None})[-60:],
)
def test_a_body_that_does_not_fit_is_refused_and_starts_nothing(hub: HubClient, body: Any):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = hub.http.post("/v1/runs", content=content, headers={"content-type": "application/json"})
    error = assert_error(response, 422, "invalid_input")
    assert len(error["message"]) < 2000
    assert hub.http.get("/v1/threads").json() == {"threads": []}


@pytest.mark.parametrize("after", ["-1", "x", "1.5", ""])
def test_a_last_event_id_is_a_count(hub: HubClient, after: str):
    hub.run("help", "t1", "r1")
    response = hub.http.get("/v1/runs/r1/events", headers={"Last-Event-ID": after})
    assert_error(response, 422, "invalid_input")


@pytest.mark.parametrize("body", [{}, {"checkpoint_id": ""}, {"checkpoint_id": "x" * 129}, {"checkpoint_id": None}])
def test_a_fork_names_its_checkpoint(hub: HubClient, body: dict[str, Any]):
    hub.run("help", "t1")
    assert_error(hub.http.post("/v1/threads/t1/fork", json=body), 422, "invalid_input")


def contents(thread: dict[str, Any]) -> list[str]:
    return [message["content"] for message in thread["messages"]]


def test_a_fork_has_everything_up_to_its_checkpoint_and_a_life_of_its_own(hub: HubClient):
    for message in ("help one", HEAT, "help three"):
        hub.run(message, "t1")
    before = hub.thread("t1")
    response = hub.http.post("/v1/threads/t1/fork", json={"checkpoint_id": before["messages"][3]["checkpoint_id"]})
    assert response.status_code == 201
    forked = response.json()
    assert forked["id"] != "t1"
    assert (forked["turns"], forked["run_id"]) == (2, None)
    assert contents(hub.thread(forked["id"])) == contents(before)[:4]

    hub.run("help four", forked["id"])
    assert contents(hub.thread("t1")) == contents(before)
    again = hub.thread(forked["id"])
    assert contents(again)[:5] == [*contents(before)[:4], "help four"]
    assert (again["turns"], len(again["messages"])) == (3, 6)

    assert hub.http.delete("/v1/threads/t1").status_code == 204
    assert hub.thread(forked["id"]) == again


def test_a_fork_of_a_fork_and_of_every_message(hub: HubClient):
    hub.run("help one", "t1")
    hub.run(HEAT, "t1")
    thread_id = "t1"
    for kept in (4, 2):
        messages = hub.thread(thread_id)["messages"]
        fork = {"checkpoint_id": messages[kept - 1]["checkpoint_id"]}
        thread_id = hub.http.post(f"/v1/threads/{thread_id}/fork", json=fork).json()["id"]
        assert contents(hub.thread(thread_id)) == contents({"messages": messages[:kept]})
    assert len(hub.http.get("/v1/threads").json()["threads"]) == 3


def test_threads_fork_after_answers_and_not_at_questions(hub: HubClient):
    hub.run(HEAT, "t1")
    assert [message["checkpoint_id"] is None for message in hub.thread("t1")["messages"]] == [True, False]


def test_a_fork_at_another_threads_checkpoint_is_not_found(hub: HubClient):
    hub.run("help", "t1")
    hub.run("help", "t2")
    fork = {"checkpoint_id": hub.thread("t2")["messages"][1]["checkpoint_id"]}
    assert_error(hub.http.post("/v1/threads/t1/fork", json=fork), 404, "not_found")


def test_a_follow_up_in_a_fork_is_about_what_was_said_before_it(hub: HubClient):
    hub.run("May we ship qwen2.5-3b in a product?", "t1")
    hub.run("May we ship phi-4-mini in a product?", "t1")
    fork = {"checkpoint_id": hub.thread("t1")["messages"][1]["checkpoint_id"]}
    forked = hub.http.post("/v1/threads/t1/fork", json=fork).json()["id"]
    hub.run("may we ship it?", forked)
    (call,) = hub.thread(forked)["messages"][-1]["tool_calls"]
    assert call["arguments"] == {"model": "qwen2.5-3b"}


def test_a_deleted_thread_is_gone_and_its_id_may_be_used_again(hub: HubClient):
    hub.run(HEAT, "t1")
    assert hub.http.delete("/v1/threads/t1").status_code == 204
    assert_error(hub.http.get("/v1/threads/t1"), 404, "not_found")
    assert_error(hub.http.delete("/v1/threads/t1"), 404, "not_found")
    assert hub.http.get("/v1/threads").json() == {"threads": []}
    hub.run("help", "t1")
    assert contents(hub.thread("t1"))[0] == "help"
    assert hub.thread("t1")["turns"] == 1


def test_threads_are_listed_newest_first(hub: HubClient):
    for thread_id in ("a", "b", "c", "a"):
        hub.run(f"help with {thread_id}", thread_id)
    listed = hub.http.get("/v1/threads").json()["threads"]
    assert [thread["id"] for thread in listed] == ["a", "c", "b"]
    assert [thread["turns"] for thread in listed] == [2, 1, 1]
    assert [thread["title"] for thread in listed] == ["help with a", "help with c", "help with b"]
    assert [thread["updated_at"] for thread in listed] == sorted((t["updated_at"] for t in listed), reverse=True)
    assert all(thread["updated_at"].endswith("+00:00") for thread in listed)


def test_all_threads_are_listed_page_by_page(hub: HubClient, store: KnowledgeStore):
    now = datetime.now(UTC)
    for number in range(450):  # three share each moment
        store.ledger.threads.save(Thread(f"t{number:03d}", "default", "x", 1, now - timedelta(seconds=number // 3)))
    seen, after = list[str](), None
    for _ in range(3):
        page = hub.http.get("/v1/threads", params={"after": after} if after else {}).json()
        seen += [thread["id"] for thread in page["threads"]]
        after = page.get("next")
    assert seen == [f"t{number:03d}" for number in range(450)]
    assert after is None
    short = hub.http.get("/v1/threads", params={"limit": 2}).json()
    assert [thread["id"] for thread in short["threads"]] == ["t000", "t001"]
    for wrong in ({"after": "yesterday"}, {"limit": 0}, {"limit": 201}):
        assert_error(hub.http.get("/v1/threads", params=wrong), 422, "invalid_input")


def test_a_question_whose_turn_was_killed_is_marked_and_one_that_runs_is_not(
    talkative: HubClient, store: KnowledgeStore
):
    asked = ThreadQuestion("q1", "and then?")
    store.ledger.threads.ask("killed", "default", "and then?", asked, datetime.now(UTC))
    (question,) = talkative.thread("killed")["messages"]
    assert (question["role"], question["content"], question["status"]) == ("user", "and then?", "interrupted")
    run_id, _ = talkative.begin(HEAT, "killed", until="TEXT_MESSAGE_CONTENT")
    assert [message["status"] for message in talkative.thread("killed")["messages"]][-1] == "complete"
    talkative.http.post(f"/v1/runs/{run_id}/cancel")
    assert [m["status"] for m in talkative.thread("killed")["messages"]] == ["interrupted", "complete", "cancelled"]


def test_the_list_says_which_thread_is_answering(talkative: HubClient):
    run_id, _ = talkative.begin(HEAT, "busy", until="TEXT_MESSAGE_CONTENT")
    talkative.run("help", "idle")
    listed = talkative.http.get("/v1/threads").json()["threads"]
    assert {thread["id"]: thread["run_id"] for thread in listed} == {"busy": run_id, "idle": None}
    talkative.http.post(f"/v1/runs/{run_id}/cancel")


@pytest.mark.parametrize("thread_id", ["日本 語", "50%", "a?b#c", "0d4f5c2e-7a46-4f0e-9a57-0c1b6d2f8e11"])
def test_any_printable_id_without_a_slash_names_a_thread(hub: HubClient, thread_id: str):
    hub.run("help", thread_id)
    response = hub.http.get(f"/v1/threads/{quote(thread_id)}")
    assert response.status_code == 200
    assert response.json()["id"] == thread_id


def test_many_clients_at_once_each_get_their_own_events(hub: HubClient):
    def run(number: int) -> list[SentEvent]:
        return hub.run(f"help {number}", f"t{number}")

    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(run, range(8)))
    for number, events in enumerate(runs):
        assert assert_valid([event.line for event in events])[0].thread_id == f"t{number}"


def test_threads_are_there_after_the_hub_was_stopped_in_mid_run(store: KnowledgeStore, chat: ScriptedChat):
    with hub_on(store, chat) as client:
        client.begin(HEAT, "t1", until="TEXT_MESSAGE_CONTENT")
    with hub_on(store) as client:
        last = client.thread("t1")["messages"][-1]
        assert last["status"] == "interrupted"
        assert last["content"].startswith(CARRIED.strip())
        client.run("help", "t1")
        assert len(client.thread("t1")["messages"]) == 4
