"""`chargehand up` as a process: beside other processes on its home, stopped, killed, and started again."""

import signal
import socket
import sys
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.fakes.commands import messages_of, run_process, start_up
from tests.fakes.hubs import HubClient, SentEvent, body_of, sse
from tests.fakes.model_servers import Behaviour, FakeServer, serve_openai
from tests.server.chat.protocol import assert_valid

pytestmark = pytest.mark.integration

HEAT = "At what temperature does the SE30 throttle?"
CARRIED = "At 85 °C SoC temperature the gateway lowers its clock from 1.8 to 1.2 GHz. "


@pytest.fixture
def talkative() -> Iterator[FakeServer]:
    """A model server that says a sentence that the documents carry, then talks on for minutes."""
    with serve_openai() as server:
        server.behaviour = Behaviour(words=[CARRIED, "At 95 °C it shuts down. ", *["It "] * 6000], gap_s=0.05)
        yield server


def using(server: FakeServer) -> Mapping[str, str]:
    """Settings of a hub whose model that server is."""
    return {"CHARGEHAND_MODEL": "openai:fake-3b", "OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_API_KEY": "none"}


@contextmanager
def client_of(url: str) -> Generator[HubClient]:
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
        yield HubClient(http)


@pytest.mark.long
def test_beside_a_running_hub(ready: Path, talkative: FakeServer):
    with start_up(ready, settings=using(talkative)) as up, client_of(up.url) as hub:
        assert hub.http.get("/v1/status").json()["model"]["name"] == "openai:fake-3b"

        second = run_process(ready, "up", "--port", "0")
        assert second.code == 1
        assert f"`chargehand up` on http://127.0.0.1:0 (process {up.process.pid})" in second.err
        assert "Traceback" not in second.err

        reply = run_process(ready, "chat", "What can you do?", "--thread", "pumps", "--json")
        assert reply.code == 0
        (listed,) = hub.http.get("/v1/threads").json()["threads"]
        assert (listed["id"], listed["title"], listed["run_id"]) == ("pumps", "What can you do?", None)
        assert hub.thread("pumps")["messages"][1]["content"] == reply.json["answer"]

        run_id, _ = hub.begin(HEAT, "pumps", until="TEXT_MESSAGE_CONTENT")
        refused = run_process(ready, "chat", "help", "--thread", "pumps", "--json")
        assert (refused.code, refused.out) == (1, "")
        assert f"answering in thread pumps (process {up.process.pid})" in refused.err
        hub.http.post(f"/v1/runs/{run_id}/cancel")
        assert talkative.hung_up.wait(10)


def test_a_hub_killed_in_mid_run_is_usable_when_it_is_started_again(ready: Path, talkative: FakeServer):
    with start_up(ready, settings=using(talkative)) as up, client_of(up.url) as hub:
        hub.begin(HEAT, "t1", until="TEXT_MESSAGE_CONTENT")
        up.stop(signal.SIGKILL)
    with start_up(ready) as up, client_of(up.url) as hub:
        thread = hub.thread("t1")
        assert (thread["turns"], thread["run_id"]) == (1, None)
        assert [(message["content"], message["status"]) for message in thread["messages"]] == [(HEAT, "interrupted")]
        events = hub.run("And when does it shut down?", "t1")
        assert assert_valid([event.line for event in events])[-1].outcome.type == "success"
        assert [message["role"] for message in hub.thread("t1")["messages"]] == ["user", "user", "assistant"]
        assert "95 °C" in hub.thread("t1")["messages"][-1]["content"]
        statuses = [message["status"] for message in hub.thread("t1")["messages"]]
        assert statuses == ["interrupted", "complete", "complete"]


@pytest.mark.parametrize("stopping", [signal.SIGINT, signal.SIGTERM])
def test_a_hub_that_is_stopped_keeps_what_its_runs_said(ready: Path, talkative: FakeServer, stopping: signal.Signals):
    with start_up(ready, settings=using(talkative)) as up, client_of(up.url) as hub:
        hub.begin(HEAT, "t1", until="TEXT_MESSAGE_CONTENT")
        code = up.stop(stopping)
        assert up.process.stderr is not None
        assert "Traceback" not in up.process.stderr.read()
    assert code in {0, -signal.SIGTERM}
    assert talkative.hung_up.wait(10)
    _, stopped = messages_of(ready, "t1")
    assert stopped.text.startswith(CARRIED.strip())
    assert stopped.additional_kwargs["status"] == "interrupted"
    assert "by the user" not in stopped.additional_kwargs["notices"][0]["message"]


def test_a_stream_ends_with_an_event_when_the_hub_is_stopped(ready: Path, talkative: FakeServer):
    with start_up(ready, settings=using(talkative)) as up, client_of(up.url) as hub:
        body, seen = body_of(HEAT, "t1"), list[SentEvent]()
        with hub.http.stream("POST", "/v1/runs", json=body) as response:
            for event in sse(response):
                seen.append(event)
                if event.data["type"] == "TEXT_MESSAGE_CONTENT" and not up.process.poll():
                    up.process.send_signal(signal.SIGTERM)
        assert assert_valid([event.line for event in seen])[-1].code == "unavailable"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_the_first_question_needs_is_loaded_without_one(ready: Path):
    with start_up(ready) as up, client_of(up.url) as hub:
        maps, limit = Path(f"/proc/{up.process.pid}/maps"), time.monotonic() + 120
        while "chromadb" not in maps.read_text() and time.monotonic() < limit:
            assert hub.http.get("/v1/status").status_code == 200  # it answers meanwhile
            time.sleep(0.2)
        assert "chromadb" in maps.read_text()


def test_a_port_in_use_is_failed_work(ready: Path):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        done = run_process(ready, "up", "--port", str(port))
    assert done.code == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in done.err
    assert "--port" in done.err
    assert done.out == ""


def test_the_hub_listens_on_ipv6_too(ready: Path):
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    with start_up(ready, "--host", "::1", "--port", "0") as up, client_of(up.url) as hub:
        assert up.url.startswith("http://[::1]:")
        assert hub.http.get("/v1/status").status_code == 200


def test_a_hub_whose_threads_are_damaged_does_not_start(ready: Path):
    (ready / "threads.sqlite").write_bytes(b"this is no database" * 1000)
    done = run_process(ready, "up", "--port", "0")
    assert (done.code, done.out) == (1, "")
    assert "did not start" in done.err
