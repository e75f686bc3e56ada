"""A device's process and a hub's over real TCP that drops, delays, truncates, repeats and reorders."""

import time
from pathlib import Path

import pytest

from tests.effort import times
from tests.fakes.edge_processes import device_processes
from tests.fakes.edge_sites import open_site
from tests.fakes.faulty_proxy import FaultyProxy, Weather

pytestmark = [pytest.mark.integration, pytest.mark.repeated, pytest.mark.timeout(120)]

FAULTS = times(2, 5)
"""How often each of them comes at least."""


def test_over_a_bad_line_all_comes_once_and_in_order(tmp_path: Path) -> None:
    with open_site(tmp_path) as site:
        proxy = FaultyProxy(site.port, seed=5)
        with device_processes(site.device.path, proxy.url) as device:
            process = device.start("go run")
            end = time.monotonic() + 60
            while min(proxy.faults.values()) < FAULTS and time.monotonic() < end:
                time.sleep(0.1)
            assert device.kill(process), "it ended by itself"
            proxy.weather = Weather.fair()
            device.start("go drain")
            assert device.wait() == 0
        proxy.stop()
        site.check()
        assert min(proxy.faults.values()) >= FAULTS, proxy.faults
        assert site.received()
