"""Plays the story; `python -m server.demos.factory --home FOLDER`, a folder that holds no hub yet."""

import argparse
import hashlib
import sys
import time
from pathlib import Path

from edge.kernel.errors import ChargehandError
from server.demos.factory.canary import start
from server.demos.factory.faulty import faulty_server
from server.demos.factory.first_version import MODEL, TARGET, evidence, first_version, hire, licences, register, roster
from server.demos.factory.traffic import people_asking
from server.demos.hub import Hub, Refusal, chapter, does, line, say, start_hub, table
from tools.serving.bundled import BUNDLED, bundled_path

__all__ = ["main"]

_CANARY = {"strategy": "canary", "hold_s": 2, "limit_s": 120, "minimum_samples": 8}


def main() -> int:
    """Play it; returns 0 when everything came as told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="home folder of the demo; it must be new")
    home: Path = parser.parse_args().home.resolve()
    if (home / "ledger.sqlite").exists():
        sys.stderr.write(f"{home} holds a hub already; the demo wants a new folder.\n")
        return 2
    home.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    try:
        with faulty_server(BUNDLED) as faulty:
            line("A hub starts in a process of its own; on a new home it first trains its router of questions.")
            settings = {"CHARGEHAND_MODEL": "none", "CHARGEHAND_OPENAI_BASE_URL": faulty}
            with start_hub(home, settings) as hub:
                _play(hub)
    except (ChargehandError, Refusal, RuntimeError) as error:
        sys.stderr.write(f"The demo did not go as it should: {error}\n")
        return 1
    line(f"\nDone in {time.monotonic() - begun:.0f} s. The hub's home is {home}; its log is hub.log there.")
    return 0


def _play(hub: Hub) -> None:
    hire(hub)
    roster(hub)
    licences(hub)
    _serve_first(hub)
    pinned = f"sha256:{hashlib.sha256(bundled_path().read_bytes()).hexdigest()}"
    _canary(hub, pinned)
    _bad_version(hub, pinned)
    _books(hub)


def _serve_first(hub: Hub) -> None:
    version = first_version(hub)
    say(f"A target is a name that people ask; {TARGET} serves nothing yet, so its first version is put in place.")
    move = start(hub, version, strategy="recreate")
    _expect(move.gate(), "waiting_for_approval")
    move.approve()
    _expect(move.follow()["state"], "promoted")
    answered, text = hub.ask("ann", TARGET, "Say hello.", "ann")
    line(f"    {answered} answers, in a llama.cpp process of its own: {text!r}")


def _canary(hub: Hub, pinned: str) -> None:
    chapter(4, "A second version, as a canary")
    say("Version 2 pins the weights to the digest of their file and has a system prompt of its own.")
    version = register(hub, "v2", f"local:{BUNDLED}", {"base_digest": pinned}, "You are polite and brief.")
    say("The limits are wide, so that the few requests of a demo decide.")
    move = start(hub, version, percentages=[30, 60], limits={"error_rate_increase": 0.5, "slowdown": None}, **_CANARY)
    _expect(move.gate(), "paused")
    say("The gate knows nothing of this content: evidence about version 1 is none about version 2. Ann measures it.")
    evidence(hub, version)
    _expect(move.resume(), "waiting_for_approval")
    say("Now it passes. It takes four eyes, so ann cannot approve what she asked for herself:")
    move.approve(alone_first=True)
    say("Three people ask the model without pause, while its traffic moves:")
    with people_asking(hub, "ann", TARGET) as traffic:
        _expect(move.follow(traffic)["state"], "promoted")
    say(f"Requests that failed for the people who asked: {traffic.failed}.")


def _bad_version(hub: Hub, pinned: str) -> None:
    chapter(5, "A bad version goes back by itself")
    say(
        "Version 3 is the same content on another model server. All evidence still holds, so the gate passes; what no "
        "evaluation showed is that this server fails nine requests of ten."
    )
    version = register(hub, "v3", f"openai:{BUNDLED}", {"base_digest": pinned}, "")
    move = start(hub, version, percentages=[50], limits={"error_rate_increase": 0.2, "slowdown": None}, **_CANARY)
    _expect(move.gate(), "waiting_for_approval")
    move.approve()
    with people_asking(hub, "ann", TARGET) as traffic:
        ended = move.follow(traffic)
    _expect(ended["state"], "rolled_back")
    _expect(ended["serves"], {f"{MODEL}@v2": 100})
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
    _expect(found["whole"], True)


def _expect(found: object, wanted: object) -> None:
    if found != wanted:
        raise RuntimeError(f"found {found}, where {wanted} was to be")


if __name__ == "__main__":
    sys.exit(main())
