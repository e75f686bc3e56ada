"""The header of a GGUF file, read and checked before anything serves the file.

Runtimes trust these files: a count or an offset that is not true makes llama.cpp and Ollama read beyond the file, ask
for all memory, or die. What is checked: every count, length and offset fits the file, names come once, tensors lie
within the file and are as long as their shape and type say. What the numbers in the tensors are worth is not known.
"""

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from edge.kernel.errors import InvalidInput, NotFound

MAGIC = b"GGUF"
_VERSIONS = frozenset({2, 3})
_MOST_FIELDS, _MOST_TENSORS, _MOST_DIMENSIONS = 65_536, 262_144, 4
_LONGEST_NAME, _LONGEST_TEXT, _LONGEST_ARRAY = 4096, 16 << 20, 16 << 20
_LONGEST_HEADER = 512 << 20
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_BLOCKS: Mapping[int, tuple[int, int]] = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""Elements and bytes of a block, by the type of a tensor (ggml.h)."""


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a header says.

    Attributes:
        fields: metadata; of an array only its length.
        tensors: how many.
        parameters: elements of all tensors together.
    """

    architecture: str
    fields: Mapping[str, Any]
    tensors: int
    parameters: int


def read_gguf(path: Path) -> GgufHeader:
    """The header of a file. Raises InvalidInput: it is no whole GGUF file; NotFound: it is not there."""
    try:
        with path.open("rb") as file:
            return read_header(file, path.name)
    except FileNotFoundError as error:
        raise NotFound(f"{path} is not there.", "Fetch it first.") from error


def read_header(file: IO[bytes], name: str) -> GgufHeader:
    """The header of an open file, which can be read at any place. Raises InvalidInput: it is no whole GGUF file."""
    file.seek(0, os.SEEK_END)
    reader = _Reader(file, file.tell(), name)
    file.seek(0)
    try:
        return _header(reader)
    except struct.error as error:
        raise reader.broken("a number is cut off") from error


class _Reader:
    """Reads on from the place of a file, never more than is there."""

    def __init__(self, file: IO[bytes], size_bytes: int, name: str) -> None:
        self._file = file
        self.size_bytes = size_bytes
        self.place = 0
        self._name = name

    def take(self, count: int) -> bytes:
        if count > self.size_bytes - self.place or self.place + count > _LONGEST_HEADER:
            raise self.broken(f"it is cut off, or a length in it is not true (at byte {self.place})")
        content = self._file.read(count)
        if len(content) != count:
            raise self.broken("it is cut off")
        self.place += count
        return content

    def skip(self, count: int) -> None:
        if count > self.size_bytes - self.place:
            raise self.broken(f"it is cut off, or a length in it is not true (at byte {self.place})")
        self.place += count
        self._file.seek(self.place)

    def number(self, kind: str) -> Any:
        return struct.unpack(f"<{kind}", self.take(struct.calcsize(f"<{kind}")))[0]

    def text(self, longest: int) -> str:
        length: int = self.number("Q")
        if length > longest:
            raise self.broken(f"a text of {length} bytes (at byte {self.place})")
        return self.take(length).decode("utf-8", "replace")

    def broken(self, why: str) -> InvalidInput:
        return InvalidInput(f"{self._name[:80]} is no whole GGUF file: {why}.", "Convert or fetch the model again.")


def _header(reader: _Reader) -> GgufHeader:
    if reader.size_bytes < 24 or reader.take(4) != MAGIC:
        raise reader.broken("it does not begin as one")
    version: int = reader.number("I")
    if version not in _VERSIONS:
        raise reader.broken(f"its version is {version}, known are {', '.join(map(str, sorted(_VERSIONS)))}")
    tensors, fields = reader.number("Q"), reader.number("Q")
    if tensors > _MOST_TENSORS or fields > _MOST_FIELDS:
        raise reader.broken(f"it claims {tensors} tensors and {fields} fields")
    known = dict[str, Any]()
    for _ in range(fields):
        key = reader.text(_LONGEST_NAME)
        if key in known:
            raise reader.broken(f"the field {key[:60]!r} comes twice")
        known[key] = _value(reader, reader.number("I"), depth=0)
    architecture = known.get("general.architecture")
    if not isinstance(architecture, str) or not architecture:
        raise reader.broken("it does not say of which architecture it is")
    alignment = known.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment <= 0 or alignment & (alignment - 1) or alignment > 1 << 20:
        raise reader.broken(f"its alignment is {str(alignment)[:40]}")
    return GgufHeader(architecture, known, tensors, _tensors(reader, tensors, alignment))


def _value(reader: _Reader, kind: int, depth: int) -> Any:
    if kind in _SCALARS:
        return reader.number(_SCALARS[kind])
    if kind == _STRING:
        return reader.text(_LONGEST_TEXT)
    if kind != _ARRAY or depth > 1:
        raise reader.broken(f"a field has the unknown type {kind}")
    inner: int = reader.number("I")
    length: int = reader.number("Q")
    if length > _LONGEST_ARRAY:
        raise reader.broken(f"an array of {length} entries")
    if inner in _SCALARS:
        reader.skip(length * struct.calcsize(_SCALARS[inner]))
    elif inner == _STRING:
        for _ in range(length):
            reader.skip(reader.number("Q"))
    else:
        for _ in range(length):
            _value(reader, inner, depth + 1)
    return length


def _tensors(reader: _Reader, count: int, alignment: int) -> int:
    """Elements of all tensors; each must lie in the file."""
    names, ends, parameters = set[str](), 0, 0
    for _ in range(count):
        name = reader.text(_LONGEST_NAME)
        if name in names:
            raise reader.broken(f"the tensor {name[:60]!r} comes twice")
        names.add(name)
        dimensions: int = reader.number("I")
        if not 1 <= dimensions <= _MOST_DIMENSIONS:
            raise reader.broken(f"the tensor {name[:60]!r} has {dimensions} dimensions")
        shape: tuple[int, ...] = struct.unpack(f"<{dimensions}Q", reader.take(8 * dimensions))
        kind, offset = reader.number("I"), reader.number("Q")
        if kind not in _BLOCKS:
            raise reader.broken(f"the tensor {name[:60]!r} has the unknown type {kind}")
        elements = 1
        for length in shape:
            elements *= length
        block, size = _BLOCKS[kind]
        if not all(shape) or elements > 1 << 48 or shape[0] % block:
            raise reader.broken(f"the tensor {name[:60]!r} has a shape that its type cannot have")
        if offset % alignment:
            raise reader.broken(f"the tensor {name[:60]!r} does not begin where one may")
        parameters += elements
        ends = max(ends, offset + elements // block * size)
    start = -(-reader.place // alignment) * alignment
    if count and start + ends > reader.size_bytes:
        raise reader.broken(f"its tensors need {start + ends} bytes, it has {reader.size_bytes}")
    return parameters
