"""One spelling of a value, so that equal values have equal digests and signatures."""

import hashlib
import json
from typing import Any

_SPELLING = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and no spaces, as UTF-8, on hub and device.

    Raises:
        ValueError: a number is not finite.
        TypeError: something in it is not JSON.
    """
    return _SPELLING.encode(value).encode("utf-8", "surrogatepass")


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hexadecimal digits. Raises as `canonical_json`."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
