"""Commands as processes: what only shows there, such as what other packages print, signals and closed pipes."""

import json
import os
import pty
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from tests.fakes.commands import CHARGEHAND, environment, messages_of, run_process
from tests.fakes.model_servers import Behaviour, serve_openai
from tests.fakes.outside import outside_world
from tests.server.chat.protocol import assert_valid

pytestmark = pytest.mark.integration

HEAT = "At what temperature does the SE30 throttle?"
SHIP = "May we ship qwen2.5-3b in a product?"
CARRIED = "At 85 °C SoC temperature the gateway lowers its clock from 1.8 to 1.2 GHz. "


@pytest.mark.parametrize("message", ["May we ship qwen2.5-3b in a product?", "SE30 的工作温度范围是多少？"])
def test_json_is_all_that_chat_prints(ready: Path, message: str):
    done = run_process(ready, "chat", message, "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json["answer"]


def test_every_other_command_prints_its_json_alone(ready: Path, tmp_path: Path):
    (tmp_path / "note.md").write_text("# Goods lift\n\nThe goods lift carries 1250 kg.\n")
    for command in (["route", HEAT], ["search", HEAT], ["doctor"], ["ingest", str(tmp_path / "note.md")]):
        done = run_process(ready, *command, "--json")
        assert (done.code, done.err) == (0, "")
        assert done.json


@pytest.mark.long
def test_no_command_calls_anybody_outside_this_machine(ready: Path, tmp_path: Path):
    texts = tmp_path / "texts.jsonl"
    asked = [HEAT, "May we ship qwen2.5-3b in a product?", "Which models can this hub serve now?"]
    texts.write_text("".join(json.dumps({"id": 1, "text": text}) + "\n" for text in asked))
    note = tmp_path / "note.md"
    note.write_text("# Goods lift\n\nThe goods lift carries 1250 kg.\n")
    with outside_world() as outside:
        for command in (["ingest", str(note)], ["chat", "--file", str(texts)], ["doctor"]):
            done = run_process(ready, *command, settings=outside.settings)
            assert done.code == 0
        assert outside.called == []


def test_an_argument_that_is_not_unicode_is_bad_usage(ready: Path):
    done = run_process(ready, "chat", b"caf\xe9", "--json")
    assert (done.code, done.out) == (2, "")
    assert "not Unicode" in done.err


def test_a_reader_that_leaves_ends_the_command_quietly(ready: Path, tmp_path: Path):
    texts = tmp_path / "texts.jsonl"
    texts.write_text("".join(json.dumps({"id": number, "text": "heat"}) + "\n" for number in range(200)))
    command = [*CHARGEHAND, "search", "--file", str(texts), "-k", "50"]
    with subprocess.Popen(
        command, cwd=ready, env=environment(ready), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["id"] == 0
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


def test_a_turn_goes_on_when_its_reader_leaves(ready: Path):
    order = f"register the model pumps; {SHIP}"
    command = f"{' '.join(map(shlex.quote, CHARGEHAND))} chat {shlex.quote(order)} --thread t1 | head -c 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=ready,
        env=environment(ready),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"[")
    assert b"Broken pipe" not in done.stderr
    assert len(messages_of(ready, "t1")) == 2


@pytest.mark.parametrize("arguments", [["-"], []], ids=["a dash", "a pipe"])
def test_a_message_comes_through_stdin(ready: Path, arguments: list[str]):
    done = run_process(ready, "chat", *arguments, "--json", stdin=f"{SHIP}\n")
    assert done.json["tool_calls"][0]["arguments"] == {"model": "qwen2.5-3b"}


def test_a_file_of_texts_comes_through_stdin(ready: Path):
    lines = "".join(json.dumps({"id": number, "text": HEAT}) + "\n" for number in range(2))
    done = run_process(ready, "search", "--file", "-", stdin=lines)
    assert [line["id"] for line in done.lines] == [0, 1]


def test_a_list_on_a_terminal_goes_through_the_pager(ready: Path):
    ours, theirs = pty.openpty()
    pager = ready / "pager"
    pager.write_text("#!/bin/sh\nsed 's/^/> /'\n")
    pager.chmod(0o755)
    done = subprocess.run(
        [*CHARGEHAND, "tools", "list", "evaluation"],
        cwd=ready, env=environment(ready, {"PAGER": str(pager)}), stdin=theirs, stdout=theirs,
        timeout=60, check=False,
    )  # fmt: skip
    os.close(theirs)
    assert done.returncode == 0
    assert os.read(ours, 65536).startswith(b"> evaluation_")
    os.close(ours)


def test_an_interrupted_chat_keeps_what_was_said_and_tells_that_it_was_stopped(ready: Path):
    with serve_openai() as server:
        server.behaviour = Behaviour(words=[CARRIED, "At 95 °C it shuts down. ", *["It "] * 6000], gap_s=0.05)
        settings = {"CHARGEHAND_MODEL": "openai:fake-3b", "OPENAI_BASE_URL": f"{server.url}/v1"}
        command = [*CHARGEHAND, "chat", HEAT, "--thread", "t1", "--events"]
        with subprocess.Popen(
            command,
            cwd=ready,
            env=environment(ready, settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            seen: list[str] = []
            for line in process.stdout:
                seen.append(line)
                if "TEXT_MESSAGE_CONTENT" in line:
                    process.send_signal(signal.SIGINT)
                    break
            seen.extend(process.stdout)
            assert process.wait(60) == 130
            said, stopped = process.stderr.read().split("\n", 1)
            assert said == "Note: there was no thread t1; it begins here."
            assert stopped.strip() == "Stopped."
        assert server.hung_up.wait(10)
    assert assert_valid(seen)[-1].outcome.type == "cancelled"
    asked, stopped = messages_of(ready, "t1")
    assert asked.text == HEAT
    assert stopped.text.startswith(CARRIED.strip())
    assert stopped.additional_kwargs["status"] == "cancelled"
