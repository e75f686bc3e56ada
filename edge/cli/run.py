"""`chargehand-edge run` and `sync`: the agent, and one exchange without it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from edge.cli import DONE
from edge.daemon import Daemon, Notifier
from edge.device import Device, open_device
from edge.kernel.errors import ChargehandError
from edge.local_socket import serve_questions
from edge.settings import load_settings

if TYPE_CHECKING:
    from edge.local_page import LocalPage


def run_run(options: argparse.Namespace) -> int:
    """Run the agent until SIGTERM or SIGINT; the second of them ends it at once."""
    with open_device(load_settings(options.home)) as device, device.parts.home.only_one():
        asyncio.run(_run(device))
        device.close()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(DONE)  # a model may still be writing in a thread: nothing that it says would be used


async def _run(device: Device) -> None:
    from edge.questions import answer_body

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop_once, loop, number, stop)

    def answer(text: str, by: str) -> Mapping[str, Any]:
        return answer_body(device.assistant.ask(text, by=by))

    server = None
    try:
        server = await serve_questions(device.parts.home.socket, answer)
    except OSError as error:  # not even room for the socket: all else still works
        print(
            f"No questions can be taken on {device.parts.home.socket}: {error.strerror}.", file=sys.stderr, flush=True
        )
    page = _open_page(device, answer)
    hub = device.parts.enrolled
    name = hub.device if hub is not None else "This device (not enrolled)"
    print(f"{name} is up (home {device.parts.home.root})", flush=True)
    try:
        await Daemon(device, Notifier(os.environ.get("NOTIFY_SOCKET"))).run(stop)
    finally:
        if server is not None:
            server.close()
        if page is not None:
            page.close()


def _open_page(device: Device, answer: Callable[[str, str], Mapping[str, Any]]) -> LocalPage | None:
    """The device's page, where its settings want one; the agent works without it, too."""
    wanted = device.settings.page
    if wanted is None:
        return None
    from edge.local_page import LocalPage, read_code

    try:
        code = read_code(device.parts.home.page_code) if wanted.lan else None
        host = "0.0.0.0" if wanted.lan else "127.0.0.1"  # noqa: S104  # nosec B104: with a code
        page = LocalPage(host, wanted.port, answer, device.page_state, code)
    except (OSError, ChargehandError) as error:
        print(f"The page cannot be shown: {error}.", file=sys.stderr, flush=True)
        return None
    print(f"Its page is on http://{host}:{page.port}", file=sys.stderr, flush=True)
    return page


def _stop_once(loop: asyncio.AbstractEventLoop, number: int, stop: asyncio.Event) -> None:
    loop.remove_signal_handler(number)
    stop.set()


def run_sync(options: argparse.Namespace) -> int:
    """Exchange until neither has more to say. While an agent runs on this home, it does that by itself."""
    with open_device(load_settings(options.home)) as device, device.parts.home.only_one():
        report = asyncio.run(device.exchange())
        waiting = device.parts.outbox.status().waiting
    if options.json:
        print(json.dumps(asdict(report) | {"changed": sorted(report.changed), "waiting": waiting}))
        return DONE
    came = f"; new from the hub: {', '.join(sorted(report.changed))}" if report.changed else ""
    print(f"{report.sent} events sent, {waiting} wait{came}.")
    if report.set_aside:
        print(f"The hub set {report.set_aside} of them aside; `chargehand devices events` shows which.")
    return DONE
