"""What a Word document shows by more than its words: raised figures, numbers of lists, equations, tracked changes."""

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from memory.documents.parsing.docx import parse_docx
from memory.documents.sentences import sentences
from tests.fakes.word import append_xml, repacked, word_file

SUP, SUB = "<w:vertAlign w:val='superscript'/>", "<w:vertAlign w:val='subscript'/>"
MATH = "xmlns:m='http://schemas.openxmlformats.org/officeDocument/2006/math'"


def text_of(write: Callable[[Any], object]) -> str:
    return parse_docx("a.docx", word_file(write)).text


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t xml:space='preserve'>{text}</w:t></w:r>"


def paragraph(*runs: str) -> Callable[[Any], None]:
    return lambda document: append_xml(document, f"<w:p {{w}}>{''.join(runs)}</w:p>")


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([run("10"), run("9", SUP), run(" ohm")], "10⁹ ohm"),
        ([run("10"), run("-", SUP), run("9", SUP)], "10⁻⁹"),
        ([run("CO"), run("2", SUB), run(", V"), run("max", SUB)], "CO₂, V_max"),
        ([run("10"), run("6", "<w:position w:val='6'/>")], "10⁶"),
        ([run("30 ", "<w:strike/>"), run("20 ", "<w:dstrike/>"), run("90", "<w:strike w:val='0'/>")], "90"),
        ([run("5 "), run("m", "<w:rFonts w:ascii='Symbol'/>"), run("m")], "5 μm"),
        ([run("90 "), "<w:r><w:sym w:font='Symbol' w:char='F0B0'/></w:r>", run("C")], "90 °C"),
        (
            [run("E"), "<w:r><w:noBreakHyphen/></w:r>", run("F071 ex"), "<w:r><w:softHyphen/></w:r>", run("change")],
            "E-F071 exchange",
        ),
        (["<w:fldSimple w:instr='DATE'>", run("2026"), "</w:fldSimple>"], "2026"),
    ],
)
def test_characters_as_they_are_shown(runs: list[str], text: str) -> None:
    assert text_of(paragraph(*runs)) == text


def test_the_instructions_of_fields_are_not_text() -> None:
    field = "<w:r><w:fldChar w:fldCharType='{}'/></w:r>"
    inner = "<w:r><w:instrText> REF x </w:instrText></w:r><w:r><w:t>junk</w:t></w:r>"
    shown = [run("see "), field.format("begin"), inner, field.format("separate"), run("page 3"), field.format("end")]
    assert text_of(paragraph(*shown)) == "see page 3"
    equation = [field.format("begin"), "<w:r><w:instrText>EQ \\\\f(1,2)</w:instrText></w:r>", field.format("end")]
    assert "⟦formula not readable⟧" in text_of(paragraph(run("It is "), *equation, run(" bar.")))


