"""What a page means by more than its words: raised figures, what is struck or hidden, spans, labels, equations."""

import pytest

from memory.documents.parsing.html import parse_html
from memory.documents.sentences import sentences


def text_of(body: str) -> str:
    return parse_html("a.html", f"<!DOCTYPE html><html><body>{body}</body></html>".encode()).text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("10<sup>9</sup> ohm", "10⁹ ohm"),
        ("10<sup>&minus;9</sup> F", "10⁻⁹ F"),
        ("10<sup> 9 </sup>ohm", "10⁹ ohm"),
        ("2 &times; 10<sup>6</sup>", "2 × 10⁶"),
        ("m<sup>2</sup>, CO<sub>2</sub>", "m², CO₂"),
        ("x<sup>n+1</sup>, V<sub>max</sub>", "x^(n+1), V_max"),
        ("e<sup>x<sup>2</sup></sup>", "e^(x²)"),
        ("10<span style='vertical-align: super'>9</span>", "10⁹"),
        ("<style>.e{vertical-align:super}</style>10<span class=e>6</span>", "10⁶"),
        ("1<sup>st</sup> stage, Acme<sup>TM</sup>", "1st stage, Acme™"),
        ("a bolt of 1<sup>1</sup>/<sub>2</sub> inch", "a bolt of 1 1/2 inch"),
        ("24 V<sup>1</sup>", "24 V¹"),
        ("24<sup><a href='#n1'>1</a></sup> kg", "24[1] kg"),
        ("24<a href='#n1'><sup>1</sup></a> kg", "24[1] kg"),
        ("q<sup>a</sup>b", "q^(a)b"),
    ],
)
def test_raised_and_lowered_text_stays_so(markup: str, text: str) -> None:
    assert text_of(f"<p>{markup}</p>") == text


def test_a_raised_mark_of_a_note_is_no_power() -> None:
    text = text_of(
        "<p>The load is 24<sup>1</sup> kg at 10<sup>2</sup> N.</p><p><sup>1</sup> dry</p><p><sup>2</sup> x</p>"
    )
    assert text == "The load is 24[1] kg at 10² N.\n\n¹ dry\n\n² x"


@pytest.mark.parametrize(
    "markup",
    [
        "<p hidden>3 bar</p>",
        "<p style='display:none'>3 bar</p>",
        "<p style='visibility: hidden'>3 bar</p>",
        "<style>.old{display:none}</style><p class=old>3 bar</p>",
        "<style>@media screen{#old{display:none !important}}</style><p id=old style='color:red'>3 bar</p>",
        "<template><p>3 bar</p></template>",
        "<noscript>3 bar</noscript>",
        "<dialog><p>3 bar</p></dialog>",
        "<p><del>3 bar</del></p>",
        "<p><s>3 bar</s></p>",
        "<p><strike>3 bar</strike></p>",
        "<p style='text-decoration: line-through'>3 bar</p>",
        "<ul><li hidden>3 bar</li></ul>",
        "<table><tr style='display:none'><td>3 bar</td></tr></table>",
    ],
)
def test_what_is_not_shown_or_struck_through_is_not_read(markup: str) -> None:
    assert text_of(f"{markup}<p>6 bar</p>") == "6 bar"


@pytest.mark.parametrize(
    "markup",
    [
        "<p hidden='until-found'>3 bar</p>",
        "<button aria-controls=x>More</button><div id=x hidden><p>3 bar</p></div>",
        "<a href='#x'>More</a><div id=x style='display:none'><p>3 bar</p></div>",
        "<details><summary>More</summary><p>3 bar</p></details>",
        "<style>@media print{p{display:none}} .x:hover{display:none}</style><p class=x>3 bar</p>",
        "<div style='visibility:hidden'>gone <p style='visibility:visible'>3 bar</p></div>",
        "<p>90 <ins>3 bar</ins></p>",
        "<p aria-hidden=true>3 bar</p>",
    ],
)
def test_what_is_shown_or_can_be_opened_is_read(markup: str) -> None:
    assert "3 bar" in text_of(markup)


@pytest.mark.parametrize(
    "page",
    [
        "<main><h1>T7</h1><p>Open it.</p><aside class=warning><p>Never while it charges: 400 V.</p></aside></main>",
        "<h1>T7</h1><p>Open it.</p><aside><p>Never while it charges: 400 V.</p></aside><p>Close it.</p>",
        "<form action=x.aspx><h1>T7</h1><p>Never while it charges: 400 V.</p></form><div id=cookie>We use cookies.</div>",
        "<form><p>Never while it charges: 400 V.</p></form><div id=cookie>We use cookies.</div>",
        "<article><h1>T7</h1><p>Open it.</p><footer><p>Never while it charges: 400 V.</p></footer></article>",
        "<article><p>teaser</p></article><div><p>Never while it charges: 400 V. And close the lid then.</p></div>",
    ],
)
def test_content_in_elements_of_furniture_is_read(page: str) -> None:
    text = text_of(page)
    assert "Never while it charges: 400 V." in text
    assert "cookies" not in text


def test_headings_with_buttons_and_of_other_elements() -> None:
    document = parse_html(
        "a.html",
        b"<html><h2><button aria-expanded=false>Cleaning</button></h2><p>Press <button>Start</button> for 3 s.</p>"
        b"<h2>Fan <button>Edit</button></h2><p>a</p><div role=heading aria-level=2>Limits</div><p>b</p>"
        b"<section><header><h2>Care</h2></header><p>c</p></section>",
    )
    assert [section.heading_path[-1] for section in document.sections] == ["Cleaning", "Fan", "Limits", "Care"]
    assert "Press Start for 3 s." in document.text


