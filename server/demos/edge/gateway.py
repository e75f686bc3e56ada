"""A device: its home, its agent as a process of its own, and the people in front of it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge.kernel.errors import Unavailable

_ROOT = Path(__file__).parents[3]
_SETTINGS = """
telemetry_every_s = 5
longest_wait_s = 4

[models]
small_answers_people = true

[logs]
plant = "{logs}"

[[sensors]]
name = "inlet"
description = "air inlet temperature"
unit = "°C"
aliases = ["air inlet", "进风口"]
minimum = -40
maximum = 120
alarm_above = 45
source = {{ driver = "simulator", base = 47.5, swing = 1.0, seed = 7 }}

[[sensors]]
name = "fan"
description = "fan speed"
unit = "rpm"
minimum = 0
maximum = 6000
source = {{ driver = "simulator", base = 1480, swing = 40, seed = 3 }}
"""
_LOG = """\
2026-03-02T06:10:11 fand[311]: info: fan at 1480 rpm
2026-03-02T06:12:40 fand[311]: warning: air filter pressure drop 212 Pa, limit 150 Pa
2026-03-02T06:12:41 thermald[290]: error: inlet 47 C above 45 C, throttling
"""


class Gateway:
    """One device. `new_gateway` makes it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._agent: subprocess.Popen[bytes] | None = None

    def run(self, *words: str) -> str:
        """A command of `chargehand-edge`; what it printed. Raises Unavailable: it failed."""
        done = subprocess.run(  # noqa: S603 # nosec B603: our own program
            self._command(*words), env=self._environment(), capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode not in {0, 4}:
            raise Unavailable(f"chargehand-edge {words[0]} failed: {done.stderr.strip()[-800:]}")
        return done.stdout.strip()

    def ask(self, text: str) -> dict[str, Any]:
        """A person at the device asks its assistant. Raises as `run`."""
        return json.loads(self.run("ask", "--json", text))

    def status(self) -> dict[str, Any]:
        """Raises as `run`."""
        return json.loads(self.run("status", "--json"))

    def switch_on(self) -> None:
        """Start the agent. Raises Unavailable: it did not start."""
        log = (self.home / "agent.log").open("ab")
        self._agent = subprocess.Popen(  # noqa: S603 # nosec B603: our own program
            self._command("--verbose", "run"), env=self._environment(), stdout=subprocess.PIPE, stderr=log
        )
        log.close()
        if self._agent.stdout is None or not self._agent.stdout.readline():
            raise Unavailable(f"The agent did not start; {self.home}/agent.log says why.")

    def lose_power(self) -> None:
        """Kill the agent without a word."""
        if self._agent is not None:
            self._agent.send_signal(signal.SIGKILL)
            self._agent.wait()
            self._agent = None

    def switch_off(self) -> None:
        """Stop the agent in order."""
        if self._agent is not None:
            self._agent.terminate()
            try:
                self._agent.wait(20)
            except subprocess.TimeoutExpired:
                self._agent.kill()
                self._agent.wait()
            self._agent = None

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "edge", "--home", str(self.home), *words]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHARGEHAND_")}
        return kept | {"PYTHONPATH": str(_ROOT), "PYTHONUNBUFFERED": "1"}


@contextmanager
def new_gateway(home: Path) -> Generator[Gateway]:
    """A gateway with two sensors and a log, until the end of the block."""
    logs = home / "plant-logs"
    logs.mkdir(parents=True)
    (logs / "plant.log").write_text(_LOG, encoding="utf-8")
    (home / "device.toml").write_text(_SETTINGS.format(logs=logs), encoding="utf-8")
    gateway = Gateway(home)
    try:
        yield gateway
    finally:
        gateway.switch_off()
