"""A value within JSON, by a path of names and positions."""

from typing import Any


def within(value: Any, field: str) -> Any:
    """What is at a place such as "a.b.1". Raises ValueError: there is nothing."""
    for part in field.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise ValueError(field)
    return value
