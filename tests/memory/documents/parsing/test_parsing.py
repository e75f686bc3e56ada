import io
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import memory
from edge.kernel.errors import InvalidInput
from memory.documents.chunking import split_into_chunks
from memory.documents.parsing import PARSER_VERSION, SUPPORTED_SUFFIXES, parse_document
from tests.fakes.documents import check_document
from tests.fakes.pdf import Entry, column, make_pdf
from tests.fakes.word import word_file

SAMPLES = sorted(path for path in (Path(memory.__file__).parent / "samples").rglob("*") if path.is_file())
PDF = make_pdf([column(["Care", "", "Dust the fins."]), column(["Lights"])], [Entry("Care", 0)], title="Manual")


DOCX = word_file(lambda document: (document.add_heading("Care", 1), document.add_paragraph("Dust the fins.")))
HTML = b"\xef\xbb\xbf<!-- saved -->\n<!DOCTYPE html><title>Care</title><p>Dust the fins."


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.md", b"# Care\n", "text/markdown"),
        ("A.MARKDOWN", b"# Care\n", "text/markdown"),
        ("a.rst", b"Care\n====\n", "text/x-rst"),
        ("folder.d/a.log", b"10:02 start\n", "text/plain"),
        ("a.htm", b"<p>Care", "text/html"),
        ("a.pdf", PDF, "application/pdf"),
        ("a.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("LICENSE", b"Apache License\n", "text/plain"),
        ("notes 2.1", b"text\n", "text/plain"),
        ("manual", PDF, "application/pdf"),
        ("process", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("page", HTML, "text/html"),
        ("lies.txt", PDF, "application/pdf"),
        ("lies.md", HTML, "text/html"),
        ("lies.docx", PDF, "application/pdf"),
        ("lies.pdf", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)
def test_the_suffix_and_the_content_choose_the_parser(name: str, data: bytes, media_type: str) -> None:
    document = parse_document(name, data)
    check_document(document)
    assert document.media_type == media_type


@pytest.mark.parametrize("name", ["a.xlsb", "photo.PNG", "old.doc", "a.pdf.zip"])
def test_an_unsupported_suffix_names_the_supported_ones(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_document(name, b"x")
    assert all(suffix in caught.value.advice for suffix in SUPPORTED_SUFFIXES)


@pytest.mark.parametrize("suffix", sorted(SUPPORTED_SUFFIXES))
def test_an_empty_file_is_refused_whatever_it_is(suffix: str) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        parse_document(f"a{suffix}", b"")


@pytest.mark.parametrize("suffix", [".md", ".txt", ".html"])
def test_binary_data_under_a_text_suffix_is_refused(suffix: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("data/model.bin", "\0" * 64)
    with pytest.raises(InvalidInput, match="binary"):
        parse_document(f"a{suffix}", archive.getvalue())


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_the_samples_are_read(path: Path) -> None:
    document = parse_document(path.name, path.read_bytes())
    check_document(document)
    assert document.title != path.stem
    assert len(document.sections) > 2
    assert split_into_chunks(document)


def test_versions_are_numbers_to_count_up() -> None:
    assert PARSER_VERSION >= 1


def test_importing_the_parsers_imports_no_heavy_package() -> None:
    heavy = ["bs4", "lxml", "docx", "pypdfium2", "markdown_it"]
    program = f"import sys, memory.documents.parsing, memory.documents.chunking; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("suffix", ["", *sorted(SUPPORTED_SUFFIXES)])
@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
def test_random_bytes_give_a_document_or_a_refusal(suffix: str, data: bytes) -> None:
    try:
        document = parse_document(f"a{suffix}", data)
    except InvalidInput:
        return
    check_document(document)


@given(st.sampled_from([PDF, DOCX]), st.data())
def test_damaged_files_give_a_document_or_a_refusal(intact: bytes, data: st.DataObject) -> None:
    damaged = bytearray(intact)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place : place + data.draw(st.sampled_from([0, 1, 1, 20]))] = data.draw(st.binary(max_size=3))
    try:
        document = parse_document("a", bytes(damaged))
    except InvalidInput:
        return
    check_document(document)


@pytest.mark.skipif(sys.gettrace() is not None, reason="times mean nothing under a tracer")
@pytest.mark.parametrize(
    ("suffix", "copies", "limit_s"), [(".md", 1, 0.001), (".md", 500, 0.3), (".txt", 500, 0.3)], ids=str
)
def test_parsing_and_chunking_are_fast(suffix: str, copies: int, limit_s: float) -> None:
    page = (
        "# Care\n\nDust the fins every 6 months. " + "The gateway shuts down at 95 °C; it restarts below 75 °C.\n" * 9
    )
    data = (page + "\n\n").encode() * copies
    times: list[float] = []
    for _ in range(7):
        start = time.process_time()
        split_into_chunks(parse_document(f"a{suffix}", data))
        times.append(time.process_time() - start)
    assert min(times) < limit_s
