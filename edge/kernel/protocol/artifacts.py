"""References to content, and ranges of it."""

import base64
import binascii
import zlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.kernel.errors import Untrusted

LONGEST_RANGE = 1 << 20
"""Bytes that one call gives at most."""

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class ArtifactRef(BaseModel):
    """Content by its digest; signed with the item that refers to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: Digest
    size_bytes: Annotated[int, Field(ge=0)]
    media_type: str = "application/octet-stream"


class ArtifactRange(BaseModel):
    """A part of an artifact, as `edge_artifact` gives it.

    Attributes:
        data: base64 of the bytes, deflated where that makes them fewer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: Digest
    offset: Annotated[int, Field(ge=0)]
    total_bytes: Annotated[int, Field(ge=0)]
    encoding: Literal["identity", "deflate"]
    data: str


def pack_range(digest: str, offset: int, total_bytes: int, content: bytes) -> ArtifactRange:
    """The range that carries these bytes."""
    deflated = zlib.compress(content, 6)
    smaller = len(deflated) < len(content)
    data = base64.b64encode(deflated if smaller else content).decode()
    encoding = "deflate" if smaller else "identity"
    return ArtifactRange(digest=digest, offset=offset, total_bytes=total_bytes, encoding=encoding, data=data)


def unpack_range(part: ArtifactRange) -> bytes:
    """The bytes of a range. Raises Untrusted: they are malformed, or more than a range may hold."""
    try:
        raw = base64.b64decode(part.data, validate=True)
        if part.encoding == "identity":
            content = raw
        else:
            inflater = zlib.decompressobj()
            content = inflater.decompress(raw, LONGEST_RANGE + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise Untrusted(f"The bytes of {part.digest} from {part.offset} on are malformed.") from error
    if len(content) > LONGEST_RANGE:
        raise Untrusted(f"The range of {part.digest} holds more than {LONGEST_RANGE} bytes.")
    return content