@pytest.mark.parametrize(
    ("math", "text"),
    [
        ("<mi>F</mi><mo>=</mo><mn>12</mn>", "F = 12"),
        (
            "<mfrac><mrow><mi>m</mi><msup><mi>v</mi><mn>2</mn></msup></mrow><mrow><mn>2</mn><mi>r</mi></mrow></mfrac>",
            "(m v²)/(2 r)",
        ),
        ("<msqrt><mi>a</mi><mo>+</mo><mi>b</mi></msqrt>", "√(a+b)"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", "∛(x)"),
        (
            "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover><mi>x</mi>",
            "∑_(i = 1)^(n) x",
        ),
        (
            "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd><mtd><mn>4</mn></mtd></mtr></mtable>",
            "[1, 2; 3, 4]",
        ),
        ("<semantics><mi>F</mi><annotation encoding='application/x-tex'>F</annotation></semantics>", "F"),
    ],
)
def test_equations_come_in_one_line(math: str, text: str) -> None:
    assert text_of(f"<p>It is <math>{math}</math>.</p>") == f"It is {text}."


def test_an_equation_that_is_drawn_and_written_comes_once() -> None:
    math = "<math><mi>F</mi><mo>=</mo><mn>12</mn></math>"
    katex = f"<span class=katex-mathml>{math}</span><span class=katex-html aria-hidden=true>F=12</span>"
    assert text_of(f"<p>It is <span class=katex>{katex}</span> N.</p>") == "It is F = 12 N."
    assert text_of("<p>It is <script type='math/tex'>F=12</script> N.</p>") == "It is F=12 N."


def test_an_image_in_a_sentence_gives_its_words_or_leaves_a_gap() -> None:
    assert text_of("<p>It is <img class=tex alt='F = 12 N' src=a.png>.</p>") == "It is F = 12 N."
    gap = text_of("<p>The force is <img src=a.png> at full stroke. It is high.</p>")
    assert "⟦image not readable⟧" in gap
    assert [gap[start:end] for start, end in sentences(gap)] == ["It is high."]


HEAD = "Model | Speed | Flow\n--- | --- | ---\n"


def test_cells_that_span_are_repeated() -> None:
    text = text_of(
        "<table><tr><th>Model<th>Speed<th>Flow</tr><tr><td rowspan=2>PX<td>low<td>12</tr><tr><td>high<td>30</tr>"
        "<tr><td>PY<td colspan=2>n/a</tr></table>"
    )
    assert text == HEAD + "PX | low | 12\nPX | high | 30\nPY | n/a | n/a"


def test_heads_in_several_rows_become_one() -> None:
    text = text_of(
        "<table><tr><th rowspan=2>Model<th colspan=2>Flow</tr><tr><th>low<th>high</tr><tr><td>PX<td>1<td>2</tr></table>"
    )
    assert text == "Model | Flow low | Flow high\n--- | --- | ---\nPX | 1 | 2"


def test_a_row_that_names_those_below_stays_with_them() -> None:
    text = text_of(
        "<table><tr><th>Model<th>Speed<th>Flow</tr><tr><td colspan=3>50 Hz</tr><tr><td>PX<td>low<td>12</tr>"
        "<tr><td colspan=3>60 Hz</tr><tr><td>PX<td>low<td>14</tr></table>"
    )
    assert text == f"50 Hz\n\n{HEAD}50 Hz: PX | low | 12\n\n60 Hz\n\n{HEAD}60 Hz: PX | low | 14"


def test_the_foot_of_a_table_comes_last_and_a_table_in_a_cell_in_its_row() -> None:
    foot = "<tfoot><tr><td>Sum<td>5</tr></tfoot><thead><tr><th>A<th>B</tr></thead><tr><td>x<td>2</tr>"
    assert text_of(f"<table>{foot}</table>") == "A | B\n--- | ---\nx | 2\nSum | 5"
    inner = "<table><tr><td>Speed<td>12</tr><tr><td>Noise<td>30</tr></table>"
    nested = f"<table><tr><th>Part<th>Data</tr><tr><td>Fan<td>{inner}</tr></table>"
    assert text_of(nested) == "Part | Data\n--- | ---\nFan | Speed: 12; Noise: 30"


def test_the_labels_of_lists() -> None:
    assert text_of("<ol reversed><li>a<li>b</ol>") == "2. a\n1. b"
    assert text_of("<ol type=a><li>x<li value=5>y</ol>") == "- a. x\n- e. y"
    assert text_of("<ol type=I start=3><li>x</ol>") == "- III. x"
    assert text_of("<ol start=0><li>x</ol>") == "0. x"


def test_definitions_stand_on_the_line_of_their_term() -> None:
    text = text_of("<dl><dt>Pressure<dd>6 bar<dt>Flow<dt>Rate<dd>12 l<dt>Note<dd><ul><li>x</ul></dl>")
    assert text == "Pressure: 6 bar\n\nFlow, Rate: 12 l\n\nNote:\n\n- x"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("1&nbsp;000 kg, 2&#8239;500", "1 000 kg, 2 500"),
        ("ex&shy;change, a<wbr>b", "exchange, ab"),
        ("<ruby>漢<rt>kan</rt></ruby>字", "漢字"),
        ("5 <font face=Symbol>m</font>m, 3 <span style='font-family:Symbol'>W</span>", "5 μm, 3 Ω"),
        ("At <input value='6 bar'>, <input type=checkbox checked> done", "At 6 bar , ☒ done"),
        ("<input type=hidden value='3 bar'>6 bar", "6 bar"),
    ],
)
def test_characters_and_fields(markup: str, text: str) -> None:
    assert text_of(f"<p>{markup}</p>") == text
