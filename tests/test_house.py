"""What holds for the project as a whole."""

import importlib
import importlib.metadata
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.surface import ROOMS, imported_names, listed_names, modules

ROOT = Path(__file__).parents[1]
HEAVY = ("chromadb", "crewai", "onnxruntime", "scipy", "torch", "transformers")
"""Packages that take long to import, or much memory: only the function that needs one imports it."""

# Each module is imported in a process of its own, forked from one that has the light packages already, and the rooms
# below the module's: those were imported alone before, and know nothing of it.
_IMPORT_EACH = """
import importlib, json, os, sys
import click, fastapi, httpx, langchain_core.messages, numpy, pydantic, pydantic_settings, sqlalchemy

heavy, rooms = json.loads(sys.stdin.read())
assert not [package for package in heavy if package in sys.modules]

def tell(name):
    try:
        module = importlib.import_module(name)
        missing = [listed for listed in getattr(module, "__all__", ()) if not hasattr(module, listed)]
        said = {"heavy": [package for package in heavy if package in sys.modules], "missing": missing}
    except BaseException as error:
        said = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps({"module": name, **said}), flush=True)
    return "error" in said

for modules in rooms:
    sound = []
    for name in modules:
        child = os.fork()
        if not child:
            os._exit(tell(name))
        if os.waitpid(child, 0)[1] == 0:
            sound.append(name)
    for name in sound:
        importlib.import_module(name)
"""

OF_NO_MODULE = {
    "edge/test_packaging.py": "what `deploy/edge` makes of the whole room",
    "tools/test_conformance.py": "every tool of a hub as its specification",
    "tools/test_faces.py": "every tool of a hub through each face",
    "tools/test_isolation.py": "every tool of a hub between two tenants",
}
"""Tests of what lies across a room, and what that is."""


@pytest.fixture(scope="module")
def imported() -> dict[str, dict[str, object]]:
    """What happened when each module was imported alone."""
    names = [name for name, path in modules() if path.name != "__main__.py"]
    upwards = ("edge", "memory", "tools", "evals", "agents", "graphs", "server")
    wanted = [[name for name in names if name.partition(".")[0] == room] for room in upwards]
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT_EACH],
        input=json.dumps([[*HEAVY, "langgraph"], wanted]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=500,
        check=True,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(row["module"] for row in rows) == sorted(names)
    return {row.pop("module"): row for row in rows}


def test_no_other_distribution_provides_the_names_of_the_rooms() -> None:
    provided = importlib.metadata.packages_distributions()
    assert {name: provided.get(name, []) for name in ROOMS if set(provided.get(name, [])) - {"chargehand"}} == {}


@pytest.mark.integration
@pytest.mark.long
def test_every_module_can_be_imported_alone_and_has_what_it_lists(imported: dict[str, dict[str, object]]) -> None:
    assert {name: row for name, row in imported.items() if row.get("error") or row.get("missing")} == {}


@pytest.mark.integration
@pytest.mark.long
def test_importing_is_cheap(imported: dict[str, dict[str, object]]) -> None:
    light = ("memory", "tools", "evals", "agents")
    found = {name: row["heavy"] for name, row in imported.items() if name.split(".")[0] in light and row["heavy"]}
    assert found == {}


@pytest.mark.integration
@pytest.mark.long
def test_importing_the_graphs_and_the_server_loads_no_model_or_store(imported: dict[str, dict[str, object]]) -> None:
    above = {name: set(row["heavy"]) - {"langgraph"} for name, row in imported.items()}  # type: ignore[call-overload]
    assert {name: heavy for name, heavy in above.items() if heavy} == {}


def test_a_module_lists_names_where_it_passes_on_what_others_define() -> None:
    """Elsewhere a name without an underscore is public, and that is all there is to say."""
    listing = {name: path for name, path in modules() if listed_names(path) is not None}
    assert {name for name, path in listing.items() if not set(listed_names(path) or ()) & imported_names(path)} == {
        "edge.kernel.errors"  # its list is the tree, which documents and tables are held against
    }
    assert {
        name for name, path in listing.items() if len(set(listed := listed_names(path) or ())) < len(listed)
    } == set()


def test_no_module_imports_what_another_keeps_to_itself() -> None:
    private = {
        (name, imported)
        for name, path in modules()
        for imported in imported_names(path, of_ours=True)
        if imported.startswith("_") and not imported.startswith("__")
    }
    assert private == set()


def _is_module(name: str, folder: Path) -> bool:
    """Whether a test of this name, as `chunking` or `chunking_long_words`, is of a module or package of the folder."""
    words = name.split("_")
    heads = ["_".join(words[:count]) for count in range(1, len(words) + 1)]
    return any(
        (folder / f"{head}.py").is_file() or (folder / head / "__init__.py").is_file() or head == folder.name
        for head in heads
    )


def test_each_test_stands_where_its_module_stands() -> None:
    paths = [path.relative_to(ROOT / "tests") for room in ROOMS for path in (ROOT / "tests" / room).rglob("test_*.py")]
    assert len(paths) > 100
    astray = {path.as_posix() for path in paths if not _is_module(path.stem.removeprefix("test_"), ROOT / path.parent)}
    assert astray == set(OF_NO_MODULE)


def test_the_long_run_repeats_all_that_counts_its_tries() -> None:
    """Who says how often by `times` is marked, or has Hypothesis as its mark."""
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__)]
    counting = [path for path in tests if "from tests.effort import" in path.read_text(encoding="utf-8")]
    assert len(counting) > 10
    unmarked = [path for path in counting if not re.search(r"mark\.repeated|@given|TestCase", path.read_text("utf-8"))]
    assert unmarked == []


def test_the_documents_name_targets_that_the_makefile_has() -> None:
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    named = {
        (path.name, target)
        for path in documents
        for target in re.findall(
            r"(?:`|^\s*|\| )make ([a-z][a-z0-9-]*)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert {("README.md", "demo"), ("README.md", "test")} <= named
    assert {pair for pair in named if pair[1] not in targets} == set()


def test_langgraph_finds_its_graphs() -> None:
    settings = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))
    assert set(settings["graphs"]) == {"supervisor", "retrieval"}
    for graph in settings["graphs"].values():
        module, _, name = graph["path"].partition(":")
        factory = getattr(importlib.import_module(module), name)
        assert inspect.iscoroutinefunction(factory)
        assert not inspect.signature(factory).parameters
        assert graph["description"]


def test_no_file_of_the_project_knows_the_machine_that_it_was_written_on() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a working copy of git")
    private = re.compile(rb"(?<![\w.])/(?:wor[k]|roo[t]|op[t]/uvenv)/")
    files = [ROOT / name for name in listed.stdout.splitlines()]
    assert len(files) > 100
    assert [str(path) for path in files if path.is_file() and private.search(path.read_bytes())] == []
