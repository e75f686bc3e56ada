"""`chargehand-edge doctor`."""

import argparse
import asyncio
import importlib.util
import shutil
from collections.abc import Generator

from edge.cli.outcomes import DONE, FAILED
from edge.device import Device, open_device
from edge.kernel.errors import ChargehandError
from edge.settings import load_settings

__all__ = ["add_options", "run"]


def add_options(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(options: argparse.Namespace) -> int:
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
        yield _reach(device, f"{hub.hub_id} at {home.link().url}, as {hub.tenant}/{hub.device}")
    for runtime in device.runtimes:
        there = runtime.available()
        names = [model.name for model in runtime.models()] if there else []
        yield True, runtime.name, f"there, models: {', '.join(names) or 'none'}" if there else "not there"
    yield _model(device)
    for sensor in device.board.sensors:
        reading = device.board.read(sensor.name)
        shown = f"{reading.value} {reading.unit}" if reading.value is not None else reading.problem
        yield reading.state not in {"dead", "implausible"}, "sensor", f"{sensor.name}: {reading.state}, {shown}"
    for name, folder in device.settings.logs.items():
        yield folder.is_dir(), "logs", f"{name}: {folder}{'' if folder.is_dir() else ' is not a folder'}"
    found = importlib.util.find_spec("smolagents") is not None
    yield found, "agent", "smolagents is installed" if found else "smolagents is missing: install chargehand-edge anew"


def _model(device: Device) -> tuple[bool, str, str]:
    try:
        names = [model.name for model in device.models()]
    except ChargehandError as error:
        return False, "model", str(error)
    return True, "model", names[0] if names else "none: known commands work, other questions wait for the hub"


def _reach(device: Device, told: str) -> tuple[bool, str, str]:
    """An exchange writes, which all other looks do not."""
    try:
        with open_device(device.settings) as writing:
            asyncio.run(writing.exchange())
    except ChargehandError as error:
        return False, "hub", f"{told}: {error}"
    return True, "hub", told
