"""AsciiDoc: headings, lists, tables and listings; attributes are filled in, comments and directives left out."""

import re
from collections.abc import Iterator, Sequence

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.outline import Extract, fenced, file_title
from memory.documents.parsing.plaintext import decode_text
from memory.documents.parsing.scripts import lowered, raised
from memory.documents.parsing.table_pieces import add_table, clean_cell
from memory.documents.passages import ParsedDocument

_HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:[ \t]+\1)?[ \t]*$")
_ATTRIBUTE = re.compile(r":(!?[\w-]+!?):(?:[ \t]+(.*))?$")
_REFERENCE = re.compile(r"\{([\w-]+)\}")
_DIRECTIVE = re.compile(r"(?:toc|image|video|audio)::[^\[\n]*\[([^\]\n]*)\]$")
_CONDITION = re.compile(r"(?:ifdef|ifndef|ifeval|endif|include)::\S*\[")
_BLOCK_ATTRIBUTES = re.compile(r"\[([^\[\]\n]*)\]$|\[\[[^\]\n]*\]\]$")
_ADMONITIONS = frozenset(("NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"))
_LISTING = re.compile(r"(-{4,}|\.{4,}|`{3,})")
_CONTAINER = re.compile(r"(?:={4,}|\*{4,}|_{4,}|--)$")
_TABLE = re.compile(r"([|,:!])={3,}$")
_ITEM = re.compile(r"[ \t]*(\*{1,5}|-|\.{1,5}|\d+\.)[ \t]+(?:\[[ xX*]\] )?(\S.*)$")
_TERM = re.compile(r"(\S.*?)(?:::{1,3}|;;)(?:[ \t]+(.*))?$")
_TITLE = re.compile(r"\.([^\s.].*)$")
_CELL = re.compile(r"(?:(\d+)(?:\.(\d+))?|\.(\d+))?([+*])?(?:[<^>])?(?:\.[<^>])?[adehlmsv]?(?<!\\)\|")
_COLUMNS = re.compile(r"cols=(?:\"([^\"]*)\"|(\d+\*?))")
_INLINE = (
    (re.compile(r"(?:link|mailto|xref):([^\s\[]+)\[([^\]\n]*)\]|(https?://[^\s\[\]]+)\[([^\]\n]*)\]"), "link"),
    (re.compile(r"<<([^,>\n]+)(?:,\s*([^>\n]+))?>>"), "reference"),
    (re.compile(r"(?:image|icon):[^\s\[]+\[([^\]\n]*)\]"), "text"),
    (re.compile(r"(?:kbd|btn|menu|pass|indexterm2):[^\s\[]*\[([^\]\n]*)\]"), "text"),
    (re.compile(r"footnote:[^\[\n]*\[([^\]\n]*)\]"), "note"),
    (re.compile(r"\^(\S+?)\^"), "raised"),
    (re.compile(r"(?<!\w)~(\S+?)~|(?<=\w)~(\S+?)~"), "lowered"),
    (re.compile(r"(?<![\w`*_#])([*_`#]{1,2})(?=\S)([^\n]*?\S)\1(?![\w`*_#])"), "marked"),
)


def parse_asciidoc(name: str, data: bytes) -> ParsedDocument:
    """Extract headings, paragraphs, lists, tables and listings. The title is the document's, else the file's name.

    What other files would put in (`include::`) is not read.

    Raises:
        InvalidInput: the file is empty or not text.
    """
    reader = _Reader(decode_text(data, name).split("\n"))
    reader.read()
    if not reader.extract.text.strip():
        raise InvalidInput(f"{name} has no text.", "Give a file with text in it.")
    title = next((heading for heading in reader.extract.headings if heading.level == 0), None)
    return reader.extract.document(title or file_title(name), "text/asciidoc")


