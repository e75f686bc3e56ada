"""The factory's story as one conversation of two people, told on whatever face takes sentences."""

import hashlib
import re
import time
from collections.abc import Callable
from typing import Any, Protocol

from server.demos.factory.traffic import people_asking
from server.demos.hub import Hub
from tools.serving.providers import BUNDLED, bundled_path

__all__ = ["Teller", "hire", "play"]

TARGET = "support"
_ENGINEER = """chat:use documents:read roster:read roster:write licences:read evaluations:read evaluations:write
    gates:read gates:write rollouts:read rollouts:write approvals:read audit:read models:use""".split()
_APPROVER = ["chat:use", "documents:read", "roster:read", "approvals:read", "approvals:decide", "rollouts:read"]
_OVER = {"promoted", "rolled_back", "failed", "aborted", "paused"}
_WIDE = "hold 1 s, at most 10 minutes, at least 8 requests, any latency"
_PATIENCE_S = 300.0


class Teller(Protocol):
    """A face of the chat."""

    def say(self, who: str, text: str) -> str:
        """One turn in the story's thread; what the page or the command showed."""
        ...

    def approve(self, who: str, approval: str) -> str:
        """Try to approve; what was shown."""
        ...


def hire(hub: Hub) -> None:
    """Ann, an engineer, and bob, who approves, get their keys."""
    for who, scopes in (("ann", _ENGINEER), ("bob", _APPROVER)):
        hub.keys[who] = hub.call("local", "api_key_issue", {"principal": who, "scopes": scopes})["key"]


def play(teller: Teller, hub: Hub) -> None:
    """All of it; the hub's provider `openai` fails nine requests of ten."""
    assert "smollm2-135m" in teller.say("ann", "list the roster")
    assert "Commercial use: yes" in teller.say("ann", "may we ship smollm2-135m in a product?")
    teller.say("ann", "register a model called helper based on smollm2-135m")
    _first(teller, hub)
    pinned = f"sha256:{hashlib.sha256(bundled_path().read_bytes()).hexdigest()}"
    _canary(teller, hub, pinned)
    _bad_version(teller, hub, pinned)
    assert "The audit chain is whole" in teller.say("ann", "verify the audit chain").replace("**", "")
    trail = [(one["principal"], one["tool"], one["outcome"]) for one in _entries(hub)]
    assert ("ann", "approval_approve", "refused") in trail
    assert trail.count(("bob", "approval_approve", "done")) == 3


def _register(teller: Teller, label: str, provider: str, digest: str = "") -> None:
    order = f"register version helper@{label} served by {provider}:{BUNDLED} from base {BUNDLED} quantised q4_1"
    assert f"helper@{label}" in teller.say("ann", order + (f" digest {digest}" if digest else ""))


def _measure(teller: Teller, version: str) -> None:
    for said in (
        f"record accuracy 0.78 (0.74 to 0.82) on 400 samples of dataset service-questions for {version}",
        f"record format gguf of {version} from weights.gguf",
        f"record signature valid of {version} from weights.gguf",
        f"record scan clean of {version} by modelscan, 0 critical, 0 high",
    ):
        assert version in teller.say("ann", said)


def _first(teller: Teller, hub: Hub) -> None:
    _register(teller, "v1", "local")
    _measure(teller, "helper@v1")
    _agree(teller, hub, teller.say("ann", f"recreate new target {TARGET} with helper@v1"))
    ended = _until(hub, lambda found: found["state"] in _OVER)
    assert ended["state"] == "promoted", ended["reason"]


def _canary(teller: Teller, hub: Hub, pinned: str) -> None:
    _register(teller, "v2", "local", pinned)
    order = f"canary helper@v2 on {TARGET} at 40, 70 %, {_WIDE}, up to 50 points more errors"
    asked = teller.say("ann", order)
    _until(hub, lambda found: found["state"] == "paused")
    told = teller.say("ann", f"how is the rollout on {TARGET}?")
    assert "paused" in told
    assert "there is no accuracy" in told
    _measure(teller, "helper@v2")
    teller.say("ann", f"resume {TARGET}")
    _agree(teller, hub, asked, alone_first=True)
    with people_asking(hub, "ann", TARGET) as traffic:
        _until(hub, lambda found: found["serves"].get("helper@v2", 0) in {40, 70})
        assert "helper@v2 " in teller.say("ann", f"how is the rollout on {TARGET}?")
        ended = _until(hub, lambda found: found["state"] in _OVER)
    assert ended["state"] == "promoted", ended["reason"]
    answered = traffic.take()
    assert answered["helper@v2"] > 0
    assert traffic.failed == 0


def _bad_version(teller: Teller, hub: Hub, pinned: str) -> None:
    _register(teller, "v3", "openai", pinned)
    _measure(teller, "helper@v3")
    _agree(
        teller, hub, teller.say("ann", f"canary helper@v3 on {TARGET} at 50 %, {_WIDE}, up to 20 points more errors")
    )
    with people_asking(hub, "ann", TARGET):
        ended = _until(hub, lambda found: found["state"] in _OVER)
    assert ended["state"] == "rolled_back", ended["reason"]
    assert "rolled_back" in teller.say("ann", f"list the rollouts on {TARGET}")
    assert hub.ask("ann", TARGET, "Say hello.", "ann")[0] == "helper@v2"


def _agree(teller: Teller, hub: Hub, asked: str, *, alone_first: bool = False) -> None:
    found = re.search(r"ro-[0-9a-f]{12}", asked)
    assert found is not None, asked
    wanted = f"ap-{found[0]}"
    _until(hub, lambda rollout: rollout["state"] == "waiting_for_approval" and _is_asked_for(hub, wanted))
    if alone_first:
        assert "it takes four eyes" in teller.approve("ann", wanted)
    teller.approve("bob", wanted)


def _is_asked_for(hub: Hub, approval: str) -> bool:
    return any(one["id"] == approval for one in hub.call("bob", "approvals_list", {})["approvals"])


def _until(hub: Hub, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait for the newest rollout of the target to be so."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        newest = hub.call("ann", "rollout_list", {"target": TARGET})["rollouts"][0]
        if holds(newest):
            return newest
        assert time.monotonic() < deadline, newest
        time.sleep(0.2)


def _entries(hub: Hub) -> list[dict[str, Any]]:
    return hub.call("ann", "audit_list", {"limit": 200})["entries"]
