from typing import Annotated, Literal

from pydantic import BaseModel, Field

from agents.understanding.arguments import _slots_of_model
from agents.understanding.candidates import Operations


class Gate(BaseModel):
    purpose: Literal["product", "research"] | None = None
    region: str | None = None


class Stage(BaseModel):
    stage: str
    gate: Gate | None = None


class Arguments(BaseModel):
    version: str
    target: str | None = None
    of: Annotated[str, Field(json_schema_extra={"names": ["device", "group"]})] = ""
    percentages: list[int] | None = None
    hold_s: float = 60
    edge: bool = False
    kind: Literal["canary"] = "canary"
    quotas: dict[str, float | None] = {}
    stages: list[Stage] = []


SLOTS = _slots_of_model(Arguments)


def test_slots_come_in_order_with_the_parts_of_nested_ones() -> None:
    assert list(SLOTS) == [
        "version",
        "target",
        "of",
        "percentages",
        "hold_s",
        "edge",
        "kind",
        "quotas",
        "stages",
        "stages[].stage",
        "stages[].gate",
        "stages[].gate.purpose",
        "stages[].gate.region",
    ]


def test_what_an_argument_names_is_told_by_its_name_or_its_schema() -> None:
    assert SLOTS["version"].kinds == ("version", "alias")
    assert SLOTS["target"].kinds == ("target", "group")
    assert SLOTS["of"].kinds == ("device", "group")
    assert SLOTS["stages[].gate.region"].kinds == ()
    assert {path: slot.type for path, slot in SLOTS.items() if not slot.kinds} == {
        "percentages": "integer",
        "hold_s": "number",
        "edge": "boolean",
        "kind": "enum",
        "quotas": "object",
        "stages": "object",
        "stages[].gate": "object",
        "stages[].gate.purpose": "enum",
        "stages[].gate.region": "string",
    }


def test_required_many_and_enum() -> None:
    assert [path for path, slot in SLOTS.items() if slot.required] == ["version"]
    assert [path for path, slot in SLOTS.items() if slot.many] == ["percentages", "stages"]
    assert SLOTS["stages[].gate.purpose"].enum == ("product", "research")
    assert SLOTS["kind"].enum == ("canary",)
    assert SLOTS["stages[].gate.purpose"].name == "purpose"


def test_what_the_tools_of_the_hub_require_can_be_said(operations: Operations) -> None:
    for tool in operations.talk:
        for path, slot in operations.slots(tool).items():
            assert slot.path == path
            assert not slot.kinds or slot.type == "name", (tool, path)
