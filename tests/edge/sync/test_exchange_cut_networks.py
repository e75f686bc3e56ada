"""A device in a network namespace of its own, whose wire is really cut."""

import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.edge_sites import EdgeSite, open_site
from tests.fakes.forks import ROOT, Forks

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(120)]


def ip(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=False)


@pytest.fixture
def namespace() -> Generator[tuple[str, str, str]]:
    """Name of a namespace, of its wire on our side, and our address there. Skips where they cannot be made."""
    if shutil.which("ip") is None:
        pytest.skip("iproute2 (`ip`) is not installed")
    name, wire = f"edge{secrets.token_hex(2)}", f"v{secrets.token_hex(3)}"
    made = ip("netns", "add", name)
    if made.returncode:
        pytest.skip(f"network namespaces are not permitted here: {made.stderr.strip()}")
    try:
        for words in (
            f"link add {wire} type veth peer name {wire}p",
            f"link set {wire}p netns {name}",
            f"addr add 10.211.7.1/24 dev {wire}",
            f"link set {wire} up",
            f"-n {name} addr add 10.211.7.2/24 dev {wire}p",
            f"-n {name} link set {wire}p up",
        ):
            done = ip(*words.split())
            if done.returncode:
                pytest.skip(f"virtual wires are not permitted here: {done.stderr.strip()}")
        yield name, wire, "10.211.7.1"
    finally:
        ip("link", "del", wire)
        ip("netns", "del", name)


@contextmanager
def device_in(namespace: str, site: EdgeSite) -> Generator[Forks]:
    module = ("-m", "tests.fakes.edge_processes", "device", str(site.device.path), site.url)
    command = ["ip", "netns", "exec", namespace, sys.executable, *module]
    parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield Forks(parent)
    finally:
        assert parent.stdin is not None
        parent.stdin.close()
        parent.wait(60)


def wait_for_received(site: EdgeSite) -> None:
    """Until the hub has got something more."""
    before, end = len(site.received()), time.monotonic() + 30
    while len(site.received()) == before:
        assert time.monotonic() < end, "nothing is received"
        time.sleep(0.05)


def test_while_the_wire_is_cut_the_device_goes_on_and_afterwards_nothing_lacks(
    tmp_path: Path, namespace: tuple[str, str, str]
) -> None:
    name, wire, address = namespace
    with open_site(tmp_path, address) as site, device_in(name, site) as device:
        process = device.start("go run")
        for _ in range(3):
            site.device.wait_for_more()
            wait_for_received(site)
            ip("link", "set", wire, "down")
            time.sleep(0.3)  # what was on the wire arrives
            cut, recorded = len(site.received()), len(site.device.lines()[1])
            site.device.wait_for_more()
            time.sleep(1.5)  # nothing comes meanwhile
            assert len(site.received()) == cut
            assert len(site.device.lines()[1]) > recorded
            ip("link", "set", wire, "up")
            wait_for_received(site)
        assert device.kill(process), "it ended by itself"
        device.start("go drain")
        assert device.wait() == 0
        site.check()
        assert len(site.received()) > 10
