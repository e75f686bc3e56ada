"""The texts that `route`, `search` and `chat` work on: one from the command line, or many from a file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import click

from edge.kernel.errors import InvalidInput

Item = tuple[Any, str]
"""(id as the file has it, None where there is no file; text)"""

_EXAMPLE = 'Write {"id": "1", "text": "..."}.'

text_argument = click.argument("text", required=False)
file_option = click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="JSON lines with id and text; prints JSON lines.",
)


def read_items(text: str | None, path: Path | None) -> Iterator[Item]:
    """The text of the command line, or each line of the file.

    Raises:
        InvalidInput: both are given, or none, or a line is not {"id": ..., "text": ...}; the message names the line.
    """
    if (text is None) == (path is None):
        raise InvalidInput("Give either a text or --file.", "See --help.")
    if path is None:
        yield None, str(text)
        return
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}.", "Give a UTF-8 file of JSON lines.") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _item(line, number, path)


def _item(line: str, number: int, path: Path) -> Item:
    try:
        entry: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{path}, line {number}: not JSON ({error.msg}).", _EXAMPLE) from error
    fields = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    if not isinstance(fields.get("text"), str) or "id" not in fields:
        raise InvalidInput(f"{path}, line {number}: needs id and text.", _EXAMPLE)
    return fields["id"], fields["text"]
