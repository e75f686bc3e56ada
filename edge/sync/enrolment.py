"""How a device comes to know its hub: once, with a one-time token, proving that it holds its key.

The answer may be lost; the same device asks again with the same token and gets the same. What it keeps is who the hub
is: from then on it obeys that key and no other.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge.files import replace_file
from edge.kernel.errors import InvalidInput, StorageFailed, Untrusted
from edge.kernel.protocol.messages import Enrolled, EnrolRequest
from edge.kernel.protocol.signing import Signer
from edge.sync.transport import Transport


async def enrol(
    path: Path,
    transport: Transport,
    signer: Signer,
    device: str,
    token: str,
    facts: Mapping[str, Any],
    hub_key: str | None = None,
) -> Enrolled:
    """Enrol, or enrol again with the same hub; what comes of it is in the file when this returns.

    Args:
        path: the file.
        transport: makes its requests with the token as their bearer.
        hub_key: the hub's key as somebody told it who was there; None takes the key that answers.

    Raises:
        InvalidInput: the device cannot be called so.
        Untrusted: another hub answered than the one of `hub_key`, or than the one enrolled with before.
        HubRefused: the token is not valid, or was used by another device.
        LinkFailed: no answer came; ask again with the same token.
        StorageFailed: the file could not be written; ask again with the same token.
    """
    before = read_enrolment(path)
    digest = hashlib.sha256(token.encode()).hexdigest()
    proof = signer.sign(digest.encode())
    try:
        request = EnrolRequest(device=device, public_key=signer.public_key, proof=proof, facts=dict(facts))
    except ValidationError as error:
        raise InvalidInput(
            f"{device!r} is no name of a device.",
            "Choose one (--device NAME) of at most 64 letters, digits and . _ -, which begins with a letter or digit.",
        ) from error
    answer = await transport.call("edge_enroll", request.model_dump(mode="json"))
    try:
        enrolled = Enrolled.model_validate(answer)
    except ValidationError as error:
        raise Untrusted("The hub's answer is malformed.") from error
    if enrolled.device != device:
        raise Untrusted(f"The hub enrolled {enrolled.device}, not {device}.")
    known = before.hub_key if before is not None else None
    if any(key not in {None, enrolled.hub_key} for key in (hub_key, known)):
        raise Untrusted(
            "Another hub answered than the one that this device trusts.",
            "Check the address; to move the device to another hub, remove what it was enrolled with.",
        )
    replace_file(path, enrolled.model_dump_json().encode())
    return enrolled


def read_enrolment(path: Path) -> Enrolled | None:
    """The hub that the device enrolled with; None where it did not. Raises StorageFailed: the file is broken."""
    try:
        return Enrolled.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise StorageFailed(f"{path} cannot be read.", "Remove it, and enrol the device anew.") from error
