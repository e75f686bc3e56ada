from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import memory
from edge.kernel.errors import InvalidInput
from memory.documents.chunking import CHUNKER_VERSION, embedding_text, estimate_tokens, split_into_chunks
from memory.documents.parsing import parse_document
from memory.documents.passages import Chunk, ParsedDocument, Section
from memory.embedding import MiniLM
from tests.fakes.documents import Written, markdown_soup, written_markdown

SAMPLES = sorted(path for path in (Path(memory.__file__).parent / "samples").rglob("*") if path.is_file())
SENTENCE = "The gateway lowers its clock at 85 degrees and stops at 95 degrees. "


def markdown(text: str) -> ParsedDocument:
    return parse_document("a.md", text.encode())


def chunked(text: str, target: int = 160, limit: int = 230) -> list[str]:
    return [chunk.text for chunk in split_into_chunks(markdown(text), target_tokens=target, limit_tokens=limit)]


def letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def check_chunks(document: ParsedDocument, chunks: list[Chunk], limit: int) -> None:
    position = 0
    for ordinal, chunk in enumerate(chunks):
        assert chunk.ordinal == ordinal
        assert chunk.text == document.text[chunk.start : chunk.end]
        assert position <= chunk.start < chunk.end
        assert chunk.text.strip("\n") == chunk.text.rstrip() == chunk.text
        assert any(char.isalnum() for char in chunk.text)
        assert estimate_tokens(chunk.text) <= limit
        homes = [each for each in document.sections if each.start <= chunk.start and chunk.end <= each.end]
        assert [home.heading_path for home in homes] == [chunk.heading_path]
        position = chunk.end


def test_small_neighbours_are_joined_and_headings_left_to_the_path() -> None:
    chunks = split_into_chunks(markdown("# SE30\n\nFirst.\n\nSecond.\n\n## Care\n\n- dust\n- battery\n"))
    assert [(chunk.heading_path, chunk.text) for chunk in chunks] == [
        ((), "First.\n\nSecond."),
        (("Care",), "- dust\n- battery"),
    ]


def test_paragraphs_stay_whole_and_fill_up_to_the_target() -> None:
    paragraph = SENTENCE * 3
    tokens = estimate_tokens(paragraph)
    text = "\n\n".join([paragraph.strip()] * 5)
    assert [chunk.count("\n\n") + 1 for chunk in chunked(text, target=2 * tokens, limit=3 * tokens)] == [2, 2, 1]


def test_a_small_rest_joins_the_chunk_before() -> None:
    tokens = estimate_tokens(SENTENCE)
    text = "\n\n".join([SENTENCE * 6] * 2 + ["The end."])
    assert len(chunked(text, target=6 * tokens, limit=7 * tokens)) == 2


def test_a_line_that_leads_stays_with_what_it_introduces() -> None:
    tokens = estimate_tokens(SENTENCE)
    table = "| a | b |\n|---|---|\n" + "| gateway | server |\n" * 5
    text = f"{SENTENCE * 4}\n\nThe limits are:\n\n{table}"
    limit = 4 * tokens + estimate_tokens(table)
    assert chunked(text, 5 * tokens, limit)[-1] == f"The limits are:\n\n{table.strip()}"
    assert len(chunked(text, 5 * tokens, 2 * limit)) == 1


def test_a_long_table_is_cut_between_rows() -> None:
    rows = [f"| E-T{number:03} | the gateway is far too warm |" for number in range(40)]
    chunks = chunked("\n".join(rows), target=60, limit=80)
    assert len(chunks) > 5
    assert [row for chunk in chunks for row in chunk.split("\n")] == rows


def test_long_code_is_cut_between_lines_and_kept_apart() -> None:
    lines = [f"haldenctl model load halden-line-{number}" for number in range(30)]
    code = "\n".join(["```sh", *lines, "```"])
    chunks = chunked(f"Before.\n\n{code}\n\nAfter.", target=60, limit=80)
    assert chunks[0] == "Before."
    assert chunks[-1] == "After."
    assert "\n".join(chunks[1:-1]) == code


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    for sentence in (SENTENCE, "网关温度达到八十五摄氏度时降频，达到九十五摄氏度时关机。"):
        chunks = chunked(sentence * 20, target=60, limit=80)
        assert len(chunks) > 3
        assert all(chunk.endswith(sentence.strip()[-1]) for chunk in chunks)
        assert all(chunk.startswith(sentence[:5]) for chunk in chunks)


def test_a_long_sentence_is_cut_between_words() -> None:
    words = [f"word{number}" for number in range(300)]
    assert [word for chunk in chunked(" ".join(words)) for word in chunk.split()] == words
    clause = "温度达到八十五摄氏度，"
    assert all(chunk.endswith(("，", "度")) for chunk in chunked(clause * 40))


