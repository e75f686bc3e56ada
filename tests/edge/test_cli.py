"""`chargehand-edge`, as people at a device use it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = """
[[sensors]]
name = "inlet"
unit = "°C"
description = "air inlet temperature"
alarm_above = 45
source = { driver = "simulator", base = 38.0, swing = 0, noise = 0 }
"""


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CHARGEHAND_EDGE_HOME": str(home)}
    command = [sys.executable, "-m", "edge", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "device.toml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


def test_a_known_command_is_answered_and_written_down(home: Path) -> None:
    said = run(home, "ask", "How hot is the air inlet?", "--json")
    assert said.returncode == 0, said.stderr
    answer = json.loads(said.stdout)
    assert (answer["rung"], answer["tools"][0]["tool"]) == ("fast", "sensor_read")
    assert "38" in answer["text"]
    events = json.loads(run(home, "events", "--json", "--kind", "audit").stdout)
    assert [event["body"]["tool"] for event in events] == ["sensor_read"]
    assert not events[0]["sent"]


def test_what_nobody_here_can_answer_waits_for_the_hub(home: Path) -> None:
    said = run(home, "ask", "Who designed the hall's air ducts?", "--json")
    assert said.returncode == 4
    (event,) = json.loads(run(home, "events", "--json", "--kind", "question").stdout)
    assert event["body"]["text"] == "Who designed the hall's air ducts?"
    assert run(home, "replies", "--json").stdout.strip() == "[]"


@pytest.mark.parametrize("command", ["events", "replies", "config"])
def test_where_there_is_nothing_that_is_said(home: Path, command: str) -> None:
    done = run(home, command)
    assert (done.returncode, done.stdout) == (0, "")
    assert "othing" in done.stderr


def test_configuration_is_changed_shown_and_removed(home: Path) -> None:
    assert run(home, "config", "report.every_s", "30").stdout == "report.every_s = 30\n"
    assert run(home, "config", "report.every_s").stdout == "report.every_s = 30\n"
    assert run(home, "config", "report.every_s", "--remove").stdout == ""
    missing = run(home, "config", "report.every_s")
    assert missing.returncode == 2
    assert "There is no value" in missing.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ask", ""), "Say what you want to know"),
        (("ask", "x" * 5000), "at most 2000 characters"),
        (("config", "a", "not json"), "is not JSON"),
        (("enroll", "--hub", "http://127.0.0.1:1"), "There is no token"),
        (("enroll", "--hub", "http://hub", "--token", "che_1", "--device", "press 1"), "is no name of a device"),
        (("enroll", "--hub", "ftp://hub", "--token", "che_1"), "not the address of a hub"),
        (("sync",), "not enrolled"),
        (("fly",), "invalid choice"),
        ((), "required"),
    ],
)
def test_bad_usage_says_what_to_do(home: Path, words: tuple[str, ...], said: str) -> None:
    done = run(home, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hub_that_is_not_there_is_a_failure(home: Path) -> None:
    done = run(home, "enroll", "--hub", "http://127.0.0.1:1", "--token", "che_1", "--device", "press-1")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sensors = 7", "sensors"),
        ("[models]\nbudget_mb = -1", "models.budget_mb"),
        ("telemetry_every_s = [", "cannot be read"),
        ("colour = 1", "colour"),
    ],
)
def test_wrong_settings_are_named(home: Path, text: str, said: str) -> None:
    (home / "device.toml").write_text(text, encoding="utf-8")
    done = run(home, "status")
    assert done.returncode == 2
    assert said in done.stderr


def test_status_and_doctor_tell_what_is_and_what_lacks(home: Path) -> None:
    told = json.loads(run(home, "status", "--json").stdout)
    assert told["desired"] == "nothing yet"
    assert (told["device"], told["agent"], told["events"]["waiting"]) == ("not enrolled", "does not run", 0)
    assert run(home, "status", "--check").returncode == 1
    doctor = run(home, "doctor")
    assert doctor.returncode == 1
    assert "look hub        not enrolled" in doctor.stdout
    assert "inlet: good, 38.0 °C" in doctor.stdout


def test_a_disk_that_takes_no_more_is_told(home: Path) -> None:
    limited = "import resource, sys, edge.cli; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); edge.cli.main()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CHARGEHAND_EDGE_HOME": str(home)}
    command = [sys.executable, "-c", limited, "ask", "Take a note: the filter is dirty"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "edge.db cannot be used" in done.stderr
    assert "See whether the disk is full or failing." in done.stderr


FILL = """
set -e
mount -t tmpfs -o size=4m none {home}
printf '%s' "$SETTINGS" > {home}/device.toml
{python} -m edge ask 'Take a note: the filter is dirty' > {told}/note
dd if=/dev/zero of={home}/filler bs=4k 2> {told}/dd || true
set +e
{python} -m edge ask 'Take a note: it is still dirty' > {told}/second 2>&1
{python} -m edge ask 'How hot is the air inlet?' > {told}/read 2>&1; echo $? > {told}/read.code
{python} -m edge status > {told}/status 2>&1; echo $? > {told}/status.code
{python} -m edge doctor > {told}/doctor 2>&1 || true
"""


def told_on_own_disk(tmp_path: Path, script: str) -> dict[str, str]:
    """What the commands of a script printed, by the names of their files; the home is on a disk of its own."""
    home, told = tmp_path / "home", tmp_path / "told"
    home.mkdir()
    told.mkdir()
    alone = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no disk of its own can be made here: unshare is not there, or not allowed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CHARGEHAND_EDGE_HOME": str(home), "SETTINGS": SETTINGS}
    filled = script.format(home=home, told=told, python=sys.executable)
    subprocess.run([*alone, filled], env=environment, check=False)
    return {path.name: path.read_text(encoding="utf-8") for path in told.iterdir()}


def test_status_and_doctor_read_where_the_disk_is_full(tmp_path: Path) -> None:
    said = told_on_own_disk(tmp_path, FILL)
    assert "cannot be used" in said["second"]
    assert "inlet: 38 °C (good)" in said["read"], said["read"]
    assert said["read.code"] == "0\n"
    assert said["status.code"] == "0\n", said["status"]
    assert "disk       full: 0.0 MiB free" in said["status"]
    assert '"recorded": 3' in said["status"]
    assert "full: 0.0 MiB free" in said["doctor"]
    assert "inlet: good, 38.0 °C" in said["doctor"]


RESTART = """
set -e
mount -t tmpfs -o size=24m none {home}
printf '%s' "$SETTINGS" > {home}/device.toml
{python} -m edge ask 'Take a note: the filter is dirty' > {told}/note
dd if=/dev/zero of={home}/filler bs=4k 2> {told}/dd || true
set +e
{python} -m edge run > {told}/run 2>&1 &
agent=$!
for _ in $(seq 300); do grep -q 'is up' {told}/run && break; sleep 0.1; done
{python} -m edge ask 'How hot is the air inlet?' > {told}/read 2>&1
dd if=/dev/zero of={home}/more bs=4k 2> {told}/dd || true
{python} -m edge ask 'How hot is the air inlet?' > {told}/again 2>&1
kill $agent; wait $agent
"""


def test_the_agent_starts_and_reads_where_the_disk_is_full(tmp_path: Path) -> None:
    said = told_on_own_disk(tmp_path, RESTART)
    assert "is up" in said["run"], said["run"]
    for name in ("read", "again"):
        assert "inlet: 38 °C (good)" in said[name], (said[name], said["run"])


def test_nobody_else_may_read_what_the_device_keeps(home: Path) -> None:
    (home / "edge.db").touch(mode=0o644)
    run(home, "ask", "Take a note: x")
    assert {path.stat().st_mode & 0o077 for path in home.glob("edge.db*")} == {0}


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = run(tmp_path / "file" / "home", "status")
    assert done.returncode == 1
    assert "cannot be used" in done.stderr
