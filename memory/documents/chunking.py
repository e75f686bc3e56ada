"""Cut documents into chunks for retrieval: along their structure, small enough for the embedder."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import NamedTuple

from edge.kernel.folding import fold
from memory.documents.blocks import Block, blocks_of, line_spans
from memory.documents.passages import Chunk, ParsedDocument, Section
from memory.documents.sentences import sentences

CHUNKER_VERSION = 1
"""Raised whenever the same document gives other chunks; kept with each document."""

_PIECE = re.compile(
    r"[A-Za-z]{1,6}|\d{1,2}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]|[^\W\d_a-zA-Z]{1,2}|[^\w\s]|_"
)
_MOST_ROWS_EMBEDDED = 256
_HEADING_ALLOWANCE = 24
_SMALL = 4
"""What has less than the target divided by this is too small for a chunk where the limit lets it be joined."""
_WORD = re.compile(r"[^\s，、：；。！？]+|[，、：；。！？]+")
_LINK = re.compile(r"\[([^\[\]\n]*)\]\([^()\n]*\)")
_SEPARATOR_ROW = re.compile(r"^[ \t|:+-]+\n", re.MULTILINE)
_MARKS = re.compile(r"[\W_]+")


class _Atom(NamedTuple):
    """What is not cut any further. An atom that is `torn` from code shares its chunk with its like alone."""

    start: int
    end: int
    tokens: int
    torn: bool = False


_Cut = Callable[[str, int, int], list[int]]
"""Finds where `text[start:end]` may be cut; positions count in the whole text."""


def estimate_tokens(text: str) -> int:
    """Estimate the word pieces of `text` without a tokenizer.

    One for each Chinese character and each mark, one for every six letters and every two digits of a word. Never
    falls when text is appended.
    """
    return len(_PIECE.findall(text))


def embedding_text(title: str, chunk: Chunk) -> str:
    """What is embedded for a chunk: the document's title, the headings, the text, each on lines of its own, folded.

    Marks between the headings, the targets of Markdown links and the rows between a table's head and body are left
    out: they take up word pieces and say nothing.
    """
    text = _SEPARATOR_ROW.sub("", _LINK.sub(r"\1", chunk.text))
    return fold("\n".join((title, *chunk.heading_path, text)))


def embedded_chunks(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The chunks of a document that are worth an embedding: all, but of rows of data and endless lines the first few.

    They are found by their words; the meaning of one row is much like that of another, and a hundred thousand rows
    would take minutes.

    Args:
        chunks: all of one document, in order.
    """
    endless = 0
    kept: list[Chunk] = []
    for chunk, following in zip_longest(chunks, chunks[1:]):
        if _is_row(chunk) or (following is not None and _runs_on(chunk, following)):
            endless += 1
            if endless > _MOST_ROWS_EMBEDDED:
                continue
        kept.append(chunk)
    return kept


def _is_row(chunk: Chunk) -> bool:
    return chunk.text.startswith("|")


def _runs_on(chunk: Chunk, following: Chunk) -> bool:
    """Whether a chunk ends in the middle of a sentence: no full stop and no line break parts it from the next."""
    return 0 <= following.start - chunk.end <= 1 and (chunk.text[-1].isalnum() or chunk.text[-1] in ",，、")


