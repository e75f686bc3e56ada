"""What a database server's failures are in our own terms; SQLite's are in `memory.home.storage_errors`."""

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError

from edge.kernel.errors import StorageFailed, Unavailable

__all__ = ["server_errors"]

_FULL = "53100"
_READ_ONLY = "25006"
"""SQLSTATE of PostgreSQL: disk_full, read_only_sql_transaction."""


@contextmanager
def server_errors(where: str) -> Generator[None]:
    """Turn what a database server cannot help into our errors; a mistake in a statement stays what it is.

    Args:
        where: the address, without the password.

    Raises:
        Unavailable: the server does not answer, or the connection broke.
        StorageFailed: its disk is full, or it takes no writes.
    """
    try:
        yield
    except (OperationalError, InterfaceError, InternalError) as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == _FULL:
            raise StorageFailed(f"The disk of the ledger at {where} is full.", "Free some space.") from error
        if state == _READ_ONLY:
            raise StorageFailed(f"The ledger at {where} takes no writes.", "Name the primary.") from error
        first = str(error.orig).strip().partition("\n")[0]
        raise Unavailable(f"The ledger at {where} does not answer: {first}.", "Start its server.") from error
