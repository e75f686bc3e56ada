"""Results that fit: plain JSON, no control characters, no more than so many bytes."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from edge.kernel.canonical import canonical_json

__all__ = ["bounded", "plain"]

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""Control characters but tab and line feed, what changes the direction of text, and halves of surrogate pairs."""


def plain(value: Any, depth: int = 8) -> Any:
    """The value as JSON: strings without what no reader should see, numbers finite (None where they are not).

    Raises:
        TypeError: something in it is neither text, number, truth value, None, list nor mapping, or it nests too deep.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", value)
    if depth == 0:
        raise TypeError("A tool's result nests too deep.")
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(part, depth - 1) for key, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain(part, depth - 1) for part in value]
    raise TypeError(f"A tool's result holds a {type(value).__name__}.")


def bounded(result: Mapping[str, Any], limit_bytes: int) -> dict[str, Any]:
    """The result, cut until its JSON has at most `limit_bytes`; then `truncated` in it is True.

    Lists lose their end and texts theirs, the longest first; what the tool put first stays.

    Raises:
        TypeError: as `plain`.
        ValueError: not even the names in it fit.
    """
    whole: dict[str, Any] = plain(result)
    if len(canonical_json(whole)) <= limit_bytes:
        return whole
    items, characters = 256, 4096
    while items or characters:
        cut = {**_cut(whole, items, characters), "truncated": True}
        if len(canonical_json(cut)) <= limit_bytes:
            return cut
        items, characters = (items, characters // 2) if characters > 256 or not items else (items // 2, characters)
    raise ValueError(f"The result does not fit into {limit_bytes} bytes.")


def _cut(value: Any, items: int, characters: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= characters else value[:characters] + "…"
    if isinstance(value, list):
        return [_cut(part, items, characters) for part in value[:items]]
    if isinstance(value, dict):
        return {key: _cut(part, items, characters) for key, part in value.items()}
    return value