def part(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


POWER = f"<m:sSup><m:e>{part('v')}</m:e><m:sup>{part('2')}</m:sup></m:sSup>"


@pytest.mark.parametrize(
    ("math", "text"),
    [
        (part("F = 12 N"), "F = 12 N"),
        (f"{part('F=')}<m:f><m:num>{part('m')}{POWER}</m:num><m:den>{part('2r')}</m:den></m:f>", "F = (mv²)/(2r)"),
        (f"<m:rad><m:radPr><m:degHide m:val='1'/></m:radPr><m:deg/><m:e>{part('a+b')}</m:e></m:rad>", "√(a+b)"),
        (
            (
                f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{part('i=1')}</m:sub><m:sup>{part('n')}</m:sup>"
                f"<m:e>{part('x')}</m:e></m:nary>"
            ),
            "∑_(i = 1)^(n) x",
        ),
        (
            (
                f"<m:d><m:e><m:m><m:mr><m:e>{part('1')}</m:e><m:e>{part('2')}</m:e></m:mr>"
                f"<m:mr><m:e>{part('3')}</m:e><m:e>{part('4')}</m:e></m:mr></m:m></m:e></m:d>"
            ),
            "[1, 2; 3, 4]",
        ),
    ],
)
def test_equations_come_in_one_line(math: str, text: str) -> None:
    written = text_of(paragraph(run("It is "), f"<m:oMath {MATH}>{math}</m:oMath>", run(" at rest.")))
    assert written == f"It is {text} at rest."


def test_an_equation_that_cannot_be_read_leaves_a_gap_and_no_answer() -> None:
    text = text_of(paragraph(run("The force is "), f"<m:oMath {MATH}><m:r/></m:oMath>", run(" at rest. It is high.")))
    assert text.startswith("The force is ⟦formula not readable⟧ at rest.")
    assert [text[start:end] for start, end in sentences(text)] == ["It is high."]


def test_lists_count_and_go_on() -> None:
    def write(document: Any) -> None:
        for words, style in (
            ("a", "List Number"),
            ("b", "List Number"),
            ("more", "List Continue"),
            ("c", "List Number"),
        ):
            document.add_paragraph(words, style=style)
        document.add_paragraph("Between.")
        document.add_paragraph("d", style="List Number")

    assert text_of(write) == "1. a\n2. b\n  more\n3. c\n\nBetween.\n\n4. d"


NUMBERING = (
    "<w:numbering xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'>"
    "<w:abstractNum w:abstractNumId='0'>"
    "<w:lvl w:ilvl='0'><w:start w:val='1'/><w:numFmt w:val='decimal'/><w:lvlText w:val='%1.'/></w:lvl>"
    "<w:lvl w:ilvl='1'><w:start w:val='1'/><w:numFmt w:val='lowerLetter'/><w:lvlText w:val='%1.%2)'/></w:lvl>"
    "<w:lvl w:ilvl='2'><w:start w:val='4'/><w:numFmt w:val='upperRoman'/><w:lvlText w:val='(%3)'/></w:lvl>"
    "</w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num>"
    "<w:num w:numId='2'><w:abstractNumId w:val='0'/><w:lvlOverride w:ilvl='0'><w:startOverride w:val='7'/>"
    "</w:lvlOverride></w:num></w:numbering>"
)


def test_levels_formats_restarts_and_overrides() -> None:
    def write(document: Any) -> None:
        for level, number in ((0, 1), (1, 1), (1, 1), (2, 1), (0, 1), (1, 1), (0, 2), (0, 2)):
            properties = f"<w:numPr><w:ilvl w:val='{level}'/><w:numId w:val='{number}'/></w:numPr>"
            append_xml(document, f"<w:p {{w}}><w:pPr>{properties}</w:pPr>{run('x')}</w:p>")

    document = parse_docx("a.docx", repacked(word_file(write), "word/numbering.xml", NUMBERING.encode()))
    assert document.text.split("\n") == [
        "1. x", "  - 1.a) x", "  - 1.b) x", "    - (IV) x", "2. x", "  - 2.a) x", "7. x", "8. x",
    ]  # fmt: skip


def test_merged_cells_are_repeated_under_their_heads() -> None:
    def write(document: Any) -> None:
        table = document.add_table(4, 3)
        rows = [["Model", "Speed", "Flow"], ["PX", "low", "12"], ["", "high", "55"], ["PY", "n/a", ""]]
        for down, row in enumerate(rows):
            for across, words in enumerate(row):
                table.cell(down, across).text = words
        table.cell(1, 0).merge(table.cell(2, 0))
        table.cell(3, 1).merge(table.cell(3, 2))

    assert text_of(write) == ("Model | Speed | Flow\n--- | --- | ---\nPX | low | 12\nPX | high | 55\nPY | n/a | n/a")


def test_a_text_box_in_a_cell_is_read_once() -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>"
    both = (
        "<mc:AlternateContent xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'>"
        f"<mc:Choice Requires='wps'>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    )
    row = f"<w:tc><w:p><w:r><w:t>a</w:t>{both}</w:r></w:p></w:tc><w:tc><w:p>{run('b')}</w:p></w:tc>"
    assert text_of(lambda document: append_xml(document, f"<w:tbl {{w}}><w:tr>{row}</w:tr></w:tbl>")) == "a boxed | b"


def test_tracked_changes_are_read_as_accepted() -> None:
    def write(document: Any) -> None:
        mark = "<w:pPr><w:rPr><w:del w:id='1'/></w:rPr></w:pPr>"
        old = "<w:del w:id='2'><w:r><w:delText>30</w:delText></w:r></w:del>"
        append_xml(document, f"<w:p {{w}}>{mark}{run('Wait ')}{old}</w:p>")
        append_xml(document, f"<w:p {{w}}><w:ins w:id='3'>{run('90')}</w:ins>{run(' minutes.')}</w:p>")
        cells = "<w:tc><w:p>{}</w:p></w:tc><w:tc><w:p>{}</w:p></w:tc>"
        gone = f"<w:tr><w:trPr><w:del w:id='4'/></w:trPr>{cells.format(run('x'), run('1'))}</w:tr>"
        append_xml(document, f"<w:tbl {{w}}>{gone}<w:tr>{cells.format(run('y'), run('2'))}</w:tr></w:tbl>")

    assert text_of(write) == "Wait 90 minutes.\n\ny | 2"


def test_what_is_to_be_filled_in_is_not_text() -> None:
    control = f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{run('Click here')}</w:sdtContent></w:sdt>"
    assert text_of(paragraph(run("Name:"), control)) == "Name:"


def with_part(data: bytes, name: str, content: str, kind: str) -> bytes:
    """Add a part that the document refers to."""
    relation = f"<Relationship Id='rId99' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}' Target='{name}'/>"
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w") as target:
        for member in source.namelist():
            held = source.read(member)
            if member == "word/_rels/document.xml.rels":
                held = held.replace(b"</Relationships>", f"{relation}</Relationships>".encode())
            target.writestr(member, held)
        target.writestr(f"word/{name}", content)
    return file.getvalue()


def test_notes_are_marked_and_stand_after_what_refers_to_them() -> None:
    notes = (
        "<w:footnotes xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'>"
        "<w:footnote w:id='2'><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t> Only dry.</w:t></w:r></w:p></w:footnote>"
        "</w:footnotes>"
    )
    reference = "<w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:footnoteReference w:id='2'/></w:r>"

    def write(document: Any) -> None:
        paragraph(run("The load is 24"), reference, run(" kg."))(document)
        document.add_paragraph("Next.")

    data = with_part(word_file(write), "footnotes.xml", notes, "footnotes")
    assert parse_docx("a.docx", data).text == "The load is 24[1] kg.\n\n[1] Only dry.\n\nNext."


def test_strict_open_xml_is_read() -> None:
    data = word_file(lambda document: (document.add_heading("Winch", 1), document.add_paragraph("It pulls 650 kg.")))
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            strict = re.sub(
                rb"http://schemas\.openxmlformats\.org/(wordprocessingml|officeDocument)/2006/",
                rb"http://purl.oclc.org/ooxml/\1/",
                source.read(name),
            )
            target.writestr(name, source.read(name) if name == "[Content_Types].xml" else strict)
    assert parse_docx("a.docx", file.getvalue()).text == "Winch\n\nIt pulls 650 kg."
