import threading

import pytest

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.pdf import parse_pdf
from memory.documents.passages import ParsedDocument
from tests.fakes.documents import check_document
from tests.fakes.pdf import Entry, Words, column, make_pdf


def parsed(data: bytes) -> ParsedDocument:
    document = parse_pdf("manuals/t1.pdf", data)
    check_document(document)
    return document


def sections(document: ParsedDocument) -> list[tuple[tuple[str, ...], str]]:
    return [(each.heading_path, document.text[each.start : each.end].strip()) for each in document.sections]


WRAPPED = [
    "The gateway lowers its clock at 85 °C and shuts down at 95 °C; it",
    "restarts by itself once it is below 75 °C.",
]


def test_lines_are_joined_and_paragraphs_kept_apart() -> None:
    document = parsed(make_pdf([column([*WRAPPED, "", "Leave 50 mm of free space above the housing."])]))
    assert document.text == f"{' '.join(WRAPPED)}\n\nLeave 50 mm of free space above the housing."


def test_without_an_outline_each_page_is_a_section() -> None:
    document = parsed(make_pdf([column(["First page."]), [], column(["Third page."])]))
    assert sections(document) == [(("Page 1",), "First page."), (("Page 3",), "Third page.")]


def test_a_sentence_that_runs_on_belongs_to_the_page_it_begins_on() -> None:
    document = parsed(make_pdf([column([WRAPPED[0]]), column([WRAPPED[1], "", "More."])]))
    assert sections(document) == [(("Page 1",), " ".join(WRAPPED)), (("Page 2",), "More.")]


def test_the_outline_gives_sections_and_the_title() -> None:
    pages = [
        [
            *column(["Boreal T1"], size=18),
            *column(["A tower.", "", "1. Drives"], top=700),
            *column(["Four bays."], top=640),
        ],
        [
            *column(["Exchange of a", "drive"], size=14, leading=18),
            *column(["Pull it.", "", "Signals", "", "It beeps."], top=650),
        ],
    ]
    outline = [Entry("Boreal T1", 0), Entry("Drives", 0, 2), Entry("Exchange of a drive", 1, 3), Entry("Signals", 1, 2)]
    document = parsed(make_pdf(pages, outline))
    assert document.title == "Boreal T1"
    assert sections(document) == [
        ((), "Boreal T1\n\nA tower."),
        (("Drives",), "1. Drives\n\nFour bays."),
        (("Drives", "Exchange of a drive"), "Exchange of a drive\n\nPull it."),
        (("Signals",), "Signals\n\nIt beeps."),
    ]


def test_a_bookmark_without_its_words_is_found_by_its_place() -> None:
    page = [*column(["Before."], top=740), *column(["After."], top=600)]
    outline = [Entry("Start", 0, top=780), Entry("Figures", 0, top=640)]
    assert sections(parsed(make_pdf([page], outline))) == [(("Start",), "Before."), (("Figures",), "After.")]


def test_a_bookmark_to_a_page_alone_begins_there() -> None:
    document = parsed(make_pdf([column(["One."]), column(["Two."])], [Entry("A", 0), Entry("B", 1), Entry("C", 1)]))
    assert sections(document) == [(("A",), "One."), (("B",), "Two.")]


def test_the_title_is_the_property_or_the_file_name() -> None:
    page = [column(["Text."])]
    assert parsed(make_pdf(page, title="保养手册")).title == "保养手册"
    assert parsed(make_pdf(page, title="Microsoft Word - draft.docx")).title == "t1"


def test_titles_that_cannot_be_read_are_left_out() -> None:
    document = parsed(make_pdf([column(["Text."])], [Entry(" ", 0), Entry("\ud800", 0)], title="\ud800"))
    assert document.title == "t1"
    assert sections(document) == [(("Page 1",), "Text.")]


def test_table_rows_keep_their_columns() -> None:
    rows = [("Item", "Value"), ("Fan", "wash every 3 months"), ("Battery", "every 6 years")]
    page = [
        Words(cell, left, 700 - 18 * at)
        for at, row in enumerate(rows)
        for cell, left in zip(row, (70, 200), strict=True)
    ]
    assert parsed(make_pdf([page])).text == "Item | Value\nFan | wash every 3 months\nBattery | every 6 years"


def test_running_headers_and_footers_are_dropped() -> None:
    def page(number: int) -> list[Words]:
        body = column([f"Part {'abc'[number - 1]} of the text."], top=600)
        return [Words(f"HD-MAN-T1 rev. C {number}", base=30), Words("Halden Devices", base=800), *body]

    text = parsed(make_pdf([page(1), page(2), page(3)])).text
    assert text == "Part a of the text.\n\nPart b of the text.\n\nPart c of the text."
    two = parsed(make_pdf([page(1), page(2)])).text
    assert "rev. C" not in two
    assert "Halden Devices" in two


def test_words_torn_at_line_ends_are_mended() -> None:
    lines = [
        "The clock battery is replaced by a trained and certified mainte-",
        "nance worker. The design of the gateway has no moving part: fan-",
        "less. A fan-less design needs clearance; the part number is HD-",
        "SE30.",
    ]
    assert parsed(make_pdf([column(lines)])).text == (
        "The clock battery is replaced by a trained and certified maintenance worker. The design of the gateway has no"
        " moving part: fan-less. A fan-less design needs clearance; the part number is HD-SE30."
    )


def test_lists_become_items() -> None:
    lines = [
        "1. Unplug the supply and wait until all lights have gone out,",
        "which takes a minute.",
        "2. Wait.",
        "• Done.",
    ]
    assert parsed(make_pdf([column(lines)])).text == f"{lines[0]} {lines[1]}\n2. Wait.\n- Done."


def test_chinese_lines_are_joined_without_a_blank() -> None:
    lines = ["网关在温度达到八十五摄氏度时降低时钟频率，达到九十五摄氏度时", "关机。温度下降后自动重启。"]
    assert parsed(make_pdf([column(lines)])).text == "".join(lines)


def test_a_password_is_named() -> None:
    with pytest.raises(InvalidInput, match="password"):
        parsed(make_pdf([column(["x"])], locked=True))


def test_scanned_pages_are_sent_to_ocr() -> None:
    with pytest.raises(InvalidInput, match="no text") as caught:
        parsed(make_pdf([[], []]))
    assert "OCR" in caught.value.advice


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"not a pdf", make_pdf([column(["x"])])[:200]])
def test_a_damaged_file_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        parsed(data)


def test_threads_do_not_disturb_each_other() -> None:
    files = [make_pdf([column([f"Document {number} page {page}."]) for page in range(20)]) for number in range(4)]
    texts: dict[int, str] = {}

    def read(number: int) -> None:
        for _ in range(5):
            texts[number] = parse_pdf("a.pdf", files[number]).text

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(texts[number].count(f"Document {number} ") == 20 for number in range(4))
