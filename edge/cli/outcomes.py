"""The error tree as exit codes: one table."""

from edge.kernel.errors import CallerError, ChargehandError

__all__ = ["BAD_USAGE", "DONE", "FAILED", "WAITING", "exit_code_of"]

DONE, FAILED, BAD_USAGE, WAITING = 0, 1, 2, 4

_CODES: dict[type[ChargehandError], int] = {CallerError: BAD_USAGE, ChargehandError: FAILED}


def exit_code_of(error: ChargehandError) -> int:
    """The code of the nearest class in the tree."""
    return next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)
