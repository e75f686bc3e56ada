"""smolagents without what a device never uses: pictures, web pages, coloured output, and the Hugging Face hub.

smolagents imports all of that with its first line. While it is imported here, placeholders stand in for those packages;
they are taken away again, and so is this copy of smolagents from the list of modules: whoever imports smolagents after
that gets the whole of it. 12 MB and 0.1 s instead of 47 MB and 0.6 s, and the packages need not be installed.
"""

import importlib
import sys
from collections.abc import Generator, MutableSequence
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from edge.errors import ModelUnavailable

__all__ = ["ABSENT", "lean_smolagents"]

ABSENT = (
    "huggingface_hub", "huggingface_hub.utils", "requests", "requests.exceptions", "PIL", "PIL.Image", "rich",
    "rich.box", "rich.console", "rich.live", "rich.markdown", "rich.panel", "rich.rule", "rich.syntax", "rich.table",
    "rich.text", "rich.tree", "jinja2", "yaml",
)  # fmt: skip
"""Modules that smolagents 1.26 imports and that an agent which calls tools does not need."""


@cache
def lean_smolagents() -> ModuleType:
    """The module `smolagents.agents`; its imports hang from it.

    Raises:
        ModelUnavailable: smolagents is not installed, or not as it was when this was written.
    """
    spec = find_spec("smolagents")
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailable("smolagents is not installed.", "Install the extra: chargehand[edge].")
    package = ModuleType("smolagents")
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    try:
        with _standing_in({"smolagents": package, **{name: _Placeholder(name) for name in ABSENT}}):
            return importlib.import_module("smolagents.agents")
    except (ImportError, AttributeError, TypeError):  # a release that needs more of them: take it whole
        try:
            return importlib.import_module("smolagents.agents")
        except ImportError as error:
            raise ModelUnavailable("smolagents cannot be imported.", "Install the extra: chargehand[edge].") from error


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
