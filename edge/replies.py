"""What the hub says to questions that nobody on the device could answer; kept until people have read it."""

import json
from dataclasses import dataclass

from edge.database import Database
from edge.state import DesiredState

__all__ = ["TABLES", "Replies", "Reply"]

TABLES = """
CREATE TABLE IF NOT EXISTS replies (
    question TEXT PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL, citations TEXT NOT NULL
);
"""
KEPT = 200
"""The newest so many."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the hub's: to which question (the id under which it was queued), and where it is taken from."""

    question: str
    text: str
    citations: tuple[str, ...]


class Replies:
    """The hub takes a reply back once it was delivered; here it stays."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._desired = DesiredState(database)

    def take(self) -> int:
        """Keep the replies of the desired state; how many were new. Raises StorageFailed."""
        items = [(item.name, item.revision, item.body) for item in self._desired.items("reply") if item.body]
        if not items:
            return 0
        with self._database.transaction() as rows:
            new = sum(
                rows.execute(
                    "INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?)",
                    (name, revision, str(body.get("text", "")), json.dumps(body.get("citations", []))),
                ).rowcount
                for name, revision, body in items
            )
            newest = "SELECT question FROM replies ORDER BY at DESC LIMIT ?"
            rows.execute(f"DELETE FROM replies WHERE question NOT IN ({newest})", (KEPT,))  # noqa: S608  # nosec: our own words
        return new

    def all(self) -> list[Reply]:
        """Newest first. Raises StorageFailed."""
        with self._database.read() as rows:
            found = rows.execute("SELECT question, text, citations FROM replies ORDER BY at DESC, question").fetchall()
        return [Reply(question, text, tuple(json.loads(citations))) for question, text, citations in found]
