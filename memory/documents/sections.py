"""The sections of stored documents: a passage is a part of one, and has others beside it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from edge.kernel.errors import NotFound
from memory.documents.passages import Chunk, Passage, Section
from memory.ledger.documents import Documents


def sections_of(chunks: Sequence[Chunk]) -> list[Section]:
    """The sections that a document's chunks lie in, from the first chunk of each to its last; without their headings.

    Args:
        chunks: all of one document, in order.
    """
    found: list[Section] = []
    for path, group in groupby(chunks, lambda chunk: chunk.heading_path):
        parts = list(group)
        found.append(Section(path, parts[0].start, max(part.end for part in parts)))
    return found


class SectionReader:
    """Reads sections from the ledger, each document once. A document that is gone by now has none."""

    def __init__(self, documents: Documents, tenant: str) -> None:
        self._documents = documents
        self._tenant = tenant
        self._read: dict[str, tuple[str, list[Section]]] = {}

    def whole(self, passage: Passage) -> Passage:
        """The whole section of a passage; the passage itself where it has changed or gone since it was found."""
        text, sections = self._sections(passage.document_id)
        for section in sections:
            if section.start <= passage.start and passage.end <= section.end:
                whole = replace(passage, start=section.start, end=section.end, text=text[section.start : section.end])
                start, end = passage.start - section.start, passage.end - section.start
                return whole if whole.text[start:end] == passage.text else passage
        return passage

    def beside(self, passage: Passage) -> list[tuple[str, str]]:
        """(heading, text) of the other sections under the same heading as a passage's, in the document's order."""
        text, sections = self._sections(passage.document_id)
        path = passage.heading_path
        return [
            (section.heading_path[-1], text[section.start : section.end])
            for section in sections
            if path and section.heading_path != path and len(section.heading_path) == len(path)
            if section.heading_path[:-1] == path[:-1]
        ]

    def _sections(self, document_id: str) -> tuple[str, list[Section]]:
        if document_id not in self._read:
            try:
                text = self._documents.get(document_id, self._tenant).text
            except NotFound:
                return "", []
            _, chunks = self._documents.chunks_of([document_id]).get(document_id, ("", []))
            self._read[document_id] = text, sections_of(chunks)
        return self._read[document_id]