def split_into_chunks(document: ParsedDocument, *, target_tokens: int = 160, limit_tokens: int = 230) -> list[Chunk]:
    """Cut a document into chunks.

    No chunk crosses a section. Paragraphs, list items, tables and code stay whole where they fit; else tables and
    code are cut between lines, prose between sentences, then words. Headings are left out: `heading_path` has them
    (a document of headings alone gives them as its chunks).

    Args:
        document: as parsed.
        target_tokens: small neighbours are joined up to this many tokens, as `estimate_tokens` counts.
        limit_tokens: no chunk has more; less where title and headings are long, so that `embedding_text` fits too.

    Raises:
        ValueError: not 1 <= target_tokens <= limit_tokens.
    """
    if not 1 <= target_tokens <= limit_tokens:
        raise ValueError(f"not 1 <= {target_tokens} <= {limit_tokens}")
    chunks: list[Chunk] = []
    for keep_headings in (False, True):
        for section in document.sections:
            overhead = estimate_tokens(" ".join((document.title, *section.heading_path)))
            limit = max(1, limit_tokens // 2, limit_tokens - max(0, overhead - _HEADING_ALLOWANCE))
            blocks = _content(document, section, keep_headings=keep_headings)
            atoms = _atoms(document.text, blocks, limit)
            for start, end in _packed(document.text, atoms, min(target_tokens, limit), limit):
                chunks.append(Chunk(len(chunks), section.heading_path, start, end, document.text[start:end]))
        if chunks:
            break
    return chunks


def _content(document: ParsedDocument, section: Section, *, keep_headings: bool) -> list[Block]:
    """The blocks of a section that say something, without the heading that it begins with."""
    text = document.text
    blocks = blocks_of(text, section.start, section.end)
    blocks = [block for block in blocks if _MARKS.sub("", text[block.start : block.end])]
    if blocks and not keep_headings and _is_heading(document, section, blocks[0]):
        del blocks[0]
    return blocks


def _is_heading(document: ParsedDocument, section: Section, block: Block) -> bool:
    text = document.text[block.start : block.end]
    if document.media_type in ("text/markdown", "text/plain") and block.kind != "heading":
        return False
    if document.media_type == "text/markdown" and text.lstrip().startswith("#"):
        return True
    name = section.heading_path[-1] if section.heading_path else document.title
    return _MARKS.sub("", text).casefold() == _MARKS.sub("", name).casefold()


def _atoms(text: str, blocks: Iterable[Block], limit: int) -> Iterator[_Atom]:
    previous = None
    for block in blocks:
        # What was left out in between, such as a rule, still counts: a chunk spans it.
        skipped = 0 if previous is None else estimate_tokens(text[previous.end : block.start])
        previous = block
        tokens = estimate_tokens(text[block.start : block.end])
        if tokens <= limit:
            yield _Atom(block.start, block.end, tokens + skipped)
            continue
        cuts = _BY_LINE if block.kind in ("table", "code") else _BY_SENTENCE
        for start, end in _cut(text, block.start, block.end, limit, cuts):
            yield _Atom(start, end, estimate_tokens(text[start:end]) + skipped, torn=block.kind == "code")
            skipped = 0


def _cut(text: str, start: int, end: int, limit: int, cuts: Sequence[_Cut]) -> Iterator[tuple[int, int]]:
    """Cut at the first kind of place, and what is still too long at the next; as a last resort in the middle."""
    if estimate_tokens(text[start:end]) <= limit:
        yield start, end
        return
    places = cuts[0](text, start, end) if cuts else [(start + end) // 2]
    edges = [start, *(place for place in places if start < place < end), end]
    for first, last in pairwise(edges):
        yield from _cut(text, first, last, limit, cuts[1:])


def _line_starts(text: str, start: int, end: int) -> list[int]:
    return [first for first, _ in line_spans(text, start, end)]


def _sentence_starts(text: str, start: int, end: int) -> list[int]:
    return [first for first, _ in sentences(text[start:end], start)]


def _word_starts(text: str, start: int, end: int) -> list[int]:
    return [word.start() for word in _WORD.finditer(text, start, end)]


_BY_SENTENCE: tuple[_Cut, ...] = (_sentence_starts, _word_starts)
_BY_LINE: tuple[_Cut, ...] = (_line_starts, _word_starts)


def _packed(text: str, atoms: Iterable[_Atom], target: int, limit: int) -> Iterator[tuple[int, int]]:
    """Join neighbours up to the target. A line that ends with a colon stays with what it introduces."""
    groups: list[list[_Atom]] = []
    sizes: list[int] = []
    for atom in atoms:
        if groups and groups[-1][-1].torn == atom.torn:
            last = groups[-1][-1]
            size = sizes[-1] + atom.tokens
            leads = text[last.start : last.end].endswith((":", "：", ":**"))
            if size <= target or (size <= limit and (leads or sizes[-1] * _SMALL < target)):
                groups[-1].append(atom)
                sizes[-1] = size
                continue
            if leads and len(groups[-1]) > 1 and last.tokens + atom.tokens <= limit:
                sizes[-1] -= last.tokens
                groups.append([groups[-1].pop(), atom])
                sizes.append(last.tokens + atom.tokens)
                continue
        groups.append([atom])
        sizes.append(atom.tokens)
    is_rest = len(groups) > 1 and sizes[-1] * _SMALL < target and sizes[-2] + sizes[-1] <= limit
    if is_rest and groups[-2][-1].torn == groups[-1][0].torn:
        groups[-2].extend(groups.pop())
    for group in groups:
        words = text[group[0].start : group[-1].end]
        if _MARKS.sub("", words):
            blank = words[: len(words) - len(words.lstrip())].rfind("\n") + 1  # lines; an indent stays
            yield group[0].start + blank, group[0].start + len(words.rstrip())
