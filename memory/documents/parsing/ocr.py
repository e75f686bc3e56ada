"""Text of scanned pages, by RapidOCR (PP-OCR models on ONNX Runtime), where the extra `ocr` is installed.

English and Chinese print. About 1 to 3 s a page on one core.
"""

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from memory.documents.parsing.reflow import Line

ADVICE = "If it was scanned, install chargehand[ocr], or run OCR first."

_DOTS_PER_POINT = 200 / 72
_LEAST_SCORE = 0.5
_MOST_PIXELS = 40_000_000


def can_read_scans() -> bool:
    """Whether the extra is installed."""
    return find_spec("rapidocr") is not None


def read_page(page: Any, number: int) -> list[Line]:
    """The lines of a page that is a picture, from top to bottom.

    Args:
        page: of pypdfium2; whoever calls holds the lock on PDFium.
        number: 0-based.
    """
    width, height = page.get_size()
    scale = min(_DOTS_PER_POINT, (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
    picture = page.render(scale=scale).to_numpy()
    found = _engine()(picture)
    if found.txts is None:
        return []
    lines = [
        _line(text, box, number, height, scale)
        for text, box, score in zip(found.txts, found.boxes, found.scores, strict=True)
        if text.strip() and score >= _LEAST_SCORE
    ]
    return sorted(lines, key=lambda line: (-round(line.top / max(line.height, 1.0)), line.left))


def _line(text: str, box: Sequence[Sequence[float]], page: int, height: float, scale: float) -> Line:
    across = [float(point[0]) / scale for point in box]
    down = [height - float(point[1]) / scale for point in box]
    top = max(down)
    return Line(" ".join(text.split()), page, min(across), max(across), top, min(down), top / height)


@lru_cache(maxsize=1)
def _engine() -> Any:
    """The engine; loading its models takes about a second."""
    rapidocr: Any = import_module("rapidocr")
    return rapidocr.RapidOCR(params={"Global.log_level": "error", "Global.use_cls": False})
