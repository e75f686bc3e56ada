"""What `--file` may hold."""

import json
from pathlib import Path

import pytest

from edge.kernel.errors import InvalidInput
from server.cli.texts import read_items


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "texts.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_the_text_of_the_command_line_has_no_id():
    assert list(read_items("Hello", None)) == [(None, "Hello")]


def test_each_line_gives_its_id_as_it_stands_and_its_text(tmp_path: Path):
    lines = [{"id": "a", "text": "One"}, {"id": 7, "text": "二", "more": True}, {"id": None, "text": ""}]
    path = written(tmp_path, "\n".join(json.dumps(line, ensure_ascii=False) for line in lines))
    assert list(read_items(None, path)) == [("a", "One"), (7, "二"), (None, "")]


def test_blank_lines_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path):
    path = written(tmp_path, '\ufeff{"id": "a", "text": "One"}\r\n\r\n  \n{"id": "b", "text": "Two"}\r\n')
    assert list(read_items(None, path)) == [("a", "One"), ("b", "Two")]


@pytest.mark.parametrize("letter", ["\u2028", "\u2029", "\x85", "\x7f"])
def test_a_letter_that_only_looks_like_a_line_end_is_part_of_the_text(tmp_path: Path, letter: str):
    line = json.dumps({"id": "a", "text": f"One{letter}two"}, ensure_ascii=False)
    assert list(read_items(None, written(tmp_path, line))) == [("a", f"One{letter}two")]


def test_an_empty_file_gives_nothing(tmp_path: Path):
    assert list(read_items(None, written(tmp_path, ""))) == []


@pytest.mark.parametrize(
    "line", ["{not json", '"text"', "[]", "7", "null", '{"id": "b"}', '{"text": "x"}', '{"id": "b", "text": 7}']
)
def test_a_broken_line_is_named(tmp_path: Path, line: str):
    path = written(tmp_path, f'{{"id": "a", "text": "One"}}\n\n{line}\n')
    with pytest.raises(InvalidInput, match="line 3"):
        list(read_items(None, path))


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path):
    with pytest.raises(InvalidInput, match="cannot be read"):
        list(read_items(None, written(tmp_path, '{"id": "a", "text": "é"}'.encode("latin-1"))))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(InvalidInput, match="cannot be read"):
        list(read_items(None, tmp_path / "nothing.jsonl"))


@pytest.mark.parametrize(("text", "path"), [(None, None), ("Hello", Path("texts.jsonl"))])
def test_a_text_or_a_file_but_not_both(text: str | None, path: Path | None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    with pytest.raises(InvalidInput, match="either a text or --file"):
        list(read_items(text, path))
