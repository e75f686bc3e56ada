import pytest
from hypothesis import given

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.rst import parse_rst
from memory.documents.passages import ParsedDocument
from tests.fakes.documents import check_document, markdown_soup


def parsed(text: str) -> ParsedDocument:
    document = parse_rst("manuals/pump.rst", text.encode())
    check_document(document)
    return document


def test_headings_make_sections_and_the_only_outermost_one_is_the_title() -> None:
    document = parsed("Pump\n====\n\nIt pumps.\n\nLimits\n------\n\n6 bar.\n")
    assert document.title == "Pump"
    assert [section.heading_path for section in document.sections] == [(), ("Limits",)]
    assert parsed("One\n===\n\na\n\nTwo\n===\n\nb\n").title == "pump"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (".. a comment: 3 bar\n\n6 bar.", "6 bar."),
        (".. _target: http://a.b\n\n6 bar.", "6 bar."),
        (".. image:: x.png\n   :width: 3\n\n6 bar.", "6 bar."),
        (".. toctree::\n   :maxdepth: 2\n\n   a\n\n6 bar.", "6 bar."),
        (".. include:: /etc/passwd\n\n6 bar.", "6 bar."),
        (".. raw:: html\n\n   <b>3 bar</b>\n\n6 bar.", "6 bar."),
        (".. warning::\n   :class: big\n\n   Never above 6 bar.", "Warning: Never above 6 bar."),
        (".. note::\n   :collapsible: true\n\n   Keep it.", "Note: Keep it."),
        (".. versionadded:: 1.2\n   It opens.", "New in version 1.2: It opens."),
        (".. confval:: limit\n\n   In bar.", "limit\n\nIn bar."),
        (".. code-block:: sh\n   :caption: x\n\n   pump --start", "```\npump --start\n```"),
        ("See :ref:`the limits <lim>` and :func:`~pump.start`.", "See the limits and start."),
        ("10\\ :sup:`9` ohm, H\\ :sub:`2`\\ O", "10⁹ ohm, H₂O"),
        (".. |v| replace:: 4.2\n\nVersion |v|.", "Version 4.2."),
        ("It holds [1]_.\n\n.. [1] When dry.", "It holds [1].\n\n[1] When dry."),
        (".. math:: F = m a", "F = m a"),
        ("#. one\n#. two", "1. one\n2. two"),
    ],
)
def test_the_marks_of_the_language_are_not_text(source: str, text: str) -> None:
    assert parsed(source).text == text


def test_tables_of_all_kinds() -> None:
    grid = "+----+------+------+\n| A  | B    | C    |\n+====+======+======+\n| x  | low  | 1    |\n|    +------+------+\n|    | high | 2    |\n+----+------+------+\n"
    head = "A | B | C\n--- | --- | ---\n"
    assert parsed(grid).text == f"{head}x | low | 1\nx | high | 2"
    assert parsed("== ===\nA  B\n== ===\nx  2\n== ===\n").text == "A | B\n--- | ---\nx | 2"
    rows = ".. list-table::\n   :header-rows: 1\n\n   * - A\n     - B\n   * - x\n     - 2\n"
    assert parsed(rows).text == "A | B\n--- | ---\nx | 2"


def test_a_file_of_comments_alone_is_refused() -> None:
    with pytest.raises(InvalidInput):
        parsed(".. nothing to see\n")


@given(markdown_soup)
def test_anything_gives_a_document_or_a_refusal(text: str) -> None:
    try:
        document = parse_rst("a.rst", text.encode())
    except InvalidInput:
        return
    check_document(document)
