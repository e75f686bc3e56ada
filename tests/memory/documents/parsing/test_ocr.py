"""Scanned pages: read where the engine is installed, else refused with what to do."""

import pytest

from edge.kernel.errors import InvalidInput
from memory.documents.parsing.ocr import can_read_scans
from memory.documents.parsing.pdf import parse_pdf

# A page of 400 x 100 points, white but for a black bar: a picture without text.
_PICTURE = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 100]/Contents 4 0 R>>endobj\n"
    b"4 0 obj<</Length 19>>stream\n10 10 300 20 re f  \nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
)


def test_a_page_without_text_is_refused_with_what_to_install() -> None:
    with pytest.raises(InvalidInput, match="only images or drawings") as caught:
        parse_pdf("scan.pdf", _PICTURE)
    assert "chargehand[ocr]" in caught.value.advice


@pytest.mark.skipif(not can_read_scans(), reason="the extra `ocr` is not installed")
def test_print_is_read() -> None:
    import io

    image = pytest.importorskip("PIL.Image", reason="Pillow draws the page")
    from PIL import ImageDraw, ImageFont

    page = image.new("RGB", (1240, 400), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(36)
    for at, text in enumerate(["Error code E42 means that the fan stands", "still. Clean the fan with air at 6 bar."]):
        draw.text((80, 80 + 60 * at), text, fill="black", font=font)
    file = io.BytesIO()
    page.save(file, "PDF", resolution=150)
    assert parse_pdf("scan.pdf", file.getvalue()).text == (
        "Error code E42 means that the fan stands still. Clean the fan with air at 6 bar."
    )
