"""`chargehand-edge status`, `events` and `doctor`: what the device is, what it recorded, and what it lacks."""

import argparse
import asyncio
import importlib.util
import json
import shutil
import sys
from collections.abc import Generator
from typing import Any, get_args

from edge.cli import DONE, FAILED
from edge.device import Device, open_device
from edge.home import Parts
from edge.jobs.group import describe_limits
from edge.kernel.errors import ChargehandError
from edge.kernel.protocol.events import EventKind
from edge.settings import load_settings
from edge.status import device_status


def status_options(parser: argparse.ArgumentParser) -> None:
    """Options of `chargehand-edge status`."""
    parser.add_argument("--check", action="store_true", help="exit 1 where no agent runs on this home")


def run_status(options: argparse.Namespace) -> int:
    """Tell what the device is, has and waits for."""
    with open_device(load_settings(options.home), reading=True) as device:
        told = device_status(device.parts)
        page = device.settings.page
        if page is not None:
            code = device.parts.home.page_code
            where = f"http://{'this device' if page.lan else '127.0.0.1'}:{page.port}"
            told["page"] = f"{where}, code {code.read_text().strip()}" if page.lan and code.exists() else where
    if options.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        for name, value in told.items():
            print(f"{name:<10} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
    return FAILED if options.check and told["agent"] != "runs" else DONE


def events_options(parser: argparse.ArgumentParser) -> None:
    """Options of `chargehand-edge events`."""
    parser.add_argument("--kind", choices=get_args(EventKind), help="only these")
    parser.add_argument("-n", "--limit", type=int, default=50, help="the newest so many  [default: 50]")


def run_events(options: argparse.Namespace) -> int:
    """List what was recorded and is still here, oldest first."""
    parts = Parts.of(load_settings(options.home))
    acknowledged = parts.outbox.status().acknowledged
    found = parts.outbox.recent(options.kind, max(1, options.limit))
    parts.database.close()
    told: list[dict[str, Any]] = [
        {"seq": one.seq, "kind": one.kind, "at": one.at, "body": json.loads(one.body), "sent": one.seq <= acknowledged}
        for one in found
    ]
    if options.json:
        print(json.dumps(told, ensure_ascii=False))
        return DONE
    if not told:
        print("Nothing of that is recorded here.", file=sys.stderr)
    for one in told:
        mark = " " if one["sent"] else "*"
        print(
            f"{one['seq']:>8}{mark} {one['at'][:19]}  {one['kind']:<10} {json.dumps(one['body'], ensure_ascii=False)}"
        )
    return DONE


def run_doctor(options: argparse.Namespace) -> int:
    """Look at everything; exit 1 where something that was set up does not work."""
    with open_device(load_settings(options.home), reading=True) as device:
        findings = list(_findings(device))
    for good, name, told in findings:
        print(f"{'ok  ' if good else 'look'} {name:<10} {told}")
    return DONE if all(good for good, _, _ in findings) else FAILED


def _findings(device: Device) -> Generator[tuple[bool, str, str]]:
    home = device.parts.home
    free_mb = shutil.disk_usage(home.root).free >> 20
    yield free_mb > 512, "home", f"{home.root}, {home.room()}"
    hub = device.parts.enrolled
    if hub is None:
        yield False, "hub", "not enrolled: run `chargehand-edge enroll`"
    else:
        yield _hub_finding(device, f"{hub.hub_id} at {home.link().url}, as {hub.tenant}/{hub.device}")
    for runtime in device.runtimes:
        there = runtime.available()
        names = [model.name for model in runtime.models()] if there else []
        yield True, runtime.name, f"there, models: {', '.join(names) or 'none'}" if there else "not there"
    yield _model_finding(device)
    for sensor in device.board.sensors:
        reading = device.board.read(sensor.name)
        shown = f"{reading.value} {reading.unit}" if reading.value is not None else reading.problem
        yield reading.state not in {"dead", "implausible"}, "sensor", f"{sensor.name}: {reading.state}, {shown}"
    for name, folder in device.settings.logs.items():
        yield folder.is_dir(), "logs", f"{name}: {folder}{'' if folder.is_dir() else ' is not a folder'}"
    yield True, "limits", f"of jobs: {describe_limits()}"
    found = importlib.util.find_spec("smolagents") is not None
    yield found, "agent", "smolagents is installed" if found else "smolagents is missing: install chargehand-edge anew"


def _model_finding(device: Device) -> tuple[bool, str, str]:
    try:
        names = [model.name for model in device.models()]
    except ChargehandError as error:
        return False, "model", str(error)
    if not names:
        return True, "model", "none: known commands work, other questions wait for the hub"
    people = {model.name for model in device.models_for_people()}
    told = [
        name
        if name in people
        else f"{name} (too small to answer people; jobs only: models.small_answers_people is false)"
        for name in names
    ]
    return True, "model", ", ".join(told)


def _hub_finding(device: Device, told: str) -> tuple[bool, str, str]:
    """An exchange writes, which all other looks do not."""
    try:
        with open_device(device.settings) as writing:
            asyncio.run(writing.exchange())
    except ChargehandError as error:
        return False, "hub", f"{told}: {error}"
    return True, "hub", told
