"""CSV and TSV."""

import pytest

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.delimited import parse_csv
from tests.fakes.documents import check_document


@pytest.mark.parametrize(
    "data",
    [
        b"Part,Length,Price\nKite K7,12 m,4.50 EUR\nKite K8,14 m,5.50 EUR\n",
        b"Part;Length;Price\r\nKite K7;12 m;4.50 EUR\r\nKite K8;14 m;5.50 EUR\r\n",
        b"Part\tLength\tPrice\nKite K7\t12 m\t4.50 EUR\nKite K8\t14 m\t5.50 EUR",
        b'"Part"|"Length"|"Price"\n"Kite K7"|"12 m"|"4.50 EUR"\n"Kite K8"|"14\nm"|"5.50 EUR"\n',
        "Part,Length,Price\nKite K7,12 m,4.50 EUR\nKite K8,14 m,5.50 EUR\n".encode("utf-16"),
    ],
)
def test_whatever_parts_the_cells(data: bytes) -> None:
    document = parse_csv("prices.csv", data)
    check_document(document)
    assert document.title == "prices"
    assert document.text == (
        "| Part | Length | Price |\n|--|-|-|\n| Kite K7 | 12 m | 4.50 EUR |\n| Kite K8 | 14 m | 5.50 EUR |"
    )


def test_lines_before_the_table_are_its_title() -> None:
    document = parse_csv("export (3).csv", "Price list 2026;;\nPart;Price\nK7;4,50 €\n".encode())
    assert document.title == "Price list 2026"
    assert document.text.startswith("Price list 2026\n\n| Part | Price |\n")


def test_a_table_of_figures_has_no_heads() -> None:
    assert parse_csv("a.csv", b"1,2\n3,4\n").text == "| 1 | 2 |\n| 3 | 4 |"


def test_a_file_without_cells_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no cells"):
        parse_csv("a.csv", b",,\n,,\n")
