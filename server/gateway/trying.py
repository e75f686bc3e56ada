"""One try of one version: its limits of time, its arm's configuration, the opening of its stream."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from edge.kernel.errors import OutOfTime
from server.gateway.attempts import Attempt, has_text
from server.gateway.ports import Backend
from tools.runtimes.port import Json

__all__ = ["TryLimits", "configured", "opening_of", "within"]

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class TryLimits:
    """How long one try may take, seconds. Loading a model counts.

    Attributes:
        first_token_s: until the first text of a stream.
        next_token_s: longest silence after that.
        whole_s: a whole answer, streamed or not.
    """

    first_token_s: float = 60.0
    next_token_s: float = 30.0
    whole_s: float = 300.0


def configured(backend: Backend, configuration: Mapping[str, Any]) -> Backend:
    """The backend with an arm's configuration over its version's own."""
    if not configuration:
        return backend
    options = {name: value for name, value in configuration.items() if name != "system"}
    version = replace(
        backend.version,
        system=str(configuration.get("system", backend.version.system)),
        defaults={**backend.version.defaults, **options},
    )
    return replace(backend, version=version)


async def opening_of(source: AsyncGenerator[Json], attempt: Attempt) -> list[Json]:
    """The chunks up to the first that brings text; all of them, where none does."""
    opening: list[Json] = []
    async for chunk in source:
        attempt.read(chunk)
        opening.append(chunk)
        if has_text(chunk):
            break
    return opening


async def within(limit_s: float, work: Awaitable[Result], backend: Backend) -> Result:
    """Raises OutOfTime: the work took longer than `limit_s`; it was cancelled."""
    limit = asyncio.timeout(limit_s)
    try:
        async with limit:
            return await work
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise OutOfTime(f"{backend.version.id} did not go on within {limit_s:g} s.", "Try again.") from error
