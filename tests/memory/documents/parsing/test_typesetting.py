"""What a page of a PDF shows by the places of its characters, through the reader of PDF."""

import pytest

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.pdf import parse_pdf
from memory.documents.parsing.typesetting import Glyph, lines_of
from tests.fakes.pdf import Drawn, Words, column, make_pdf

LEFT = [
    "The pump is started by the operator who",
    "stands at the panel and waits until the",
    "green light shows. After this the valve",
    "may be opened by a quarter turn and the",
    "flow rises to the value in the table.",
]
RIGHT = [
    "A second person must watch the gauge at",
    "the outlet, because the pressure may go",
    "beyond the limit of six bar. When that",
    "happens the pump is to be stopped at",
    "once and the valve is closed again.",
]


def text_of(*items: Words | Drawn) -> str:
    return parse_pdf("a.pdf", make_pdf([items])).text


def by_line(*columns: list[Words]) -> list[Words]:
    return [words for line in zip(*columns, strict=True) for words in line]


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([Words("The value is 10", 70), Words("9", 138, 704, 6), Words("ohm.", 147)], "The value is 10⁹ ohm."),
        ([Words("The value is 10", 70), Words("ohm.", 147), Words("9", 138, 704, 6)], "The value is 10⁹ ohm."),
        ([Words("The gas is CO", 70), Words("2", 137, 698, 6), Words("at 5 bar.", 145)], "The gas is CO₂ at 5 bar."),
        ([Words("1", 70, 704, 6), Words("at 20 degrees only", 74.5)], "¹ at 20 degrees only"),
        ([Words("The value is 10", 70), Words("-12", 138, 704, 6), Words("F.", 155)], "The value is 10⁻¹² F."),
    ],
)
def test_small_characters_that_are_raised_or_lowered(items: list[Words], text: str) -> None:
    assert text_of(*items) == text


def test_a_gap_of_justified_prose_is_no_column() -> None:
    text = text_of(
        Words("The filter of the dryer must be cleaned after every", 60, 780),
        Words("run. Never operate the dryer without its fil-", 60, 768),
        Words("ter in place.", 60, 756),
        Words("A blocked filter makes the", 135, 756),
        Words("dryer stop after ten minutes of operation.", 60, 744),
    )
    assert "Never operate the dryer without its filter in place. A blocked filter makes the dryer stop" in text


def test_a_lone_line_with_a_gap_is_no_table() -> None:
    assert text_of(Words("Pressure", 70), Words("6 bar", 300)) == "Pressure 6 bar"


def test_rows_have_heads_and_wrapped_cells_belong_to_them() -> None:
    rows = [("Model", "Speed", "Flow"), ("PX-10", "low, with", "12"), ("", "the lid shut", ""), ("PX-20", "high", "30")]
    items = [
        Words(cell, left, 700 - 14 * at)
        for at, row in enumerate(rows)
        for cell, left in zip(row, (70, 200, 330), strict=True)
        if cell
    ]
    assert text_of(*items) == (
        "Model | Speed | Flow\n--- | --- | ---\nPX-10 | low, with the lid shut | 12\nPX-20 | high | 30"
    )


@pytest.mark.parametrize("order", ["in turn", "line by line", "right first"])
def test_two_columns_are_read_one_after_the_other(order: str) -> None:
    left, right = column(LEFT, left=60), column(RIGHT, left=320)
    pages = {"in turn": [*left, *right], "line by line": by_line(left, right), "right first": [*right, *left]}
    assert text_of(*pages[order]) == f"{' '.join(LEFT)}\n\n{' '.join(RIGHT)}"


@pytest.mark.parametrize("order", ["before each", "at the end"])
def test_line_numbers_in_the_margin_are_left_out(order: str) -> None:
    numbers = [Words(str(at + 1), 50, 740 - 14 * at) for at in range(5)]
    text = column(LEFT, left=80)
    assert text_of(*(by_line(numbers, text) if order == "before each" else [*text, *numbers])) == " ".join(LEFT)


def test_the_numbers_of_a_list_of_parts_stay() -> None:
    parts = ["Housing", "Rotor", "Seal ring", "Cover", "Bolt"]
    items = by_line(
        [Words(str(at + 1), 50, 740 - 14 * at) for at in range(5)],
        [Words(part, 80, 740 - 14 * at) for at, part in enumerate(parts)],
        [Words("4", 200, 740 - 14 * at) for at in range(5)],
    )
    assert text_of(*items) == "\n".join(f"{at} | {part} | 4" for at, part in enumerate(parts, start=1))


def test_text_that_is_printed_twice_for_bold_type_is_read_once() -> None:
    assert text_of(Words("Bold 6 bar", 70), Words("Bold 6 bar", 70.3)) == "Bold 6 bar"


