"""`chargehand chat`."""

import json
from pathlib import Path

import pytest

from memory.home import open_home
from tests.server.chat.protocol import assert_valid
from tests.server.cli.conftest import Chargehand

HEAT = "At what temperature does the SE30 throttle?"
SHIP = "May we ship qwen2.5-3b in a product?"


def test_the_answer_is_printed_with_its_route_and_sources(ready: Path, chargehand: Chargehand):
    done = chargehand("chat", HEAT)
    assert done.code == 0
    assert done.out.startswith("[knowledge, ")
    assert "85 °C" in done.out
    sources = done.out.partition("Sources:\n")[2].splitlines()
    assert sources[0].startswith("[1] ")
    assert ".md, characters " in sources[0]
    assert done.err.startswith("\nThread ")


def test_json_is_one_object_and_nothing_else(ready: Path, chargehand: Chargehand):
    done = chargehand("chat", HEAT, "--json")
    assert done.code == 0
    reply = done.json
    assert set(reply) == {
        *("thread_id", "answer", "route", "citations", "tool_calls", "notices"),
        *("ending", "approvals", "proposed", "choices", "exit_code"),
    }
    assert (reply["ending"], reply["exit_code"]) == ("done", 0)
    assert "85 °C" in reply["answer"]
    assert reply["route"]["intent"] == "knowledge"
    assert reply["citations"][0]["number"] == 1
    assert done.err == ""


def test_events_are_those_of_ag_ui(ready: Path, chargehand: Chargehand):
    done = chargehand("chat", HEAT, "--events", "--thread", "t1")
    assert done.code == 0
    events = assert_valid(done.out.splitlines())
    assert events[0].thread_id == "t1"
    assert events[-1].outcome.type == "success"
    assert "85 °C" in "".join(event.delta for event in events if event.type.value == "TEXT_MESSAGE_CONTENT")


def test_events_of_a_run_that_cannot_begin_end_with_its_error(ready: Path, chargehand: Chargehand):
    done = chargehand("chat", HEAT, "--events", "--model", "nosuch:model")
    assert done.code == 2
    events = assert_valid(done.out.splitlines())
    assert events[-1].code == "invalid_input"
    assert "nosuch" in done.err


def test_a_thread_goes_on(ready: Path, chargehand: Chargehand):
    first = chargehand("chat", SHIP, "--json").json
    assert first["tool_calls"][0]["arguments"] == {"model": "qwen2.5-3b"}
    second = chargehand("chat", "and may we ship it?", "--json", "--thread", first["thread_id"]).json
    assert second["thread_id"] == first["thread_id"]
    assert second["tool_calls"][0]["arguments"] == {"model": "qwen2.5-3b"}


def test_a_thread_not_seen_before_is_made(ready: Path, chargehand: Chargehand):
    done = chargehand("chat", "What can you do?", "--json", "--thread", "pumps")
    assert done.code == 0
    assert done.json["thread_id"] == "pumps"
    assert done.err == "Note: there was no thread pumps; it begins here.\n"
    assert chargehand("chat", "What can you do?", "--json", "--thread", "pumps").err == ""


@pytest.mark.parametrize("thread_id", ["a/b", "x" * 129])
def test_an_id_that_cannot_be_a_threads_is_bad_usage(ready: Path, chargehand: Chargehand, thread_id: str):
    done = chargehand("chat", "What can you do?", "--json", "--thread", thread_id)
    assert done.code == 2
    assert done.out == ""


def test_a_busy_thread_is_failed_work_that_names_who_holds_it(ready: Path, chargehand: Chargehand):
    with open_home(ready).claim("threads", "thread t1", "answering in", ("answering in", "deleting")):
        done = chargehand("chat", "What can you do?", "--json", "--thread", "t1")
    assert done.code == 1
    assert "answering in thread t1 (process" in done.err
    assert done.out == ""


def test_a_file_is_answered_line_by_line(ready: Path, chargehand: Chargehand, tmp_path: Path):
    texts = tmp_path / "texts.jsonl"
    lines = [{"id": "heat", "text": HEAT}, {"id": 2, "text": SHIP}, {"id": "zh", "text": "SE30 的工作温度范围是多少？"}]
    texts.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    done = chargehand("chat", "--file", texts)
    assert done.code == 0
    assert [reply["id"] for reply in done.lines] == ["heat", 2, "zh"]
    assert [reply["route"]["intent"] for reply in done.lines] == ["knowledge", "governance", "knowledge"]
    assert len({reply["thread_id"] for reply in done.lines}) == 3
    assert "60 °C" in done.lines[2]["answer"]


def test_a_file_is_answered_in_the_thread_that_is_named(ready: Path, chargehand: Chargehand, tmp_path: Path):
    texts = tmp_path / "texts.jsonl"
    lines = [{"id": "ship", "text": SHIP}, {"id": "again", "text": "and may we ship it?"}]
    texts.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    replies = chargehand("chat", "--file", texts, "--thread", "pumps").lines
    assert [reply["thread_id"] for reply in replies] == ["pumps", "pumps"]
    assert replies[1]["tool_calls"][0]["arguments"] == {"model": "qwen2.5-3b"}


@pytest.mark.parametrize(
    "broken", ["{", '{"id": "b"}', '{"id": "b", "text": " "}', '{"id": "b", "text": "\\ud83d"}'], ids=str
)
def test_a_broken_line_stops_the_file_before_anything_is_answered(
    ready: Path, chargehand: Chargehand, tmp_path: Path, broken: str
):
    texts = tmp_path / "texts.jsonl"
    texts.write_text(f'{{"id": "a", "text": "What can you do?"}}\n{broken}\n')
    done = chargehand("chat", "--file", texts)
    assert done.code == 2
    assert done.out == ""


def test_a_line_that_fails_says_so_and_the_others_go_on(ready: Path, chargehand: Chargehand, tmp_path: Path):
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"id": "a", "text": "What is an SE30?"}\n{"id": "b", "text": "May we ship qwen2.5-3b?"}\n')
    done = chargehand("chat", "--file", texts, CHARGEHAND_TURN_LIMIT_S="0.001")
    assert done.code == 1
    assert [(line["id"], line["error"]["code"]) for line in done.lines] == [("a", "out_of_time"), ("b", "out_of_time")]
