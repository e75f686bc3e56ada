"""Document model: sections, parsed documents, chunks, retrieved passages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """A run of a document's text under one heading path.

    Attributes:
        heading_path: headings from the outermost inwards, without the document's title; may be empty.
        start: first character, 0-based offset into `ParsedDocument.text`.
        end: one past the last character; `start <= end`.
    """

    heading_path: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a parser makes of one file.

    Attributes:
        title: first level-one heading, the format's own title, or the file's name; never empty.
        text: the whole readable text; for Markdown and plain text the file's own characters, so that offsets
            count in the file itself; for HTML, PDF and DOCX the extracted text. Lines end with "\\n".
        sections: consecutive, non-overlapping, in order; together they cover all of `text`.
        media_type: such as "text/markdown".
    """

    title: str
    text: str
    sections: tuple[Section, ...]
    media_type: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one section, small enough to embed.

    Attributes:
        ordinal: 0-based place in its document.
        heading_path: of the section it lies in.
        start: first character, 0-based offset into the document's text.
        end: one past the last character.
        text: exactly `document.text[start:end]`.
    """

    ordinal: int
    heading_path: tuple[str, ...]
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that retrieval found for a query.

    Attributes:
        chunk_id: key in the ledger.
        document_id: key in the ledger.
        document: the document's name, a path relative to what was ingested, such as "manuals/se30-manual.md".
        title: the document's title.
        heading_path, start, end, text: as in `Chunk`.
        score: fused score, 0 to 1, larger is better; comparable within one query only.
        similarity: cosine of query and chunk embedding, -1 to 1; None when the vectors did not rank it.
        lexical: BM25 score, >= 0; None when the lexical index did not rank it.
    """

    chunk_id: str
    document_id: str
    document: str
    title: str
    heading_path: tuple[str, ...]
    start: int
    end: int
    text: str
    score: float
    similarity: float | None = None
    lexical: float | None = None
