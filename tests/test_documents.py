"""The documents say what is so: every setting, command, error, room and path that they name, and every one that there is."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import click
import pytest
import yaml
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import edge.kernel.errors
from edge.settings import EdgeSettings
from memory.settings import Settings
from server.cli import cli
from server.hub import open_components
from server.outcomes import outcome_of
from tests.surface import ROOMS, modules

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
RECORDS = sorted((DOCS / "decisions").glob("0*.md"))
PACKAGES = [path for _, path in modules() if path.name == "__init__.py"]
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


def test_every_tool_is_listed_with_its_scopes(tmp_path: Path) -> None:
    page = read(DOCS / "tools.md")
    listed = {
        tool: set(re.findall(r"`([a-z:]+)`", scopes))
        for _, scopes, tools in re.findall(r"^\| ([a-z ]+) \| (`[^|]+) \| (`[^|]+) \|$", page, re.MULTILINE)
        for tool in re.findall(r"`(\w+)`", tools)
    }
    with open_components(Settings(home=tmp_path, model="none")) as hub:
        specs = dict(hub.ledger_tools)
    assert {name: set(spec.scopes) for name, spec in specs.items()} == {
        name: scopes for name, scopes in listed.items() if name not in {"knowledge_search", "pack_build"}
    }
    approved = rows(DOCS / "approvals.md")
    assert [name for name, spec in specs.items() if spec.approval is not None and name not in approved] == []


def test_every_route_is_described() -> None:
    page = re.sub(r"\{\w+\}", "{}", read(DOCS / "http-api.md"))
    routes = {
        f"{prefix}{re.sub(r'{[^}]*}', '{}', path)}"
        for text in map(read, (ROOT / "server").rglob("*.py"))
        for prefix in re.findall(r'APIRouter\(prefix="([^"]*)"', text)
        for path in re.findall(r'@router\.\w+\("([^"]*)"', text)
    }
    assert {"/v1/runs", "/v1/threads/{}/fork", "/v1/tools/{}"} <= routes
    assert sorted(route for route in routes if route not in page) == []


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_function_that_a_document_names_is_there(page: Path) -> None:
    """`path/module.py:function` and `path/module.py:Class.method`, as the walks of the architecture have them."""
    named = re.findall(rf"`((?:{'|'.join((*ROOMS, 'tests'))})/[\w/]+\.py):([\w.]+)`", read(page))
    assert sorted({f"{path}:{name}" for path, name in named if name not in definitions(ROOT / path)}) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_module_that_a_document_names_by_its_file_is_there(page: Path) -> None:
    if page in RECORDS and "Superseded by" in read(page):
        pytest.skip("a record of what was")
    files = {path.name for room in ROOMS for path in (ROOT / room).rglob("*.py")}
    assert sorted(set(re.findall(r"`(\w+\.py)`", read(page))) - files) == []


@cache
def definitions(path: Path) -> frozenset[str]:
    """Functions, methods and classes of a module; what is defined within a function is known by its own name, too."""
    found: set[str] = set()

    def collect(node: ast.AST, outer: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.update({child.name, f"{outer}{child.name}"})
                collect(child, f"{outer}{child.name}.")
            else:
                collect(child, outer)

    if path.exists():
        collect(ast.parse(read(path)), "")
    return frozenset(found)


def test_the_architecture_walks_through_the_tree() -> None:
    walks = re.findall(r"^### (.+?)$(.*?)(?=^##|\Z)", read(DOCS / "architecture.md"), re.MULTILINE | re.DOTALL)
    steps = {title: len(re.findall(r"`[\w/]+\.py:[\w.]+`", text)) for title, text in walks}
    walked = ["A chat message", "A tool call with approval", "A rollout step", "A device batch"]
    assert [title for title in walked if steps.get(title, 0) < 5] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: str(package.parent.relative_to(ROOT)))
def test_a_package_that_lists_its_modules_lists_those_that_are_there(package: Path) -> None:
    text = ast.get_docstring(ast.parse(read(package))) or ""
    listed = re.findall(r"^ *([a-z_][\w./, ]*?) {2,}\S", text, re.MULTILINE)
    names = [name.strip("/") for entry in listed for name in re.split(r", | and ", entry) if name != "..."]
    there = {part.name for part in package.parent.iterdir()} | {part.stem for part in package.parent.iterdir()}
    if 2 * sum(name in there for name in names) <= len(names):
        return  # a table of something else
    assert [name for name in names if name not in there] == []
    parts = [part for part in package.parent.iterdir() if part.suffix == ".py" or (part / "__init__.py").exists()]
    stems = [part.stem for part in parts if not part.name.startswith("_")]
    assert [stem for stem in stems if not re.search(rf"\b{stem}\b", text)] == [] or "..." in text


def test_every_page_is_in_the_navigation_once() -> None:
    navigated = list(_pages_of(yaml.load(read(ROOT / "mkdocs.yml"), yaml.BaseLoader)["nav"]))
    assert sorted(navigated) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


def _pages_of(nav: object) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for below in nav.values():
            yield from _pages_of(below)
    elif isinstance(nav, list):
        for below in nav:
            yield from _pages_of(below)


def test_decision_records_are_numbered_without_gaps() -> None:
    assert [record.name[:4] for record in RECORDS] == [f"{number:04d}" for number in range(1, len(RECORDS) + 1)]


def superseding(text: str) -> set[str]:
    """Numbers of the records by which one is superseded, wholly or in part, as its second line or its row in the list says."""
    return {
        number
        for line in re.findall(r"[Ss]uperseded\b.* by (.*)$", text, re.MULTILINE)
        for number in re.findall(r"\d{4}", line)
    }


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name[:4])
def test_a_superseded_record_says_so_as_the_list_does(record: Path) -> None:
    number, head = record.name[:4], read(record).split("## Context")[0]
    (row,) = [line for line in read(DOCS / "decisions/README.md").splitlines() if line.startswith(f"| [{number}]")]
    assert f"({record.name})" in row
    assert superseding(head) == superseding(row)
    assert ("Superseded in part" in head) == ("superseded in part" in row)
    for other in superseding(head):
        (newer,) = (DOCS / "decisions").glob(f"{other}-*.md")
        assert f"[{number}]({record.name})" in read(newer)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name[:4])
def test_a_record_has_its_four_parts(record: Path) -> None:
    headings = re.findall(r"^## (.+)$", read(record), re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequence", "What would prove it wrong"]
    assert read(record).startswith(f"# {record.name[:4]}: ")


def test_every_target_of_the_makefile_is_described() -> None:
    targets = re.findall(r"^([a-z][\w-]*):", read(ROOT / "Makefile"), re.MULTILINE)
    assert [target for target in targets if f"`make {target}`" not in read(ROOT / "CONTRIBUTING.md")] == []


def test_the_readme_is_two_screens() -> None:
    assert len(read(ROOT / "README.md").splitlines()) <= 90
