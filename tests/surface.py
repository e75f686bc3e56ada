"""The modules of the rooms, and what each lists in `__all__`."""

import ast
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ROOMS", "listed_names", "modules", "public_names"]

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


def public_names(path: Path) -> list[str]:
    """Functions and classes that the module defines at its top level, without an underscore in front."""
    return [
        statement.name
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not statement.name.startswith("_")
    ]
