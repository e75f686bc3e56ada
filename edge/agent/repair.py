"""JSON and arguments as small models write them, mended where it is plain what was meant."""

import ast
import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from edge.kernel.errors import ModelMisbehaved

__all__ = ["mend_arguments", "nearest", "read_object"]

_FENCE = re.compile(r"```(?:json)?|<\|[^|]*\|>|</?tool_call>")
_KEY = re.compile(r"([{,]\s*)([A-Za-z_]\w*)(\s*:)")
_TRAILING = re.compile(r",(\s*[}\]])")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


def read_object(text: str) -> dict[str, Any]:
    """The first JSON object in a text.

    Fences, words around it, single quotes, bare keys, trailing commas and a missing end are forgiven.

    Raises:
        ModelMisbehaved: there is none.
    """
    plain = _FENCE.sub(" ", text)
    begin = plain.find("{")
    if begin < 0:
        raise ModelMisbehaved("The model's answer holds no JSON object.")
    candidate = _closed(plain[begin:])
    for spelling in (
        candidate,
        _TRAILING.sub(r"\1", candidate),
        _TRAILING.sub(r"\1", _KEY.sub(r'\1"\2"\3', candidate)),
    ):
        try:
            found = json.loads(spelling, strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return found
    try:
        found = ast.literal_eval(candidate)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        found = None
    if isinstance(found, dict):
        return {str(key): value for key, value in found.items()}
    raise ModelMisbehaved("The model's answer is no JSON.")


def _closed(text: str) -> str:
    """The first balanced object; where the text ends before, what is open is closed."""
    stack: list[str] = []
    quote = ""
    escaped = False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif quote:
            escaped = character == "\\"
            quote = "" if character == quote else quote
        elif character == '"' or (character == "'" and text[:place].rstrip()[-1:] in {"{", "[", ",", ":"}):
            quote = character
        elif character in "{[":
            stack.append("}" if character == "{" else "]")
        elif character in "}]":
            if not stack or stack.pop() != character:
                return text[: place + 1]
            if not stack:
                return text[: place + 1]
    body = text[:-1] if escaped else text
    return re.sub(r",?\s*\"[^\"]*\"\s*:\s*$|,\s*$", "", body + quote) + "".join(reversed(stack))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is meant; None where none is near."""
    plain = {_plain(one): one for one in known}
    if _plain(name) in plain:
        return plain[_plain(name)]
    near = get_close_matches(_plain(name), plain, n=2, cutoff=0.75)
    return plain[near[0]] if near else None


def mend_arguments(arguments: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments brought nearer to a JSON schema of an object; what cannot be mended is left for the tool to refuse.

    Names are set right, what the schema does not name is dropped, texts become numbers or truth values where those are
    wanted ("42 °C"), and words become the nearest of a fixed set. Numbers out of range stay: they are no slip.
    """
    known: Mapping[str, Any] = schema.get("properties", {})
    if not isinstance(arguments, Mapping):
        required = schema.get("required", [])
        single = required[0] if len(required) == 1 else next(iter(known), None) if len(known) == 1 else None
        arguments = {single: arguments} if single is not None and arguments is not None else {}
    mended: dict[str, Any] = {}
    for name, value in arguments.items():
        meant = name if name in known else nearest(str(name), known.keys() - arguments.keys())
        if meant is None or meant in mended:
            continue
        fitting = _as(value, known[meant], schema)
        if fitting is not None:
            mended[meant] = fitting
    return mended


def _as(value: Any, wanted: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """The value as the schema of one argument wants it; None (left out) where it says nothing."""
    options: list[Mapping[str, Any]] = [_resolved(one, schema) for one in wanted.get("anyOf", [wanted])]
    types = {str(one.get("type", "")) for one in options}
    choices = next((one["enum"] for one in options if "enum" in one), None)
    if isinstance(value, str) and value.strip().lower() in {"", "none", "null"} and "null" in types:
        return None
    if choices is not None:
        return value if value in choices else (nearest(str(value), map(str, choices)) or value)
    if isinstance(value, list) and len(value) == 1 and "array" not in types:
        value = value[0]
    return [value] if "array" in types and isinstance(value, str | int | float) else _typed(value, types)


def _typed(value: Any, types: set[str]) -> Any:
    """A single value as one of the types of JSON; as it is where it is none of them."""
    wanted = types - {"null"}
    if isinstance(value, str):
        if wanted & {"integer", "number"} and "string" not in wanted:
            return _number(value, whole="number" not in wanted)
        if wanted == {"boolean"}:
            return {"true": True, "yes": True, "false": False, "no": False}.get(value.strip().lower(), value)
    elif isinstance(value, float) and value.is_integer() and wanted == {"integer"}:
        return int(value)
    elif isinstance(value, bool | int | float) and wanted == {"string"}:
        return str(value)
    return value


def _number(text: str, *, whole: bool) -> Any:
    found = _NUMBER.search(text)
    if not found:
        return text
    value = float(found[0].replace(",", "."))
    return int(value) if value.is_integer() or whole else value


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "")
    return root.get("$defs", {}).get(reference.rpartition("/")[2], schema) if reference else schema


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
