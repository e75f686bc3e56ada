"""Packs for tests: real ones, of a few passages, by an embedder without weights."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from edge.kernel.protocol.artifacts import ArtifactRef
from tests.fakes.embedders import WordEmbedder
from tools.knowledge.packs import PackPassage, build_pack, write_pack
from tools.knowledge.word_vectors import WordVectors

__all__ = ["MANUAL", "pack_file", "passage", "reference_to"]


def passage(text: str, document: str = "manual.md", heading: tuple[str, ...] = (), start: int = 0) -> PackPassage:
    """A passage of a document that is called as its file."""
    return PackPassage(document, document.removesuffix(".md"), heading, start, start + len(text), text)


MANUAL = (
    passage("Press the power button for ten seconds to reset the gateway.", heading=("Start", "Reset")),
    passage("Error E-217 means that the fan has stopped. Replace the fan.", heading=("Errors",), start=100),
    passage("The battery lasts four hours without external supply.", "battery.md"),
    passage("更换风扇之前请先断开电源。风扇位于机柜左侧。", "风扇.md"),
    passage("Clean the dust filter of the cabinet every month.", "care.md"),
)


def pack_file(
    folder: Path, passages: Sequence[PackPassage] = MANUAL, name: str = "manuals", *, vectors: bool = True
) -> tuple[Path, ArtifactRef]:
    """A pack in the folder, and the reference to it."""
    path = folder / f"{name}.pack"
    path.unlink(missing_ok=True)
    facts = {"tenant": "default", "name": name, "version": "1"}
    if vectors:
        embedder = WordEmbedder()
        embedded = embedder.embed([one.text for one in passages])
        build_pack(path, facts, passages, embedded, WordVectors(embedder, folder), general=["broken", "ventilator"])
    else:
        write_pack(path, facts, passages, None)
    return path, reference_to(path)


def reference_to(path: Path) -> ArtifactRef:
    """The reference to a file as it is."""
    content = path.read_bytes()
    return ArtifactRef(digest=f"sha256:{hashlib.sha256(content).hexdigest()}", size_bytes=len(content))
