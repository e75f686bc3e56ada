"""What the audit entry of a change says of it: its arguments, with secrets masked, and the id of what it made."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel

_MASK = "***"
_SECRET_NAME = re.compile(r"token|secret|password|passphrase|signature|credential|authorization|private|api_?key|proof")
_SECRET_VALUE = re.compile(r"(?:chk|che|sk|ghp|hf|xox[a-z])[_-]\S{8,}|Bearer \S+", re.IGNORECASE)
"""Keys as this hub and well-known services make them, wherever in a text."""
_LONGEST_TEXT = 120
_MOST_ENTRIES = 12
_DEEPEST = 3


def done_in_words(arguments: Mapping[str, Any], result: BaseModel) -> str:
    """On what a call acted, as JSON in one line. Costs little even where an argument is large.

    Args:
        arguments: JSON; what was left out, or is None, is not said.
        result: of which only an id is said.
    """
    said: dict[str, Any] = {name: _masked(name, value, 0) for name, value in arguments.items() if value is not None}
    made = getattr(result, "id", None)
    if isinstance(made, str) and made not in said.values():
        said["->"] = made
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode()


def _masked(name: str, value: Any, depth: int) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if _SECRET_NAME.search(name.lower()):
        return _MASK
    if isinstance(value, str):
        cut = value[:_LONGEST_TEXT]
        return _SECRET_VALUE.sub(_MASK, cut) + ("…" if len(value) > _LONGEST_TEXT else "")
    entries = cast("Mapping[str, Any] | Sequence[Any]", value)
    if depth >= _DEEPEST or len(entries) > _MOST_ENTRIES:
        return f"{len(entries)} entries"
    if isinstance(entries, Mapping):
        return {key: _masked(key, one, depth + 1) for key, one in entries.items()}
    return [_masked(name, one, depth + 1) for one in entries]
