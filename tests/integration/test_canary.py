"""Canaries of the bundled model in a real hub: llama.cpp processes side by side, real requests, real kills."""

import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from memory.ledger import open_ledger
from tests.fakes.commands import start_up
from tests.fakes.factories import Factory, open_factory
from tools.serving.providers import bundled_version

pytestmark = [pytest.mark.integration, pytest.mark.long]

TARGET = "support"
CANARY: dict[str, Any] = {
    "strategy": "canary",
    "percentages": [40, 70],
    "hold_s": 0.5,
    "limit_s": 80,
    "minimum_samples": 8,
    # Wide, so that few requests decide; speed on a busy machine says nothing.
    "limits": {"error_rate_increase": 0.5, "slowdown": None},
}
OVER = {"promoted", "rolled_back", "failed", "aborted", "paused"}


@pytest.fixture
def home(ready: Path) -> Path:
    if bundled_version() is None:
        pytest.skip("the extra chargehand[local] is not installed")
    return ready


def served(home: Path) -> Any:
    """What the target serves, as the ledger has it, with all configuration."""
    ledger = open_ledger(home / "ledger.sqlite")
    with ledger.view("default") as unit:
        traffic = unit.targets.get(TARGET).traffic
    ledger.close()
    return traffic


def models_of(hub: int) -> set[int]:
    """The processes of the hub that run models."""
    return {child.pid for child in psutil.Process(hub).children() if "llama_child.py" in " ".join(child.cmdline())}


def put_into_service(factory: Factory, approver: str) -> None:
    """Let the target serve version 1 alone."""
    factory.call("register_model", name="helper", based_on="smollm2-135m")
    version = factory.register("v1", "Be brief.")
    configuration = {"system": "You are brief.", "temperature": 0.1}
    first = factory.call(
        "rollout_start", target=TARGET, version=version, strategy="recreate", configuration=configuration
    )["id"]
    factory.approve(first, approver)
    assert factory.until(first, lambda found: found["state"] in OVER)["state"] == "promoted"


def start_canary(factory: Factory, approver: str, version: str) -> str:
    rollout = factory.call("rollout_start", target=TARGET, version=version, **CANARY)["id"]
    factory.approve(rollout, approver)
    return rollout


@contextmanager
def killing(hub: int, spared: set[int]) -> Generator[list[int]]:
    """Kill every model process of the hub but these, again and again, until the end of the block; the killed."""
    killed: list[int] = []
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(0.02):
            for process in models_of(hub) - spared:
                psutil.Process(process).kill()
                killed.append(process)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield killed
    finally:
        stop.set()
        thread.join()


def test_a_good_version_is_promoted_and_a_bad_one_goes_back(home: Path):
    with start_up(home) as up, open_factory(up.url) as factory:
        hub, approver = up.process.pid, factory.hire()
        put_into_service(factory, approver)
        assert factory.ask(TARGET, "ann") == "helper@v1"

        good = start_canary(factory, approver, factory.register("v2", "Be polite."))
        shares: dict[int, int] = {}
        with factory.traffic(TARGET) as traffic:
            while (found := factory.rollout(good))["state"] not in OVER:
                shares[found["serves"].get("helper@v2", 0)] = len(models_of(hub))
                time.sleep(0.05)
        assert found["state"] == "promoted", found
        assert set(shares) >= {0, 40, 70}
        assert shares[70] == 2  # both versions ran at the same time
        assert traffic.answers["helper@v1"] > 0
        assert traffic.answers["helper@v2"] >= 2 * CANARY["minimum_samples"]
        assert factory.ask(TARGET, "ann") == "helper@v2"

        before = served(home)
        bad = start_canary(factory, approver, factory.register("v3", "Be rude."))
        deadline = time.monotonic() + 60
        while len(models_of(hub)) != 1:  # version 1 is unloaded
            assert time.monotonic() < deadline
            time.sleep(0.1)
        with killing(hub, models_of(hub)) as killed, factory.traffic(TARGET) as traffic:
            found = factory.until(bad, lambda found: found["state"] in OVER)
        assert found["state"] == "rolled_back", found
        assert killed
        assert "error rate" in found["reason"]
        assert served(home) == before
        assert traffic.answers["helper@v2"] > 0  # whoever was sent to the bad version was answered by the good one
        assert factory.ask(TARGET, "ann") == "helper@v2"
        assert factory.call("audit_verify")["bad_sequence"] is None


def test_a_hub_that_is_killed_goes_on_where_it_was(home: Path):
    with start_up(home) as up, open_factory(up.url) as factory:
        approver = factory.hire()
        put_into_service(factory, approver)
        rollout = start_canary(factory, approver, factory.register("v2", "Be polite."))
        factory.until(rollout, lambda found: found["serves"].get("helper@v2") == 40)
        orphans = [psutil.Process(one) for one in models_of(up.process.pid)]
        up.stop(signal.SIGKILL)
        assert not psutil.wait_procs(orphans, timeout=30)[1]
    with start_up(home) as up, open_factory(up.url) as factory:
        with factory.traffic(TARGET) as traffic:
            found = factory.until(rollout, lambda found: found["state"] in OVER)
        assert found["state"] == "promoted", found
        assert traffic.answers["helper@v2"] >= CANARY["minimum_samples"]
        told = [event["text"] for event in factory.call("rollout_status", rollout=rollout)["events"]]
        assert len([text for text in told if text == "step:1"]) == 1
        assert len([text for text in told if text == "step:2"]) == 1
        assert len([text for text in told if text == "promote"]) == 1
        with factory.http.stream("GET", f"/v1/rollouts/{rollout}/events", headers={"Last-Event-ID": "3"}) as response:
            numbers = [int(line[4:]) for line in response.iter_lines() if line.startswith("id: ")]
        assert numbers == list(range(4, len(told) + 1))
        with pytest.raises(httpx.HTTPStatusError):
            factory.http.get("/v1/rollouts/ro-unknown/events").raise_for_status()
