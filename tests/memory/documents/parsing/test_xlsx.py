"""Excel workbooks."""

import io
import zipfile
from datetime import date

import pytest
from openpyxl import Workbook
from openpyxl.styles import Font

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.xlsx import parse_xlsx
from tests.fakes.documents import check_document


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_value(data: bytes, formula: str, value: str) -> bytes:
    """The workbook as Excel saves it: a formula with the value that it had last."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name).decode("utf-8")
            part = part.replace(f"<f>{formula}</f><v></v>", f"<f>{formula}</f><v>{value}</v>")
            new.writestr(name, part.replace(f"<f>{formula}</f><v />", f"<f>{formula}</f><v>{value}</v>"))
    return out.getvalue()


@pytest.fixture
def book() -> Workbook:
    book = Workbook()
    sheet = book.active
    sheet.title = "Prices"
    sheet["A1"] = "Price list of the Lyra parts"
    sheet.merge_cells("A1:E1")
    sheet.append([])
    sheet.append(["Group", "Part", "Price", "Discount", "Valid from"])
    sheet.append(["Cables", "K7", 1234.5, 0.125, date(2026, 3, 1)])
    sheet.append([None, "K8", 3.5, 0.2, date(2026, 4, 1)])
    sheet.merge_cells("A4:A5")
    for row in (4, 5):
        sheet.cell(row, 3).number_format = "#,##0.00 [$€-407]"
        sheet.cell(row, 4).number_format = "0.0%"
        sheet.cell(row, 5).number_format = "dd.mm.yyyy"
    return book


def test_rows_stand_under_their_heads_as_they_are_shown(book: Workbook) -> None:
    document = parse_xlsx("export.xlsx", saved(book))
    check_document(document)
    assert document.title == "Price list of the Lyra parts"
    assert document.sections[0].heading_path == ("Prices",)
    assert document.text == (
        "Prices\n\nPrice list of the Lyra parts\n\n| Group | Part | Price | Discount | Valid from |\n|--|-|-|-|-|\n"
        "| Cables | K7 | 1,234.50 € | 12.5% | 01.03.2026 |\n| Cables | K8 | 3.50 € | 20.0% | 01.04.2026 |"
    )


def test_formulas_have_the_value_that_was_saved_last(book: Workbook) -> None:
    book.active["F3"], book.active["F4"] = "Twice", "=C4*2"
    data = saved(book)
    assert "| (not calculated: =C4*2) |" in parse_xlsx("a.xlsx", data).text
    assert "| 2469 |" in parse_xlsx("a.xlsx", with_value(data, "C4*2", "2469")).text


def test_every_sheet_that_is_shown_is_a_section(book: Workbook) -> None:
    secret = book.create_sheet("Secret")
    secret["A1"] = "hidden words"
    secret.sheet_state = "hidden"
    form = book.create_sheet("Form")
    for row in (["Model", "X200"], ["Weight", "3 kg"], ["Colour", "red"]):
        form.append(row)
    document = parse_xlsx("a.xlsx", saved(book))
    assert "hidden words" not in document.text
    assert [section.heading_path for section in document.sections] == [("Prices",), ("Form",)]
    assert document.text.endswith("| Model | X200 |\n| Weight | 3 kg |\n| Colour | red |")  # "Model" is no head


def test_heads_in_two_rows_become_one_and_blank_rows_part_tables() -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["Site", "2025", None, "2026", None])
    sheet.append([None, "Q1", "Q2", "Q1", "Q2"])
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("D1:E1")
    sheet.append(["North", 1, 2, 3, 4])
    sheet.append([])
    sheet.append(["Name", "Phone"])
    sheet["A5"].font = sheet["B5"].font = Font(bold=True)
    sheet.append(["Ann", "ext. twelve"])
    assert parse_xlsx("a.xlsx", saved(book)).text == (
        "| Site | 2025 Q1 | 2025 Q2 | 2026 Q1 | 2026 Q2 |\n|--|-|-|-|-|\n| North | 1 | 2 | 3 | 4 |\n\n"
        "| Name | Phone |\n|--|-|\n| Ann | ext. twelve |"
    )


def test_a_stray_cell_far_away_costs_nothing() -> None:
    book = Workbook()
    book.active.append(["Part", "Price"])
    book.active.append(["K7", 5])
    book.active["A200000"] = "end"
    assert parse_xlsx("a.xlsx", saved(book)).text == "| Part | Price |\n|--|-|\n| K7 | 5 |\n\nend"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04 no archive", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "before Office 2007 or has a password"),
        (saved(Workbook()), "no cells"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(data: bytes, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        parse_xlsx("a.xlsx", data)
    assert caught.value.advice
