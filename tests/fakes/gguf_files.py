"""Small GGUF files: LoRA adapters of random numbers, which a runtime takes for real ones."""

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

__all__ = ["small_gguf", "write_gguf", "write_lora"]

_ALIGNMENT = 32
_F32 = 0
_STRING, _FLOAT = 8, 6


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _field(name: str, value: str | float) -> bytes:
    if isinstance(value, str):
        return _text(name) + struct.pack("<I", _STRING) + _text(value)
    return _text(name) + struct.pack("<If", _FLOAT, value)


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % _ALIGNMENT)


def write_gguf(path: Path, fields: Mapping[str, str | float], tensors: Mapping[str, np.ndarray]) -> None:
    """Version 3 of the format; the tensors are kept as 32-bit floats, rows first."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(fields))
    head += b"".join(_field(name, value) for name, value in fields.items())
    data = b""
    for name, tensor in tensors.items():
        shape = tensor.shape[::-1]  # GGUF names the fastest dimension first
        head += _text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", _F32, len(data))
        data += _padded(tensor.astype("<f4").tobytes())
    path.write_bytes(_padded(head) + data)


def write_lora(path: Path, *, width: int = 576, layers: int = 30, rank: int = 2, strength: float = 0.3) -> Path:
    """A LoRA adapter for the query projections of a llama model; by default of SmolLM2-135M's shape.

    Args:
        width: of the hidden state and of all query heads together.
        strength: standard deviation of both factors' numbers; at 0.3 the model says something else.
    """
    chance = np.random.default_rng(7)
    tensors: dict[str, np.ndarray] = {}
    for layer in range(layers):
        name = f"blk.{layer}.attn_q.weight"
        tensors[f"{name}.lora_a"] = chance.normal(0, strength, (rank, width))
        tensors[f"{name}.lora_b"] = chance.normal(0, strength, (width, rank))
    fields = {
        "general.architecture": "llama",
        "general.type": "adapter",
        "adapter.type": "lora",
        "adapter.lora.alpha": float(rank),
    }
    write_gguf(path, fields, tensors)
    return path


def small_gguf(says: str = "", size_bytes: int = 0) -> bytes:
    """The least file that is one: an architecture, a name, no tensors; filled up with zeros to so many bytes."""
    fields = {"general.architecture": "llama", "general.name": says}
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, len(fields)) + b"".join(_field(*one) for one in fields.items())
    return head + bytes(max(0, size_bytes - len(head)))
