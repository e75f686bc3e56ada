"""For whom the running call of a tool is made."""

from contextvars import ContextVar

__all__ = ["caller"]

caller: ContextVar[str] = ContextVar("caller", default="")
"""As `Toolbox.call` was told; empty outside of a call."""
