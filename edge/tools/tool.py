"""A tool of the device: a typed function, the schema of its arguments, and its results as plain JSON within a size."""

import inspect
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from edge.kernel.canonical import canonical_json
from edge.kernel.errors import InvalidInput, format_validation_error

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
Run = Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DeviceTool:
    """One operation on the device.

    Attributes:
        name: snake_case, unique.
        description: for people and small models: one or two sentences; the first paragraph of a function's docstring.
        arguments: pydantic model of the arguments; what it does not name is refused.
        effect: "write" changes something, or commands something outside this process.
        run: takes the validated arguments and gives JSON.
        timeout_s: longest run, seconds.
        quotes: the result quotes what others wrote, so whoever reads it must not obey it.
        ends_itself: it asks for the time as it works (`edge.tools.deadline`) and is never stopped from outside, as is
            needed where it holds locks or writes.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    effect: Literal["read", "write"]
    run: Run
    timeout_s: float
    quotes: bool = False
    ends_itself: bool = False

    def check(self, arguments: Mapping[str, Any]) -> BaseModel:
        """The validated arguments. Raises InvalidInput: the message names what is wrong, and never quotes a value."""
        try:
            return self.arguments.model_validate(dict(arguments))
        except (ValidationError, TypeError, ValueError) as error:
            wrong = format_validation_error(error, 5, "arguments") if isinstance(error, ValidationError) else ""
            known = ", ".join(self.arguments.model_fields) or "none"
            raise InvalidInput(
                f"{self.name} cannot be called so: {wrong or 'the arguments are not an object'}.",
                f"Its arguments: {known}.",
            ) from error


def device_tool(
    function: Callable[..., Mapping[str, Any]],
    *,
    effect: Literal["read", "write"] = "read",
    timeout_s: float = 10.0,
    quotes: bool = False,
    ends_itself: bool = False,
) -> DeviceTool:
    """Make a tool of a typed function.

    Args:
        function: its name, docstring, annotations (with `Annotated[..., Field(...)]`) and defaults say everything.

    Raises:
        TypeError: it has no docstring, or a parameter that lacks an annotation or cannot be named.
    """
    name, fields = function.__name__, dict[str, Any]()
    hints = get_type_hints(function, include_extras=True)
    description = inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    if not description:
        raise TypeError(f"{name} lacks a docstring")
    for argument, parameter in inspect.signature(function).parameters.items():
        if argument not in hints or parameter.kind not in _NAMED:
            raise TypeError(f"{name}: parameter {argument} lacks an annotation or a name")
        fields[argument] = (hints[argument], ... if parameter.default is parameter.empty else parameter.default)
    title = "".join(part.capitalize() for part in name.split("_"))
    configuration = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    arguments = create_model(f"{title}Arguments", __config__=configuration, **fields)

    def run(checked: BaseModel) -> Mapping[str, Any]:
        return function(**{name: getattr(checked, name) for name in type(checked).model_fields})

    return DeviceTool(name, description, arguments, effect, run, timeout_s, quotes, ends_itself)


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
