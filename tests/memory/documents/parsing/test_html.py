import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.html import parse_html
from memory.documents.passages import ParsedDocument
from tests.fakes.documents import check_document


def parsed(body: str, head: str = "<title>From the head | Site</title>") -> ParsedDocument:
    document = parse_html("a.html", f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode())
    check_document(document)
    return document


def test_headings_make_sections_and_the_first_h1_is_the_title() -> None:
    document = parsed("<h1>Boreal <em>R2</em></h1><p>Two sockets.</p><h2>Fans<a href='#fans'>¶</a></h2><p>Six.</p>")
    assert document.title == "Boreal R2"
    assert document.text == "Boreal R2\n\nTwo sockets.\n\nFans\n\nSix."
    assert [section.heading_path for section in document.sections] == [(), ("Fans",)]


def test_the_title_falls_back_to_the_head_and_then_to_the_name() -> None:
    assert parsed("<p>x</p>").title == "From the head | Site"
    assert parsed("<p>x</p>", head="").title == "a"


def test_furniture_is_left_out() -> None:
    document = parsed(
        "<header>Brand</header><nav><ul><li>Home</li></ul></nav><script>track()</script><style>p{}</style>"
        "<p>Kept.</p><aside>Advert</aside><template><p>no</p></template><form><p>Search</p></form>"
        "<!-- a comment --><footer>Imprint</footer>"
    )
    assert document.text == "Kept."


def test_a_header_inside_the_content_is_kept() -> None:
    document = parsed("<header>Brand</header><article><header><h1>Title</h1></header><p>x</p></article>")
    assert document.text == "Title\n\nx"


def test_main_is_read_alone() -> None:
    assert parsed("<a href='#m'>Skip</a><main id='m'><p>Text</p></main><div>Cookies</div>").text == "Text"


def test_a_page_that_is_one_form_is_read() -> None:
    assert parsed("<form><h2>Limits</h2><p>95 °C</p></form>").text == "Limits\n\n95 °C"


def test_lists() -> None:
    document = parsed(
        "<p>Do this:</p><ul><li>one</li><li>two <b>bold</b><ol start='3'><li>deep</li><li><p>deeper</p><p>more</p></li>"
        "</ol></li></ul><ol><li>first</li><li>second</li></ol><p>End</p>"
    )
    assert document.text == (
        "Do this:\n\n- one\n- two bold\n  3. deep\n  4. deeper\n    more\n\n1. first\n2. second\n\nEnd"
    )


def test_tables_become_rows() -> None:
    document = parsed(
        "<table><caption>Limits</caption><thead><tr><th>Item</th><th>Value</th></tr></thead>"
        "<tr><td>Inlet<br>air</td><td><p>10 to</p><p>35 °C</p></td></tr><tr><td></td></tr></table><p>x</p>"
    )
    assert document.text == "Limits\n\nItem | Value\n--- | ---\nInlet air | 10 to 35 °C\n\nx"


def test_a_table_for_the_layout_is_read_as_text() -> None:
    document = parsed(
        "<table><tr><td><h2>Left</h2><p>a</p></td><td><table><tr><td>1</td><td>2</td></tr></table></td></tr></table>"
    )
    assert document.text == "Left\n\na\n\n1 | 2"


def test_preformatted_text_is_verbatim() -> None:
    document = parsed("<p>Run:</p><pre><code>if x:\n    haldenctl  temp<br># no heading\n</code></pre>")
    assert document.text == "Run:\n\n```\nif x:\n    haldenctl  temp\n# no heading\n```"


def test_blanks_and_line_breaks() -> None:
    assert parsed("<p>one\n  two&nbsp;three<br> four</p><div>fi<b>ve</b> <span> six</span></div>").text == (
        "one two three\nfour\n\nfive six"
    )


def test_what_end_tags_are_left_out_of() -> None:
    assert parsed("<p>a<p>b<ul><li>c<li>d</ul>").text == "a\n\nb\n\n- c\n- d"


@pytest.mark.parametrize("encoding", ["gb2312", "windows-1251", "shift_jis", "utf-8"])
def test_the_page_names_its_encoding(encoding: str) -> None:
    words = {"gb2312": "温度保护", "windows-1251": "Защита", "shift_jis": "温度の保護", "utf-8": "温度保護 é"}[encoding]
    for meta in (f'<meta charset="{encoding}">', f'<meta http-equiv="a" content="text/html; charset={encoding}">'):
        data = f"<html><head>{meta}</head><body><p>{words}</p></body></html>".encode(encoding)
        assert parse_html("a.html", data).text == words


def test_xhtml_and_fragments() -> None:
    assert parse_html("a.html", b'<?xml version="1.0"?>\n<html><body><p>x</p></body></html>').text == "x"
    assert parse_html("a.html", b"readme.txt").text == "readme.txt"
    assert parse_html("a.html", b"<p>A &lt;b&gt; &amp; c").text == "A <b> & c"


def test_a_page_without_text_is_refused() -> None:
    for body in ("", "<script>fill()</script>", "<img src='a.png'>"):
        with pytest.raises(InvalidInput, match="no readable text"):
            parsed(body)


def test_markup_nested_thousands_deep() -> None:
    assert "x" in parsed("<div>" * 4000 + "x").text
    assert "x" in parsed("<ul><li>" * 2000 + "x").text


MARKUP = (
    "<p> </p> <ul> <li> </ul> <ol> <table> <tr> <td> </table> <pre> </pre> <h1> <h2> </h2> <main> <form> <br> <!-- -->"
    " <?xml <![CDATA[ ]]> &nbsp; &#0; <html <title> <body> </p"
)


@given(st.lists(st.one_of(st.sampled_from(MARKUP.split()), st.text(max_size=5))).map("".join))
def test_anything_gives_a_document_or_a_refusal(markup: str) -> None:
    try:
        document = parse_html("a.html", markup.encode())
    except InvalidInput:
        return
    check_document(document)
