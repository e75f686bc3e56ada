"""A run in a process of its own ends at its limits, with everything that it started."""

import os
import time
from pathlib import Path

import pytest

from edge.jobs import group
from edge.jobs.sandbox import began_at, end_group, run_apart

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]


@pytest.fixture
def carry_out(tmp_path):
    def carry_out(tool: str, wall_s: float = 20, cpu_s: float = 10, memory_mb: int = 256, tasks: int = 64, **arguments):
        order = {
            "toolbox": "tests.fakes.job_devices:make_toolbox",
            "folder": str(tmp_path),
            "tool": tool,
            "arguments": arguments,
            "by": "job:look",
            "cpu_s": cpu_s,
            "memory_mb": memory_mb,
            "tasks": tasks,
        }
        return run_apart(order, wall_s, lambda _process, _began: None)

    return carry_out


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_tool_is_called_and_its_result_comes_back(carry_out, tmp_path):
    ended = carry_out("mark", text="here")
    assert (ended.outcome, ended.result) == ("done", {"by": "job:look"})
    assert (tmp_path / "marks").read_text() == "here\n"


def test_what_a_tool_prints_is_no_answer(carry_out):
    assert carry_out("chatter").result == {"by": "job:look"}


def test_processor_time_is_limited(carry_out):
    ended = carry_out("spin", cpu_s=1)
    assert ended.outcome == "killed"
    assert "processor time" in ended.why
    assert not ended.again


def test_memory_is_limited(carry_out):
    ended = carry_out("hoard", memory_mb=64, mb=200)
    assert ended.outcome == "killed"
    assert "64 MiB" in ended.why
    assert carry_out("hoard", memory_mb=400, mb=200).outcome == "done"


def test_time_is_limited_and_what_was_started_ends_too(carry_out, tmp_path):
    ended = carry_out("leave_and_wait", wall_s=2, seconds=60)
    assert ended.outcome == "killed"
    assert 2 <= ended.elapsed_s < 8
    left = int((tmp_path / "left").read_text())
    until = time.monotonic() + 5
    while alive(left) and time.monotonic() < until:
        time.sleep(0.01)
    assert not alive(left)


def test_what_a_tool_leaves_behind_is_ended(carry_out, tmp_path):
    assert carry_out("leave", seconds=60).outcome == "done"
    until = time.monotonic() + 5
    left = int((tmp_path / "left").read_text())
    while alive(left) and time.monotonic() < until:
        time.sleep(0.01)
    assert not alive(left)


@pytest.fixture(params=["control group", "marks"])
def kept_together(request, monkeypatch):
    """Both ways in which the processes of a run are kept together."""
    if request.param == "marks":
        monkeypatch.setattr(group, "_jobs_place", lambda: None)
    elif group._jobs_place() is None:
        pytest.skip("no control group (cgroup v2) can be made on this machine")


@pytest.mark.usefixtures("kept_together")
def test_what_left_its_session_is_ended_too(carry_out, tmp_path):
    assert carry_out("leave_far", seconds=60).outcome == "done"
    assert not alive(int((tmp_path / "left").read_text()))


@pytest.mark.usefixtures("kept_together")
def test_tasks_of_all_processes_are_limited(carry_out):
    ended = carry_out("crowd", tasks=10, many=20, seconds=15)
    assert (ended.outcome, ended.again) == ("killed", False)
    assert "10 tasks" in ended.why


@pytest.mark.usefixtures("kept_together")
def test_memory_of_all_processes_is_limited(carry_out):
    ended = carry_out("hoard_together", memory_mb=100, many=4, mb=80, seconds=15)
    assert (ended.outcome, ended.again) == ("killed", False)
    assert "100 MiB" in ended.why


@pytest.mark.usefixtures("kept_together")
def test_processor_time_of_all_processes_is_limited(carry_out):
    ended = carry_out("spin_together", cpu_s=1, many=2, seconds=18)
    assert (ended.outcome, ended.again) == ("killed", False)
    assert "processor time" in ended.why


def test_what_limits_jobs_is_said():
    assert "watched" in group.describe_limits() or "the kernel limits memory and tasks" in group.describe_limits()


def test_failures_say_whether_another_attempt_could_help(carry_out):
    failed, refused, crashed = carry_out("fail"), carry_out("refuse"), carry_out("crash")
    assert (failed.outcome, failed.again) == ("failed", True)
    assert failed.why == "The sensor does not answer. Look at its cable."
    assert (refused.outcome, refused.again) == ("failed", False)
    assert (crashed.outcome, crashed.again) == ("failed", True)
    assert "status 7" in crashed.why


def test_another_process_of_the_same_number_is_left_alone():
    end_group(os.getpid(), began_at(os.getpid()) + 1)
    assert began_at(os.getpid()) > 0
    assert began_at(2**22 + 1) == 0
