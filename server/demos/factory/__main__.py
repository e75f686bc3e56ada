"""Plays the story; `python -m server.demos.factory --home FOLDER`, a folder that holds no hub yet."""

import hashlib
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.demos.factory.faulty import faulty_server
from server.demos.factory.traffic import Traffic, people_asking
from server.demos.hub import WIDTH, Hub, chapter, does, expect, line, play_demo, refused, say, start_hub, table
from tools.serving.providers import BUNDLED, bundled_path

MODEL, TARGET = "helper", "support"
_ENGINEER = """roster:read roster:write licences:read evaluations:read evaluations:write gates:read gates:write
    rollouts:read rollouts:write approvals:read audit:read models:use""".split()
_APPROVER = ["approvals:read", "approvals:decide", "rollouts:read"]
_CANARY = {"strategy": "canary", "hold_s": 2, "limit_s": 120, "minimum_samples": 8}
_LONGEST = 200
_GATE_SPOKE = {"waiting_for_approval", "paused", "failed"}
_OVER = {"promoted", "rolled_back", "aborted", "failed", "paused"}
_PATIENCE_S = 60.0


def main() -> int:
    """Play it; returns as `play_demo`."""
    return play_demo(__doc__ or "", _play)


def _play(home: Path) -> None:
    with (
        faulty_server(BUNDLED) as faulty,
        start_hub(home, {"CHARGEHAND_MODEL": "none", "CHARGEHAND_OPENAI_BASE_URL": faulty}) as hub,
    ):
        _story(hub)


def _story(hub: Hub) -> None:
    _hire(hub)
    _roster(hub)
    _licences(hub)
    _serve_first(hub)
    pinned = f"sha256:{hashlib.sha256(bundled_path().read_bytes()).hexdigest()}"
    _canary(hub, pinned)
    _bad_version(hub, pinned)
    _books(hub)


def _hire(hub: Hub) -> None:
    """Give ann and bob their keys."""
    say("Two people share the hub: ann, an engineer, and bob, who approves. Each gets an API key with their rights.")
    for who, scopes in (("ann", _ENGINEER), ("bob", _APPROVER)):
        hub.keys[who] = hub.call("local", "api_key_issue", {"principal": who, "scopes": scopes})["key"]
        line(textwrap.fill(f"{who}: {', '.join(scopes)}", 110, initial_indent="    ", subsequent_indent="      "))


def _roster(hub: Hub) -> None:
    """Chapter 1."""
    chapter(1, "What can this hub serve?")
    found = does(hub, "ann", "roster_list")
    rows = [
        [entry["reference"], str(entry["parameters"] or "?"), entry["licence"] or "?", entry["commercial_use"] or "?"]
        for entry in found["models"]
    ]
    table(["model", "parameters", "licence", "commercial use"], rows)


def _licences(hub: Hub) -> None:
    """Chapter 2."""
    chapter(2, "May we build a product on it?")
    for model in (BUNDLED, "qwen2.5-3b"):
        found = does(hub, "ann", "licence_lookup", model=model)
        terms = found["licence"]
        line(f"    {found['name']}: {terms['name']}; commercial use: {terms['commercial_use']}")
    say("So the product is built on SmolLM2.")


def _register(hub: Hub, label: str, reference: str, content: dict[str, str], system: str) -> str:
    """Register a version that answers in few tokens; its id."""
    serving = {"context_tokens": 512, "system": system, "options": {"max_tokens": 4, "temperature": 0}}
    given = {"base": BUNDLED, "quantisation": "Q4_1", **content}
    found = does(
        hub, "ann", "register_version",
        model=MODEL, label=label, reference=reference, content=given, card={"serving": serving},
    )  # fmt: skip
    line(f"    {found['id']}: content {found['digest'][:23]}..., stage {found['stage']}")
    return found["id"]


def _evidence(hub: Hub, version: str) -> None:
    """Record what the policies ask for."""
    measured: dict[str, Any] = {"metric": "accuracy", "value": 0.78, "lower": 0.74, "upper": 0.82, "n": 400}
    does(hub, "ann", "evaluation_record", version=version, dataset="service-questions", **measured)
    does(hub, "ann", "security_record", version=version, check="format", outcome="gguf", source="weights.gguf")
    does(hub, "ann", "security_record", version=version, check="signature", outcome="valid", source="weights.gguf")
    does(
        hub, "ann", "security_record",
        version=version, check="scan", outcome="clean", source="modelscan", critical=0, high=0,
    )  # fmt: skip


