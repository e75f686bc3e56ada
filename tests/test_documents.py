"""The documents say what is so: every setting, command, error, room and path that they name, and every one that there is."""

import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import edge.kernel.errors
from edge.settings import EdgeSettings
from memory.settings import Settings
from server.cli import cli
from server.outcomes import outcome_of
from tests.surface import ROOMS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
RECORDS = sorted((DOCS / "decisions").glob("0*.md"))
LAYERS = "server > graphs > agents > evals > tools > memory > edge.kernel"


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def rows(path: Path) -> dict[str, list[str]]:
    """The tables of a page: each row's further cells, by what its first cell has in backticks."""
    found: dict[str, list[str]] = {}
    for line in read(path).splitlines():
        if line.startswith("|"):
            first, *others = (cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|")))
            for name in re.findall(r"`([^`]+)`", first):
                found.setdefault(name, others)
    return found


def variables(name: str, field: FieldInfo) -> list[str]:
    alias = getattr(field.validation_alias, "choices", None)
    return [str(one) for one in alias] if alias else [f"CHARGEHAND_{name.upper()}"]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_of_the_hub_is_described_with_its_default(name: str) -> None:
    field, table = Settings.model_fields[name], rows(DOCS / "settings.md")
    for variable in variables(name, field):
        assert variable in table
    default = field.default
    if default in (None, "", PydanticUndefined) or isinstance(default, SecretStr):
        return
    shown = table[variables(name, field)[0]][0].strip("`")
    assert shown == (f"{default:g}" if isinstance(default, float) else str(default))


def test_no_setting_is_described_that_is_not_there() -> None:
    known = {variable for name, field in Settings.model_fields.items() for variable in variables(name, field)}
    known |= {
        "CHARGEHAND_EDGE_HOME",
        "CHARGEHAND_EDGE_TOKEN",
        "CHARGEHAND_SHARED",
        "CHARGEHAND_OLLAMA",
        "CHARGEHAND_EFFORT",
    }
    named = {(page.name, name) for page in PAGES for name in re.findall(r"\bCHARGEHAND_[A-Z_]+\b", read(page))}
    assert {
        (page, name) for page, name in named if name not in known and page not in {one.name for one in RECORDS}
    } == set()


def test_every_setting_of_a_device_is_described() -> None:
    described = read(DOCS / "edge-agent.md") + read(DOCS / "edge-gateway.md") + read(DOCS / "edge-models-and-jobs.md")
    described += read(DOCS / "edge-tools.md") + read(DOCS / "settings.md")
    names = set(EdgeSettings.model_fields) - {"home"}
    assert {name for name in names if not re.search(rf"\b{name}\b", described)} == set()


def commands(group: click.Group, path: tuple[str, ...] = ("chargehand",)) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands(cli))  # type: ignore[arg-type]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_and_option_is_described(words: str) -> None:
    page, command = read(DOCS / "command-line.md"), COMMANDS[words]
    group, _, name = words.removeprefix("chargehand ").partition(" ")
    section = re.search(rf"^## `chargehand {group}\b.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert section is not None, f"docs/command-line.md has no section for `chargehand {group}`"
    if name:
        assert re.search(rf"\b{name}\b", section.group()), f"`{words}` is not described"
    long = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
    assert [option for option in long if option not in section.group() and option not in {"--json", "--help"}] == []


def test_every_error_is_described_as_the_table_has_it() -> None:
    table = rows(DOCS / "errors.md")
    for name in edge.kernel.errors.__all__:
        kind = getattr(edge.kernel.errors, name)
        if not isinstance(kind, type) or any(
            issubclass(getattr(edge.kernel.errors, other), kind) and other != name
            for other in edge.kernel.errors.__all__
            if isinstance(getattr(edge.kernel.errors, other), type)
        ):
            continue  # a branch of the tree
        assert name in table
        cells = table[name]
        if len(cells) >= 4:
            outcome = outcome_of(kind.__new__(kind))
            assert [cell.strip("`") for cell in cells[1:4]] == [
                outcome.code,
                str(outcome.status),
                str(outcome.exit_code),
            ]


def test_the_tree_of_errors_in_the_docstring_is_the_tree() -> None:
    module = edge.kernel.errors
    drawn = re.findall(r"^ {4}([│ ]*)[├└]── (\w+)", module.__doc__ or "", re.MULTILINE)
    parents: list[str] = ["ChargehandError"]
    for indent, name in drawn:
        depth = len(indent) // 4 + 1
        assert getattr(module, name).__bases__ == (getattr(module, parents[depth - 1]),)
        parents[depth:] = [name]
    classes = {name for name in module.__all__ if isinstance(getattr(module, name), type)}
    assert {name for _, name in drawn} | {"ChargehandError"} == classes


def test_the_architecture_has_the_layers_that_are_checked() -> None:
    contracts = tomllib.loads(read(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (layers,) = [one["layers"] for one in contracts if one["type"] == "layers"]
    assert " > ".join(layers) == LAYERS
    assert LAYERS in read(DOCS / "architecture.md")


def test_the_architecture_names_every_part_of_every_room() -> None:
    page = read(DOCS / "architecture.md")
    missing = [
        f"{room}/{part.name}"
        for room in ROOMS
        for part in sorted((ROOT / room).iterdir())
        if part.name[0] not in "_." and (part.suffix == ".py" or (part / "__init__.py").exists())
        if not re.search(rf"`(?:{room}/)?{part.name}/?`", page)
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_document_names_is_there(page: Path) -> None:
    if page in RECORDS and "Superseded by" in read(page):
        pytest.skip("a record of what was")
    rooms = "|".join((*ROOMS, "tests", "docs", "deploy"))
    paths = re.findall(rf"`((?:{rooms})/[\w./-]*)(?:[^`\w./-][^`]*)?`", read(page))
    assert sorted({path for path in paths if not (ROOT / path).exists()}) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_module_that_a_document_names_is_there(page: Path) -> None:
    if page in RECORDS and "Superseded by" in read(page):
        pytest.skip("a record of what was")
    named = re.findall(rf"`(?:python -m )?((?:{'|'.join((*ROOMS, 'tests'))})(?:\.\w+)+)", read(page))
    assert sorted({name for name in named if not _found(name)}) == []


def _found(name: str) -> bool:
    """Whether it is a module, or what a module has."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:length])
        if place.with_suffix(".py").exists() or place.is_dir():
            if length == len(parts):
                return True
            value = import_module(".".join(parts[:length]))
            return hasattr(value, parts[length])
    return False
