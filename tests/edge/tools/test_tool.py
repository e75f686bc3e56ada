"""A typed function says by itself how it is called."""

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from edge.tools.tool import device_tool


def read_value(sensor: str, limit: Annotated[int, Field(ge=1)] = 10) -> dict[str, Any]:
    """Read a value
    of a sensor.

    More for those who read code.
    """
    return {"sensor": sensor, "limit": limit}


def test_name_docstring_annotations_and_defaults_say_everything() -> None:
    schema = device_tool(read_value)
    assert (schema.name, schema.description) == ("read_value", "Read a value of a sensor.")
    assert schema.arguments.__name__ == "ReadValueArguments"
    assert schema.arguments.model_validate({"sensor": "oil"}).model_dump() == {"sensor": "oil", "limit": 10}
    assert list(schema.arguments.model_fields) == ["sensor", "limit"]


@pytest.mark.parametrize("wrong", [{}, {"sensor": "oil", "limit": 0}, {"sensor": "oil", "more": 1}])
def test_what_it_does_not_take_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        device_tool(read_value).arguments.model_validate(wrong)


def test_a_function_that_says_too_little_is_refused() -> None:
    def silent(one: str) -> None: ...

    def unnamed(*many: str) -> None:
        """Do."""

    def untyped(one) -> None:
        """Do."""

    for function in (silent, unnamed, untyped):
        with pytest.raises(TypeError):
            device_tool(function)
