"""`chargehand route`."""

import json
from pathlib import Path

from tests.server.cli.conftest import Chargehand

SHIP = "May we ship qwen2.5-3b in a product?"
FIELDS = {
    *("intent", "confidence", "language", "path", "operations", "reason"),
    *("mood", "calls", "proposed", "question", "document_query", "not_done"),
}


def test_it_is_told_in_words_what_would_be_called_and_from_which_words(ready: Path, chargehand: Chargehand):
    done = chargehand("route", SHIP)
    assert done.code == 0
    assert done.out.startswith("governance, by operation (")
    assert "would call licence_lookup: " in done.out
    assert "model = qwen2.5-3b  from message “qwen2.5-3b”" in done.out


def test_json_is_one_object_with_all_fields(ready: Path, chargehand: Chargehand):
    done = chargehand("route", SHIP, "--json")
    assert (done.code, done.err) == (0, "")
    route = done.json
    assert set(route) == FIELDS
    assert (route["intent"], route["language"], route["path"]) == ("governance", "en", "operation")
    assert 0 <= route["confidence"] <= 1
    (call,) = route["calls"]
    assert set(call) == {"tool", "order", "arguments", "read_from"}
    assert (call["tool"], call["arguments"]) == ("licence_lookup", {"model": "qwen2.5-3b"})
    assert call["read_from"]["model"] == {"value": "qwen2.5-3b", "words": "qwen2.5-3b", "source": "message"}
    assert route["operations"] == ["licence_lookup"]
    assert route["question"] is None


def test_what_would_be_asked_back_is_shown_with_its_choices_and_nothing_is_done(ready: Path, chargehand: Chargehand):
    call = ("tools", "call")
    assert chargehand(*call, "register_model", '{"name": "crew", "based_on": "smollm2-135m"}').code == 0
    content = {"base": "smollm2-135m", "quantisation": "Q4_1"}
    version = {"model": "crew", "label": "1", "reference": "local:x", "content": content}
    assert chargehand(*call, "register_version", json.dumps(version)).code == 0

    route = chargehand("route", "retire crew@1", "--json").json
    assert route["path"] == "question"
    assert route["calls"] == []
    assert set(route["question"]) == {"reason", "text", "tool", "arguments", "slot", "choices"}
    assert (route["question"]["tool"], route["question"]["slot"]) == ("retire_version", "reason")
    assert chargehand(*call, "version_show", '{"version": "crew@1"}').json["stage"] == "candidate"


def test_a_file_is_read_line_by_line(ready: Path, chargehand: Chargehand, tmp_path: Path):
    texts = tmp_path / "texts.jsonl"
    texts.write_text(
        f'{{"id": 1, "text": "{SHIP}"}}\n{{"id": "zh", "text": "SE30 的工作温度范围是多少？"}}\n', encoding="utf-8"
    )
    done = chargehand("route", "--file", texts)
    assert done.code == 0
    assert [(line["id"], line["intent"], line["language"]) for line in done.lines] == [
        (1, "governance", "en"),
        ("zh", "knowledge", "zh"),
    ]
    assert all(set(line) == {"id", *FIELDS} for line in done.lines)
    assert done.lines[1]["document_query"] == "SE30 的工作温度范围是多少？"


def test_it_is_the_holder_of_the_key_who_asks(ready: Path, chargehand: Chargehand):
    scopes = ["chat:use", "documents:read"]
    key = chargehand("tools", "call", "api_key_issue", json.dumps({"principal": "bob", "scopes": scopes})).json["key"]
    mine = chargehand("route", "list the roster", "--json").json
    assert mine["operations"] == ["roster_list"]
    his = chargehand("route", "list the roster", "--json", CHARGEHAND_API_KEY=key).json
    assert his["operations"] == [], "bob may not read the roster"


def test_a_broken_line_stops_the_file_before_anything_is_looked_at(ready: Path, chargehand: Chargehand, tmp_path: Path):
    texts = tmp_path / "texts.jsonl"
    texts.write_text(f'{{"id": 1, "text": "{SHIP}"}}\nnonsense\n')
    done = chargehand("route", "--file", texts)
    assert (done.code, done.out) == (2, "")
    assert "line 2" in done.err
