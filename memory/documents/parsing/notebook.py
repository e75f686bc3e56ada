"""Jupyter notebooks (.ipynb): text as Markdown, code in fences, what it printed below it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.markdown import parse_markdown
from memory.documents.parsing.outline import fenced
from memory.documents.parsing.plaintext import decode_text
from memory.documents.passages import ParsedDocument

_LONGEST_OUTPUT = 4000
"""Characters of one output; the rest is left out."""


def parse_notebook(name: str, data: bytes) -> ParsedDocument:
    """Read the cells in order. Outputs are read as text; pictures and widgets are not.

    Raises:
        InvalidInput: the file is damaged, no notebook, or has no text.
    """
    try:
        notebook = json.loads(decode_text(data, name))
        cells = notebook.get("cells", [cell for sheet in notebook.get("worksheets", []) for cell in sheet["cells"]])
        language = str(notebook.get("metadata", {}).get("language_info", {}).get("name", ""))
        parts = [part for cell in cells for part in _parts(cell, language)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidInput(f"{name} is damaged or no notebook.", "Open it in Jupyter and save it again.") from error
    text = "\n\n".join(part for part in parts if part.strip())
    if not text:
        raise InvalidInput(f"{name} has no text.", "Give a notebook with text or code in it.")
    return replace(parse_markdown(name, text.encode()), media_type="application/x-ipynb+json")


def _parts(cell: Mapping[str, Any], language: str) -> Iterator[str]:
    source = _joined(cell.get("source", cell.get("input", "")))
    if cell["cell_type"] == "code":
        yield fenced(source).replace("```", f"```{language}", 1)
        for output in cell.get("outputs", []):
            shown = _shown(output).strip("\n")
            if shown.strip():
                more = "\n…" if len(shown) > _LONGEST_OUTPUT else ""
                yield f"Output:\n\n{fenced(shown[:_LONGEST_OUTPUT] + more)}"
    elif cell["cell_type"] in ("markdown", "heading"):
        level = cell.get("level", 1) if cell["cell_type"] == "heading" else 0
        yield f"{'#' * level} {source}" if level else source
    else:
        yield fenced(source)


def _shown(output: Mapping[str, Any]) -> str:
    if output.get("output_type") in ("error", "pyerr"):
        return f"{output.get('ename', 'Error')}: {output.get('evalue', '')}"
    data = cast("Mapping[str, Any]", output.get("data", output))
    return _joined(data.get("text/plain", data.get("text", "")))


def _joined(source: str | Sequence[str]) -> str:
    return source if isinstance(source, str) else "".join(source)
