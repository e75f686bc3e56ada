"""Audits rejected devices and enrolment tokens, in the audit log of the tenant whose they are said to be.

Deduplicated: one entry an hour for each, so that nobody can fill the log by knocking; who names nothing that is known
here is in the hub's own log, as often.
"""

import logging
import threading
from datetime import datetime, timedelta

from edge.kernel.canonical import digest_of
from edge.kernel.errors import ChargehandError
from tools.calling.context import ToolContext, ToolRuntime
from tools.fleet.credentials import claimed_by

__all__ = ["RejectedCallers"]

_log = logging.getLogger(__name__)
_QUIET = timedelta(hours=1)
_MOST_HELD = 10_000


class RejectedCallers:
    """Notes who was rejected. Any thread may note."""

    def __init__(self, books: ToolRuntime) -> None:
        self._books = books
        self._noted: dict[tuple[str, str], datetime] = {}
        self._lock = threading.Lock()

    def note(self, authorization: str, error: ChargehandError) -> None:
        """Write it down, unless that was done within the hour.

        Args:
            authorization: the header, of which nothing is kept but whom it names.
        """
        claimed = claimed_by(self._books.ledger, authorization)
        if not self._is_news(claimed or ("", "")):
            return
        if claimed is None:
            _log.warning("A device or token that is not known here was rejected: %s", error)
            return
        tenant, principal = claimed
        nobody = ToolContext(principal, tenant, frozenset())
        self._books.note(nobody, "edge_door", "read", digest_of(None), "refused", str(error))

    def _is_news(self, claimed: tuple[str, str]) -> bool:
        now = self._books.clock()
        with self._lock:
            last = self._noted.get(claimed)
            if last is not None and last <= now < last + _QUIET:
                return False
            if len(self._noted) >= _MOST_HELD:
                self._noted.clear()
            self._noted[claimed] = now
        return True
