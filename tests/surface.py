"""The modules of the rooms, and what each lists in `__all__`."""

import ast
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ROOMS", "imported_names", "listed_names", "modules"]

ROOT = Path(__file__).parents[1]
ROOMS = ("agents", "edge", "evals", "graphs", "memory", "server", "tools")


def modules() -> Iterator[tuple[str, Path]]:
    """Dotted name and file of every module, packages by their `__init__`."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def listed_names(path: Path) -> list[str] | None:
    """What the module lists in `__all__`; None where it has none."""
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in statement.targets
        ):
            return list(ast.literal_eval(statement.value))
    return None


def imported_names(path: Path, *, of_ours: bool = False) -> set[str]:
    """What the module imports by name at its top level; `of_ours`: from the rooms alone."""
    return {
        alias.asname or alias.name
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.ImportFrom)
        if not of_ours or (statement.module or "").partition(".")[0] in ROOMS
        for alias in statement.names
    }
