"""Validation of thread ids and run ids."""

from edge.kernel.errors import InvalidInput

_LONGEST_ID = 128


def check_id(kind: str, value: str) -> None:
    """Raises InvalidInput: `value` cannot name a thread or a run (`kind`) in a path of the API."""
    if not 0 < len(value) <= _LONGEST_ID or not value.isprintable() or "/" in value:
        raise InvalidInput(
            f"A {kind}'s id has 1 to {_LONGEST_ID} printable characters and no slash.", "A UUID is a good one."
        )
