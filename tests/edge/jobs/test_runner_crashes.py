"""A daemon that runs jobs is killed with -9 at any moment: no run is lost, none is told twice, no two go at once."""

import random
import time
from itertools import pairwise

import pytest

from tests.fakes.job_devices import JobDevice, dying_jobs, open_job_device

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

NAMES = ("one", "two", "three")
KILLS = 20  # as often as a job may be tried again: none is given up, however slow the machine is


def test_killed_at_any_moment_every_run_ends_and_is_told_once(tmp_path):
    with open_job_device(tmp_path, moving=True) as device:
        device.jobs.replace([stay(device, name) for name in NAMES])
    chance, kills = random.Random(3), 0
    with dying_jobs(tmp_path) as forks:
        for _ in range(KILLS):
            process = forks.start()
            time.sleep(chance.uniform(0.0, 0.5))
            kills += forks.kill(process)
        forks.start()
        assert forks.wait() == 0
    assert kills >= 5
    with open_job_device(tmp_path, moving=True) as device:
        ends = [name for name, outcome in device.outcomes() if outcome in {"done", "failed", "interrupted", "killed"}]
        assert sorted(ends) == sorted(NAMES)
        assert all(outcome in {"done", "retried"} for _, outcome in device.outcomes())
        retried = sum(outcome == "retried" for _, outcome in device.outcomes())
        with device.database.read() as rows:
            (left,) = rows.execute("SELECT count(*) FROM job_runs WHERE state != 'finished'").fetchone()
        assert left == 0
        assert retried >= 1
        for name in NAMES:
            never_two_at_once([line for line in device.marks() if line.endswith(name)])


def never_two_at_once(lines: list[str]) -> None:
    """A run that was killed has no end; an end that does not follow its beginning came from a run beside another."""
    assert lines[-1].startswith("end")
    for before, after in pairwise(lines):
        assert not (before.startswith("end") and after.startswith("end"))


def stay(device: JobDevice, name: str):
    action = {"do": "tool", "tool": "stay", "arguments": {"text": name, "seconds": 0.15}}
    return device.job(name, {"on": "once"}, action=action, retries={"times": KILLS, "first_delay_s": 0})
