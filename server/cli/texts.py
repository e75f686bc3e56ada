"""The texts that `route`, `search` and `chat` work on: one from the command line or stdin, or many from a file."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import click

from edge.kernel.errors import InvalidInput

Item = tuple[Any, str]
"""(id as the file has it, None where there is no file; text)"""

_STDIN = Path("-")
_EXAMPLE = 'Write {"id": "1", "text": "..."}.'

text_argument = click.argument("text", required=False)
file_option = click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="JSON lines with id and text, - for stdin; prints JSON lines.",
)


def read_items(text: str | None, path: Path | None) -> Iterator[Item]:
    """The text of the command line, or what stdin has where it is `-` or left out in a pipe, or each line of the file.

    Raises:
        InvalidInput: both are given, or none, or a line is not {"id": ..., "text": ...}; the message names the line.
    """
    piped = text is None and path is None and not sys.stdin.isatty()
    if not piped and (text is None) == (path is None):
        raise InvalidInput("Give either a text or --file.", "See --help.")
    if path is None:
        yield None, _read(_STDIN).strip() if piped or text == "-" else str(text)
        return
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if line.strip():
            yield _item(line, number, path)


def _read(path: Path) -> str:
    try:
        content = sys.stdin.buffer.read() if path == _STDIN else path.read_bytes()
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        shown = "Standard input" if path == _STDIN else path
        raise InvalidInput(f"{shown} cannot be read: {error}.", "Give UTF-8 text.") from error


def _item(line: str, number: int, path: Path) -> Item:
    try:
        entry: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{path}, line {number}: not JSON ({error.msg}).", _EXAMPLE) from error
    fields = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    if not isinstance(fields.get("text"), str) or "id" not in fields:
        raise InvalidInput(f"{path}, line {number}: needs id and text.", _EXAMPLE)
    return fields["id"], fields["text"]
