"""Searching the company's documents on the device. What stands in a document is data: quoted, never obeyed."""

from typing import Annotated, Any

from pydantic import Field

from edge.kernel.protocol.packs.layout import PackName
from edge.knowledge.shelf import PackShelf
from edge.tools.deadline import check_time
from edge.tools.registry import DeviceTool, device_tool

__all__ = ["knowledge_tools"]

_LONGEST = 1_500


def knowledge_tools(shelf: PackShelf) -> list[DeviceTool]:
    """The tool over the device's packs."""

    def knowledge_search(
        query: Annotated[str, Field(min_length=1, max_length=500)],
        limit: Annotated[int, Field(ge=1, le=10)] = 3,
        pack: PackName | None = None,
    ) -> dict[str, Any]:
        """Search the company's documents on this device; gives passages with document, heading and offsets to cite."""
        found = shelf.search(query, limit, pack, check_time)
        return {
            "passages": [
                {
                    "text": one.text[:_LONGEST],
                    "document": one.document,
                    "title": one.title,
                    "heading": one.heading,
                    "start": one.start,
                    "end": one.end,
                    "pack": one.pack,
                    "score": one.score,
                }
                for one in found
            ]
        }

    return [device_tool(knowledge_search, quotes=True, ends_itself=True)]
