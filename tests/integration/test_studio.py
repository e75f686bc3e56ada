"""The graphs in LangGraph's own server, as Studio runs them, beside the command line and the hub on one home."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.client import SyncLangGraphClient

from tests.fakes.commands import environment, run_process, start_up
from tests.fakes.hubs import HubClient
from tests.fakes.outside import OutsideWorld, outside_world

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 90.0
HEAT = "At what temperature does the SE30 throttle?"
ZH = "SE30 的工作温度范围是多少？"
SHIP = "May we ship qwen2.5-3b in a product?"


@dataclass(frozen=True)
class Studio:
    home: Path
    client: SyncLangGraphClient
    outside: OutsideWorld

    def ask(self, message: str, thread_id: str | None = None) -> dict[str, Any]:
        """The supervisor's state after one message."""
        given: dict[str, Any] = {"messages": [{"role": "user", "content": message}]}
        if thread_id is None:
            thread_id = self.client.threads.create()["thread_id"]
        state = self.client.runs.wait(thread_id, "supervisor", input=given)
        assert isinstance(state, dict)
        return state


@pytest.fixture(scope="module")
def studio(ready_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    command = Path(sys.executable).with_name("langgraph")
    if not command.exists():
        pytest.skip("langgraph-cli is not installed: it comes with the extra `dev`")
    folder = tmp_path_factory.mktemp("studio")
    home = shutil.copytree(ready_home, folder / "home")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = ["--no-browser", "--no-reload", "--allow-blocking", "--host", "127.0.0.1", "--port", str(port)]
    log = folder / "log"
    with outside_world() as outside, log.open("wb") as sink:
        settings = outside.settings | dict.fromkeys(("LANGGRAPH_CLI_NO_ANALYTICS", "LANGGRAPH_NO_VERSION_CHECK"), "1")
        with subprocess.Popen(
            [str(command), "dev", *options, "--config", str(ROOT / "langgraph.json")],
            cwd=folder,
            env=environment(home, settings),
            stdout=sink,
            stderr=subprocess.STDOUT,
        ) as process:
            url = f"http://127.0.0.1:{port}"
            try:
                _wait_for(url, process, log)
                yield Studio(home, get_sync_client(url=url), outside)
            finally:
                process.terminate()
                process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/ok", trust_env=False).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"LangGraph's server did not start:\n{log.read_text(errors='replace')[-4000:]}")


def test_studio_shows_both_graphs(studio: Studio):
    graphs = {assistant["graph_id"]: assistant["assistant_id"] for assistant in studio.client.assistants.search()}
    assert set(graphs) == {"supervisor", "retrieval"}
    drawn = studio.client.assistants.get_graph(graphs["supervisor"])
    nodes = {str(node["id"]) for node in drawn["nodes"]}
    assert {"understanding", "knowledge", "evaluation", "deployment", "governance", "ask", "help", "decline"} <= nodes


def test_the_same_question_gets_the_same_answer_through_every_door(studio: Studio):
    with start_up(studio.home) as up, httpx.Client(base_url=up.url, timeout=60, trust_env=False) as http:
        hub = HubClient(http)
        for thread_id, question in (("en", HEAT), ("zh", ZH)):
            hub.run(question, thread_id)
            here = hub.thread(thread_id)["messages"][1]
            there = studio.ask(question)
            assert there["citations"]
            assert there["answer"] == here["content"]
            assert there["citations"] == here["citations"]
            assert there["messages"][-1]["content"] == here["content"]
            assert there["route"] == here["route"]
        told = run_process(studio.home, "chat", HEAT, "--json").json
    again = studio.ask(HEAT)
    assert (again["answer"], again["citations"]) == (told["answer"], told["citations"])


def test_a_thread_in_studio_remembers(studio: Studio):
    thread_id = studio.client.threads.create()["thread_id"]
    studio.ask(HEAT, thread_id)
    state = studio.ask("And when does it shut down?", thread_id)
    assert state["tool_calls"][0]["arguments"]["query"] == f"{HEAT} And when does it shut down?"
    assert "95 °C" in state["answer"]
    assert [message["type"] for message in state["messages"]] == ["human", "ai", "human", "ai"]


def test_a_team_works_in_studio(studio: Studio):
    state = studio.ask(SHIP)
    assert state["tool_calls"][0]["arguments"] == {"model": "qwen2.5-3b"}
    assert "Commercial use: no" in state["answer"]


def test_the_retrieval_graph_answers_a_bare_question(studio: Studio):
    state = studio.client.runs.wait(None, "retrieval", input={"question": HEAT})
    assert isinstance(state, dict)
    supervised = studio.ask(HEAT)
    assert (state["answer"], state["citations"]) == (supervised["answer"], supervised["citations"])


def test_events_come_as_they_happen(studio: Studio):
    given: dict[str, Any] = {"messages": [{"role": "user", "content": [{"type": "text", "text": HEAT}]}]}
    parts = list(
        studio.client.runs.stream(None, "supervisor", input=given, stream_mode="custom", stream_subgraphs=True)
    )
    events = [part.data for part in parts if part.event.startswith("custom")]
    steps = [event["step"] for event in events if event["kind"] == "step_started"]
    assert steps == ["look", "interpret", "rewrite", "retrieve", "ground", "quote", "respond"]
    assert "85 °C" in "".join(event["text"] for event in events if event["kind"] == "answer")


def test_studio_has_forms_for_what_a_run_may_be_given(studio: Studio):
    (assistant,) = studio.client.assistants.search(graph_id="supervisor")
    schemas = studio.client.assistants.get_schemas(assistant["assistant_id"])
    names = [set((schemas.get(name) or {})["properties"]) for name in ("input_schema", "context_schema")]
    assert names == [{"messages", "text"}, {"tenant", "model"}]
    drawn = studio.client.assistants.get_graph(assistant["assistant_id"], xray=True)
    nodes = {str(node["id"]) for node in drawn["nodes"]}
    assert {"understanding:look", "knowledge:ground", "governance:act", "governance:report"} <= nodes


@pytest.mark.parametrize(
    ("given", "context", "why"),
    [
        ({"text": " "}, None, "The message is empty."),
        ({"messages": [{"what": "is this"}]}, None, "These are no messages."),
        ({"text": HEAT}, {"tenant": "nobody"}, "nobody"),
        ({"text": HEAT}, {"model": "skynet:t800"}, "names no known provider"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(studio: Studio, given: Any, context: Any, why: str):
    thread_id = studio.client.threads.create()["thread_id"]
    told = studio.client.runs.wait(thread_id, "supervisor", input=given, context=context, raise_error=False)
    assert isinstance(told, dict)
    assert why in told["__error__"]["message"]
    assert "Traceback" not in str(told)
    assert "85 °C" in studio.ask(HEAT, thread_id)["answer"]


def test_a_run_may_choose_its_tenant_and_model(studio: Studio):
    context = {"tenant": "default", "model": "none"}
    state = studio.client.runs.wait(None, "supervisor", input={"text": HEAT}, context=context)
    assert isinstance(state, dict)
    assert "85 °C" in state["answer"]


def test_what_a_person_told_is_remembered_across_threads_and_entries(studio: Studio):
    made = run_process(studio.home, "tools", "call", "memory_prefer", '{"language": "zh"}')
    assert made.code == 0
    items = studio.client.store.search_items(["memories"])["items"]
    assert [item["value"]["text"] for item in items] == ["zh"]
    assert "仅限研究" in studio.ask(SHIP)["answer"]
    assert run_process(studio.home, "tools", "call", "memory_forget_all", "{}").code == 0
    assert studio.client.store.search_items(["memories"])["items"] == []
    assert "Commercial use: no" in studio.ask(SHIP)["answer"]


def test_a_question_back_waits_for_its_answer(studio: Studio):
    thread_id = studio.client.threads.create()["thread_id"]
    studio.ask("start a canary", thread_id)
    (waits,) = studio.client.threads.get_state(thread_id)["interrupts"]
    assert "target" in waits["value"]["question"]
    state = studio.client.runs.wait(thread_id, "supervisor", command={"resume": SHIP})
    assert isinstance(state, dict)
    assert "Commercial use: no" in state["answer"]
    assert [message["content"] for message in state["messages"]][::2] == ["start a canary", SHIP]


def test_everything_that_studio_follows_can_be_shown(studio: Studio):
    parts = list(
        studio.client.runs.stream(
            None,
            "supervisor",
            input={"text": SHIP},
            stream_mode=["values", "updates", "debug", "tasks", "checkpoints"],
            stream_subgraphs=True,
        )
    )
    assert not [part for part in parts if part.event.startswith("error")]
    assert any("Commercial use: no" in str(part.data) for part in parts if part.event == "values")


def test_nothing_of_all_that_was_sent_outside(studio: Studio):
    studio.ask(SHIP)
    assert studio.outside.called == []
