"""What a message may be."""

from memory.errors import InvalidInput

__all__ = ["check_message"]


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
