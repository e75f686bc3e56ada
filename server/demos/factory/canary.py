"""Second part: a target moves from one version to the next, or back."""

import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from server.demos.factory.first_version import TARGET
from server.demos.factory.traffic import Traffic
from server.demos.hub import Hub, does, line, refused

__all__ = ["Move", "start"]

_WIDTH, _LONGEST = 110, 200
_GATE_SPOKE = {"waiting_for_approval", "paused", "failed"}
_OVER = {"promoted", "rolled_back", "aborted", "failed", "paused"}
_PATIENCE_S = 60.0


@dataclass
class Move:
    """A rollout that is told as it goes; `seen` is the number of the last event that was told."""

    hub: Hub
    rollout: str
    seen: int = 0

    def gate(self) -> str:
        """Tell what the gate says; the state that the rollout is in then."""
        for event in self._events():
            if event["kind"] == "state" and event["data"]["to"] in _GATE_SPOKE:
                _tell_gate(event)
                return event["data"]["to"]
        raise RuntimeError(f"the gate did not judge {self.rollout}")

    def resume(self) -> str:
        """Ann lets it ask the gate again; the state that it is in then."""
        does(self.hub, "ann", "rollout_resume", rollout=self.rollout)
        return self.gate()

    def approve(self, *, alone_first: bool = False) -> None:
        """Bob approves; ann may try to approve her own request first."""
        wanted = f"ap-{self.rollout}"
        deadline = time.monotonic() + _PATIENCE_S
        while not self._is_asked_for(wanted):  # the reconciler asks for it in its next step
            if time.monotonic() > deadline:
                raise RuntimeError(f"nobody was asked for {wanted}")
            time.sleep(0.1)
        if alone_first:
            refused(self.hub, "ann", "approval_approve", approval=wanted)
        found = does(self.hub, "bob", "approval_approve", approval=wanted, comment="evidence is complete")
        line(f"    {found['state']} by {found['decided_by']}; it is bound to the digest of exactly this plan")

    def follow(self, traffic: Traffic | None = None) -> dict[str, Any]:
        """Tell what happens from the approval to the end, with the traffic; the rollout as it ended."""
        serves = ended = ""
        for event in self._events():
            if event["kind"] == "target":
                _count(serves, traffic)
                serves = ", ".join(f"{arm['version']} {arm['weight']} %" for arm in event["data"]["arms"])
                line(f"    {TARGET} serves {serves}")
            elif event["kind"] == "analysis" and traffic is not None:
                _tell(f"    verdict {event['data']['verdict']}: {event['text']}")
            elif event["kind"] == "state" and event["data"]["to"] in _OVER:
                ended = event["data"]["to"].replace("_", " ")
        line(f"    the rollout is {ended}")
        return self.hub.call("ann", "rollout_status", {"rollout": self.rollout})["rollout"]

    def _events(self) -> Iterator[dict[str, Any]]:
        for event in self.hub.events("ann", self.rollout, self.seen):
            self.seen = event["sequence"]
            yield event

    def _is_asked_for(self, approval: str) -> bool:
        waiting = self.hub.call("bob", "approvals_list", {"state": "requested"})["approvals"]
        return any(one["id"] == approval for one in waiting)


def start(hub: Hub, version: str, **plan: Any) -> Move:
    """Ann asks to move the target to a version."""
    return Move(hub, does(hub, "ann", "rollout_start", target=TARGET, version=version, **plan)["id"])


def _count(serves: str, traffic: Traffic | None) -> None:
    answered = traffic.take() if traffic is not None else {}
    if serves and answered:
        line(f"        answers meanwhile: {', '.join(f'{name} {answered[name]}' for name in sorted(answered))}")


def _tell_gate(event: dict[str, Any]) -> None:
    """What the gate said, and each of its reasons."""
    gate = event["data"].get("gate", {"reasons": [], "gate": ""})
    line(f"    {event['text'].partition(':')[0]} ({gate['gate']}):")
    for reason in gate["reasons"]:
        _tell(reason)


def _tell(text: str) -> None:
    """Reasons, each on lines of its own and cut short; in full they are in the ledger."""
    for reason in text.split(".; "):
        short = textwrap.shorten(reason, _LONGEST, placeholder=" ...")
        line(textwrap.fill(short, _WIDTH, initial_indent="    ", subsequent_indent="      "))
