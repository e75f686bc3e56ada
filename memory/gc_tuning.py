"""Python's garbage collector in a process that loads half a million objects once and keeps them.

With its own thresholds it looks through all of them 0.3 s long while they are loaded, and again each time that a
quarter has come new, 0.25 s in which nobody is answered.
"""

import gc

__all__ = ["collect_rarely", "keep_loaded"]


def collect_rarely() -> None:
    """Look through new objects by 10,000, not by 700; an entry point calls this before anything else is imported."""
    gc.set_threshold(10_000, 20, 10)


def keep_loaded() -> None:
    """Never look again through what is there now; for a process that goes on for long, once it is ready."""
    gc.freeze()
