"""The six intents: what a message can want from the factory."""

from typing import Literal, get_args

__all__ = ["INTENTS", "Intent"]

Intent = Literal["evaluation", "deployment", "governance", "knowledge", "help", "out_of_scope"]
"""What belongs to each, with near misses, stands in `intents.yaml`."""

INTENTS: tuple[Intent, ...] = get_args(Intent)
"""In the order of the classifier's columns."""
