"""Where the content of each digest is kept."""

from dataclasses import dataclass
from datetime import datetime

from memory.ledger.repository import MutableRepository
from memory.ledger.tables import BigInt, Key, Max80, Max128, map_table

__all__ = ["Artifact", "Artifacts"]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One content. `digest` is `sha256:` and 64 hexadecimal digits; `url` is any that fsspec opens."""

    digest: Key[Max80[str]]
    media_type: Max128[str]
    size_bytes: BigInt
    url: str
    created_at: datetime


artifacts = map_table("artifacts", Artifact)


class Artifacts(MutableRepository[Artifact]):
    """One tenant's artifacts, by digest."""

    table, row, noun = artifacts, Artifact, "artifact"
    missing, advice = "There is no artifact {key}.", "Register it first."

    def remove(self, digest: str) -> bool:
        """Whether the tenant had it."""
        return self._rows.delete(artifacts.c.digest == digest) > 0
