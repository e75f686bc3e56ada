"""What stands on a PDF's pages and is not in their text: values of form fields, and notes that readers wrote."""

import ctypes
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from memory.documents.parsing.outline import Extract

_HIDDEN = 2 | 32  # flags Hidden and NoView
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Filled:
    """A form field with its value, or a note.

    Attributes:
        page: 0-based.
        name: of the field; "" for a note.
        value: on one line, not empty.
    """

    page: int
    name: str
    value: str


def read_annotations(document: Any, raw: Any) -> list[Filled]:
    """The filled form fields and the notes of all pages, in order; a field on several places comes once.

    Args:
        document: of pypdfium2, just opened: forms are set up before the first page is loaded.
        raw: the module `pypdfium2.raw`.
    """
    document.init_forms()
    form = document.formenv
    found: dict[tuple[str, str], Filled] = {}
    for number in range(len(document)):
        with closing(document[number]) as page:
            for index in range(raw.FPDFPage_GetAnnotCount(page)):
                annotation = raw.FPDFPage_GetAnnot(page, index)
                try:
                    one = _read(annotation, number, form, raw)
                finally:
                    raw.FPDFPage_CloseAnnot(annotation)
                if one is not None:
                    found.setdefault((one.name, one.value), one)
    return list(found.values())


def add_annotations(extract: Extract, found: list[Filled]) -> None:
    """Write them down, each kind under a heading."""
    for heading, ones in (
        ("Form fields", [one for one in found if one.name]),
        ("Notes", [one for one in found if not one.name]),
    ):
        if ones:
            extract.add_heading(1, heading)
        for at, one in enumerate(ones):
            extract.add(f"- {one.name}: {one.value}" if one.name else f"- {one.value}", tight=at > 0)


def _read(annotation: Any, page: int, form: Any, raw: Any) -> Filled | None:
    if raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN:
        return None
    kind = raw.FPDFAnnot_GetSubtype(annotation)
    if kind == raw.FPDF_ANNOT_WIDGET:
        return None if form is None else _field(annotation, page, form, raw)
    if kind in (raw.FPDF_ANNOT_LINK, raw.FPDF_ANNOT_POPUP):
        return None
    value = _words(lambda buffer, size: raw.FPDFAnnot_GetStringValue(annotation, b"Contents", buffer, size))
    return Filled(page, "", value) if value else None


def _field(annotation: Any, page: int, form: Any, raw: Any) -> Filled | None:
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    name = _words(
        lambda buffer, size: raw.FPDFAnnot_GetFormFieldAlternateName(form, annotation, buffer, size)
    ) or _words(lambda buffer, size: raw.FPDFAnnot_GetFormFieldName(form, annotation, buffer, size))
    if kind in (raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE):
        return None
    if kind == raw.FPDF_FORMFIELD_RADIOBUTTON and not raw.FPDFAnnot_IsChecked(form, annotation):
        return None
    if kind == raw.FPDF_FORMFIELD_CHECKBOX:
        value = "yes" if raw.FPDFAnnot_IsChecked(form, annotation) else "no"
    else:
        value = _words(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size))
    return Filled(page, name or "Field", value) if value else None


def _words(read: Callable[[Any, int], int]) -> str:
    """A text of PDFium's on one line; `read` fills a buffer of UTF-16 and gives its size in bytes."""
    size = read(None, 0)
    if not 2 < size <= _LONGEST:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    read(buffer, size)
    return " ".join(bytes(buffer)[: size - 2].decode("utf-16-le", "ignore").split())
