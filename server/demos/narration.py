"""The words of the demo, and how they are laid out."""

import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from server.demos.hub import Hub, Refusal

__all__ = ["chapter", "does", "line", "refused", "say", "table"]

_WIDTH = 110


def chapter(number: int, title: str) -> None:
    """Begin a part of the story."""
    line(f"\n{number}. {title}\n")


def say(text: str) -> None:
    """A sentence or two of the story."""
    line(textwrap.fill(text, _WIDTH))


def line(text: str) -> None:
    """One line as it is."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest entry."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        line("    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def does(hub: Hub, who: str, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """Print the call, and make it."""
    _announce(who, tool, arguments)
    return hub.call(who, tool, arguments)


def refused(hub: Hub, who: str, tool: str, /, **arguments: Any) -> None:
    """Print a call that must be refused, and with what words.

    Raises:
        RuntimeError: it was done.
    """
    _announce(who, tool, arguments)
    try:
        hub.call(who, tool, arguments)
    except Refusal as refusal:
        line(textwrap.fill(f"refused: {refusal}", _WIDTH, initial_indent="    ", subsequent_indent="    "))
        return
    raise RuntimeError(f"{tool} was done for {who}, and should not have been")


def _announce(who: str, tool: str, arguments: Mapping[str, Any]) -> None:
    shown = " ".join(f"{name}={_short(value)}" for name, value in arguments.items())
    line(textwrap.fill(f"{who}> {tool} {shown}", _WIDTH, subsequent_indent="      ", break_on_hyphens=False))


def _short(value: Any) -> str:
    return value if isinstance(value, str) and " " not in value else json.dumps(value, ensure_ascii=False)
