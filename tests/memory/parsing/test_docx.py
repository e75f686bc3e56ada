import io
import random
import zipfile
from collections.abc import Callable

import pytest
from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given
from hypothesis import strategies as st

from memory.errors import InvalidInput
from memory.parsing.docx import parse_docx
from memory.passages import ParsedDocument
from tests.fakes.documents import check_document


def saved(write: Callable[[DocumentObject], object]) -> bytes:
    document = Document()
    write(document)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def parsed(write: Callable[[DocumentObject], object]) -> ParsedDocument:
    document = parse_docx("processes/rma.docx", saved(write))
    check_document(document)
    return document


def test_headings_lists_and_tables_come_in_order() -> None:
    def write(document: DocumentObject) -> None:
        document.add_heading("RMA process", level=0)
        document.add_paragraph("Covers every device.")
        document.add_heading("Warranty", level=1)
        table = document.add_table(2, 2)
        for cell, text in zip((cell for row in table.rows for cell in row.cells), "Product Years SE30 3".split(), strict=True):
            cell.text = text
        document.add_heading("Steps", level=2)
        document.add_paragraph("Note the code.", style="List Number")
        document.add_paragraph("", style="List Number")
        document.add_paragraph("Send it.", style="List Bullet")
        document.add_paragraph("End\nof line")

    document = parsed(write)
    assert document.title == "RMA process"
    assert document.text == (
        "RMA process\n\nCovers every device.\n\nWarranty\n\nProduct | Years\nSE30 | 3\n\nSteps\n\n"
        "- Note the code.\n- Send it.\n\nEnd\nof line"
    )
    assert [section.heading_path for section in document.sections] == [(), ("Warranty",), ("Warranty", "Steps")]


def test_the_only_level_one_heading_is_the_title() -> None:
    def write(document: DocumentObject) -> None:
        document.core_properties.title = "Property"
        document.add_heading("Enrolment", level=1)
        document.add_heading("Roles", level=2)

    assert parsed(write).title == "Enrolment"
    assert [section.heading_path for section in parsed(write).sections] == [(), ("Roles",)]


def test_with_several_chapters_the_title_is_the_property_or_the_file_name() -> None:
    def write(document: DocumentObject) -> None:
        document.add_heading("Scope", level=1)
        document.add_heading("Costs", level=1)

    def write_with_property(document: DocumentObject) -> None:
        write(document)
        document.core_properties.title = "Return of devices"

    assert parsed(write).title == "rma"
    assert parsed(write_with_property).title == "Return of devices"
    assert [section.heading_path for section in parsed(write).sections] == [("Scope",), ("Costs",)]


def test_localised_and_derived_heading_styles() -> None:
    def write(document: DocumentObject) -> None:
        document.styles.add_style("标题 1", WD_STYLE_TYPE.PARAGRAPH)
        derived = document.styles.add_style("Company chapter", WD_STYLE_TYPE.PARAGRAPH)
        derived.base_style = document.styles["Heading 2"]
        document.add_paragraph("登记流程", style="标题 1")
        document.add_paragraph("角色", style="Company chapter")
        paragraph = document.add_paragraph("By outline level")
        paragraph._p.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="2"/>'))
        document.add_paragraph("x")

    document = parsed(write)
    assert document.title == "登记流程"
    assert [section.heading_path for section in document.sections] == [(), ("角色",), ("角色", "By outline level")]


def test_numbered_and_nested_paragraphs_are_items() -> None:
    def write(document: DocumentObject) -> None:
        for depth in (0, 1):
            paragraph = document.add_paragraph(f"depth {depth}")
            numbering = f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{depth}"/><w:numId w:val="1"/></w:numPr>'
            paragraph._p.get_or_add_pPr().append(parse_xml(numbering))

    assert parsed(write).text == "- depth 0\n  - depth 1"


def test_insertions_links_and_controls_are_read_deletions_and_hidden_text_are_not() -> None:
    body = (
        "<w:p {w}><w:r><w:t>one </w:t></w:r><w:ins w:id='1'><w:r><w:t>two </w:t></w:r></w:ins>"
        "<w:del w:id='2'><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:hyperlink><w:r><w:t>three</w:t><w:tab/><w:t>four</w:t></w:r></w:hyperlink>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )
    control = "<w:sdt {w}><w:sdtContent><w:p><w:r><w:t>controlled</w:t></w:r></w:p></w:sdtContent></w:sdt>"

    def write(document: DocumentObject) -> None:
        last = document.element.body[-1]
        for xml in (body, control):
            last.addprevious(parse_xml(xml.replace("{w}", nsdecls("w"))))

    assert parsed(write).text == "one two three four\n\ncontrolled"


def test_text_boxes_and_frames_are_read_once() -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>in the box</w:t></w:r></w:p></w:txbxContent>"
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    xml = (
        f"<w:p {nsdecls('w')} xmlns:mc='{mc}'><w:r><w:t>anchor</w:t><mc:AlternateContent><mc:Choice Requires='wps'>{box}"
        f"</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )

    def write(document: DocumentObject) -> None:
        document.element.body[-1].addprevious(parse_xml(xml))
        frame = document.add_table(1, 1).cell(0, 0)
        frame.text = "first"
        frame.add_paragraph("second")

    assert parsed(write).text == "anchor\n\nin the box\n\nfirst\n\nsecond"


def test_a_table_of_contents_is_left_out() -> None:
    def write(document: DocumentObject) -> None:
        document.styles.add_style("toc 1", WD_STYLE_TYPE.PARAGRAPH)
        document.add_paragraph("Scope ... 3", style="toc 1")
        document.add_paragraph("x")

    assert parsed(write).text == "x"


def test_a_document_without_text_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no text"):
        parsed(lambda document: document.add_paragraph(" "))


@pytest.mark.parametrize("data", [b"PK\x03\x04", b"no zip at all", saved(lambda document: document.add_paragraph("x"))[:-400]])
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
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 10_000_000)
    with pytest.raises(InvalidInput, match="would unpack"):
        parse_docx("a.docx", file.getvalue())


def test_an_old_or_protected_document_is_refused_with_advice() -> None:
    with pytest.raises(InvalidInput, match="old .doc") as caught:
        parse_docx("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert "password" in caught.value.advice


def _repacked(data: bytes, member: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, content if name == member else source.read(name))
    return file.getvalue()


SAMPLE = saved(lambda document: (document.add_heading("T", 1), document.add_paragraph("x", "List Bullet")))


@given(
    st.sampled_from(["word/document.xml", "word/styles.xml", "[Content_Types].xml", "_rels/.rels", "docProps/core.xml"]),
    st.randoms(use_true_random=False),
)
def test_damage_inside_gives_a_document_or_a_refusal(member: str, chance: random.Random) -> None:
    with zipfile.ZipFile(io.BytesIO(SAMPLE)) as archive:
        content = bytearray(archive.read(member))
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(content))
        piece = chance.choice([b"", b"x", b"<", b"&a;", b"<w:p>", b"</w:p>", b"\xff", b'w:val="', bytes(content[:place])])
        content[place : place + chance.choice([0, 1, 5, 50])] = piece
    try:
        document = parse_docx("a.docx", _repacked(SAMPLE, member, bytes(content)))
    except InvalidInput:
        return
    check_document(document)
