"""AsciiDoc."""

import pytest

from memory.documents.parsing.asciidoc import parse_asciidoc
from tests.fakes.documents import check_document


def text_of(source: str) -> str:
    document = parse_asciidoc("a.adoc", source.encode())
    check_document(document)
    return document.text


def test_headings_and_the_title() -> None:
    document = parse_asciidoc(
        "a.adoc", b"= The Kiln K3\nJo Doe\n:temp: 900 C\n\nHeat to {temp}.\n\n== Safety\n\nClose it.\n"
    )
    assert document.title == "The Kiln K3"
    assert document.text == "The Kiln K3\n\nHeat to 900 C.\n\nSafety\n\nClose it."
    assert [section.heading_path for section in document.sections] == [(), ("Safety",)]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("It is *hot*, _very_ `hot`.", "It is hot, very hot."),
        ("See link:http://x.y[the site] and <<safety,Safety>>.", "See the site and Safety."),
        ("At 10^9^ ohm, H~2~O.footnote:[At 20 C.]", "At 10⁹ ohm, H₂O. (At 20 C.)"),
        ("[WARNING]\n====\nNever open it.\n====", "WARNING: Never open it."),
        ("* First\ncontinues\n** Nested\n. One\n. Two", "- First continues\n  - Nested\n1. One\n2. Two"),
        ("Door:: The front part.", "Door: The front part."),
        ("// no\nYes.\n\n////\nno\n////\n", "Yes."),
        ("----\na  b\n----", "```\na  b\n```"),
        ("ifdef::x[]\nText.\nendif::[]", "Text."),
        ("2*3 = 6 and a_b_c", "2*3 = 6 and a_b_c"),
    ],
)
def test_markup(source: str, text: str) -> None:
    assert text_of(source) == text


def test_tables_have_their_heads_and_what_spans_is_repeated() -> None:
    source = '.Limits\n[cols="1,2,1",options="header"]\n|===\n|Model |Meaning |Limit\n\n|K3 |Standard\n|900\n.2+|K4 |Large |1000\n|Small |800\n|===\n'
    assert text_of(source) == (
        "Limits\n\n| Model | Meaning | Limit |\n|--|-|-|\n| K3 | Standard | 900 |\n| K4 | Large | 1000 |\n| K4 | Small | 800 |"
    )
