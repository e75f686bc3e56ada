"""The shipped diagnostics work under the shipped unit: what one of them needs, the other allows."""

import shutil
import subprocess
from pathlib import Path

import pytest

from edge.tools.diagnostics import KNOWN_DIAGNOSTICS

UNIT = Path(__file__).parents[3] / "deploy" / "edge" / "chargehand-edge.service"


def service() -> dict[str, list[str]]:
    """The values of each key of the section, in order."""
    values: dict[str, list[str]] = {}
    inside = False
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            inside = line == "[Service]"
        elif inside and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            values.setdefault(name, []).append(value)
    return values


NEEDS = {
    "ip": lambda unit: "AF_NETLINK" in unit["RestrictAddressFamilies"][0].split(),
    "ps": lambda unit: unit.get("ProtectProc", ["default"])[0] == "default",
    "dmesg": lambda unit: unit.get("ProtectKernelLogs") != ["yes"] and "CAP_SYSLOG" in unit["CapabilityBoundingSet"][0],
    "journalctl": lambda unit: "systemd-journal" in unit.get("SupplementaryGroups", [""])[0].split(),
    "systemctl": lambda unit: "AF_UNIX" in unit["RestrictAddressFamilies"][0].split(),
    "df": lambda unit: True,
    "free": lambda unit: True,
    "uptime": lambda unit: True,
}
"""Program -> whether the unit gives what it needs."""


@pytest.mark.parametrize("diagnostic", KNOWN_DIAGNOSTICS, ids=lambda one: one.name)
def test_the_unit_allows_what_the_diagnostic_needs(diagnostic: object) -> None:
    assert NEEDS[diagnostic.argv[0]](service())  # type: ignore[attr-defined]


def test_jobs_get_control_groups_of_their_own() -> None:
    unit = service()
    assert set(unit["Delegate"][0].split()) >= {"memory", "pids"}
    assert unit["ProtectControlGroups"] == ["no"]


@pytest.mark.integration
@pytest.mark.parametrize("diagnostic", KNOWN_DIAGNOSTICS, ids=lambda one: one.name)
def test_the_diagnostic_runs_under_the_unit(diagnostic: object) -> None:
    running = subprocess.run(["systemctl", "is-system-running"], capture_output=True, text=True, check=False)
    if shutil.which("systemd-run") is None or running.stdout.strip() not in {"running", "degraded"}:
        pytest.skip("systemd does not run this machine")
    passed_over = {
        "Type",
        "ExecStart",
        "Environment",
        "WatchdogSec",
        "Restart",
        "RestartSec",
        "User",
        "Group",
        "StateDirectory",
        "StateDirectoryMode",
        "Delegate",
    }
    properties = [
        f"--property={name}={value}"
        for name, values in service().items()
        if name not in passed_over
        for value in values
    ]
    command = [
        "systemd-run",
        "--quiet",
        "--wait",
        "--pipe",
        "--property=DynamicUser=yes",
        *properties,
        *diagnostic.argv,
    ]  # type: ignore[attr-defined]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
