"""Slim imports: packages without those parts of theirs that a device never uses, and that it has no memory for.

Some packages import all they have with their first line. While a copy of one is imported here, placeholders stand in
for what a device does without; they are taken away again, and so is the copy from the list of modules: whoever imports
the package after that gets the whole of it.
"""

import importlib
import sys
import threading
from collections.abc import Generator, MutableSequence, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_one_at_a_time = threading.Lock()


def import_slim(module: str, without: Sequence[str]) -> ModuleType:
    """A copy of a module, as `mcp.client.client`, with placeholders for other modules, as `mcp.server`.

    Args:
        module: its package's own first lines are not run.
        without: each with the names below it that are imported, too.

    Returns:
        The module; its imports hang from it. The whole of it where that is loaded already, or where it needs more of
        what it is to do without.

    Raises:
        ImportError: it is not there.
    """
    root = module.partition(".")[0]
    with _one_at_a_time:
        if root in sys.modules:
            return importlib.import_module(module)
        spec = find_spec(root)
        if spec is None or not spec.submodule_search_locations:
            raise ModuleNotFoundError(f"No module named {root!r}", name=root)
        package = ModuleType(root)
        package.__path__ = list(spec.submodule_search_locations)
        package.__spec__ = spec
        try:
            with _standing_in({root: package, **{name: _Placeholder(name) for name in without}}):
                return importlib.import_module(module)
        except (ImportError, AttributeError, TypeError):  # a release that needs more of them: take it whole
            return importlib.import_module(module)


@contextmanager
def _standing_in(modules: dict[str, ModuleType]) -> Generator[None]:
    """These modules in place of the real ones, and of everything that belongs to them; all as before at the end."""
    roots = {name.partition(".")[0] for name in modules}

    def ours() -> list[str]:
        return [name for name in sys.modules if name.partition(".")[0] in roots]

    before = {name: sys.modules.pop(name) for name in ours()}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in ours():
            del sys.modules[name]
        sys.modules.update(before)


class _AnyName(type):
    """Every attribute of a placeholder is a placeholder again."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing

    def __or__(cls, other: Any) -> Any:
        return cls

    def __ror__(cls, other: Any) -> Any:
        return other


class _Nothing(metaclass=_AnyName):
    """Takes anything and does nothing: what would be printed is not."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing


class _Placeholder(ModuleType):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: MutableSequence[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return sys.modules.get(f"{self.__name__}.{name}", _Nothing)
