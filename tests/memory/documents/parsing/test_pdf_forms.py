"""Values of form fields and notes of a PDF."""

from memory.documents.parsing.pdf import parse_pdf
from tests.fakes.documents import check_document

_OBJECTS = [
    "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R 6 0 R 8 0 R] /DA (/F 10 Tf) >> >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Contents 4 0 R /Annots [5 0 R 6 0 R 7 0 R 8 0 R 9 0 R]"
        " /Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
    ),
    "STREAM BT /F 12 Tf 40 250 Td (Test protocol of the pump P9.) Tj ET",
    "<< /Type /Annot /Subtype /Widget /FT /Tx /T (pressure) /TU (Measured pressure) /V (6.2 bar) /Rect [40 200 200 220] >>",
    (
        "<< /Type /Annot /Subtype /Widget /FT /Btn /T (passed) /V /Yes /AS /Yes /Rect [40 170 60 190]"
        " /AP << /N << /Yes 10 0 R /Off 10 0 R >> >> >>"
    ),
    "<< /Type /Annot /Subtype /Text /Contents (Replace the seal in May.) /Rect [300 200 320 220] >>",
    "<< /Type /Annot /Subtype /Widget /FT /Tx /T (empty) /Rect [40 140 200 160] >>",
    "<< /Type /Annot /Subtype /Text /F 2 /Contents (hidden note) /Rect [300 100 320 120] >>",
    "FORM",
]


def form() -> bytes:
    out, places = b"%PDF-1.7\n", list[int]()
    for number, body in enumerate(_OBJECTS, 1):
        places.append(len(out))
        if body == "FORM":
            body = "<< /Type /XObject /Subtype /Form /BBox [0 0 1 1] /Length 0 >>\nstream\n\nendstream"  # noqa: PLW2901
        if body.startswith("STREAM "):
            body = f"<< /Length {len(body) - 7} >>\nstream\n{body[7:]}\nendstream"  # noqa: PLW2901
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(places) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    return out + end.encode()


def test_what_was_filled_in_and_noted_comes_after_the_text() -> None:
    document = parse_pdf("protocol.pdf", form())
    check_document(document)
    assert document.text == (
        "Test protocol of the pump P9.\n\nForm fields\n\n- Measured pressure: 6.2 bar\n- passed: yes\n\nNotes\n\n"
        "- Replace the seal in May."
    )
    assert [section.heading_path for section in document.sections] == [("Page 1",), ("Form fields",), ("Notes",)]
