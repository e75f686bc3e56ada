"""smolagents without what a device never uses: pictures, web pages, coloured output, and the Hugging Face hub.

12 MB and 0.1 s instead of 47 MB and 0.6 s, and the packages need not be installed.
"""

from functools import cache
from types import ModuleType

from edge.kernel.errors import ModelUnavailable
from edge.lean import import_lean

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
    try:
        return import_lean("smolagents.agents", ABSENT)
    except ImportError as error:
        raise ModelUnavailable("smolagents cannot be imported.", "Install the extra: chargehand[edge].") from error
