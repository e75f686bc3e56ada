"""`chargehand route`."""

from pathlib import Path

from tests.server.cli.conftest import Chargehand

SHIP = "May we ship qwen2.5-3b in a product?"


def test_the_route_is_told_in_words(ready: Path, chargehand: Chargehand):
    done = chargehand("route", SHIP)
    assert done.code == 0
    assert done.out.startswith("governance ")
    assert "runner-up: " in done.out


def test_json_is_one_object_with_the_whole_route(ready: Path, chargehand: Chargehand):
    done = chargehand("route", SHIP, "--json")
    assert done.code == 0
    assert done.err == ""
    route = done.json
    assert set(route) == {"intent", "confidence", "language", "runner_up", "path", "reason"}
    assert (route["intent"], route["language"]) == ("governance", "en")
    assert 0 <= route["runner_up"]["confidence"] <= route["confidence"] <= 1


def test_a_file_is_routed_line_by_line(ready: Path, chargehand: Chargehand, tmp_path: Path):
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


def test_a_broken_line_stops_the_file_before_anything_is_routed(ready: Path, chargehand: Chargehand, tmp_path: Path):
    texts = tmp_path / "texts.jsonl"
    texts.write_text(f'{{"id": 1, "text": "{SHIP}"}}\nnonsense\n')
    done = chargehand("route", "--file", texts)
    assert (done.code, done.out) == (2, "")
    assert "line 2" in done.err
