"""kill -9 of the device and of the hub at any instruction: the hub has all that was recorded, once and in order."""

import random
import time
from pathlib import Path

import pytest

from tests.effort import times
from tests.fakes.edge_processes import device_processes
from tests.fakes.edge_sites import open_site

pytestmark = [pytest.mark.integration, pytest.mark.repeated]

KILLS = times(20, 200)
HUB_KILLS_EVERY = times(5, 20)


def test_killed_again_and_again_nothing_is_lost_and_nothing_comes_twice(tmp_path: Path) -> None:
    dice = random.Random(11)
    with open_site(tmp_path) as site, device_processes(site.device.path, site.url) as device:
        for kill in range(KILLS):
            process = device.start("go run")
            if kill % 4:  # Some die while they start, most while they work.
                site.device.wait_for_more()
            time.sleep(dice.uniform(0.0, 0.08))
            if kill % HUB_KILLS_EVERY == HUB_KILLS_EVERY - 1:
                site.restart_hub()
                time.sleep(dice.uniform(0.0, 0.1))
            assert device.kill(process), "it ended by itself"
        device.start("go drain")
        assert device.wait() == 0
        site.check()
        assert len(site.received()) > KILLS // 2
