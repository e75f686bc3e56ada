"""A call of a tool from a framework that does not await."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from pydantic import BaseModel

from tools.spec import ToolContext, ToolSpec

__all__ = ["call_blocking"]


def call_blocking(spec: ToolSpec, context: ToolContext, arguments: Mapping[str, Any]) -> BaseModel:
    """As `ToolSpec.call`. It has a thread of its own, as the caller's may have an event loop that runs already."""
    surroundings = copy_context()
    with ThreadPoolExecutor(1, thread_name_prefix=spec.name) as thread:
        return thread.submit(surroundings.run, asyncio.run, spec.call(context, arguments)).result()
