"""Where the content of each digest is kept."""

from dataclasses import dataclass
from datetime import datetime

from edge.kernel.errors import NotFound
from memory.ledger import schema
from memory.ledger.rows import Rows
from memory.ledger.scope import TenantScope

__all__ = ["Artifact", "Artifacts"]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One content. `digest` is `sha256:` and 64 hexadecimal digits; `url` is any that fsspec opens."""

    digest: str
    media_type: str
    size_bytes: int
    url: str
    created_at: datetime


class Artifacts:
    """Reads and writes of one tenant's artifacts."""

    def __init__(self, scope: TenantScope) -> None:
        self._rows = Rows(scope, schema.artifacts, Artifact)

    def find(self, digest: str) -> Artifact | None:
        return self._rows.first(schema.artifacts.c.digest == digest)

    def get(self, digest: str) -> Artifact:
        """Raises NotFound: the tenant has no such artifact."""
        found = self.find(digest)
        if found is None:
            raise NotFound(f"There is no artifact {digest}.", "Register it first.")
        return found

    def all(self) -> list[Artifact]:
        return self._rows.list(order=schema.artifacts.c.digest)

    def save(self, artifact: Artifact) -> None:
        """Insert or overwrite."""
        self._rows.put(artifact)

    def remove(self, digest: str) -> bool:
        """Whether the tenant had it."""
        return self._rows.delete(schema.artifacts.c.digest == digest) > 0
