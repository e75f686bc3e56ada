"""The page's Markdown renderer, run in the browser."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

pytestmark = pytest.mark.e2e

RENDER = """async (text) => {
  const { showMarkdown } = await import("/assets/markdown.js");
  const citation = (number) => {
    const mark = document.createElement("button");
    mark.textContent = number;
    return number < 10 ? mark : null;
  };
  const container = document.createElement("div");
  showMarkdown(container, text, { citation });
  return container.innerHTML;
}"""

SAFE = """async (text) => {
  const { showMarkdown } = await import("/assets/markdown.js");
  const whole = document.createElement("div");
  showMarkdown(whole, text);
  const grown = document.createElement("div");
  for (let end = 1; end <= text.length; end += 3) showMarkdown(grown, text.slice(0, end));
  showMarkdown(grown, text);
  const elements = [...whole.querySelectorAll("*")];
  return {
    tags: [...new Set(elements.map((each) => each.localName))],
    attributes: [...new Set(elements.flatMap((each) => each.getAttributeNames()))],
    links: elements.filter((each) => each.href).map((each) => [new URL(each.href).protocol, each.rel]),
    same: whole.innerHTML === grown.innerHTML,
  };
}"""

BLOCKS = {"h2", "h3", "h4", "h5", "h6", "p", "pre", "hr", "blockquote", "ul", "ol", "li"}
TABLES = {"div", "table", "thead", "tbody", "tr", "th", "td"}
INLINES = {"code", "strong", "em", "s", "a", "br"}
ATTRIBUTES = {"href", "target", "rel", "class", "start", "tabindex", "data-language"}

INLINE_MARKS = ["*", "**", "_", "`", "~~", "[1]", "[a](", ")", "\\", "|"]
BLOCK_MARKS = ["```\n", "# ", "- ", "1. ", "> ", "---", "\n", "\n\n", "  "]
WORDS = ["a", "bc", "温度", "🔧", "<b>", "<script>", "&lt;"]
ADDRESSES = ["javascript:x", "https://x.org/a?b", "http://[", "<https://y.org>"]
pieces = st.sampled_from(INLINE_MARKS + BLOCK_MARKS + WORDS + ADDRESSES)
texts = st.lists(pieces, max_size=40).map("".join) | st.text(max_size=80)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "<p>plain</p>"),
        ("one\ntwo\n\nthree", "<p>one\ntwo</p><p>three</p>"),
        ("温度\n范围", "<p>温度范围</p>"),
        ("one  \ntwo", "<p>one<br>two</p>"),
        ("# Top\n### Deep ##", "<h2>Top</h2><h4>Deep</h4>"),
        ("**bold** *it* ~~no~~ `co*de`", "<p><strong>bold</strong> <em>it</em> <s>no</s> <code>co*de</code></p>"),
        ("***both***", "<p><em><strong>both</strong></em></p>"),
        ("**温度：**高", "<p><strong>温度：</strong>高</p>"),
        ("snake_case_name and 2 * 3 * 4", "<p>snake_case_name and 2 * 3 * 4</p>"),
        ("*a `*` b*", "<p><em>a <code>*</code> b</em></p>"),
        ("**open", "<p>**open</p>"),
        (r"\*not\* \[1]", "<p>*not* [1]</p>"),
        ("``a`b``", "<p><code>a`b</code></p>"),
        ("- a\n- b\n  - c", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("3) a", '<ol start="3"><li>a</li></ol>'),
        ("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("1. a\n  - b\n2. c", "<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>"),
        ("Steps:\n- a", "<p>Steps:</p><ul><li>a</li></ul>"),
        ("> a\n> - b\n\nc", "<blockquote><p>a</p><ul><li>b</li></ul></blockquote><p>c</p>"),
        ("a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"),
        ("See [1][2], not [12].", "<p>See <button>1</button><button>2</button>, not [12].</p>"),
        ("`[1]` and **[1]**", "<p><code>[1]</code> and <strong><button>1</button></strong></p>"),
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>x</p>"),
        ("[x](data:text/html,y) [1](z)", "<p>x 1</p>"),
        ("to <a@b.org> at <host:80>", "<p>to &lt;a@b.org&gt; at &lt;host:80&gt;</p>"),
        ("a\n---\n    b &amp; c", "<p>a</p><hr><p>b &amp;amp; c</p>"),
        (
            "1. a\n  ```\n  b\n  ```",
            '<ol><li>a<pre class="scrolls" tabindex="0" data-language=""><code>b</code></pre></li></ol>',
        ),
        ("```\n1. a\n  - b\n```", '<pre class="scrolls" tabindex="0" data-language=""><code>1. a\n  - b</code></pre>'),
        ("`a|b` stays", "<p><code>a|b</code> stays</p>"),
    ],
)
def test_markdown_becomes(blank: Page, text: str, html: str) -> None:
    assert blank.evaluate(RENDER, text) == html


@pytest.mark.parametrize(
    "fence", ["```py\nif a < b:\n\n    [1]\n```", "~~~py\nif a < b:\n\n    [1]\n~~~", "```py\nif a < b:\n\n    [1]"]
)
def test_fenced_code_is_taken_as_it_is(blank: Page, fence: str) -> None:
    html = '<pre class="scrolls" tabindex="0" data-language="py"><code>if a &lt; b:\n\n    [1]</code></pre>'
    assert blank.evaluate(RENDER, fence) == html


def test_a_table_keeps_its_columns(blank: Page) -> None:
    text = "| a | b |\n|:-|-:|\n| `x|y` | 1 [1] |\n| z \\| w |"
    assert blank.evaluate(RENDER, text) == (
        '<div class="table-scroll scrolls" tabindex="0"><table>'
        '<thead><tr><th class="">a</th><th class="align-right">b</th></tr></thead>'
        '<tbody><tr><td class=""><code>x|y</code></td><td class="align-right">1 <button>1</button></td></tr>'
        '<tr><td class="">z | w</td><td class="align-right"></td></tr></tbody></table></div>'
    )


def test_a_table_ends_at_the_first_line_without_a_bar(blank: Page) -> None:
    rendered = blank.evaluate(RENDER, "| a |\n---\n| b |\nThat is all.")
    assert '<th class="">a</th>' in rendered
    assert rendered.endswith('<td class="">b</td></tr></tbody></table></div><p>That is all.</p>')


@pytest.mark.parametrize(
    ("text", "address", "label"),
    [
        ('[docs](https://x.org/a_(b) "t")', "https://x.org/a_(b)", "docs"),
        ("at https://x.org/a, now", "https://x.org/a", "https://x.org/a"),
        ("见https://x.org/a。", "https://x.org/a", "https://x.org/a"),
        ("<http://x.org>", "http://x.org", "http://x.org"),
        ("[1]: https://x.org/a", "https://x.org/a", "https://x.org/a"),
        ("![a *plot*](https://x.org/p.png)", "https://x.org/p.png", "a <em>plot</em>"),
    ],
)
def test_links_lead_outside_safely(blank: Page, text: str, address: str, label: str) -> None:
    link = f'<a href="{address}" target="_blank" rel="noopener noreferrer">{label}</a>'
    assert link in blank.evaluate(RENDER, text)


@given(texts)
@settings(max_examples=150, deadline=None)
def test_no_text_makes_anything_unsafe(blank: Page, text: str) -> None:
    made = blank.evaluate(SAFE, text)

    assert set(made["tags"]) <= BLOCKS | TABLES | INLINES
    assert set(made["attributes"]) <= ATTRIBUTES
    assert all(link in (["https:", "noopener noreferrer"], ["http:", "noopener noreferrer"]) for link in made["links"])
    assert made["same"], "text that grows piece by piece must end up the same as text shown at once"


@pytest.mark.parametrize("piece", ["*a ", "**a ", "`", "[", "> ", "- ", "| ", "_a", "![", "<", "#", " "])
def test_a_hostile_text_is_rendered_in_time(blank: Page, piece: str) -> None:
    measure = "async (text) => { const start = performance.now(); await (%s)(text); return performance.now() - start; }"
    assert blank.evaluate(measure % RENDER, piece * 20_000) < 2000