def test_a_long_word_is_cut_anywhere() -> None:
    assert "".join(chunked("x" * 5000)) == "x" * 5000


def test_rules_and_marks_make_no_chunk() -> None:
    assert chunked("One.\n\n---\n\n## Next\n\n***\n\n## More\n\n----\n\ntext") == ["One.", "text"]


def test_a_document_of_headings_alone_is_still_found() -> None:
    assert chunked("# SE30\n\n## Fixed in 4.2.1\n\n## Fixed in 4.2.2\n") == [
        "# SE30",
        "## Fixed in 4.2.1",
        "## Fixed in 4.2.2",
    ]


def test_underlined_and_extracted_headings_are_left_out() -> None:
    assert [chunk.text for chunk in split_into_chunks(parse_document("a.txt", b"CARE\n====\n\ndust\n"))] == ["dust"]
    assert [chunk.text for chunk in split_into_chunks(parse_document("a.html", b"<h1>Care</h1><p>dust"))] == ["dust"]
    first = ParsedDocument("a", "Page 3\n\nPage 3 of the text", (Section(("Page 3",), 0, 26),), "application/pdf")
    assert [chunk.text for chunk in split_into_chunks(first)] == ["Page 3 of the text"]


def test_what_only_looks_like_a_heading_in_plain_text_is_kept() -> None:
    chunks = split_into_chunks(parse_document("a.txt", b"# comment one\nvalue 2\n"))
    assert [chunk.text for chunk in chunks] == ["# comment one\nvalue 2"]


def test_long_headings_leave_less_room_for_the_text() -> None:
    text = "\n\n".join(["## " + "heading words " * 30, SENTENCE * 20])
    assert all(estimate_tokens(chunk) <= 190 for chunk in chunked(text))


def test_the_text_to_embed_has_title_and_headings() -> None:
    chunk = Chunk(0, ("Care", "Fans"), 0, 4, "dust")
    assert embedding_text("SE30", chunk) == "SE30\nCare\nFans\ndust"


def test_the_text_to_embed_has_no_link_targets_and_table_marks() -> None:
    chunk = Chunk(0, (), 0, 0, "| a | b |\n|---|:-:|\n| see [the manual](../a.md) | -5 |\n")
    assert embedding_text("T", chunk) == "T\n| a | b |\n| see the manual | -5 |\n"


def test_limits_that_make_no_sense_are_refused() -> None:
    for target, limit in ((0, 10), (20, 10)):
        with pytest.raises(ValueError, match="not 1 <="):
            chunked("x", target, limit)
    assert CHUNKER_VERSION >= 1


@given(written_markdown(), st.integers(4, 80), st.integers(0, 80))
def test_chunks_cover_all_but_headings(written: Written, target: int, more: int) -> None:
    if not written.text.strip():
        return
    document = markdown(written.text)
    limit = target + more
    chunks = split_into_chunks(document, target_tokens=target, limit_tokens=limit)
    check_chunks(document, chunks, limit)
    covered = {place for chunk in chunks for place in range(chunk.start, chunk.end)}
    wanted = {place for body in written.bodies for place in range(*body) if written.text[place].isalnum()}
    assert wanted <= covered


@given(markdown_soup, st.integers(1, 40))
@example("a | b\n- c | d\n# e | f\n", 4)
def test_anything_is_chunked(text: str, target: int) -> None:
    for suffix in (".md", ".txt"):
        try:
            document = parse_document(f"a{suffix}", text.encode())
        except InvalidInput:
            return
        chunks = split_into_chunks(document, target_tokens=target, limit_tokens=2 * target)
        check_chunks(document, chunks, 2 * target)
        covered = {place for chunk in chunks for place in range(chunk.start, chunk.end)}
        for section in document.sections:
            left = "".join(document.text[place] for place in range(section.start, section.end) if place not in covered)
            name = section.heading_path[-1] if section.heading_path else document.title
            is_marked = suffix == ".md" and document.text[section.start :].lstrip().startswith("#")
            assert is_marked or letters(left) in ("", letters(name))


@given(st.text(), st.text())
def test_estimates_grow_with_the_text(one: str, other: str) -> None:
    both = estimate_tokens(one + other)
    assert max(estimate_tokens(one), estimate_tokens(other)) <= both <= estimate_tokens(one) + estimate_tokens(other)


def test_estimates_do_not_fall_short_of_the_tokenizer(minilm: MiniLM) -> None:
    for path in SAMPLES:
        chunks = split_into_chunks(parse_document(path.name, path.read_bytes()))
        real = [minilm.count_tokens(chunk.text) - 2 for chunk in chunks]
        estimated = [estimate_tokens(chunk.text) for chunk in chunks]
        assert 0.85 * sum(real) <= sum(estimated) <= 1.4 * sum(real), path.name
        assert all(few >= 0.8 * many for few, many in zip(estimated, real, strict=True)), path.name
