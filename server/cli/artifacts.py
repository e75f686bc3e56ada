"""`chargehand artifacts`: files of models."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.kernel.errors import Unavailable
from memory.settings import load_settings
from server.cli import print_json
from server.cli.session import open_session

if TYPE_CHECKING:
    import httpx


_PATIENCE_S = 900.0
"""For the answer: the hub keeps the file before it says so."""


@click.group("artifacts")
def command() -> None:
    """Keep files of models: GGUF, safetensors, ONNX."""


@command.command("put")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--hub", metavar="URL", help="Send it to this hub, on another machine; the key is CHARGEHAND_API_KEY.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def put(file: Path, hub: str | None, as_json: bool) -> None:
    """Keep FILE by the digest of its content, and print that."""
    found = _kept(file) if hub is None else _sent(file, hub)
    if as_json:
        print_json(found)
    else:
        click.echo(found["digest"])


def _kept(file: Path) -> dict[str, Any]:
    """Kept by the hub of this machine."""
    with open_session() as session:
        return session.call("artifact_put", {"path": str(file.resolve())})


def _sent(file: Path, hub: str) -> dict[str, Any]:
    """Sent over HTTP to a hub that knows the key, and compares the digest of what comes with that of the file here.

    Raises:
        Unavailable: there is no hub at the address, or it does not answer.
        ChargehandError: as the hub tells.
    """
    import httpx

    from memory.artifacts.pieces import measure, pieces_of
    from memory.home import storage_errors

    key = load_settings().api_key
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key is not None else {}
    with storage_errors(file), file.open("rb") as content:
        measured = measure(pieces_of(content))
        content.seek(0)
        headers["Content-Length"] = str(measured.pieces.size_bytes)
        try:
            answer = httpx.put(
                f"{hub.rstrip('/')}/v1/artifacts",
                params={"name": file.name, "digest": measured.digest},
                content=pieces_of(content),
                headers=headers,
                timeout=httpx.Timeout(30.0, read=_PATIENCE_S),
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise Unavailable(f"The hub at {hub} does not answer: {why}.", "See that it is up, and its URL.") from error
    return _read(answer, hub)


def _read(answer: "httpx.Response", hub: str) -> dict[str, Any]:
    from server.outcomes import error_of

    try:
        told: dict[str, Any] = answer.json()
        if answer.is_success and "digest" in told:
            return told
        error = told["error"]
        raise error_of(error["code"], error["message"], error["advice"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"What answers at {hub} is no hub ({answer.status_code}).", "See its URL.") from error
