"""JSON and YAML: each value by the path of keys that leads to it; lists of records as tables."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from edge.kernel.errors import InvalidInput
from memory.documents.chunking import estimate_tokens
from memory.documents.parsing.outline import Extract, file_title
from memory.documents.parsing.plaintext import decode_text
from memory.documents.parsing.table_pieces import add_table, clean_cell
from memory.documents.passages import ParsedDocument

_ADVICE = "Mend it, or give it the suffix of what it is."
_PLAIN_KEY = re.compile(r"[\w$@/ -]+")
_MOST_VALUES = 1_000_000
_DEEPEST = 100
_MOST_COLUMNS = 40
_LONG_VALUE = 80
"""Tokens from which on a value is a paragraph."""


def parse_json(name: str, data: bytes) -> ParsedDocument:
    """Read a JSON document, or JSON Lines; figures stay as they are written.

    Raises:
        InvalidInput: the file is empty, not JSON, or has far too many values.
    """
    text = decode_text(data, name)
    try:
        if name.lower().endswith((".jsonl", ".ndjson")):
            documents: list[Any] = [_loaded(line) for line in text.split("\n") if line.strip()]
            return _document(name, documents, "application/jsonl")
        return _document(name, _loaded(text), "application/json")
    except (ValueError, RecursionError) as error:
        why = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "nested too deep"
        raise InvalidInput(
            f"{name} is not JSON: {why}.", "Save it again, or give it the suffix of what it is."
        ) from error


def parse_yaml_file(name: str, data: bytes) -> ParsedDocument:
    """Read the documents of a YAML file; every value stays as it is written.

    Raises:
        InvalidInput: the file is empty, not YAML, or has far too many values.
    """
    import yaml

    text = decode_text(data, name)
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        # The base loader makes text, lists and mappings of what is there, and nothing else.
        documents = [each for each in yaml.load_all(text, Loader=loader) if each]  # nosec B506
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "nested too deep"
        raise InvalidInput(f"{name} is not YAML: {where}.", _ADVICE) from error
    return _document(name, documents[0] if len(documents) == 1 else documents, "application/yaml")


def _loaded(text: str) -> Any:
    return json.loads(text, parse_float=str, parse_int=str)


def _document(name: str, value: Any, media_type: str) -> ParsedDocument:
    extract = Extract()
    writer = _Writer(name, extract)
    if isinstance(value, Mapping):
        scalars = {key: each for key, each in cast("Mapping[str, Any]", value).items() if not _is_nested(each)}
        writer.write("", scalars)
        for key, each in cast("Mapping[str, Any]", value).items():
            if _is_nested(each):
                extract.add_heading(1, str(key))
                writer.write(str(key), each)
    else:
        writer.write("", value)
    if not extract.text.strip():
        raise InvalidInput(f"{name} has no values.", "Give a file with text in it.")
    return extract.document(_title(value) or file_title(name), media_type)


def _title(value: Any) -> str:
    """What the file calls itself: its title or name, or that of its "info" or "metadata"."""
    if not isinstance(value, Mapping):
        return ""
    own = cast("Mapping[str, Any]", value)
    for part in (own, own.get("info"), own.get("metadata")):
        for key in ("title", "name") if isinstance(part, Mapping) else ():
            found = cast("Mapping[str, Any]", part).get(key)
            if isinstance(found, str) and 2 < len(found.strip()) <= 120:
                return " ".join(found.split())
    return ""


class _Writer:
    """Writes values down; counts them, as a few aliases of YAML can stand for any number."""

    def __init__(self, name: str, extract: Extract) -> None:
        self._name = name
        self._extract = extract
        self._count = 0
        self._tight = False

    def write(self, path: str, value: Any) -> None:
        self._tight = False
        self._write(path, value, 0)

    def _write(self, path: str, value: Any, depth: int) -> None:
        self._count += 1
        if self._count > _MOST_VALUES:
            raise InvalidInput(f"{self._name} has more than {_MOST_VALUES:,} values.", "Divide it.")
        if depth > _DEEPEST:
            raise InvalidInput(f"{self._name} is nested too deep.", "Give a file that is less nested.")
        if isinstance(value, Mapping):
            for key, each in cast("Mapping[str, Any]", value).items():
                self._write(_joined(path, str(key)), each, depth + 1)
        elif isinstance(value, list):
            self._write_list(path, cast("list[Any]", value), depth)
        else:
            self._write_value(
                path, "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            )

    def _write_list(self, path: str, values: list[Any], depth: int) -> None:
        columns = _columns(values)
        if columns:
            self._count += len(values) * len(columns)
            if path:
                self._extract.add(f"{path}:")
            rows = [[clean_cell(_cell(row.get(column, ""))) for column in columns] for row in values]
            add_table(
                self._extract, rows, [clean_cell(column) for column in columns], level=2, first=1, rows_named="Entries"
            )
            self._tight = False
        elif values and not any(_is_nested(each) for each in values) and estimate_tokens(_cell(values)) < _LONG_VALUE:
            self._write_value(path, _cell(values))
        else:
            for at, each in enumerate(values):
                self._write(f"{path}[{at}]", each, depth + 1)

    def _write_value(self, path: str, text: str) -> None:
        line = " ".join(text.split())
        if not line:
            return
        if estimate_tokens(line) < _LONG_VALUE:
            self._extract.add(f"- {path}: {line}" if path else f"- {line}", tight=self._tight)
            self._tight = True
        else:
            self._extract.add(f"{path}:\n\n{text}" if path else text)
            self._tight = False


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping | list) and bool(cast("Any", value))


def _joined(path: str, key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _columns(values: Sequence[Any]) -> list[str]:
    """The keys of a list of records whose values are plain, in order; none where it is no such list."""
    if len(values) < 2:
        return []
    columns: dict[str, None] = {}
    for row in values:
        if not isinstance(row, Mapping) or not row:
            return []
        for key, each in cast("Mapping[Any, Any]", row).items():
            if isinstance(each, Mapping) and each:
                return []
            if isinstance(each, list) and any(_is_nested(part) for part in cast("list[Any]", each)):
                return []
            columns[str(key)] = None
        if len(columns) > _MOST_COLUMNS:
            return []
    filled = sum(len(row) for row in values)
    return list(columns) if filled * 2 > len(columns) * len(values) else []


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_words(cast("list[Any]", value)))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _words(values: Sequence[Any]) -> Iterator[str]:
    return (_cell(each) for each in values)
