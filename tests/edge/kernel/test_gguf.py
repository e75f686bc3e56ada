"""Headers of GGUF files: whole ones are read, everything else is refused, and nothing else ever happens."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.kernel.errors import InvalidInput
from edge.kernel.gguf import read_gguf, read_header
from tests.fakes.bundled_model import bundled_gguf
from tests.fakes.gguf_files import small_gguf, write_gguf, write_lora


def whole(tmp_path: Path) -> bytes:
    path = tmp_path / "whole.gguf"
    tensors = {"a": np.ones((4, 8), np.float32), "b": np.zeros((16,), np.float32)}
    write_gguf(path, {"general.architecture": "llama", "general.name": "x", "llama.rope": 2.5}, tensors)
    return path.read_bytes()


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return whole(tmp_path_factory.mktemp("gguf"))


def read(content: bytes) -> None:
    read_header(io.BytesIO(content), "m.gguf")


def test_a_whole_file_is_read(content: bytes, tmp_path: Path) -> None:
    header = read_header(io.BytesIO(content), "m.gguf")
    assert (header.architecture, header.tensors, header.parameters) == ("llama", 2, 48)
    assert read_gguf(write_lora(tmp_path / "lora.gguf")).fields["general.type"] == "adapter"
    read(small_gguf("a name", 100))


@pytest.mark.integration
def test_the_bundled_model_is_read() -> None:
    header = read_gguf(bundled_gguf())
    assert header.architecture == "llama"
    assert 130e6 < header.parameters < 140e6


def test_each_cut_is_refused(content: bytes) -> None:
    for length in range(len(content) - 33):
        with pytest.raises(InvalidInput):
            read(content[:length])


def text(said: str) -> bytes:
    return struct.pack("<Q", len(said)) + said.encode()


ARCHITECTURE = text("general.architecture") + struct.pack("<I", 8) + text("llama")
HEAD = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + ARCHITECTURE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GGUF",
        b"GGUF" + struct.pack("<IQQ", 1, 0, 0) + bytes(64),
        b"GGUF" + struct.pack(">IQQ", 3, 0, 0) + bytes(64),
        b"GGUF" + struct.pack("<IQQ", 3, 2**63, 0) + bytes(64),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 2**40) + bytes(64),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 0) + bytes(64),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**62) + bytes(64),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + ARCHITECTURE * 2,
        b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + ARCHITECTURE + text("a") + struct.pack("<I", 99) + bytes(64),
        b"GGUF"
        + struct.pack("<IQQ", 3, 0, 2)
        + ARCHITECTURE
        + text("a")
        + struct.pack("<IIQ", 9, 4, 2**60)
        + bytes(64),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + ARCHITECTURE + text("a") + struct.pack("<IIQ", 9, 9, 9) + bytes(64),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + ARCHITECTURE + text("general.alignment") + struct.pack("<II", 4, 3),
        HEAD.replace(struct.pack("<Q", 0), struct.pack("<Q", 1), 1) + text("t") + struct.pack("<IQIQ", 1, 2**40, 0, 0),
        HEAD.replace(struct.pack("<Q", 0), struct.pack("<Q", 1), 1) + text("t") + struct.pack("<IQIQ", 1, 33, 2, 0),
        HEAD.replace(struct.pack("<Q", 0), struct.pack("<Q", 1), 1) + text("t") + struct.pack("<IQIQ", 1, 4, 77, 0),
    ],
)
def test_what_is_not_true_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        read(content)


@settings(max_examples=400)
@given(st.data())
def test_no_altered_header_does_anything_else(content: bytes, data: st.DataObject) -> None:
    altered = bytearray(content)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(altered) - 1))
        piece = data.draw(st.binary(min_size=1, max_size=9))
        altered[place : place + len(piece)] = piece
    try:
        header = read_header(io.BytesIO(bytes(altered)), "m.gguf")
    except InvalidInput:
        return
    assert header.architecture


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(rest: bytes) -> None:
    for content in (rest, HEAD[: len(rest) % len(HEAD)] + rest):
        try:
            read(content)
        except InvalidInput:
            continue
