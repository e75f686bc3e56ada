"""What syncing needs of a link: calls of the hub's tools, any of which may fail at any point."""

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["Transport"]


class Transport(Protocol):
    """A link to the hub."""

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a tool of the hub; gives its result.

        Raises:
            LinkFailed: no whole answer came. Whether the hub did it is not known; the same call may be made again.
            HubRefused: the hub said no; nothing was done.
        """
        ...
