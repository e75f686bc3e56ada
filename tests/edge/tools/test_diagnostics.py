"""Diagnostics: only those on the list, with nothing from outside, and never for long."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edge.kernel.errors import InvalidInput, NotAllowed, NotFound, OutboxFull, OutOfTime
from edge.tools.diagnostics import KNOWN_DIAGNOSTICS, Diagnostic, diagnostic_tools, run_command
from edge.tools.registry import Toolbox
from tests.fakes.device_journals import MemoryJournal

SHELL = "/bin/sh"


def run(
    name: Any, *known: Diagnostic, allowed: list[str] | None = None, journal: MemoryJournal | None = None
) -> dict[str, Any]:
    names = [diagnostic.name for diagnostic in known] if allowed is None else allowed
    policy = {"tools": ["diagnostic_run"], "diagnostics": names}
    toolbox = Toolbox(diagnostic_tools(lambda: policy, known), journal or MemoryJournal(), lambda: policy)
    return toolbox.call("diagnostic_run", {"name": name}, by="assistant")


def script(text: str, timeout_s: float = 10.0) -> Diagnostic:
    return Diagnostic("check", "a check", (SHELL, "-c", text), timeout_s)


def test_what_a_diagnostic_says_is_given_with_its_status() -> None:
    done = run("check", script("echo fine; echo bad >&2; exit 3"))
    assert (done["exit_status"], done["output"], done["cut"]) == (3, "fine\nbad\n", False)


def test_what_the_device_does_not_know_is_not_found() -> None:
    for name in ("rm", "check; rm -rf /", "/bin/sh", "../check"):
        with pytest.raises(NotFound, match="no diagnostic"):
            run(name, script("echo fine"), allowed=["check", name])


def test_what_the_policy_does_not_name_is_not_allowed(tmp_path: Path) -> None:
    journal = MemoryJournal()
    with pytest.raises(NotAllowed, match="policy"):
        run("check", script(f"touch {tmp_path / 'done'}"), allowed=["uptime"], journal=journal)
    assert not (tmp_path / "done").exists()
    assert journal.of("audit")[-1]["code"] == "NotAllowed"


def test_without_a_policy_none_is_allowed() -> None:
    toolbox = Toolbox(diagnostic_tools(lambda: None), MemoryJournal())
    assert "diagnostic_run" not in toolbox.names


@pytest.mark.parametrize("name", [None, "", "x" * 65, 5, ["check"], {"name": "check"}])
def test_wrong_names_are_refused(name: Any) -> None:
    with pytest.raises(InvalidInput):
        run(name, script("echo fine"))


def test_what_cannot_be_written_down_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(OutboxFull):
        run("check", script(f"touch {tmp_path / 'done'}"), journal=MemoryJournal(audit_room=0))
    assert not (tmp_path / "done").exists()


def test_no_words_of_a_diagnostic_reach_a_shell() -> None:
    echo = Diagnostic("echo", "", ("echo", "$HOME; `id` $(id) > /tmp/x"))
    assert run("echo", echo)["output"] == "$HOME; `id` $(id) > /tmp/x\n"


def test_the_environment_is_clean() -> None:
    os.environ["CHARGEHAND_SECRET"] = "hunter2"
    try:
        said = run("env", Diagnostic("env", "", ("env",)))["output"]
    finally:
        del os.environ["CHARGEHAND_SECRET"]
    assert "hunter2" not in said
    assert {line.partition("=")[0] for line in said.splitlines()} <= {
        "PATH",
        "LC_ALL",
        "TERM",
        "HOME",
        "PWD",
        "SHLVL",
        "_",
    }


def test_what_takes_too_long_is_killed_with_all_it_started() -> None:
    began = time.monotonic()
    with pytest.raises(OutOfTime):
        run_command((SHELL, "-c", "trap '' TERM; sleep 73.25 & while :; do sleep 74.25; done"), 0.5, 1000)
    assert time.monotonic() - began < 5
    until = time.monotonic() + 10  # a busy machine takes a moment to end what was killed
    while left := {"73.25", "74.25"} & _words_of_all_processes():
        assert time.monotonic() < until, left
        time.sleep(0.05)


def _words_of_all_processes() -> set[str]:
    words: set[str] = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words.update(path.read_bytes().decode("utf-8", "replace").split("\0"))
    return words


def test_a_child_left_behind_does_not_hold_the_call_and_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(OutOfTime):
        run_command((SHELL, "-c", "sleep 60 & exit 0"), 0.5, 1000)
    assert time.monotonic() - began < 5


def test_what_never_stops_talking_is_cut() -> None:
    done = run("yes", Diagnostic("yes", "", ("yes", "spam")))
    assert done["cut"] is True
    assert done["exit_status"] != 0
    assert len(done["output"]) <= 12_000


def test_it_cannot_write_files(tmp_path: Path) -> None:
    done = run_command((SHELL, "-c", f"echo hello > {tmp_path / 'file'}; echo told"), 5.0, 1000)
    assert (tmp_path / "file").read_text() == ""
    assert b"told" not in done.output
    assert done.status != 0


def test_it_cannot_take_all_memory() -> None:
    hungry = (sys.executable, "-c", "b = bytearray(1 << 30); print(len(b))")
    done = run_command(hungry, 10.0, 10_000, memory_mb=256)
    assert done.status != 0
    assert b"MemoryError" in done.output


def test_output_that_is_not_text_is_given_as_far_as_it_can_be() -> None:
    done = run("check", script(r"printf '\377\000\033[31mred'"))
    assert done["output"] == "\ufffd\ufffd\ufffd[31mred"


def test_a_program_that_is_not_installed_is_told() -> None:
    with pytest.raises(NotFound, match="not installed"):
        run("gone", Diagnostic("gone", "", ("chargehand-no-such-program",)))


def test_a_program_that_cannot_run_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELFnot really")
    broken.chmod(0o755)
    done = run("broken", Diagnostic("broken", "", (str(broken),)))
    assert done["exit_status"] != 0
    assert "Exec format error" in done["output"]


def test_the_known_diagnostics_have_names_and_fixed_words() -> None:
    names = [diagnostic.name for diagnostic in KNOWN_DIAGNOSTICS]
    assert len(set(names)) == len(names)
    for diagnostic in KNOWN_DIAGNOSTICS:
        assert diagnostic.description
        assert not set("".join(diagnostic.argv)) & set("$`;|&><*?\n")


def test_a_known_diagnostic_runs_here() -> None:
    assert "Filesystem" in run("disk_usage", *KNOWN_DIAGNOSTICS)["output"]
