"""What a message may be."""

from memory.errors import InvalidInput

__all__ = ["check_message"]


def check_message(message: str, limit_bytes: int) -> None:
    """Raises InvalidInput: the message is blank, or longer than `limit_bytes` in UTF-8."""
    if not message.strip():
        raise InvalidInput("The message is empty.", "Type a question.")
    size_bytes = len(message.encode("utf-8", errors="surrogatepass"))
    if size_bytes > limit_bytes:
        raise InvalidInput(
            f"The message has {size_bytes:,} bytes; the limit is {limit_bytes:,}.",
            "Put long texts into a file and use `chargehand ingest`.",
        )
