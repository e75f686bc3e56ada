"""What the journal is told of a call: kind "audit", and these bodies.

    {"step": "refused", "tool", "by", "effect"?, "arguments", "code", "message"}     nothing was done
    {"step": "started", "tool", "by", "arguments"}                                   a write is about to be done
    {"step": "done",    "tool", "by", "arguments" | "started", "elapsed_ms", "result_digest"}
    {"step": "failed",  "tool", "by", "arguments" | "started", "elapsed_ms", "code", "message"}

`started` is the sequence number of the event that told of the beginning. A beginning without an end means that the
device stopped in between, or had no room for more: whether the write was done is then not known.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from edge.journal import Journal
from edge.kernel.canonical import canonical_json, digest_of
from edge.kernel.errors import ChargehandError, OutboxFull, StorageFailed
from edge.tools.bounding import plain

__all__ = ["LONGEST_ARGUMENTS", "Account"]

LONGEST_ARGUMENTS = 2_048
"""Bytes of arguments that are written down as they are; of longer ones only the digest is."""


class Account:
    """Of one call."""

    def __init__(
        self, journal: Journal, tool: str, by: str, arguments: Mapping[str, Any], monotonic: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._call: dict[str, Any] = {"tool": plain(tool[:100]), "by": plain(by[:200])}
        self._what = _written(arguments)
        self._monotonic = monotonic
        self._began = monotonic()
        self._began_with: int | None = None

    def refused(self, error: ChargehandError) -> None:
        """Nothing was done. Raises OutboxFull, StorageFailed: this could not be written down."""
        self._journal.record("audit", {"step": "refused", **self._call, **self._what, **_told(error)})

    def started(self) -> None:
        """A write is about to be done. Raises OutboxFull, StorageFailed: do not."""
        self._began_with = self._journal.record("audit", {"step": "started", **self._call, **self._what})

    def done(self, result_digest: str) -> None:
        """It was done. Raises OutboxFull, StorageFailed: a read could not be written down, so do not give it."""
        self._ended({"step": "done", "result_digest": result_digest})

    def failed(self, error: ChargehandError, *, still_running: bool) -> None:
        """It was not done, or not to the end."""
        self._ended({"step": "failed", **_told(error), **({"still_running": True} if still_running else {})})

    def _ended(self, body: dict[str, Any]) -> None:
        elapsed_ms = round((self._monotonic() - self._began) * 1000, 1)
        if self._began_with is None:
            self._journal.record("audit", {**body, **self._call, **self._what, "elapsed_ms": elapsed_ms})
            return
        with suppress(OutboxFull, StorageFailed):  # that it began is written down
            self._journal.record("audit", {**body, **self._call, "started": self._began_with, "elapsed_ms": elapsed_ms})


def _told(error: ChargehandError) -> dict[str, str]:
    return {"code": type(error).__name__, "message": plain(error.message[:500])}


def _written(arguments: Any) -> dict[str, Any]:
    try:
        value = plain(arguments)
        if len(canonical_json(value)) <= LONGEST_ARGUMENTS:
            return {"arguments": value}
    except TypeError:
        value = plain(repr(arguments))
    return {"arguments_digest": digest_of(value)}
