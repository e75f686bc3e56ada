"""A hub in a process of its own, calls to it, and how a demo prints them."""

import argparse
import json
import os
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from edge.kernel.errors import ChargehandError, Unavailable

_URL = re.compile(r"http://\S+")
_ROOT = Path(__file__).parents[2]


class Refusal(Exception):
    """The hub did not do what it was asked: its words, and its code, such as `not_allowed`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Hub:
    """Calls to a running hub. `keys` are people's API keys; who has none calls as the person at the machine."""

    http: httpx.Client
    keys: dict[str, str]

    def call(self, who: str, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call a tool. Raises Refusal: it was refused, or failed."""
        response = self.http.post(f"/v1/tools/{tool}", json=dict(arguments), headers=self._headers(who))
        if response.status_code != 200:
            error = response.json()["error"]
            raise Refusal(error["code"], error["message"])
        return response.json()

    def ask(self, who: str, target: str, question: str, user: str) -> tuple[str, str]:
        """Ask a model through the gateway; (the version that answered, what it said)."""
        messages = [{"role": "user", "content": question}]
        body = {"model": target, "messages": messages, "user": user, "max_tokens": 8}
        response = self.http.post("/v1/chat/completions", json=body, headers=self._headers(who))
        if response.status_code != 200:
            raise Refusal(str(response.status_code), response.json()["error"]["message"])
        answer = response.json()
        return answer["model"], answer["choices"][0]["message"]["content"].strip()

    def events(self, who: str, rollout: str, after: int) -> Iterator[dict[str, Any]]:
        """What happens to a rollout behind the event of that number, as it happens, to its end."""
        headers = {**self._headers(who), "Last-Event-ID": str(after)}
        with self.http.stream("GET", f"/v1/rollouts/{rollout}/events", headers=headers) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    def _headers(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[who]}"} if who in self.keys else {}


@contextmanager
def start_hub(home: Path, settings: Mapping[str, str]) -> Generator[Hub]:
    """Run `chargehand up` on a free port until the end of the block.

    Raises:
        Unavailable: it did not start; the message holds what it said.
    """
    home.mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CHARGEHAND_")}
    environment |= {"CHARGEHAND_HOME": str(home), "PYTHONPATH": str(_ROOT), "PYTHONUNBUFFERED": "1", **settings}
    command = [sys.executable, "-c", "from server.cli import main; main()", "up", "--port", "0"]
    log = home / "hub.log"
    with (
        log.open("wb") as sink,
        subprocess.Popen(  # noqa: S603 # nosec B603: our own program
            command, cwd=home, env=environment, stdout=subprocess.PIPE, stderr=sink, text=True
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 # nosec B101: a pipe was asked for
        try:
            said = process.stdout.readline()
            url = _URL.search(said)
            if url is None:
                raise Unavailable(f"The hub did not start: {log.read_text(errors='replace')[-2000:]}")
            with httpx.Client(base_url=url.group(), timeout=120, trust_env=False) as http:
                yield Hub(http, {})
        finally:
            process.terminate()
            process.wait(30)


WIDTH = 110


def chapter(number: int, title: str) -> None:
    """Begin a part of the story."""
    line(f"\n{number}. {title}\n")


def say(text: str) -> None:
    """A sentence or two of the story."""
    line(textwrap.fill(text, WIDTH))


def line(text: str) -> None:
    """One line as it is."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest entry."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        line("    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def does(hub: Hub, who: str, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """Print the call, and make it."""
    _announce(who, tool, arguments)
    return hub.call(who, tool, arguments)


def refused(hub: Hub, who: str, tool: str, /, **arguments: Any) -> None:
    """Print a call that must be refused, and with what words.

    Raises:
        RuntimeError: it was done.
    """
    _announce(who, tool, arguments)
    try:
        hub.call(who, tool, arguments)
    except Refusal as refusal:
        line(textwrap.fill(f"refused: {refusal}", WIDTH, initial_indent="    ", subsequent_indent="    "))
        return
    raise RuntimeError(f"{tool} was done for {who}, and should not have been")


def _announce(who: str, tool: str, arguments: Mapping[str, Any]) -> None:
    shown = " ".join(f"{name}={_short(value)}" for name, value in arguments.items())
    line(textwrap.fill(f"{who}> {tool} {shown}", WIDTH, subsequent_indent="      ", break_on_hyphens=False))


def _short(value: Any) -> str:
    return value if isinstance(value, str) and " " not in value else json.dumps(value, ensure_ascii=False)


def expect(found: object, wanted: object) -> None:
    """Raises RuntimeError: something came otherwise than the story has it."""
    if found != wanted:
        raise RuntimeError(f"found {found}, where {wanted} was to be")


def play_demo(description: str, play: Callable[[Path], None]) -> int:
    """Play a demo in the folder `--home`, which must be new; 0 when all came as told, 1 when not, 2 for bad usage."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--home", type=Path, required=True, help="folder of the demo; it must be new")
    home: Path = parser.parse_args().home.resolve()
    if home.exists() and any(home.iterdir()):
        sys.stderr.write(f"{home} is in use already; the demo wants a new folder.\n")
        return 2
    begun = time.monotonic()
    line("A hub starts in a process of its own.")
    try:
        play(home)
    except (ChargehandError, Refusal, RuntimeError) as error:
        sys.stderr.write(f"The demo did not go as it should: {error}\n")
        return 1
    line(f"\nDone in {time.monotonic() - begun:.0f} s. All of it is in {home}; the hub's log is hub.log.")
    return 0
