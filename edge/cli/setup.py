"""`chargehand-edge enroll` and `config`: which hub the device belongs to, and its configuration."""

import argparse
import asyncio
import json
import os
import socket
import sys
from pathlib import Path

from edge.cli import DONE
from edge.configuration import Configuration
from edge.home import HubLink, Parts, facts
from edge.kernel.errors import InvalidInput
from edge.kernel.protocol.messages import Enrolled
from edge.settings import load_settings
from edge.sync.enrolment import enrol
from edge.sync.transport import open_transport, with_token

TOKEN_VARIABLE = "CHARGEHAND_EDGE_TOKEN"  # noqa: S105  # its name, not a token


def enroll_options(parser: argparse.ArgumentParser) -> None:
    """Options of `chargehand-edge enroll`."""
    parser.add_argument("--hub", required=True, metavar="URL", help="address of the hub, such as https://hub.example")
    parser.add_argument("--token", help=f"the one-time token; else {TOKEN_VARIABLE}, which no process list shows")
    parser.add_argument("--device", default=socket.gethostname(), help="name of this device  [default: its host name]")
    parser.add_argument("--hub-key", metavar="KEY", help="the hub's public key, where somebody told you it in person")
    parser.add_argument("--authorities", type=Path, metavar="PEM", help="certificates that the hub's must come from")
    parser.add_argument("--proxy", metavar="URL", help="HTTP proxy on the way")


def run_enroll(options: argparse.Namespace) -> int:
    """Enrol, and keep how the hub is reached."""
    token = options.token or os.environ.get(TOKEN_VARIABLE)
    if not token:
        raise InvalidInput(
            "There is no token.", f"Give --token or {TOKEN_VARIABLE}; `chargehand devices token` makes one."
        )
    url = options.hub.rstrip("/")
    link = HubLink(
        url=url if url.endswith("/mcp") else f"{url}/mcp", authorities=options.authorities, proxy=options.proxy
    )
    parts = Parts.of(load_settings(options.home))
    enrolled = asyncio.run(_enrol(parts, link, options.device, token, options.hub_key))
    parts.home.keep_link(link)
    parts.database.close()
    if options.json:
        print(enrolled.model_dump_json())
    else:
        print(
            f"{enrolled.device} is enrolled in {enrolled.tenant}, group {enrolled.group}, by the hub {enrolled.hub_id}."
        )
        print(f"It obeys the key {enrolled.hub_key} from now on. Start it with `chargehand-edge run`.")
    return DONE


async def _enrol(parts: Parts, link: HubLink, device: str, token: str, hub_key: str | None) -> Enrolled:
    path, signer = parts.home.enrolment, parts.signer
    async with open_transport(link.url, with_token(token), authorities=link.authorities, proxy=link.proxy) as transport:
        return await enrol(path, transport, signer, device, token, facts(), hub_key)


def config_options(parser: argparse.ArgumentParser) -> None:
    """Options of `chargehand-edge config`."""
    parser.add_argument("key", nargs="?", help="a key, such as alerts.temperature; all where it is left out")
    parser.add_argument("value", nargs="?", help="the new value, as JSON")
    parser.add_argument("--remove", action="store_true", help="remove the key")


def run_config(options: argparse.Namespace) -> int:
    """Show or change; what the hub wants is merged with it at the next exchange."""
    parts = Parts.of(load_settings(options.home))
    configuration = Configuration(parts.database)
    if options.key and options.remove:
        configuration.remove(options.key)
    elif options.key and options.value is not None:
        try:
            configuration.change(options.key, json.loads(options.value))
        except ValueError as error:
            raise InvalidInput(f"{options.value!r} is not JSON.", 'Write texts as "text".') from error
    values = configuration.values()
    if options.key and options.value is None and not options.remove:
        if options.key not in values:
            raise InvalidInput(
                f"There is no value {options.key!r}.", f"There are: {', '.join(sorted(values)) or 'none'}."
            )
        values = {options.key: values[options.key]}
    if not values:
        print("Nothing is configured.", file=sys.stderr)
    for key, value in sorted(values.items()):
        print(f"{key} = {json.dumps(value, ensure_ascii=False)}")
    parts.database.close()
    return DONE
