import io
import random
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.docx import parse_docx
from memory.documents.passages import ParsedDocument
from tests.fakes.documents import check_document
from tests.fakes.word import add_style, append_xml, repacked, set_property, word_file

SAMPLE = word_file(lambda document: (document.add_heading("T", 1), document.add_paragraph("x", "List Bullet")))


def parsed(write: Callable[[Any], object]) -> ParsedDocument:
    document = parse_docx("processes/rma.docx", word_file(write))
    check_document(document)
    return document


def paths(document: ParsedDocument) -> list[tuple[str, ...]]:
    return [section.heading_path for section in document.sections]


def test_headings_lists_and_tables_come_in_order() -> None:
    def write(document: Any) -> None:
        document.add_heading("RMA process", level=0)
        document.add_paragraph("Covers every device.")
        document.add_heading("Warranty", level=1)
        table = document.add_table(2, 2)
        for at, text in enumerate(["Product", "Years", "SE30", "3"]):
            table.cell(at // 2, at % 2).text = text
        document.add_heading("Steps", level=2)
        document.add_paragraph("Note the code.", style="List Number")
        document.add_paragraph("", style="List Number")
        document.add_paragraph("Send it.", style="List Bullet")
        document.add_paragraph("End\nof line")

    document = parsed(write)
    assert document.title == "RMA process"
    assert document.text == (
        "RMA process\n\nCovers every device.\n\nWarranty\n\nProduct | Years\nSE30 | 3\n\nSteps\n\n"
        "1. Note the code.\n- Send it.\n\nEnd\nof line"
    )
    assert paths(document) == [(), ("Warranty",), ("Warranty", "Steps")]


def test_the_only_level_one_heading_is_the_title() -> None:
    def write(document: Any) -> None:
        document.core_properties.title = "Property"
        document.add_heading("Enrolment", level=1)
        document.add_heading("Roles", level=2)

    assert parsed(write).title == "Enrolment"
    assert paths(parsed(write)) == [(), ("Roles",)]


def test_with_several_chapters_the_title_is_the_property_or_the_file_name() -> None:
    def write(document: Any) -> None:
        document.add_heading("Scope", level=1)
        document.add_heading("Costs", level=1)

    def write_with_property(document: Any) -> None:
        write(document)
        document.core_properties.title = "Return of devices"

    assert parsed(write).title == "rma"
    assert parsed(write_with_property).title == "Return of devices"
    assert paths(parsed(write)) == [("Scope",), ("Costs",)]


def test_localised_and_derived_heading_styles() -> None:
    def write(document: Any) -> None:
        document.add_paragraph("登记流程", style=add_style(document, "标题 1"))
        document.add_paragraph("角色", style=add_style(document, "Company chapter", base="Heading 2"))
        set_property(document.add_paragraph("By outline level"), '<w:outlineLvl {w} w:val="2"/>')
        document.add_paragraph("x")

    document = parsed(write)
    assert document.title == "登记流程"
    assert paths(document) == [(), ("角色",), ("角色", "By outline level")]


def test_numbered_and_nested_paragraphs_are_items() -> None:
    def write(document: Any) -> None:
        for depth in (0, 1):
            numbering = f'<w:numPr {{w}}><w:ilvl w:val="{depth}"/><w:numId w:val="1"/></w:numPr>'
            set_property(document.add_paragraph(f"depth {depth}"), numbering)
        set_property(document.add_paragraph("none"), '<w:numPr {w}><w:numId w:val="0"/></w:numPr>')

    assert parsed(write).text == "- depth 0\n  - depth 1\n\nnone"


def test_insertions_links_and_controls_are_read_deletions_and_hidden_text_are_not() -> None:
    paragraph = (
        "<w:p {w}><w:r><w:t>one </w:t></w:r><w:ins w:id='1'><w:r><w:t>two </w:t></w:r></w:ins>"
        "<w:del w:id='2'><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:hyperlink><w:r><w:t>three</w:t><w:tab/><w:t>four</w:t></w:r></w:hyperlink>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )
    control = "<w:sdt {w}><w:sdtContent><w:p><w:r><w:t>controlled</w:t></w:r></w:p></w:sdtContent></w:sdt>"

    def write(document: Any) -> None:
        append_xml(document, paragraph)
        append_xml(document, control)

    assert parsed(write).text == "one two three four\n\ncontrolled"


def test_text_boxes_and_frames_are_read_once() -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>in the box</w:t></w:r></w:p></w:txbxContent>"
    alternatives = (
        "<mc:AlternateContent xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'>"
        f"<mc:Choice Requires='wps'>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    )

    def write(document: Any) -> None:
        append_xml(document, f"<w:p {{w}}><w:r><w:t>anchor</w:t>{alternatives}</w:r></w:p>")
        frame = document.add_table(1, 1).cell(0, 0)
        frame.text = "first"
        frame.add_paragraph("second")

    assert parsed(write).text == "anchor\n\nin the box\n\nfirst\n\nsecond"


def test_merged_and_nested_cells_are_read_once() -> None:
    def write(document: Any) -> None:
        table = document.add_table(2, 2)
        table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
        table.cell(1, 0).text = "left"
        table.cell(1, 1).add_table(1, 1).cell(0, 0).text = "inner"

    assert parsed(write).text == "wide\n\nleft | inner"


def test_cells_in_content_controls_are_read() -> None:
    cells = "<w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>"
    row = cells.format("<w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc>")
    assert parsed(lambda document: append_xml(document, f"<w:tbl {{w}}><w:tr>{row}</w:tr></w:tbl>")).text == "a | b"


def test_a_table_of_contents_is_left_out() -> None:
    def write(document: Any) -> None:
        document.add_paragraph("Scope ... 3", style=add_style(document, "toc 1"))
        document.add_paragraph("x")

    assert parsed(write).text == "x"


def test_a_document_without_text_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no text"):
        parsed(lambda document: document.add_paragraph(" "))


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"no zip at all", SAMPLE[:-400]])
def test_a_damaged_archive_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        parse_docx("a.docx", data)


def test_another_kind_of_archive_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(InvalidInput, match="not a Word document"):
        parse_docx("a.docx", file.getvalue())


def test_an_archive_that_unpacks_to_far_too_much_is_refused() -> None:
    with pytest.raises(InvalidInput, match="would unpack"):
        parse_docx("a.docx", repacked(SAMPLE, "word/document.xml", b" " * 20_000_000))


def test_an_old_or_protected_document_is_refused_with_advice() -> None:
    with pytest.raises(InvalidInput, match=r"old \.doc") as caught:
        parse_docx("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert "password" in caught.value.advice


@given(
    st.sampled_from(
        ["word/document.xml", "word/styles.xml", "[Content_Types].xml", "_rels/.rels", "docProps/core.xml"]
    ),
    st.randoms(use_true_random=False),
)
def test_damage_inside_gives_a_document_or_a_refusal(member: str, chance: random.Random) -> None:
    with zipfile.ZipFile(io.BytesIO(SAMPLE)) as archive:
        content = bytearray(archive.read(member))
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(content))
        piece = chance.choice([b"", b"x", b"<", b"&a;", b"<w:p>", b"</w:p>", b"\xff", b'w:val="', content[:place]])
        content[place : place + chance.choice([0, 1, 5, 50])] = piece
    try:
        document = parse_docx("a.docx", repacked(SAMPLE, member, bytes(content)))
    except InvalidInput:
        return
    check_document(document)