class _Reader:
    """Goes through the lines."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.extract = Extract()
        self._lines = lines
        self._at = 0
        self._attributes: dict[str, str] = {}
        self._paragraph: list[str] = []
        self._given = ""
        """Attributes of the block that follows, such as "cols=2*"."""
        self._numbers: list[int] = []
        self._in_list = False

    def read(self) -> None:
        while self._at < len(self._lines):
            line = self._lines[self._at].rstrip()
            self._at += 1
            self._take(line)
        self._flush()

    def _take(self, line: str) -> None:
        if not line:
            self._flush()
        elif self._skipped(line) or self._block_of_lines(line):
            pass
        elif not self._paragraph and self._structure(line):
            self._given = "" if _HEADING.match(line) else self._given
        elif found := _ITEM.match(line):
            self._flush()
            self._item(found[1], found[2])
        elif (found := _TERM.match(line)) and not self._paragraph:
            self._in_list = False
            self._paragraph = [f"{found[1]}: {found[2] or ''}".rstrip()]
        else:
            self._paragraph.append(line.strip())

    def _skipped(self, line: str) -> bool:
        """Leave out comments, what is passed on unread, and the marks around blocks of text."""
        if line.startswith("//"):
            if line.startswith("////"):
                self._until(line)
            return True
        if _CONDITION.match(line):
            return True
        if set(line) == {"+"}:
            self._flush()
            if len(line) > 3:
                self._until(line)
            return True
        if _CONTAINER.match(line) and not _LISTING.fullmatch(line):
            self._flush()
            return True
        return False

    def _block_of_lines(self, line: str) -> bool:
        """Take a listing or a table as a whole."""
        listing = _LISTING.match(line) if line.startswith("```") else _LISTING.fullmatch(line)
        if listing:
            self._flush()
            self._block(fenced("\n".join(self._until(listing[1]))))
        elif table := _TABLE.match(line):
            self._flush()
            self._table("\n".join(self._until(line)), table[1])
        return bool(listing) or bool(_TABLE.match(line))

    def _structure(self, line: str) -> bool:
        """Take a line that says something of the document; False for one of text."""
        if found := _HEADING.match(line):
            level = len(found[1]) - 1
            self.extract.add_heading(level, self._inline(found[2]))
            self._in_list = False
            if level == 0:
                self._header()
        elif found := _ATTRIBUTE.match(line):
            self._attributes[found[1].strip("!")] = self._inline(found[2] or "")
        elif found := _DIRECTIVE.match(line):
            if line.startswith("image"):
                self.extract.add(self._inline(found[1].split(",")[0].strip('"')))
        elif found := _BLOCK_ATTRIBUTES.match(line):
            self._given = found[1] or self._given
        elif found := _TITLE.match(line):
            self.extract.add(self._inline(found[1]))
        else:
            return False
        return True

    def _header(self) -> None:
        """Attributes below the title; the lines of author and revision are left out."""
        while self._at < len(self._lines) and self._lines[self._at].strip():
            line = self._lines[self._at].rstrip()
            self._at += 1
            if found := _ATTRIBUTE.match(line):
                self._attributes[found[1].strip("!")] = self._inline(found[2] or "")

    def _until(self, mark: str) -> list[str]:
        """The lines up to the one that ends the block."""
        start = self._at
        while self._at < len(self._lines) and self._lines[self._at].rstrip() != mark:
            self._at += 1
        self._at += 1
        return list(self._lines[start : self._at - 1])

    def _flush(self) -> None:
        if self._paragraph:
            self._block(self._inline(" ".join(self._paragraph)))
            self._paragraph = []

    def _block(self, text: str) -> None:
        self._end_list()
        admonition = self._given.split(",")[0].strip().upper()
        self.extract.add(f"{admonition}: {text}" if admonition in _ADMONITIONS else text)
        self._given = ""

    def _end_list(self) -> None:
        self._in_list = False
        self._numbers = []

    def _item(self, mark: str, text: str) -> None:
        depth = len(mark) - 1 if mark[0] in "*." else 0
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line.strip() or _ITEM.match(line) or line[:1] in "[/+|=." or _LISTING.fullmatch(line.rstrip()):
                break
            text += f" {line.strip()}"
            self._at += 1
        bullet = "-"
        if mark[0] == "." or mark[0].isdigit():
            self._numbers = [*self._numbers, *[0] * (depth + 1)][: depth + 1]
            self._numbers[depth] += 1
            bullet = f"{self._numbers[depth]}."
        self.extract.add(f"{'  ' * depth}{bullet} {self._inline(text)}", tight=self._in_list)
        self._in_list = True

    def _table(self, text: str, separator: str) -> None:
        given, self._given = self._given, ""
        rows = list(_rows(text, given, separator))
        cells = [[clean_cell(self._inline(cell)) for cell in row] for row in rows if any(row)]
        first = next((line for line in text.split("\n") if line.strip()), "")
        below = text[text.find(first) + len(first) :].startswith("\n\n") and first.count("|") > 1
        head = cells[0] if len(cells) > 1 and ("header" in given or below) else None
        add_table(self.extract, cells[1:] if head else cells, head, level=3, first=1)
        self._end_list()

    def _inline(self, text: str) -> str:
        text = _REFERENCE.sub(lambda found: self._attributes.get(found[1], found[0]), text)
        for pattern, kind in _INLINE:
            text = pattern.sub(lambda found, kind=kind: _written(found, kind), text)
        return text.replace("\\", "") if "\\" in text and "\\\\" not in text else text


def _written(found: re.Match[str], kind: str) -> str:
    groups = [each for each in found.groups() if each]
    if not groups:
        return ""
    if kind == "raised":
        return raised(groups[0])
    if kind == "lowered":
        return lowered(groups[0])
    if kind == "note":
        return f" ({groups[0]})"
    return groups[-1].split(",")[0] if kind == "link" and len(groups) > 1 else groups[-1]


def _rows(text: str, given: str, separator: str) -> Iterator[list[str]]:
    """The cells of a table row by row; those that span are repeated."""
    if separator != "|":
        mark = {",": ",", ":": ":", "!": "!"}[separator]
        yield from ([cell.strip() for cell in line.split(mark)] for line in text.split("\n") if line.strip())
        return
    cells: list[tuple[str, int, int]] = []
    marks = list(_CELL.finditer(text))
    for found, following in zip(marks, [*marks[1:], None], strict=True):
        words = text[found.end() : following.start() if following else len(text)].replace("\\|", "¦").strip()
        columns, rows = int(found[1] or 1), int(found[2] or found[3] or 1)
        if found[4] == "*":
            cells += [(words, 1, 1)] * min(columns, 100)
        else:
            cells.append((words, min(columns, 100), min(rows, 1000)))
    yield from _filled(cells, _width(text, given))


def _width(text: str, given: str) -> int:
    """How many columns a table has: as it says, else as its first line has."""
    if found := _COLUMNS.search(given):
        widths = (found[1] or found[2]).split(",")
        return sum(int(each.split("*")[0]) if "*" in each and each.split("*")[0].isdigit() else 1 for each in widths)
    first = next((line for line in text.split("\n") if line.strip()), "")
    return sum(int(found[1] or 1) for found in _CELL.finditer(first)) or 1


def _filled(cells: Sequence[tuple[str, int, int]], width: int) -> Iterator[list[str]]:
    spanning: dict[int, tuple[str, int]] = {}
    row: list[str] = []
    left = list(reversed(cells))
    while left or row:
        if len(row) >= width or not left:
            yield row
            row = []
            if not left:
                return
            continue
        if len(row) in spanning:
            words, more = spanning.pop(len(row))
            if more > 1:
                spanning[len(row)] = words, more - 1
            row.append(words)
            continue
        words, columns, rows = left.pop()
        for _ in range(columns):
            if rows > 1:
                spanning[len(row)] = words, rows - 1
            row.append(words)
