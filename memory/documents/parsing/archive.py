"""Office files and books that are ZIP archives of XML: opened within bounds, their parts read by path."""

import io
import posixpath
import struct
import zipfile
import zlib
from importlib import import_module
from typing import Any

from edge.kernel.errors import InvalidInput

BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RuntimeError,  # an encrypted member; NotImplementedError: an unknown compression
    OSError,
    SyntaxError,  # what lxml raises for XML that is not well-formed
)
"""What readers of damaged archives raise."""

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How office files of before 2007 begin, and those with a password."""
_MOST_BYTES = 512 * 1024 * 1024
_MOST_RATIO = 300
_NEVER_TOO_MANY = 16 * 1024 * 1024
_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


class Archive:
    """The members of a ZIP archive.

    Raises:
        InvalidInput: it is damaged, protected, or would unpack to far more than is believable.
    """

    def __init__(self, name: str, data: bytes, kind: str) -> None:
        """Args: name of the file and kind of file, such as "an Excel workbook", for messages."""
        self._name, self._kind = name, kind
        if data.startswith(OLE):
            raise InvalidInput(
                f"{name} is of before Office 2007 or has a password.", "Save it in today's format without a password."
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self.names = frozenset(self._zip.namelist())
            size_bytes = sum(member.file_size for member in self._zip.infolist())
        except BROKEN as error:
            raise self.damaged() from error
        if size_bytes > _MOST_BYTES or size_bytes > max(_NEVER_TOO_MANY, _MOST_RATIO * len(data)):
            raise InvalidInput(
                f"{name} would unpack to {size_bytes} bytes, which is not believable for {kind}.", "Save it again."
            )

    def damaged(self) -> InvalidInput:
        return InvalidInput(f"{self._name} is damaged or not {self._kind}.", "Open it and save it again.")

    def read(self, path: str) -> bytes:
        """Raises InvalidInput: the member is missing or damaged."""
        try:
            return self._zip.read(path)
        except BROKEN as error:
            raise self.damaged() from error

    def xml(self, path: str) -> Any:
        """The root element of a member, without entities or what lies outside.

        Raises:
            InvalidInput: the member is missing or no XML.
        """
        etree: Any = import_module("lxml.etree")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=False)
        try:
            root = etree.fromstring(self.read(path), parser)
        except BROKEN as error:
            raise self.damaged() from error
        if root is None:
            raise self.damaged()
        return root

    def relations(self, path: str) -> dict[str, tuple[str, str]]:
        """Relationships of a part of an office file: id -> (the last word of its type, path in the archive)."""
        folder, _, name = path.rpartition("/")
        rels = f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"
        if rels not in self.names:
            return {}
        found: dict[str, tuple[str, str]] = {}
        for one in self.xml(rels).iter(_RELATIONSHIP):
            target = one.get("Target") or ""
            if one.get("TargetMode") != "External":
                whole = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
                found[one.get("Id") or ""] = ((one.get("Type") or "").rpartition("/")[2], whole.lstrip("/"))
        return found
