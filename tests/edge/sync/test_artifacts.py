"""Content by its digest: resumed, checked, within its budget."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from edge.kernel.errors import LinkFailed, StorageFailed, Untrusted
from edge.kernel.protocol.artifacts import ArtifactRef, pack_range
from edge.outbox import Outbox
from edge.sync.artifacts import Artifacts
from tests.fakes.edge_devices import DirectLink, open_outbox
from tests.fakes.reference_hubs import ReferenceHub

CONTENT = Random(3).randbytes(10_000)


class Site:
    def __init__(self, folder: Path, budget_bytes: int = 30_000, free_bytes: int = 1 << 40) -> None:
        self.folder = folder / "contents"
        self.outbox: Outbox = open_outbox(folder / "edge.db")
        self.hub = ReferenceHub()
        self.link = DirectLink(self.hub, "a")
        self.asked: list[int] = []
        self.broken_at: int | None = None
        self.free_bytes = free_bytes
        self.artifacts = Artifacts(
            self.folder, self.outbox, budget_bytes=budget_bytes, reserve_bytes=1000, range_bytes=1000,
            free_bytes=self.free,
        )  # fmt: skip

    def free(self, folder: Path) -> int:
        return self.free_bytes

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(arguments["offset"])
        if arguments["offset"] == self.broken_at:
            raise LinkFailed("cut")
        return await self.link.call(tool, arguments)

    async def fetch(self, ref: ArtifactRef) -> bytes:
        path = await self.artifacts.fetch(ref, self)
        return path.read_bytes()

    def refused(self) -> list[dict[str, Any]]:
        return [event.on_wire()["body"] for event in self.outbox.recent("refused")]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def test_what_was_fetched_before_a_break_is_not_fetched_again(site: Site) -> None:
    ref = site.hub.put(CONTENT)
    site.broken_at = 4000
    with pytest.raises(LinkFailed):
        await site.fetch(ref)
    assert site.artifacts.fetched_bytes(ref) == 4000
    assert site.artifacts.find(ref) is None
    site.broken_at = None
    site.asked.clear()
    assert await site.fetch(ref) == CONTENT
    assert site.asked == list(range(4000, 10_000, 1000))
    site.asked.clear()
    assert await site.fetch(ref) == CONTENT
    assert site.asked == []


async def test_short_parts_are_gone_on_from(site: Site) -> None:
    ref = site.hub.put(CONTENT)

    def shortened(answer: dict[str, Any]) -> dict[str, Any]:
        offset = answer["offset"]
        return pack_range(ref.digest, offset, len(CONTENT), CONTENT[offset : offset + 333]).model_dump(mode="json")

    site.link.spoil = shortened
    assert await site.fetch(ref) == CONTENT


async def test_tampered_content_is_thrown_away_and_recorded_and_the_true_one_comes_later(site: Site) -> None:
    ref = site.hub.put(CONTENT)
    true, site.hub.contents[ref.digest] = CONTENT, CONTENT[:5000] + b"!" + CONTENT[5001:]
    with pytest.raises(Untrusted):
        await site.fetch(ref)
    assert site.artifacts.find(ref) is None
    assert site.artifacts.fetched_bytes(ref) == 0
    assert [(body["what"], body["digest"]) for body in site.refused()] == [("artifact", ref.digest)]
    site.hub.contents[ref.digest] = true
    assert await site.fetch(ref) == CONTENT


@pytest.mark.parametrize(
    "change",
    [
        {"offset": 1},
        {"digest": "sha256:" + "0" * 64},
        {"total_bytes": 5},
        {"data": "!!!"},
        {"encoding": "deflate", "data": "AAAA"},
        {"data": "QUFB" * 3000, "encoding": "identity"},
        {"surprise": 1},
    ],
)
async def test_parts_that_were_not_asked_for_are_refused(site: Site, change: dict[str, Any]) -> None:
    ref = site.hub.put(CONTENT)
    site.link.spoil = lambda answer: answer | change
    with pytest.raises(Untrusted):
        await site.fetch(ref)
    assert len(site.refused()) == 1
    site.link.spoil = dict
    assert await site.fetch(ref) == CONTENT


async def test_nothing_at_all_is_a_broken_link(site: Site) -> None:
    ref = site.hub.put(CONTENT)
    site.link.spoil = lambda answer: answer | {"data": "", "encoding": "identity"}
    with pytest.raises(LinkFailed):
        await site.fetch(ref)


async def test_what_a_crash_left_behind_is_found_out(site: Site) -> None:
    ref = site.hub.put(CONTENT)
    partial = site.folder / "partial" / ref.digest.replace(":", "-")
    partial.parent.mkdir(parents=True)
    partial.write_bytes(bytes(2000))  # as long as it should be, without its content
    with pytest.raises(Untrusted):
        await site.fetch(ref)
    assert await site.fetch(ref) == CONTENT
    longer = site.hub.put(b"short")
    partial.with_name(longer.digest.replace(":", "-")).write_bytes(bytes(50))
    assert await site.fetch(longer) == b"short"


async def test_the_least_used_go_to_make_room_and_what_is_to_be_kept_stays(site: Site) -> None:
    import os

    refs = [site.hub.put(Random(n).randbytes(10_000)) for n in range(4)]
    for age, ref in enumerate(refs[:3]):
        path = await site.artifacts.fetch(ref, site)
        os.utime(path, (1000 + age, 1000 + age))
    await site.artifacts.fetch(refs[3], site, keep=[refs[0].digest])
    assert [(site.folder / ref.digest.replace(":", "-")).exists() for ref in refs] == [True, False, True, True]


async def test_without_room_nothing_is_fetched(tmp_path: Path) -> None:
    site = Site(tmp_path, budget_bytes=9_000)
    ref = site.hub.put(CONTENT)
    with pytest.raises(StorageFailed, match="no room"):
        await site.fetch(ref)
    site = Site(tmp_path / "other", free_bytes=10_500)
    with pytest.raises(StorageFailed, match="no room"):
        await site.fetch(site.hub.put(CONTENT))
    assert site.asked == []


async def test_what_is_not_wanted_any_more_goes(site: Site) -> None:
    refs = [site.hub.put(Random(n).randbytes(3000)) for n in range(2)]
    for ref in refs:
        await site.fetch(ref)
    site.artifacts.forget(refs[1])
    assert [site.artifacts.find(ref) is not None for ref in refs] == [True, False]
    site.artifacts.forget(refs[0])
    assert site.artifacts.find(refs[0]) is None


async def test_empty_content(site: Site) -> None:
    ref = ArtifactRef(digest=f"sha256:{hashlib.sha256(b'').hexdigest()}", size_bytes=0)
    assert await site.fetch(ref) == b""
