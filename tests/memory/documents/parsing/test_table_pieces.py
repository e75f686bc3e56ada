"""Tables in pieces that fit into a chunk, each with its heads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.documents.blocks import blocks_of
from memory.documents.chunking import split_into_chunks
from memory.documents.parsing.outline import Extract
from memory.documents.parsing.table_pieces import add_table, clean_cell, has_head, is_figure

CELLS = st.lists(st.text(alphabet="abcde 123|\n€.", max_size=12).map(clean_cell), min_size=2, max_size=5)


def written(rows, head, **options):
    extract = Extract()
    add_table(extract, rows, head, level=2, first=2, **options)
    return extract


def test_each_row_stands_whole_under_its_heads_in_one_chunk() -> None:
    rows = [[f"K{number}", f"{number} m", f"{number}.50 €"] for number in range(250)]
    document = written(rows, ["Part", "Length", "Price"]).document("Parts", "text/csv")
    chunks = split_into_chunks(document)
    assert all(chunk.text.startswith("| Part | Length | Price |\n") for chunk in chunks)
    lines = [line for chunk in chunks for line in chunk.text.split("\n")]
    assert [line for line in lines if line.startswith("| K")] == [f"| {' | '.join(row)} |" for row in rows]
    assert [section.heading_path for section in document.sections] == [
        ("Rows 2–101",),
        ("Rows 102–201",),
        ("Rows 202–251",),
    ]


@given(st.lists(CELLS.filter(any), min_size=1, max_size=30))
def test_no_cell_gets_lost(rows: list[list[str]]) -> None:
    extract = written(rows, None)
    found = [cell.strip() for line in extract.text.split("\n") for cell in line.strip("|").split("|")]
    assert sorted(filter(None, found)) == sorted(cell for row in rows for cell in row if cell)


def test_a_row_too_wide_for_a_chunk_repeats_the_cell_that_names_it() -> None:
    head = ["Model", *(f"property number {at}" for at in range(60))]
    extract = written([["X200", *(f"value {at} mm" for at in range(60))]], head)
    pieces = extract.text.split("\n\n")
    assert len(pieces) > 2
    assert all(piece.split("\n")[-1].startswith("| X200 |") for piece in pieces)
    assert all(f"value {at} mm" in extract.text for at in range(60))


def test_a_cell_as_long_as_a_paragraph_becomes_one() -> None:
    extract = written([["X200", "Turn it off. " * 40]], ["Model", "What to do"])
    assert extract.text.startswith("X200: What to do: Turn it off.")
    assert [block.kind for block in blocks_of(extract.text)] == ["paragraph"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["Part", "Price"], ["K7", "4.50"]], True),
        ([["K7", "4.50"], ["K8", "5.50"]], False),
        ([["Part", "Part"], ["a", "b"]], False),
        ([["Part", "Price"]], False),
        ([["2026-03-01", "x"], ["2026-03-02", "y"]], False),
    ],
)
def test_whether_the_first_row_names_the_columns(rows: list[list[str]], expected: bool) -> None:
    assert has_head(rows) is expected


@pytest.mark.parametrize("cell", ["4.50 €", "-12,5 %", "1 234", "2026-03-01", "14:30", "(3.00)", "$5", "1e-9"])
def test_figures_are_no_heads(cell: str) -> None:
    assert is_figure(cell)


@pytest.mark.parametrize("cell", ["Q1", "E-071", "Price", "3 phases of work"])
def test_words_are_no_figures(cell: str) -> None:
    assert not is_figure(cell)
