"""Writes small PDF files: text at places, an outline, a title; optionally with a password or without any text."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Drawn", "Entry", "Words", "column", "make_pdf"]


@dataclass(frozen=True)
class Words:
    """A run of text; `left` and `base` in points from the page's lower left corner; `turn` in quarters, to the left."""

    text: str
    left: float = 70.0
    base: float = 700.0
    size: float = 10.0
    turn: int = 0


@dataclass(frozen=True)
class Drawn:
    """Operators of a page's content as they are, such as b"60 700 100 1 re f"."""

    operators: bytes


@dataclass(frozen=True)
class Entry:
    """An entry of the outline: level from 1, page from 0; `top` in points, None for the whole page."""

    title: str
    page: int
    level: int = 1
    top: float | None = None


def column(
    texts: Sequence[str], *, left: float = 70.0, top: float = 740.0, leading: float = 14.0, size: float = 10.0
) -> list[Words]:
    """Lines below each other; an empty text leaves half a line."""
    words: list[Words] = []
    base = top
    for text in texts:
        if text:
            words.append(Words(text, left, base, size))
        base -= leading if text else leading / 2
    return words


def make_pdf(
    pages: Sequence[Sequence[Words | Drawn]], outline: Sequence[Entry] = (), title: str = "", *, locked: bool = False
) -> bytes:
    """Return the bytes of an A4 document in Helvetica and, for what Latin-1 has not, STSong."""
    objects: list[bytes] = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    catalog, tree, info = add(b""), add(b""), add(b"")
    latin = add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    song = add(
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /CIDSystemInfo"
        b" << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /FontDescriptor << /Type /FontDescriptor"
        b" /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 752 /Descent -271"
        b" /CapHeight 737 /StemV 58 >> >>"
    )
    chinese = add(
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [%d 0 R] >>"
        % song
    )
    kids: list[int] = []
    for words in pages:
        content = b"\n".join(_show(each) for each in words)
        stream = add(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        kids.append(
            add(
                b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
                b" /Resources << /Font << /L %d 0 R /C %d 0 R >> >> >>" % (tree, stream, latin, chinese)
            )
        )
    objects[tree - 1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (
        len(kids),
        b" ".join(b"%d 0 R" % kid for kid in kids),
    )
    marks = _add_outline(objects, outline, kids)
    objects[catalog - 1] = b"<< /Type /Catalog /Pages %d 0 R%s >>" % (tree, marks)
    objects[info - 1] = b"<< /Title %s >>" % _string(title) if title else b"<< >>"
    security = b" /Encrypt << /Filter /Standard /V 1 /R 2 /P -44 /O <%s> /U <%s> >> /ID [<00> <00>]" % (
        b"ab" * 32,
        b"cd" * 32,
    )
    return _file(objects, catalog, info, security if locked else b"")


def _show(words: Words | Drawn) -> bytes:
    if isinstance(words, Drawn):
        return words.operators
    try:
        font, text = b"L", words.text.encode("cp1252").hex()
    except UnicodeEncodeError:
        font, text = b"C", words.text.encode("utf-16-be").hex()
    turned = [b"1 0 0 1", b"0 1 -1 0", b"-1 0 0 -1", b"0 -1 1 0"][words.turn]
    return b"BT /%s %.2f Tf %s %.2f %.2f Tm <%s> Tj ET" % (
        font,
        words.size,
        turned,
        words.left,
        words.base,
        text.encode(),
    )


def _string(text: str) -> bytes:
    return b"<feff%s>" % text.encode("utf-16-be", "surrogatepass").hex().encode()


def _add_outline(objects: list[bytes], outline: Sequence[Entry], kids: Sequence[int]) -> bytes:
    """Append the outline's objects; return what the catalogue says of it."""
    if not outline:
        return b""
    root = len(objects) + 1
    numbers = [root + 1 + place for place in range(len(outline))]
    levels = [0, *(entry.level for entry in outline)]

    def parent(place: int) -> int:
        return next(above for above in range(place - 1, -1, -1) if levels[above] < levels[place])

    parents = {place: parent(place) for place in range(1, len(levels))}
    for place in range(len(levels)):
        children = [child for child, above in parents.items() if above == place]
        fields = b""
        if children:
            fields += b" /First %d 0 R /Last %d 0 R /Count %d" % (
                root + children[0],
                root + children[-1],
                len(children),
            )
        if place:
            entry = outline[place - 1]
            siblings = [other for other, above in parents.items() if above == parents[place]]
            at = siblings.index(place)
            fields += b" /Parent %d 0 R /Title %s" % (root + parents[place], _string(entry.title))
            fields += b" /Prev %d 0 R" % (root + siblings[at - 1]) if at else b""
            fields += b" /Next %d 0 R" % (root + siblings[at + 1]) if at + 1 < len(siblings) else b""
            view = b"/Fit" if entry.top is None else b"/XYZ 0 %.2f 0" % entry.top
            fields += b" /Dest [%d 0 R %s]" % (kids[entry.page], view)
        objects.append(b"<<%s >>" % (fields or b" /Type /Outlines"))
    assert numbers[-1] == len(objects)
    return b" /Outlines %d 0 R" % root


def _file(objects: Sequence[bytes], catalog: int, info: int, security: bytes) -> bytes:
    data = b"%PDF-1.6\n"
    offsets: list[int] = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        data
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root %d 0 R /Info %d 0 R%s >>\n"
        % (
            len(objects) + 1,
            table,
            len(objects) + 1,
            catalog,
            info,
            security,
        )
        + b"startxref\n%d\n%%%%EOF\n" % len(data)
    )
