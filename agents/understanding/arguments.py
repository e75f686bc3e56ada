"""The arguments of a tool by their paths, read from its JSON schema: what kind of value each takes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, cast

from pydantic import BaseModel

from agents.understanding.entities import Kind
from tools.spec import ToolSpec

ValueType = Literal["name", "enum", "integer", "number", "boolean", "string", "object"]

_OWN: tuple[Kind, ...] = (
    "alias",
    "model",
    "group",
    "device",
    "approval",
    "delegation",
    "tenant",
    "stage",
    "factory",
    "pipeline",
    "run",
    "principal",
    "key",
    "question",
)
_KINDS: Mapping[str, tuple[Kind, ...]] = {
    "version": ("version", "alias"),
    "target": ("target", "group"),
    "rollout": ("rollout", "target", "group"),
    **{kind: (kind,) for kind in _OWN},
}
"""Kinds of what an argument names that is called so and says nothing else."""

_MOST_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Slot:
    """One argument, or a part of one.

    Attributes:
        path: names joined by dots; `[]` behind the name of a list.
        kinds: of what it names in the ledger; empty where it is no such name.
        enum: values that it may have.
        many: it takes a list of such values.
        schema: its JSON schema, references resolved.
    """

    path: str
    type: ValueType
    kinds: tuple[Kind, ...]
    enum: tuple[str, ...]
    many: bool
    required: bool
    schema: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2].removesuffix("[]")


def slots_of(spec: ToolSpec) -> Mapping[str, Slot]:
    """The slots of a tool by path, in the order of its schema; of nested arguments the whole and the parts."""
    return _slots_of_model(spec.arguments)


@lru_cache(1000)
def _slots_of_model(arguments: type[BaseModel]) -> Mapping[str, Slot]:
    schema = arguments.model_json_schema()
    return {slot.path: slot for slot in _properties(schema, schema.get("$defs", {}), "", 0)}


def _properties(schema: Mapping[str, Any], definitions: Mapping[str, Any], prefix: str, depth: int) -> Iterator[Slot]:
    required = schema.get("required", ())
    for name, body in schema.get("properties", {}).items():
        yield from _slots(body, definitions, f"{prefix}{name}", name in required and not prefix, depth)


def _slots(
    body: Mapping[str, Any], definitions: Mapping[str, Any], path: str, required: bool, depth: int
) -> Iterator[Slot]:
    for one in _alternatives(body, definitions):
        many = one.get("type") == "array"
        item = next(_alternatives(one.get("items", {}), definitions), {}) if many else one
        value_type = _type_of(item)
        said = next((part["names"] for part in (body, one, item) if "names" in part), None)
        named = value_type == "string" and not item.get("enum")
        own = cast("tuple[Kind, ...] | None", None if said is None else tuple(said))
        kinds = own if own is not None else _KINDS.get(path.rpartition(".")[2], ()) if named else ()
        enum = tuple(str(value) for value in item.get("enum", [item["const"]] if "const" in item else ()))
        yield Slot(path, "name" if kinds else "enum" if enum else value_type, kinds, enum, many, required, item)
        if value_type == "object" and depth < _MOST_DEPTH:
            yield from _properties(item, definitions, f"{path}[]." if many else f"{path}.", depth + 1)


def _alternatives(body: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What a schema may be, without null."""
    if "$ref" in body:
        rest = {key: value for key, value in body.items() if key != "$ref"}
        yield from _alternatives({**definitions[body["$ref"].rpartition("/")[2]], **rest}, definitions)
        return
    choices = body.get("anyOf") or body.get("oneOf")
    if not choices:
        if body.get("type") != "null":
            yield body
        return
    for choice in choices:
        yield from _alternatives(choice, definitions)


def _type_of(schema: Mapping[str, Any]) -> ValueType:
    match schema.get("type"):
        case "integer":
            return "integer"
        case "number":
            return "number"
        case "boolean":
            return "boolean"
        case "object":
            return "object"
        case _:
            return "string"
