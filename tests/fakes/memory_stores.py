"""Stores of memories."""

from collections.abc import Iterable
from typing import Any

from langgraph.store.base import Op, PutOp
from langgraph.store.memory import InMemoryStore

__all__ = ["FreezingStore"]


class FreezingStore(InMemoryStore):
    """Once it is frozen, writes change nothing: every case that begins from it finds the same."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = False

    def batch(self, ops: Iterable[Op]) -> list[Any]:
        return [
            None if self.frozen and isinstance(op, PutOp) else super(FreezingStore, self).batch([op])[0] for op in ops
        ]