def _first_version(hub: Hub) -> str:
    """Chapter 3; the version's id."""
    chapter(3, "The first version goes into service")
    does(hub, "ann", "register_model", name=MODEL, based_on=BUNDLED, description="answers service questions")
    version = _register(hub, "v1", f"local:{BUNDLED}", {}, "You are a helpful assistant.")
    say("Evidence is kept about the digest of the content, not about a name:")
    _evidence(hub, version)
    return version


@dataclass
class _Move:
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


def _start(hub: Hub, version: str, **plan: Any) -> _Move:
    """Ann asks to move the target to a version."""
    return _Move(hub, does(hub, "ann", "rollout_start", target=TARGET, version=version, **plan)["id"])


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
        line(textwrap.fill(short, WIDTH, initial_indent="    ", subsequent_indent="      "))


def _serve_first(hub: Hub) -> None:
    version = _first_version(hub)
    say(f"A target is a name that people ask; {TARGET} serves nothing yet, so its first version is put in place.")
    move = _start(hub, version, strategy="recreate")
    expect(move.gate(), "waiting_for_approval")
    move.approve()
    expect(move.follow()["state"], "promoted")
    answered, text = hub.ask("ann", TARGET, "Say hello.", "ann")
    line(f"    {answered} answers, in a llama.cpp process of its own: {text!r}")


def _canary(hub: Hub, pinned: str) -> None:
    chapter(4, "A second version, as a canary")
    say("Version 2 pins the weights to the digest of their file and has a system prompt of its own.")
    version = _register(hub, "v2", f"local:{BUNDLED}", {"base_digest": pinned}, "You are polite and brief.")
    say("The limits are wide, so that the few requests of a demo decide.")
    move = _start(hub, version, percentages=[30, 60], limits={"error_rate_increase": 0.5, "slowdown": None}, **_CANARY)
    expect(move.gate(), "paused")
    say("The gate knows nothing of this content: evidence about version 1 is none about version 2. Ann measures it.")
    _evidence(hub, version)
    expect(move.resume(), "waiting_for_approval")
    say("Now it passes. It takes four eyes, so ann cannot approve what she asked for herself:")
    move.approve(alone_first=True)
    say("Three people ask the model without pause, while its traffic moves:")
    with people_asking(hub, "ann", TARGET) as traffic:
        expect(move.follow(traffic)["state"], "promoted")
    say(f"Requests that failed for the people who asked: {traffic.failed}.")


def _bad_version(hub: Hub, pinned: str) -> None:
    chapter(5, "A bad version goes back by itself")
    say(
        "Version 3 is the same weights on another model server. Evidence is about what is served, so Ann measures it, "
        "too; what no evaluation showed is that this server fails nine requests of ten."
    )
    version = _register(hub, "v3", f"openai:{BUNDLED}", {"base_digest": pinned}, "")
    _evidence(hub, version)
    move = _start(hub, version, percentages=[50], limits={"error_rate_increase": 0.2, "slowdown": None}, **_CANARY)
    expect(move.gate(), "waiting_for_approval")
    move.approve()
    with people_asking(hub, "ann", TARGET) as traffic:
        ended = move.follow(traffic)
    expect(ended["state"], "rolled_back")
    expect(ended["serves"], {f"{MODEL}@v2": 100})
    say(
        f"Requests that failed for the people who asked: {traffic.failed}. Whoever was sent to version 3 and met an "
        "error was answered by version 2 in the same request."
    )


def _books(hub: Hub) -> None:
    chapter(6, "The books")
    usage = does(hub, "ann", "tenant_usage")
    line(f"    {usage['requests']} requests, {usage['errors']} failed tries, {usage['tokens_out']} tokens written")
    entries = does(hub, "ann", "audit_list", limit=6)["entries"]
    rows = [[str(one["sequence"]), one["principal"], one["tool"], one["outcome"]] for one in entries]
    table(["entry", "who", "what", "how it ended"], rows)
    found = does(hub, "ann", "audit_verify")
    line(f"    {found['checked']} entries, each hashed over the one before it; the log is whole: {found['whole']}")
    expect(found["whole"], True)


if __name__ == "__main__":
    sys.exit(main())