@pytest.mark.parametrize("line", [b"94 702.8 11 0.7 re f", b"0.7 w 94 703 m 105 703 l S"])
def test_text_with_a_line_through_it_is_left_out(line: bytes) -> None:
    underline = Drawn(b"70 698.5 90 0.5 re f")
    assert text_of(Words("Wait 30 90 minutes.", 70), Drawn(line), underline) == "Wait 90 minutes."


def test_turned_text_stands_apart() -> None:
    margin = Words("HD-MAN 2026", 30, 500, 8, 1)
    text = text_of(*column(LEFT[:2], left=80), margin, *column(LEFT[2:], left=80, top=712))
    assert text == f"{' '.join(LEFT)}\n\nHD-MAN 2026"
    assert text_of(*(Words(line, 100 + 14 * at, 100, 10, 1) for at, line in enumerate(LEFT))) == " ".join(LEFT)


def test_ranges_and_compounds_at_the_end_of_lines() -> None:
    lines = [
        "The range of the pressure of this pump is 10–",
        "20 bar. A high voltage: a voltage of 9 is high. The high-",
    ]
    assert text_of(*column([*lines, "voltage cable is red."])) == (
        "The range of the pressure of this pump is 10–20 bar. A high voltage: a voltage of 9 is high. "
        "The high-voltage cable is red."
    )


def test_a_word_torn_between_pages_is_mended() -> None:
    pages = [column(["The dryer is operated with its fil-"]), column(["ter in place."])]
    assert parse_pdf("a.pdf", make_pdf(pages)).text == "The dryer is operated with its filter in place."


def test_an_unknown_character_leaves_a_gap() -> None:
    glyphs = [Glyph(char, 10.0 * at, 0.0, 10.0 * at + 9, 10.0) for at, char in enumerate("6 \ufffd\ufffd bar")]
    assert [line.text for line in lines_of([glyphs], 0, 800.0)] == ["6 ⟦character not readable⟧ bar"]


def written_file(*objects: bytes) -> bytes:
    data = b"%PDF-1.6\n"
    offsets: list[int] = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(data))
    return data + head + table + tail


def stream(content: bytes, fields: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), fields, content)


def test_the_values_of_fields_and_the_strikes_of_annotations() -> None:
    form = b"/AcroForm<</Fields[6 0 R 7 0 R]/DA(/F1 10 Tf)/DR<</Font<</F1 5 0 R>>>>>>"
    page = b"/Resources<</Font<</F1 5 0 R>>>>/Annots[6 0 R 7 0 R 8 0 R 9 0 R 10 0 R]"
    shown = (
        b"BT /F1 10 Tf 1 0 0 1 60 700 Tm (Set pressure:) Tj 1 0 0 1 60 680 Tm (Filter cleaned) Tj"
        b" 1 0 0 1 60 660 Tm (Wait 30 90 minutes.) Tj ET"
    )
    data = written_file(
        b"<</Type/Catalog/Pages 2 0 R%s>>" % form,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R%s>>" % page,
        stream(shown),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(p)/V(6 bar)/Rect[130 696 200 712]/F 4/P 3 0 R/DA(/F1 10 Tf)>>",
        b"<</Type/Annot/Subtype/Widget/FT/Btn/T(c)/V/Yes/AS/Yes/Rect[45 678 57 690]/F 4/P 3 0 R"
        b"/AP<</N<</Yes 11 0 R/Off 11 0 R>>>>>>",
        b"<</Type/Annot/Subtype/StrikeOut/Rect[83 658 96 670]/QuadPoints[83 670 96 670 83 658 96 658]/F 4>>",
        b"<</Type/Annot/Subtype/Text/Contents(Checked in May)/Rect[60 600 80 620]/F 4>>",
        b"<</Type/Annot/Subtype/Text/Contents(Hidden remark)/Rect[60 500 80 520]/F 2>>",
        stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 10 10]"),
    )
    assert parse_pdf("a.pdf", data).text == (
        "Set pressure: 6 bar\n\n☒ Filter cleaned\n\nWait 90 minutes.\n\nNote: Checked in May"
    )


def test_a_file_that_does_not_say_what_its_characters_are_is_refused() -> None:
    font = b"/BaseFont/ABCDEF+Foo/Encoding/Identity-H/DescendantFonts[6 0 R]"
    descendant = (
        b"/BaseFont/ABCDEF+Foo/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor 7 0 R"
    )
    data = written_file(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        stream(b"BT /F1 10 Tf 1 0 0 1 60 700 Tm <0029002A002B0003002C002D> Tj ET"),
        b"<</Type/Font/Subtype/Type0%s>>" % font,
        b"<</Type/Font/Subtype/CIDFontType2%s>>" % descendant,
        b"<</Type/FontDescriptor/FontName/ABCDEF+Foo/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800"
        b"/Descent -200/CapHeight 700/StemV 80>>",
    )
    with pytest.raises(InvalidInput, match="does not say which characters") as caught:
        parse_pdf("a.pdf", data)
    assert "OCR" in caught.value.advice
