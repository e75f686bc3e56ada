"""Passages that no store has."""

from memory.documents.passages import Passage

__all__ = ["passage_of"]


def passage_of(
    text: str,
    title: str = "SE30 manual",
    *headings: str,
    document: str = "manuals/se30-manual.md",
    start: int = 0,
    similarity: float | None = None,
) -> Passage:
    """A passage with this text; its document has the same id as its name."""
    return Passage(
        chunk_id=f"{document}:{start}",
        document_id=document,
        document=document,
        title=title,
        heading_path=headings,
        start=start,
        end=start + len(text),
        text=text,
        score=0.5,
        similarity=similarity,
    )
