"""Who calls: each command there is opens through the one door, so that none overlooks a key."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from memory.ledger import open_ledger
from server.cli import cli
from server.hub import ledger_tools
from tests.fakes.gguf_files import small_gguf
from tests.fakes.works import open_works, require_passed_gate
from tests.server.cli.conftest import Chargehand
from tools.calling.context import LOCAL_ENGINEER, SCOPES, ToolRuntime
from tools.registry.catalogue import load_catalogue
from tools.spec import bind

POLICY = """
policies:
  - id: named
    description: A version has a name.
    severity: warning
    scope: {}
    when: "true"
    require: version.id != ""
    message: It has none.
"""
GOES_ON = {("up",), ("mcp",)}
"""Commands that serve until they are stopped."""


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command there is, with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(leaves(cli))  # pyright: ignore[reportArgumentType]  # click's decorator forgets that it is a group
SPECIAL = {"values": "key=1", "job": "{}", "file": "weights.gguf", "paths": "policy.yaml", "text": "hello"}


def words_of(path: tuple[str, ...]) -> list[str]:
    """The command with something for each argument that it must have."""
    words = list(path)
    for parameter in COMMANDS[path].params:
        given = SPECIAL.get(parameter.name or "", "something")
        if isinstance(parameter, click.Argument) and (parameter.required or parameter.name == "text"):
            words.append(given)
        elif parameter.required:
            words += [parameter.opts[0], given]
    return words


@pytest.fixture
def folder(tmp_path: Path, chargehand: Chargehand) -> Path:
    """A working folder with the files that commands read."""
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "weights.gguf").write_bytes(small_gguf())
    return tmp_path


def issue(home: Path, *scopes: str) -> str:
    """A key of carol's, with all rights where none are named."""
    works = open_works(home)
    works.tools.update(
        {
            spec.name: spec
            for spec in bind(ledger_tools(load_catalogue(), require_passed_gate), ToolRuntime(works.ledger))
        }
    )
    arguments = {"principal": "carol", "scopes": sorted(scopes or SCOPES)}
    made = asyncio.run(works.call(LOCAL_ENGINEER, "api_key_issue", **arguments))
    works.ledger.close()
    return made.model_dump()["key"]


def audited(home: Path) -> list[tuple[str, str, str]]:
    """Principal, tool and outcome of every entry of the audit log."""
    ledger = open_ledger(home / "ledger.sqlite")
    with ledger.view("default") as unit:
        entries = unit.audit.entries(500)
    ledger.close()
    return [(entry.principal, entry.tool, entry.outcome) for entry in entries]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_a_key_that_is_none_is_refused_before_anything_is_done(
    folder: Path, chargehand: Chargehand, path: tuple[str, ...]
) -> None:
    done = chargehand(*words_of(path), CHARGEHAND_API_KEY="bogus")
    assert (done.code, done.out) == (2, "")
    assert "The API key is not valid." in done.err
    left = {path.name for path in (folder / "home").iterdir() if not path.name.startswith("ledger.sqlite")}
    assert left == {"cache"}
    assert audited(folder / "home") == []


@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in GOES_ON], ids=" ".join)
def test_nothing_that_a_key_holder_does_is_recorded_as_the_person_at_the_machine(
    ready: Path, folder: Path, chargehand: Chargehand, path: tuple[str, ...]
) -> None:
    key = issue(folder / "home")
    before = len(audited(folder / "home"))
    chargehand(*words_of(path), CHARGEHAND_API_KEY=key)
    written = audited(folder / "home")
    assert {principal for principal, _, _ in written[: len(written) - before]} <= {"carol"}


def test_what_a_key_holder_does_is_recorded_as_theirs(folder: Path, chargehand: Chargehand) -> None:
    key = issue(folder / "home")
    (folder / "lift.md").write_text("# Goods lift\n\nIt carries 1250 kg.\n", encoding="utf-8")
    for words in (
        ["ingest", "lift.md"],
        ["tools", "call", "register_model", '{"name": "support"}'],
        ["devices", "configure", "sync.every_s=30"],
        ["rollout", "start", "assistant", "support@1"],
    ):
        chargehand(*words, CHARGEHAND_API_KEY=key)
    assert audited(folder / "home")[:4] == [
        ("carol", "rollout_start", "refused"),
        ("carol", "device_configure", "done"),
        ("carol", "register_model", "done"),
        ("carol", "documents_ingest", "done"),
    ]


@pytest.mark.parametrize(
    ("words", "scope"), [(["ingest", "."], "documents:write"), (["search", "lift"], "documents:read")]
)
def test_a_key_holder_without_the_right_is_refused(
    folder: Path, chargehand: Chargehand, words: list[str], scope: str
) -> None:
    key = issue(folder / "home", *SCOPES - {scope})
    done = chargehand(*words, CHARGEHAND_API_KEY=key)
    assert (done.code, done.out) == (2, "")
    assert scope in done.err
