"""Runtimes that serve what the test says."""

from collections.abc import Sequence
from dataclasses import dataclass

from tools.registry.roster import RuntimeReport

__all__ = ["ScriptedServing"]


@dataclass
class ScriptedServing:
    """Implements `tools.registry.roster.Serving`."""

    reports: Sequence[RuntimeReport] = ()

    async def runtimes(self) -> Sequence[RuntimeReport]:
        return self.reports
