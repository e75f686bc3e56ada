"""Pieces of Markdown that reports are made of."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel

Item = TypeVar("Item")


def number(value: float) -> str:
    """Four significant digits, or one decimal place from 1000 on."""
    return f"{value:,.1f}".removesuffix(".0") if abs(value) >= 1000 else f"{value:.4g}"


def size_of(parameters: int | None, chinese: bool) -> str:
    if parameters is None:
        return "规模未知" if chinese else "size unknown"
    unit, name = (1e9, "B") if parameters >= 1e9 else (1e6, "M")
    return f"{parameters / unit:.3g}{name} {'参数' if chinese else 'parameters'}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def listing(chinese: bool, items: Sequence[Item], *columns: tuple[str, str, Callable[[Item], object]]) -> str:
    """A table of items, a row each.

    Args:
        columns: the title in English and in Chinese, and what stands there of an item.
    """
    rows = [[str(cell(one)) for _, _, cell in columns] for one in items]
    return table([in_chinese if chinese else english for english, in_chinese, _ in columns], rows)


def moment(at: datetime) -> str:
    """To the minute, in the zone that it is given in."""
    return f"{at:%Y-%m-%d %H:%M}"


def percent_by_name(shares: dict[str, int]) -> str:
    """Such as "phi-4-mini@q4 90 %, phi-4-mini@q8 10 %"."""
    return ", ".join(f"{name} {share} %" for name, share in shares.items())


def fields(result: BaseModel) -> str:
    """Every field that has a value, one a line."""
    values: dict[str, Any] = result.model_dump(mode="json")
    return "\n".join(f"- {name}: {_plain(value)}" for name, value in values.items() if value not in (None, "", [], {}))


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(part) for part in value)
    return str(value)


def arguments_text(arguments: Mapping[str, Any]) -> str:
    """Arguments as people read them, in any language: the name, then text as it is and all else as JSON."""
    return ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in arguments.items()
        if value not in (None, "")
    )
