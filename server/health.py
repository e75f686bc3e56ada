"""Whether the hub lives, and whether it can do its work: `GET /health`, `/health/ready`, for whoever watches it.

They tell nothing that a stranger may not know, so that they need neither a key nor this hub's name.
"""

import asyncio
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from edge.kernel.errors import ChargehandError
from memory.home import is_full
from server.hub import Components

HEALTH = "/health"


class Health(BaseModel):
    """How the hub is.

    Attributes:
        missing: parts without which it cannot do its work now: `ledger`, `disk`, `index`.
    """

    status: Literal["live", "ready", "not_ready"]
    missing: list[Literal["ledger", "disk", "index"]] = []


def health_routes(hub: Components) -> APIRouter:
    """The routes over one hub's parts."""
    router = APIRouter(prefix=HEALTH, tags=["health"])

    @router.get("")
    @router.get("/live")
    async def live() -> Health:  # pyright: ignore[reportUnusedFunction]
        """Whether the process answers; one that does not is to be started anew."""
        return Health(status="live")

    @router.get("/ready", responses={503: {"model": Health}})
    async def ready(response: Response) -> Health:  # pyright: ignore[reportUnusedFunction]
        """Whether it can do its work; one that cannot gets no traffic, and works again once what is missing is back."""
        found = await asyncio.to_thread(readiness, hub)
        if found.missing:
            response.status_code = 503
        return found

    return router


def readiness(hub: Components) -> Health:
    """Ask what the hub stands on."""
    missing = list[Literal["ledger", "disk", "index"]]()
    try:
        with hub.ledger.database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
    except ChargehandError:
        missing.append("ledger")
    if is_full(hub.home.root):
        missing.append("disk")
    if hub.store.vectors.left_half_written():
        missing.append("index")
    return Health(status="not_ready" if missing else "ready", missing=missing)
