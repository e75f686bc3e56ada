"""All knowledge packs of the device, and the tool that searches them.

What stands in a document is data: quoted, never obeyed.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from edge.kernel.errors import NotFound, OutboxFull, StorageFailed, Untrusted
from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.desired import KnowledgePack
from edge.kernel.protocol.pack_file import PackName
from edge.knowledge.pack import Found, Pack, open_pack
from edge.outbox import Journal
from edge.tools.deadline import check_time
from edge.tools.tool import DeviceTool, device_tool


class PackStore:
    """Opens the packs that the device shall have as soon as their content is here. Any thread may search.

    A content that is not what the hub signed is never opened; that is written down once, as "refused".

    Args:
        desired: the packs of the desired state; asked at each search.
        place: where the content of a reference lies; None while it was not fetched.
    """

    def __init__(
        self,
        desired: Callable[[], Sequence[KnowledgePack]],
        place: Callable[[ArtifactRef], Path | None],
        journal: Journal,
    ) -> None:
        self._desired = desired
        self._place = place
        self._journal = journal
        self._packs: dict[str, Pack] = {}
        self._refused: set[tuple[str, int, int]] = set()
        self._lock = threading.Lock()

    def packs(self) -> list[tuple[str, Pack]]:
        """Name and pack of those that can be searched now, by name."""
        desired = {pack.name: pack for pack in self._desired()}
        with self._lock:
            wanted = {pack.content.digest for pack in desired.values()}
            for digest in self._packs.keys() - wanted:
                self._packs.pop(digest).close()
            for pack in desired.values():
                if pack.content.digest not in self._packs:
                    self._open(pack)
            return [
                (name, self._packs[pack.content.digest])
                for name, pack in sorted(desired.items())
                if pack.content.digest in self._packs
            ]

    def missing(self) -> list[str]:
        """Names of packs that the device shall have, and that cannot be searched yet."""
        here = {name for name, _ in self.packs()}
        return sorted(pack.name for pack in self._desired() if pack.name not in here)

    def search(
        self, query: str, limit: int, name: str | None = None, check_time: Callable[[], None] = lambda: None
    ) -> list[Found]:
        """Passages of all packs, or of one, best first.

        With several packs, a passage's place in its own pack counts first, then how many of the query's words it has:
        scores of different packs cannot be compared.

        Raises:
            NotFound: the device has no such pack, or none at all.
            StorageFailed: a pack cannot be read any more.
        """
        packs = [(known, pack) for known, pack in self.packs() if name is None or known == name]
        if not packs:
            known = ", ".join(one for one, _ in self.packs()) or "none yet"
            raise NotFound(f"There is no knowledge pack {name or ''}".rstrip() + ".", f"This device has {known}.")
        ranked = [pack.search(query, limit, check_time) for _, pack in packs]
        places = [(place, -one.lexical, one) for found in ranked for place, one in enumerate(found)]
        return [one for _, _, one in sorted(places, key=lambda entry: entry[:2])[:limit]]

    def close(self) -> None:
        """Let go of all files."""
        with self._lock:
            for pack in self._packs.values():
                pack.close()
            self._packs.clear()

    def _open(self, pack: KnowledgePack) -> None:
        path = self._place(pack.content)
        if path is None:
            return
        try:
            self._packs[pack.content.digest] = open_pack(path, pack.content)
        except NotFound:  # it went away meanwhile: it is fetched again
            return
        except (Untrusted, StorageFailed) as error:
            self._refuse(pack, path, error)

    def _refuse(self, pack: KnowledgePack, path: Path, error: Untrusted | StorageFailed) -> None:
        state = path.stat() if path.exists() else None
        seen = (pack.content.digest, state.st_mtime_ns if state else 0, state.st_size if state else 0)
        if seen in self._refused:
            return
        self._refused.add(seen)
        try:
            body = {"what": "pack", "name": pack.name, "digest": pack.content.digest, "why": error.message}
            self._journal.record("refused", body)
        except OutboxFull:
            self._refused.discard(seen)  # told later


_LONGEST = 1_500


def knowledge_tools(pack_store: PackStore) -> list[DeviceTool]:
    """The tool over the device's packs."""

    def knowledge_search(
        query: Annotated[str, Field(min_length=1, max_length=500)],
        limit: Annotated[int, Field(ge=1, le=10)] = 3,
        pack: PackName | None = None,
    ) -> dict[str, Any]:
        """Search the company's documents on this device; gives passages with document, heading and offsets to cite."""
        found = pack_store.search(query, limit, pack, check_time)
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
