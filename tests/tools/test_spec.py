import asyncio
import threading
import time
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from edge.kernel.errors import InvalidInput, NotAllowed, OutOfTime, Unavailable
from tools.calling.context import SCOPES
from tools.spec import LOCAL_ENGINEER, ToolContext, ToolSpec, tool

CALLER = ToolContext("ann", "works", frozenset({"fans:read", "fans:write"}))


class Fans(BaseModel):
    said: dict[str, Any]


def fan_speed(
    context: ToolContext,
    device: Annotated[str, Field(min_length=2, description="such as SE50")],
    limit: Annotated[int, Field(ge=1, le=9)] = 3,
    *,
    exact: bool = False,
) -> Fans:
    """Read the speed
    of the fans.

    A second paragraph is for programmers.
    """
    return Fans(said={"device": device, "limit": limit, "exact": exact, "tenant": context.tenant})


FAN_SPEED = tool(fan_speed, scopes={"fans:read"})


def test_a_function_says_everything() -> None:
    assert FAN_SPEED.name == "fan_speed"
    assert FAN_SPEED.description == "Read the speed of the fans."
    assert FAN_SPEED.result is Fans
    assert (FAN_SPEED.scopes, FAN_SPEED.effect, FAN_SPEED.timeout_s) == (frozenset({"fans:read"}), "read", 30.0)
    schema = FAN_SPEED.arguments.model_json_schema()
    assert schema["required"] == ["device"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["device"]["description"] == "such as SE50"
    assert schema["properties"]["limit"] == {
        "default": 3,
        "maximum": 9,
        "minimum": 1,
        "title": "Limit",
        "type": "integer",
    }


async def test_a_call_gives_the_result() -> None:
    result = await FAN_SPEED.call(CALLER, {"device": "SE50", "exact": True})
    assert result == Fans(said={"device": "SE50", "limit": 3, "exact": True, "tenant": "works"})


async def test_an_async_function_is_awaited_in_the_loop() -> None:
    loops: list[object] = []

    async def fan_count(context: ToolContext) -> Fans:
        """Count."""
        loops.append(asyncio.get_running_loop())
        return Fans(said={})

    await tool(fan_count, scopes=set()).call(CALLER, {})
    assert loops == [asyncio.get_running_loop()]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ({}, ["device"]),
        ({"device": "X"}, ["device"]),
        ({"device": "SE50", "limit": 10}, ["limit"]),
        ({"device": "SE50", "limit": "many"}, ["limit"]),
        ({"device": None}, ["device"]),
        ({"device": "SE50", "colour": "red"}, ["colour"]),
        ({"device": "SE50", "context": "x"}, ["context"]),
        ({"device": 5, "limit": 0}, ["device", "limit"]),
    ],
)
async def test_arguments_that_do_not_fit(arguments: dict[str, Any], names: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        await FAN_SPEED.call(CALLER, arguments)
    assert caught.value.message.startswith("fan_speed cannot be called so: ")
    for name in names:
        assert f"{name}: " in caught.value.message


async def test_an_unknown_argument_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(InvalidInput) as caught:
        await FAN_SPEED.call(CALLER, {"device": "SE50", "limits": 3})
    assert caught.value.advice == "It takes device, limit, exact."


async def test_what_is_wrong_is_told_in_the_case_in_which_it_must_be_written() -> None:
    def fan_place(context: ToolContext, place: Annotated[str, Field(pattern="^(EU|DE)$")]) -> Fans:
        """Where."""
        return Fans(said={})

    with pytest.raises(InvalidInput, match=r"place: string should match pattern '\^\(EU\|DE\)\$'"):
        await tool(fan_place, scopes=set()).call(CALLER, {"place": "mars"})


async def test_every_scope_is_needed_and_asked_for_first() -> None:
    spec = tool(fan_speed, scopes={"fans:read", "fans:own"})
    with pytest.raises(NotAllowed, match="ann may not call fan_speed: it needs fans:own"):
        await spec.call(CALLER, {"nonsense": 1})
    assert await tool(fan_speed, scopes=set()).call(ToolContext("bob", "x", frozenset()), {"device": "SE50"})


async def test_a_function_that_takes_too_long() -> None:
    async def sleeps(context: ToolContext) -> Fans:
        """Sleep."""
        await asyncio.sleep(5)
        return Fans(said={})

    def blocks(context: ToolContext) -> Fans:
        """Block."""
        time.sleep(0.3)
        return Fans(said={})

    for function in (sleeps, blocks):
        spec = tool(function, scopes=set(), timeout_s=0.05)
        with pytest.raises(OutOfTime, match=r"took longer than 0\.05 s"):
            await spec.call(CALLER, {})


async def test_what_the_function_raises_is_not_changed() -> None:
    def fails(context: ToolContext, error: str) -> Fans:
        """Fail."""
        raise {"ours": Unavailable("It is off."), "theirs": TimeoutError("socket")}[error]

    spec = tool(fails, scopes=set())
    with pytest.raises(Unavailable, match="It is off"):
        await spec.call(CALLER, {"error": "ours"})
    with pytest.raises(TimeoutError, match="socket"):
        await spec.call(CALLER, {"error": "theirs"})


async def test_sync_functions_run_beside_each_other() -> None:
    both_are_there = threading.Barrier(2, timeout=20)

    def meets(context: ToolContext) -> Fans:
        """Wait for another."""
        both_are_there.wait()
        return Fans(said={})

    spec = tool(meets, scopes=set())
    await asyncio.gather(spec.call(CALLER, {}), spec.call(CALLER, {}))


class Setting(BaseModel):
    """What a fan is set to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: Annotated[str, Field(min_length=2, description="such as SE50")]
    limit: Annotated[int, Field(ge=1, le=9)] = 3


def fan_set(context: ToolContext, setting: Setting) -> Fans:
    """Set the fans."""
    return Fans(said=setting.model_dump())


async def test_a_function_may_take_its_arguments_as_one_model() -> None:
    spec = tool(fan_set, scopes=set())
    assert spec.arguments is Setting
    assert spec.arguments.model_json_schema()["required"] == ["device"]
    assert await spec.call(CALLER, {"device": "SE50"}) == Fans(said={"device": "SE50", "limit": 3})
    with pytest.raises(InvalidInput, match="fan_set cannot be called so: limit: "):
        await spec.call(CALLER, {"device": "SE50", "limit": 10})
    with pytest.raises(InvalidInput) as caught:
        await spec.call(CALLER, {"setting": {"device": "SE50"}})
    assert caught.value.advice == "It takes device, limit."


async def test_a_model_that_may_be_left_out_or_stands_beside_others_is_an_argument_like_any_other() -> None:
    def fan_try(context: ToolContext, setting: Setting | None = None) -> Fans:
        """Try."""
        return Fans(said={"setting": setting})

    def fan_fix(context: ToolContext, setting: Setting, by: str) -> Fans:
        """Fix."""
        return Fans(said={"setting": setting, "by": by})

    assert list(tool(fan_try, scopes=set()).arguments.model_fields) == ["setting"]
    fix = tool(fan_fix, scopes=set())
    given = {"setting": {"device": "SE50"}, "by": "ann"}
    assert await fix.call(CALLER, given) == Fans(said={"setting": Setting(device="SE50"), "by": "ann"})


def test_a_model_of_all_arguments_forbids_unknown_ones() -> None:
    def fan_any(context: ToolContext, fans: Fans) -> Fans:
        """Any."""
        return fans

    with pytest.raises(TypeError, match="fan_any: Fans must forbid unknown fields"):
        tool(fan_any, scopes=set())


def test_a_specification_is_made_by_names_alone() -> None:
    with pytest.raises(TypeError):
        ToolSpec("fan_set", "Set the fans.", Setting, Fans)  # pyright: ignore[reportCallIssue]


def without_context() -> Fans:
    """No context."""
    return Fans(said={})


def other_first(device: str) -> Fans:
    """No context."""
    return Fans(said={})


def unannotated(context: ToolContext, device) -> Fans:
    """No type."""
    return Fans(said={})


def any_arguments(context: ToolContext, **rest: str) -> Fans:
    """No names."""
    return Fans(said={})


def plain_result(context: ToolContext) -> dict[str, str]:
    """No model."""
    return {}


def no_result(context: ToolContext):
    """No model."""


def undocumented(context: ToolContext) -> Fans:
    return Fans(said={})


@pytest.mark.parametrize(
    "function",
    [without_context, other_first, unannotated, any_arguments, plain_result, no_result, undocumented],
    ids=lambda function: function.__name__,
)
def test_functions_that_cannot_be_tools(function: Any) -> None:
    with pytest.raises(TypeError, match=function.__name__):
        tool(function, scopes=set())


def test_the_person_at_this_machine_has_every_right_there_is() -> None:
    assert LOCAL_ENGINEER.scopes == SCOPES
