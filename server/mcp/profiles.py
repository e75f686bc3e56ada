"""Which tools a client is offered, and in pages of what size: a model reads every description that it is given."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar, cast, get_args

from edge.kernel.errors import InvalidInput
from server.mcp.ask import ASK
from tools.spec import ToolSpec

Profile = Literal["all", "read", "engineer", "device"]
"""read: what changes nothing; engineer: all but what devices call; device: that alone; all: whoever may call it."""
PAGE_BYTES = 56_000
"""Of one page of a list, as JSON; with what stands around it, it is below 60 kB."""
_DEVICE = "edge:"

T = TypeVar("T")


def profile_named(name: str | None) -> Profile | None:
    """The profile of this name; None where none is named. Raises InvalidInput: there is no such profile."""
    if name is None:
        return None
    if name not in get_args(Profile):
        raise InvalidInput(f"There is no profile {name!r}.", f"There are: {', '.join(get_args(Profile))}.")
    return cast("Profile", name)


def is_for_devices(spec: ToolSpec) -> bool:
    """Whether only a device can call it."""
    return any(scope.startswith(_DEVICE) for scope in spec.scopes)


def profile_of(scopes: frozenset[str]) -> Profile:
    """The profile of a caller who named none: devices get theirs, everybody else what people call."""
    return "device" if scopes and all(scope.startswith(_DEVICE) for scope in scopes) else "engineer"


def is_in(profile: Profile, spec: ToolSpec) -> bool:
    """Whether a profile has a tool."""
    if profile == "all":
        return True
    if profile == "device" or is_for_devices(spec):
        return profile == "device" and is_for_devices(spec)
    return profile == "engineer" or (spec.effect == "read" and spec.name != ASK)


def page_of(items: Sequence[T], cursor: str | None, size_bytes: Callable[[T], int]) -> tuple[Sequence[T], str | None]:
    """The items from the cursor on that make up one page, at least one; and the cursor of the next, None at the end.

    Raises:
        InvalidInput: the cursor is not one that was given out.
    """
    if cursor is not None and not (cursor.isascii() and cursor.isdigit() and 0 < int(cursor[:9]) < len(items)):
        raise InvalidInput(f"There is no page {cursor[:40]!r}.", "List from the beginning.")
    start = int(cursor) if cursor is not None else 0
    end, total = start, 0
    while end < len(items) and (end == start or total + size_bytes(items[end]) <= PAGE_BYTES):
        total += size_bytes(items[end])
        end += 1
    return items[start:end], str(end) if end < len(items) else None


def slim_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON Schema without the titles that only repeat the names of fields."""
    return _slim(schema, names=False)


def _slim(value: Any, *, names: bool) -> Any:
    """`names`: the keys are names of fields or definitions, not words of JSON Schema."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        return {
            key: _slim(one, names=not names and key in {"properties", "$defs"})
            for key, one in entries.items()
            if names or not (key == "title" and isinstance(one, str))
        }
    if isinstance(value, list):
        return [_slim(one, names=False) for one in cast("list[Any]", value)]
    return value
