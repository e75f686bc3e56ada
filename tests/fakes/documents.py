"""What every parsed document must satisfy, and strategies that make documents."""

from dataclasses import dataclass

from hypothesis import strategies as st

from memory.documents.passages import ParsedDocument

__all__ = ["Written", "check_document", "markdown_soup", "written_markdown"]


def check_document(document: ParsedDocument) -> None:
    """Assert what `ParsedDocument` promises: a title, plain newlines, sections that cover the text exactly."""
    assert document.title.strip()
    assert document.text.strip()
    assert not set(document.text) & set("\r\v\f\x85\u2028\u2029")
    position = 0
    for section in document.sections:
        assert section.start == position <= section.end
        assert all(heading.strip() for heading in section.heading_path)
        position = section.end
    assert position == len(document.text)


@dataclass(frozen=True)
class Written:
    """Markdown and the parts of it that are not headings, as (start, end)."""

    text: str
    bodies: tuple[tuple[int, int], ...]


_TEXT = (
    "gateway lowers its clock E-T085 95 °C 1.8 GHz firmware e.g. signed twice. Then stop! The fan, (HD-FN-R60) 2048"
    " 网关 温度达到 关机。 重新登记； `haldenctl` **lease** see [manual](a.md) approximately characteristics"
)
_WORDS = st.sampled_from(_TEXT.split())
_SENTENCE = st.lists(_WORDS, min_size=1, max_size=40).map(lambda words: "x " + " ".join(words))
_ROW = st.lists(_WORDS, min_size=2, max_size=4).map(lambda words: f"| {' | '.join(words)} |")


def _joined(lines: st.SearchStrategy[str], most: int, glue: str = "\n") -> st.SearchStrategy[str]:
    return st.lists(lines, min_size=1, max_size=most).map(glue.join)


_HEADING = st.one_of(
    st.tuples(st.integers(1, 6), _WORDS).map(lambda pair: f"{'#' * pair[0]} x{pair[1]}"),
    st.tuples(_WORDS, st.sampled_from("=-")).map(lambda pair: f"x {pair[0]}\n{pair[1] * 5}"),
)
_BODY = st.one_of(
    _SENTENCE,
    _joined(_SENTENCE, 12, " "),
    _joined(_SENTENCE, 5),
    _joined(_SENTENCE.map(lambda text: f"- {text}"), 8),
    _joined(_SENTENCE.map(lambda text: f"  1. {text}"), 4),
    _joined(_ROW, 40).map(lambda rows: f"| a | b |\n|---|---|\n{rows}"),
    _joined(_SENTENCE, 60).map(lambda code: f"```sh\n{code}\n\n# no heading\n```"),
    st.text("长句没有标点", min_size=300, max_size=600),
    st.integers(1, 2000).map(lambda count: "w" * count),
)


@st.composite
def written_markdown(draw: st.DrawFn) -> Written:
    """Markdown of headings, paragraphs, lists, tables and code, in English and Chinese."""
    text = draw(st.sampled_from(["", "---\ntitle: x y\n---\n", "\n\n"]))
    bodies = [(0, len(text))] if text.strip() else []
    for is_heading, part in draw(
        st.lists(st.one_of(_HEADING.map(lambda h: (True, h)), _BODY.map(lambda b: (False, b))))
    ):
        if not is_heading:
            bodies.append((len(text), len(text) + len(part)))
        text += part + "\n\n"
    return Written(text, tuple(bodies))


markdown_soup = st.lists(
    st.one_of(
        st.sampled_from(
            ["\n", "\n\n", "# ", "## ", "---", "===", "```", "~~~", "| ", " | ", "- ", "1. ", "> ", "    ", "\t"]
        ),
        st.sampled_from(
            ["word", "Zwei", "三。", "e.g.", "?", "…", ":", "\r\n", "\u2028", "***", "<!--", "http://a.b/c"]
        ),
        st.text(max_size=4),
    ),
    max_size=60,
).map("".join)
"""Anything that Markdown gives a meaning to, in any order."""
