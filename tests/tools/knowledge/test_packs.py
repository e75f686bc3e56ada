"""Building knowledge packs on the hub."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.kernel.errors import InvalidInput, NotAllowed, NotFound
from edge.kernel.protocol.pack_file import MEDIA_TYPE, PackManifest
from edge.knowledge.pack import Pack, open_pack
from memory.embedding import MiniLM
from memory.home import open_home
from memory.store import KnowledgeStore, open_store
from tests.fakes.contents import contents_in
from tests.fakes.embedders import WordEmbedder
from tests.fakes.packs import MANUAL, pack_file, passage
from tools.calling.context import LOCAL_ENGINEER, ToolContext, ToolRuntime
from tools.knowledge.packs import build_pack, pack_tools
from tools.knowledge.word_vectors import DIMENSIONS, WordVectors, distil, general_words

DOCUMENTS = {
    "se30.md": "# SE30\n\n## Errors\n\nE-217 means that the fan has stopped.\n",
    "care.md": "# Care\n\nClean the dust filter every month.\n",
    "风扇.md": "# 风扇\n\n更换风扇之前请先断开电源。\n",
}


class Desk:
    """A hub with a few documents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store: KnowledgeStore = open_store(open_home(folder / "home"), WordEmbedder)
        self.contents = contents_in(folder)
        self.write(DOCUMENTS)

    def write(self, documents: dict[str, str], tenant: str = "default") -> None:
        for name, text in documents.items():
            path = self.folder / tenant / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.store.ingest([self.folder / tenant], tenant, 1_000_000)

    async def build(self, context: ToolContext = LOCAL_ENGINEER, **arguments: object) -> PackManifest:
        (spec,) = pack_tools(self.store, self.contents, ToolRuntime(self.store.ledger))
        return cast("PackManifest", await spec.call(context, {"name": "manuals", **arguments}))

    def open(self, manifest: PackManifest) -> Pack:
        path = self.folder / manifest.content.digest[7:]
        path.write_bytes(self.contents.open_range(manifest.content.digest, 0, manifest.content.size_bytes))
        return open_pack(path, manifest.content)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


async def test_a_pack_of_all_documents_is_kept_and_can_be_searched_on_a_device(desk: Desk) -> None:
    manifest = await desk.build()
    assert (manifest.name, manifest.tenant, manifest.documents, manifest.passages) == ("manuals", "default", 3, 3)
    assert manifest.content.media_type == MEDIA_TYPE
    pack = desk.open(manifest)
    assert (pack.name, pack.version) == ("manuals", manifest.version)
    (found,) = pack.search("e217", 1)
    document = next(one for one in desk.store.ledger.documents.all("default") if one.name.endswith("se30.md"))
    text = desk.store.ledger.documents.get(document.id, "default").text
    assert text[found.start : found.end] == found.text
    assert (found.document, found.title, found.heading) == (document.name, "SE30", "Errors")
    assert pack.search("断开电源", 1)[0].title == "风扇"


async def test_the_tenant_has_the_pack_as_an_artifact(desk: Desk) -> None:
    manifest = await desk.build()
    with desk.store.ledger.unit("default") as unit:
        assert unit.artifacts.get(manifest.content.digest).media_type == MEDIA_TYPE
    with desk.store.ledger.unit("another") as unit, pytest.raises(NotFound):
        unit.artifacts.get(manifest.content.digest)


async def test_the_same_documents_give_the_same_pack_and_others_another(desk: Desk) -> None:
    first = await desk.build()
    assert await desk.build() == first
    desk.write({"care.md": "# Care\n\nClean the dust filter every week.\n"})
    second = await desk.build()
    assert second.version != first.version
    assert second.content.digest != first.content.digest


async def test_documents_can_be_chosen_and_a_version_given(desk: Desk) -> None:
    names = [document.name for document in desk.store.ledger.documents.all("default")]
    manifest = await desk.build(documents=[name for name in names if "care" in name], version="2026.11")
    assert (manifest.version, manifest.documents) == ("2026.11", 1)
    assert desk.open(manifest).search("e217 fan", 3) == [] or all(
        "filter" in one.text for one in desk.open(manifest).search("e217 fan", 3)
    )


async def test_a_pack_holds_the_callers_tenants_documents_alone(desk: Desk) -> None:
    desk.write({"secret.md": "# Secret\n\nThe recipe of the other company.\n"}, "another")
    assert desk.open(await desk.build()).search("recipe company", 5) == [] or all(
        "recipe" not in one.text for one in desk.open(await desk.build()).search("recipe company", 5)
    )
    other = ToolContext("bob", "another", frozenset({"documents:read", "fleet:write"}))
    manifest = await desk.build(other)
    assert (manifest.tenant, manifest.documents) == ("another", 1)


