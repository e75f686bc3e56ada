"""`chargehand search`."""

from pathlib import Path

from memory.store import KnowledgeStore
from tests.server.cli.conftest import Chargehand

HEAT = "At what temperature does the SE30 throttle?"


def test_passages_are_shown_with_their_place(ready: Path, chargehand: Chargehand):
    done = chargehand("search", HEAT, "-k", "3")
    assert done.code == 0
    assert [line[:2] for line in done.out.splitlines() if line[:1].isdigit()] == ["1.", "2.", "3."]
    assert "85 °C" in done.out


def test_json_is_one_object_with_verbatim_passages(ready: Path, chargehand: Chargehand, sample_store: KnowledgeStore):
    done = chargehand("search", HEAT, "--json")
    assert done.code == 0
    assert done.err == ""
    passages = done.json["passages"]
    assert len(passages) == 5
    assert [passage["score"] for passage in passages] == sorted((p["score"] for p in passages), reverse=True)
    for passage in passages:
        text = sample_store.ledger.documents.get(passage["document_id"], "default").text
        assert text[passage["start"] : passage["end"]] == passage["text"]


def test_a_file_is_searched_line_by_line(ready: Path, chargehand: Chargehand, tmp_path: Path):
    texts = tmp_path / "texts.jsonl"
    texts.write_text(f'{{"id": "a", "text": "{HEAT}"}}\n{{"id": "b", "text": "goods lift"}}\n')
    done = chargehand("search", "--file", texts, "-k", "2")
    assert done.code == 0
    assert [(line["id"], len(line["passages"])) for line in done.lines] == [("a", 2), ("b", 2)]


def test_an_empty_home_finds_nothing_and_says_what_to_do(chargehand: Chargehand):
    done = chargehand("search", HEAT)
    assert (done.code, done.out) == (0, "")
    assert "chargehand ingest" in done.err
    assert chargehand("search", HEAT, "--json").json == {"passages": []}
