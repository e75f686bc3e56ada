"""The agent as a process: people ask it, it is stopped and killed, and only one runs on a home."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.daemon import Notifier
from edge.kernel.errors import InvalidInput
from edge.local_socket import ask_agent, serve_questions
from tests.edge.test_cli import ROOT, SETTINGS, run

pytestmark = pytest.mark.integration


@contextmanager
def agent(home: Path) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "edge", "--home", str(home), "run"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert "is up" in process.stdout.readline()
            yield process
        finally:
            process.kill()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "device.toml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


def test_people_ask_the_agent_that_runs(home: Path) -> None:
    with agent(home) as process:
        told = ask_agent(home / "agent.sock", "How hot is the air inlet?")
        assert told is not None
        assert (told["rung"], told["ok"]) == ("fast", True)
        assert json.loads(run(home, "status", "--json").stdout)["agent"] == "runs"
        assert "already runs" in run(home, "run").stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert ask_agent(home / "agent.sock", "How hot is the air inlet?") is None


def test_a_killed_agent_leaves_what_it_recorded_and_starts_again(home: Path) -> None:
    with agent(home) as process:
        assert ask_agent(home / "agent.sock", "Take a note: belt replaced") is not None
        process.kill()
        process.wait()
    (note,) = json.loads(run(home, "events", "--json", "--kind", "note").stdout)
    assert note["body"]["text"] == "belt replaced"
    with agent(home):
        assert json.loads(run(home, "status", "--json").stdout)["agent"] == "runs"


def test_health_is_measured_without_anybody_asking(home: Path) -> None:
    with agent(home):
        for _ in range(100):
            measured = json.loads(run(home, "events", "--json", "--kind", "telemetry").stdout)
            if measured:
                break
            time.sleep(0.1)
    assert measured[0]["body"]["sensors"] == {"inlet": [38.0, "good"]}


async def test_the_socket_tells_errors_and_takes_no_nonsense(tmp_path: Path) -> None:
    def answer(text: str, by: str) -> dict[str, str]:
        if not text:
            raise InvalidInput("Nothing was asked.", "Ask something.")
        return {"text": text, "by": by}

    server = await serve_questions(tmp_path / "s", answer)
    async with server:
        path = tmp_path / "s"
        assert path.stat().st_mode & 0o777 == 0o600
        asked = await asyncio.to_thread(ask_agent, path, "hello")
        assert asked is not None
        assert asked["text"] == "hello"
        assert asked["by"].startswith("person:")
        assert await asyncio.to_thread(ask_agent, path, "") == {
            "error": "Nothing was asked.",
            "advice": "Ask something.",
        }
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"[1, 2]\n")
        assert b"One JSON object" in await reader.readline()
        writer.close()


def test_systemd_is_told_where_it_listens(tmp_path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        Notifier(str(tmp_path / "notify")).notify("READY=1")
        assert channel.recv(64) == b"READY=1"
    Notifier(None).notify("READY=1")
