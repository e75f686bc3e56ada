"""Jupyter notebooks."""

import json

import pytest

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.notebook import parse_notebook
from tests.fakes.documents import check_document


def notebook(*cells: dict) -> bytes:
    return json.dumps(
        {"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


def test_text_code_and_what_it_printed() -> None:
    document = parse_notebook(
        "study.ipynb",
        notebook(
            {"cell_type": "markdown", "source": ["# Kiln study\n", "\n", "Heat to 900 °C."]},
            {
                "cell_type": "code",
                "source": "1 / 0",
                "outputs": [
                    {"output_type": "stream", "text": ["start\n"]},
                    {"output_type": "execute_result", "data": {"text/plain": "42", "image/png": "iVBOR"}},
                    {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division by zero"},
                ],
            },
        ),
    )
    check_document(document)
    assert document.title == "Kiln study"
    assert document.text == (
        "# Kiln study\n\nHeat to 900 °C.\n\n```python\n1 / 0\n```\n\nOutput:\n\n```\nstart\n```\n\nOutput:\n\n```\n42\n```"
        "\n\nOutput:\n\n```\nZeroDivisionError: division by zero\n```"
    )


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"cells": [{}]}', b'{"cells": 3}'])
def test_what_is_no_notebook_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="damaged or no notebook"):
        parse_notebook("a.ipynb", data)