async def test_it_needs_both_rights(desk: Desk) -> None:
    for scopes in ({"documents:read"}, {"fleet:write"}, set[str]()):
        with pytest.raises(NotAllowed):
            await desk.build(ToolContext("eve", "default", frozenset(scopes)))


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "../up"},
        {"name": "Manuals"},
        {"name": ""},
        {"documents": []},
        {"documents": "se30.md"},
        {"version": "../1"},
        {"version": ""},
        {"path": "/tmp/x"},
    ],
)
async def test_wrong_arguments_are_refused(desk: Desk, arguments: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        await desk.build(**arguments)


async def test_unknown_documents_are_told_with_near_ones(desk: Desk) -> None:
    with pytest.raises(NotFound, match="no document"):
        await desk.build(documents=["../../etc/passwd"])


async def test_a_tenant_without_documents_has_no_pack(desk: Desk) -> None:
    with pytest.raises(NotFound, match="no documents"):
        await desk.build(ToolContext("bob", "empty", frozenset({"documents:read", "fleet:write"})))


def test_a_pack_of_nothing_is_refused(tmp_path: Path) -> None:
    words = WordVectors(WordEmbedder(), tmp_path)
    with pytest.raises(InvalidInput):
        build_pack(tmp_path / "pack", {}, [], np.zeros((0, 256), dtype=np.float32), words)


def test_an_embedder_with_too_few_dimensions_is_refused(tmp_path: Path) -> None:
    words = WordVectors(WordEmbedder(), tmp_path)
    with pytest.raises(InvalidInput, match="dimensions"):
        build_pack(tmp_path / "pack", {}, [passage("x")], np.zeros((1, 8), dtype=np.float32), words)


def test_equal_passages_give_equal_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert pack_file(tmp_path / "a")[1] == pack_file(tmp_path / "b")[1]


def test_words_are_embedded_once_and_kept(tmp_path: Path) -> None:
    class Counting(WordEmbedder):
        asked: list[str] = []  # noqa: RUF012  # of this test alone

        def embed(self, texts):  # type: ignore[no-untyped-def]
            self.asked.extend(texts)
            return super().embed(texts)

    first = WordVectors(Counting(), tmp_path).of(["fan", "pump"])
    second = WordVectors(Counting(), tmp_path).of(["pump", "belt", "fan"])
    assert Counting.asked == ["fan", "pump", "belt"]
    np.testing.assert_array_equal(first, second[[2, 0]])
    next(tmp_path.glob("words-*.npz")).write_bytes(b"damaged")
    np.testing.assert_array_equal(WordVectors(WordEmbedder(), tmp_path).of(["fan", "pump"]), first)


@given(
    passages=arrays(
        np.float32, st.tuples(st.integers(1, 12), st.just(DIMENSIONS)), elements=st.floats(-1, 1, width=16)
    ),
    counts=st.lists(st.integers(0, 3), min_size=12, max_size=12),
)
def test_small_vectors_are_whole_whatever_the_embedder_gives(passages: np.ndarray, counts: list[int]) -> None:
    bags = [Counter({"fan": counts[row], "pump": 1}) for row in range(len(passages))]
    vectors = np.eye(2, DIMENSIONS, dtype=np.float32)
    small = distil(bags, passages, ["fan", "pump"], vectors)
    assert small.passages.shape == (len(passages), DIMENSIONS)
    assert small.norms.min() >= 1
    assert np.isfinite(small.scales).all()


def test_nearness_survives_the_small_vectors(tmp_path: Path) -> None:
    passages = [
        passage(f"{word} " * 3 + filler, f"{word}.md")
        for word in "fan pump belt motor".split()
        for filler in ("one", "two", "three")
    ]
    pack = open_pack(*pack_file(tmp_path, passages))
    for word in "fan pump belt motor".split():
        found = pack.search(word, 3)
        assert {one.document for one in found} == {f"{word}.md"}


def test_with_the_real_embedder_other_words_for_the_same_find_the_passage(
    minilm: MiniLM, tmp_path: Path, run_folder: Path
) -> None:
    words = WordVectors(minilm, run_folder / "cache")
    texts = [one.text for one in MANUAL]
    path = tmp_path / "pack"
    general = ["accumulator", "autonomy", "runtime", "restart", "reboot", "ventilator", "dirt", "cleaning"]
    build_pack(path, {"tenant": "t", "name": "n", "version": "1"}, MANUAL, minilm.embed(texts), words, general)
    from tests.fakes.packs import reference_to

    pack = open_pack(path, reference_to(path))
    assert "reset the gateway" in pack.search("reboot restart", 1)[0].text
    assert "dust filter" in pack.search("dirt", 1)[0].text


def test_general_words_are_words(minilm: MiniLM) -> None:
    words = general_words(500)
    assert len(words) == 500
    assert all(word.isalpha() and word.isascii() for word in words)
    assert io.StringIO("\n".join(words)).readline().strip() in words
