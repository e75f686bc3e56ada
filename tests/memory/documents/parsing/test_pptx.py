"""Presentations."""

import pytest

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.pptx import parse_pptx
from tests.fakes.archives import paragraph, pptx, shape, table, zipped
from tests.fakes.documents import check_document


def test_a_slide_is_a_section_with_its_text_tables_and_notes() -> None:
    slides = [
        shape("ctrTitle", paragraph("Pump P9 training")) + shape("subTitle", paragraph("Team Hydro")),
        shape("title", paragraph("Safety"))
        + shape("body", paragraph("Wear gloves."), paragraph("Close valve V3 first.", 1))
        + shape("sldNum", paragraph("2")),
        shape("title", paragraph("Limits")) + table([["Pump", "Pressure"], ["P9", "6 bar"], ["P10", "^"]]),
    ]
    document = parse_pptx("deck.pptx", pptx(slides, notes={2: "The pump P9 holds 6 bar."}))
    check_document(document)
    assert document.title == "Pump P9 training"
    assert document.text == (
        "Slide 1: Pump P9 training\n\nTeam Hydro\n\nSlide 2: Safety\n\n- Wear gloves.\n  - Close valve V3 first.\n\nNotes\n\n"
        "The pump P9 holds 6 bar.\n\nSlide 3: Limits\n\n| Pump | Pressure |\n|--|-|\n| P9 | 6 bar |\n| P10 | 6 bar |"
    )
    assert [section.heading_path for section in document.sections] == [
        ("Slide 1: Pump P9 training",),
        ("Slide 2: Safety",),
        ("Slide 2: Safety", "Notes"),
        ("Slide 3: Limits",),
    ]


def test_raised_figures_stay_so_and_struck_text_goes() -> None:
    runs = (
        '<a:r><a:t>At least 10</a:t></a:r><a:r><a:rPr baseline="30000"/><a:t>9</a:t></a:r><a:r><a:t> ohm of H</a:t></a:r>'
        '<a:r><a:rPr baseline="-25000"/><a:t>2</a:t></a:r><a:r><a:t>O</a:t></a:r>'
        '<a:r><a:rPr strike="sngStrike"/><a:t> or 30</a:t></a:r>'
    )
    document = parse_pptx("a.pptx", pptx([shape("", paragraph(runs))]))
    assert document.text == "Slide 1\n\nAt least 10⁹ ohm of H₂O"
    assert document.title == "a"


def test_a_hidden_slide_is_not_read() -> None:
    slides = [shape("title", paragraph("Open")), shape("title", paragraph("Secret"))]
    assert "Secret" not in parse_pptx("a.pptx", pptx(slides, hidden=[2])).text


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04", "damaged"),
        (zipped({"ppt/presentation.xml": "<x/>"}), "damaged"),
        (pptx(["<p:pic/>"]), "no text"),
        (zipped({"ppt/presentation.xml": "0" * 30_000_000}), "unpack"),
    ],
)
def test_what_cannot_be_read_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        parse_pptx("a.pptx", data)
