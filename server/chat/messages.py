"""Validation of messages, thread ids and run ids."""

from edge.kernel.errors import InvalidInput

_LONGEST_ID = 128


def check_id(kind: str, value: str) -> None:
    """Raises InvalidInput: `value` cannot name a thread or a run (`kind`) in a path of the API."""
    if not 0 < len(value) <= _LONGEST_ID or not value.isprintable() or "/" in value:
        raise InvalidInput(
            f"A {kind}'s id has 1 to {_LONGEST_ID} printable characters and no slash.", "A UUID is a good one."
        )


def check_message(message: str, limit_bytes: int) -> None:
    """Raises InvalidInput: the message is blank, not Unicode, or longer than `limit_bytes` in UTF-8."""
    if not message.strip():
        raise InvalidInput("The message is empty.", "Type a question.")
    try:
        size_bytes = len(message.encode())
    except UnicodeEncodeError as error:  # lone surrogates: half an emoji, or bytes of another encoding
        raise InvalidInput(
            f"The message has something at character {error.start + 1} that is not Unicode text.", "Send it as UTF-8."
        ) from error
    if size_bytes > limit_bytes:
        raise InvalidInput(
            f"The message has {size_bytes:,} bytes; the limit is {limit_bytes:,}.",
            "Put long texts into a file and use `chargehand ingest`.",
        )
