"""The command line as a whole: what it says of itself, and its exit codes."""

from pathlib import Path

import pytest

from tests.server.cli.conftest import Chargehand


def test_help_lists_every_command(chargehand: Chargehand):
    done = chargehand("--help")
    assert done.code == 0
    for command in ("up", "chat", "route", "ingest", "search", "policy", "doctor"):
        assert f"\n  {command} " in done.out


def test_help_cuts_no_summary_short(chargehand: Chargehand):
    done = chargehand("--help")
    assert "..." not in done.out.partition("Commands:")[2]
    assert "passages nearest to TEXT, by meaning and by words, in" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(["chta"], "chat"), (["devics"], "devices"), (["devices", "lits"], "list"), (["chat", "--jsn"], "--json")],
)
def test_a_mistyped_word_is_answered_with_the_nearest(chargehand: Chargehand, typed: list[str], meant: str):
    done = chargehand(*typed)
    assert done.code == 2
    assert f"Did you mean '{meant}'?" in done.err


@pytest.mark.parametrize("command", ["up", "chat", "route", "ingest", "search", "policy", "doctor"])
def test_every_command_explains_itself(chargehand: Chargehand, command: str):
    done = chargehand(command, "-h")
    assert done.code == 0
    assert f"Usage: chargehand {command}" in done.out


def test_the_version_is_told(chargehand: Chargehand):
    done = chargehand("--version")
    assert done.code == 0
    assert "chargehand" in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["chat"],
        ["chat", "one", "two"],
        ["chat", "--thraed", "t1", "help"],
        ["chat", "help", "--thread"],
        ["chat", ""],
        ["chat", " \n "],
        ["chat", "help", "--model", "nosuch:model"],
        ["chat", "help", "--model", "nonsense"],
        ["chat", "help", "--file", "texts.jsonl"],
        ["chat", "--file", "nothing.jsonl"],
        ["route"],
        ["route", ""],
        ["route", "x" * 100_000],
        ["route", "\udcff"],
        ["search"],
        ["search", ""],
        ["search", "\udcff"],
        ["search", "heat", "-k", "0"],
        ["search", "heat", "-k", "51"],
        ["search", "heat", "-k", "many"],
        ["ingest"],
        ["ingest", "nothing-here"],
        ["up", "--port", "65536"],
        ["up", "--host", "0.0.0.0", "--port", "0"],
        ["up", "--host", "192.168.1.7", "--port", "0"],
        ["doctor", "more"],
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
def test_bad_usage_is_2_with_a_reason_and_nothing_on_stdout(chargehand: Chargehand, arguments: list[str]):
    done = chargehand(*arguments)
    assert done.code == 2
    assert done.err.strip()
    assert "Traceback" not in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHARGEHAND_PORT", "many"),
        ("CHARGEHAND_DRAFT_WITH", "everything"),
        ("CHARGEHAND_TURN_LIMIT_S", "-1"),
    ],
)
@pytest.mark.parametrize("command", [["doctor"], ["chat", "help", "--json"], ["up"]], ids=lambda words: words[0])
def test_a_setting_that_is_not_valid_is_bad_usage_and_named(
    chargehand: Chargehand, command: list[str], name: str, value: str
):
    done = chargehand(*command, **{name: value})
    assert done.code == 2
    assert name.removeprefix("CHARGEHAND_") in done.err
    assert done.out == ""


@pytest.mark.parametrize("command", [["chat", "help"], ["search", "heat"], ["ingest", "."]], ids=lambda words: words[0])
def test_a_home_that_cannot_be_one_is_failed_work(chargehand: Chargehand, tmp_path: Path, command: list[str]):
    (tmp_path / "file").write_text("I am no folder.")
    done = chargehand(*command, CHARGEHAND_HOME=str(tmp_path / "file"))
    assert done.code == 1
    assert str(tmp_path / "file") in done.err
    assert "Traceback" not in done.err
