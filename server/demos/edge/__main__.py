"""Plays the story; `python -m server.demos.edge --home FOLDER`, a folder that does not exist yet."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from server.demos.edge.cable import Cable, lay_cable
from server.demos.edge.gateway import Gateway, new_gateway
from server.demos.hub import Hub, chapter, does, expect, line, play_demo, say, start_hub, table
from tools.serving.providers import bundled_path

DEVICE, GROUP, MODEL = "se30-hall3", "hall3", "gateway-helper"
_JOBS: Mapping[str, dict[str, Any]] = {
    "filter-check": {"do": "tool", "tool": "log_search", "arguments": {"text": "filter", "folder": "plant"}},
    "measure-model": {"do": "tool", "tool": "evaluation_run", "arguments": {"limit": 6}},
    "shift-report": {"do": "ask", "text": "Tell me the inlet temperature and the fan speed."},
}


def main() -> int:
    """Play it; returns as `play_demo`."""
    return play_demo(__doc__ or "", _play)


def _play(home: Path) -> None:
    settings = {"CHARGEHAND_MODEL": "none", "CHARGEHAND_DEVICE_SYNC_S": "3"}
    with (
        start_hub(home / "hub", settings) as hub,
        lay_cable(str(hub.http.base_url)) as cable,
        new_gateway(home / "gateway") as gateway,
    ):
        _enrol(hub, cable, gateway)
        weights = _first_model(hub, cable)
        _give_jobs(hub)
        _offline(hub, cable, gateway, weights)
        _back(hub, cable, gateway)


def _enrol(hub: Hub, cable: Cable, gateway: Gateway) -> None:
    chapter(1, "A gateway comes to know its hub")
    token = does(hub, "local", "device_enrolment_token", group=GROUP)["token"]
    say("The token works once. The gateway proves that it holds its own key, and keeps the hub's.")
    line(f"    {gateway.run('enroll', '--hub', cable.url, '--token', token, '--device', DEVICE)}")
    does(hub, "local", "device_policy_set", tools=_TOOLS, diagnostics=["uptime", "disk_usage"], group=GROUP)
    gateway.switch_on()


_TOOLS = """system_health sensor_list sensor_read sensor_history sensor_sample log_search knowledge_search note_take
    alert_raise diagnostic_run evaluation_run""".split()


def _first_model(hub: Hub, cable: Cable) -> str:
    """The digest of the weights."""
    chapter(2, "Its model is delivered, verified and tested")
    base = does(hub, "local", "artifact_put", path=str(bundled_path()))
    line(f"    {base['digest'][:23]}..., {base['size_bytes'] / 1e6:.0f} MB")
    does(hub, "local", "register_model", name=MODEL, based_on="smollm2-135m", description="answers on gateways")
    version = _register(hub, "v1", base["digest"])
    before = cable.received_bytes
    begun = time.monotonic()
    does(hub, "local", "device_model_assign", version=version, device=DEVICE)
    _until("the model runs", lambda: _reported(hub).get("version") == version, 240)
    _tell_steps(hub, version)
    line(f"    {(cable.received_bytes - before) / 1e6:.0f} MB over the cable, {time.monotonic() - begun:.0f} s in all")
    return base["digest"]


def _register(hub: Hub, label: str, base_digest: str, **configuration: str) -> str:
    found = does(
        hub, "local", "register_version",
        model=MODEL, label=label, reference="local:smollm2-135m",
        content={"base": "smollm2-135m", "quantisation": "Q4_1", "base_digest": base_digest},
        card={"edge": {"runtime": "llama", "configuration": {"context_tokens": 2048, **configuration}}},
    )  # fmt: skip
    return found["id"]


def _tell_steps(hub: Hub, version: str) -> None:
    events = hub.call("local", "device_events", {"device": DEVICE, "kind": "model", "limit": 100})["events"]
    steps = [one["body"]["step"] for one in reversed(events) if one["body"].get("version") == version]
    line(f"    the gateway's own account: {' -> '.join(steps)}")


def _give_jobs(hub: Hub) -> None:
    chapter(3, "Three jobs, signed by the hub, to be done whenever somebody at the gateway takes a note")
    for name, action in _JOBS.items():
        schedule = {"on": "event", "kind": "note"}
        limits = {"wall_s": 180, "cpu_s": 120, "memory_mb": 2048}
        does(
            hub, "local", "device_job_put",
            name=name, schedule=schedule, action=action, limits=limits, device=DEVICE,
        )  # fmt: skip
    _until("the jobs arrived", lambda: set(_reported(hub).get("jobs", ())) == set(_JOBS), 90)
    line("    the gateway has them")


def _offline(hub: Hub, cable: Cable, gateway: Gateway, weights: str) -> None:
    chapter(4, "The network is cut")
    cable.pull()
    _with_its_model(gateway)
    say("Somebody at the gateway goes on working; nobody there notices:")
    for text in ("How hot is the air inlet?", "风扇转速是多少？", "Take a note: filter is dirty, replaced at 06:30"):
        answer = gateway.ask(text)
        line(f"    > {text}")
        line(
            f"      {answer['text']}  [{answer['rung']}, {answer['model'] or 'no model'}, {answer['elapsed_s']:.2f} s]"
        )
    say("The note starts the three jobs. In the middle of them the power goes, and comes back:")
    time.sleep(2)
    gateway.lose_power()
    gateway.switch_on()
    _until("the jobs are done", lambda: _done_jobs(gateway) >= set(_JOBS), 240)
    line(f"    {gateway.status()['events']['waiting']} events wait at the gateway")
    say("Meanwhile at the hub: a new version (the same weights with a system prompt), and a question to the gateway.")
    version = _register(hub, "v2", weights, system="You answer in one short sentence.")
    does(hub, "local", "device_model_assign", version=version, device=DEVICE)
    does(hub, "local", "device_ask", device=DEVICE, text="How hot is the air inlet?")
    found = hub.call("local", "device_show", {"device": DEVICE})["device"]
    line(f"    the hub last heard of it {found['lag_s']:.0f} s ago, running {found['version']}")


_NO_COMMANDS = (
    "I wonder whether the air inlet is getting rather warm these days",
    "Who is liable for the fan's warranty?",
)


def _with_its_model(gateway: Gateway) -> None:
    """What no known sentence foresees: a model of 135M chooses the reading, and its call must fit the words."""
    say("Two questions that are no known command. The model may choose a reading for them; a rule decides whether its")
    say("call fits the words. No reading answers the second, so it is kept for the hub:")
    for text in _NO_COMMANDS:
        answer = gateway.ask(text)
        told = f"{answer['rung']}, {answer['model'] or 'no model'}, {answer['elapsed_s']:.2f} s"
        line(f"    > {text}")
        line(f"      {answer['text']}  [{told}]")
    say("Random here: the noise of the simulated sensors (by seed and second), and all times. The model writes at")
    say("temperature 0, but machines round differently: on yours it may come to nothing, and both questions are kept.")
    say("So small a model answers people only because this gateway's settings say so (models.small_answers_people).")


def _back(hub: Hub, cable: Cable, gateway: Gateway) -> None:
    chapter(5, "The network is back")
    cable.plugged = True
    version = f"{MODEL}@v2"
    _until("the update runs", lambda: str(_reported(hub).get("version", "")).startswith(version), 240)
    recorded = gateway.status()["events"]["recorded"]
    _until(
        "the hub has them all",
        lambda: hub.call("local", "device_show", {"device": DEVICE})["device"]["events"] >= recorded,
        120,
    )
    _tell_steps(hub, _reported(hub)["version"])
    _until("the question is answered", lambda: _question(hub)["answer"] is not None, 60)
    line(f"    {_question(hub)['text']}\n      {_question(hub)['answer']}")
    _what_happened(hub, recorded)


def _what_happened(hub: Hub, recorded: int) -> None:
    say("What the hub knows of the jobs; what the power cut short was tried again, and each ended once:")
    events = [one for one in _all_events(hub) if one["seq"] <= recorded]
    rows = [
        [one["body"]["job"], str(one["body"].get("attempt", "")), one["body"]["outcome"], _short(one["body"])]
        for one in events
        if one["kind"] == "job"
    ]
    table(["job", "attempt", "outcome", "result"], rows)
    finished = Counter(row[0] for row in rows if row[2] == "done")
    expect(finished, Counter(dict.fromkeys(_JOBS, 1)))
    positions = sorted(one["seq"] for one in events)
    line(f"    {recorded} events recorded at the gateway by then; at the hub, each once: {len(positions)}")
    expect(positions, list(range(1, recorded + 1)))
    found = does(hub, "local", "audit_verify")
    line(f"    the hub's own log: {found['checked']} entries, whole: {found['whole']}")


def _all_events(hub: Hub) -> list[dict[str, Any]]:
    return hub.call("local", "device_events", {"device": DEVICE, "limit": 500})["events"][::-1]


def _question(hub: Hub) -> dict[str, Any]:
    (question,) = hub.call("local", "device_answers", {"device": DEVICE})["questions"]
    return question


def _done_jobs(gateway: Gateway) -> set[str]:
    told = json.loads(gateway.run("events", "--json", "--kind", "job"))
    return {one["body"]["job"] for one in told if one["body"]["outcome"] == "done"}


def _reported(hub: Hub) -> dict[str, Any]:
    return hub.call("local", "device_show", {"device": DEVICE})["reported"]


def _short(body: Mapping[str, Any]) -> str:
    return json.dumps(body.get("result") or body.get("error") or "", ensure_ascii=False)[:90]


def _until(what: str, met: Callable[[], bool], limit_s: float) -> None:
    """Wait. Raises RuntimeError: it did not come about in time."""
    ends = time.monotonic() + limit_s
    while not met():
        if time.monotonic() > ends:
            raise RuntimeError(f"{what}: not within {limit_s:.0f} s")
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
