"""Questions between hub and device: the hub's are answered here, and the hub's replies to the device's are kept."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.agent.assistant import Answer, Assistant
from edge.database import Database
from edge.kernel.errors import CallerError
from edge.kernel.protocol.desired import Question
from edge.outbox import Journal
from edge.state import DesiredState

TABLES = """
CREATE TABLE IF NOT EXISTS answered_questions (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS replies (
    question TEXT PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL, citations TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS replied_questions (question TEXT PRIMARY KEY, asked TEXT NOT NULL);
"""
KEPT = 200
"""Replies: the newest so many."""


class RemoteQuestions:
    """Answers each once: that it was answered and the answer are written in one transaction.

    Args:
        assistant: made when it is needed.
    """

    def __init__(self, database: Database, journal: Journal, assistant: Callable[[], Assistant]) -> None:
        self._database = database
        self._journal = journal
        self._assistant = assistant
        self._desired = DesiredState(database)

    def open(self) -> list[Question]:
        """Those without an answer, oldest first. Raises StorageFailed."""
        items = sorted(self._desired.items("question"), key=lambda item: item.revision)
        with self._database.read() as rows:
            answered = {row[0] for row in rows.execute("SELECT id FROM answered_questions")}
        questions = [Question.model_validate(item.body) for item in items if item.body is not None]
        return [question for question in questions if question.id not in answered]

    def answer(self, question: Question) -> None:
        """Ask the assistant and write down what it says; it takes as long as the assistant takes.

        Raises:
            OutboxFull, StorageFailed: there is no room for the answer; the question stays open.
        """
        try:
            found = self._assistant().ask(question.text, by=f"hub:{question.asked_by}", may_queue=False)
        except CallerError as error:
            body: dict[str, Any] = {"ok": False, "text": str(error)}
        else:
            body = answer_body(found)
        with self._database.transaction() as rows:
            rows.execute("INSERT OR IGNORE INTO answered_questions VALUES (?)", (question.id,))
            if rows.execute("SELECT changes()").fetchone()[0]:
                self._journal.record("answer", {"id": question.id, **body})
            kept = {item.name for item in self._desired.items("question")} | {question.id}
            for (name,) in rows.execute("SELECT id FROM answered_questions").fetchall():
                if name not in kept:  # the hub has taken the question back: it does not come again
                    rows.execute("DELETE FROM answered_questions WHERE id = ?", (name,))


def answer_body(answer: Answer) -> dict[str, Any]:
    """What the hub is told of an answer."""
    return {
        "ok": answer.ok,
        "text": answer.text,
        "rung": answer.tier,
        "model": answer.model,
        "tools": [
            {"tool": use.tool, "arguments": dict(use.arguments), "error": use.error} for use in answer.tool_calls
        ],
        "elapsed_s": round(answer.elapsed_s, 3),
    }


@dataclass(frozen=True, slots=True)
class HubReply:
    """An answer of the hub's.

    Attributes:
        question: the id under which it was queued.
        asked: the question itself; empty where neither hub nor device has it any more.
        citations: where it is taken from.
    """

    question: str
    text: str
    citations: tuple[str, ...]
    asked: str = ""


class HubReplies:
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
            for name, _, body in items:
                asked = str(body.get("asked", ""))
                if asked:
                    rows.execute("INSERT OR IGNORE INTO replied_questions VALUES (?, ?)", (name, asked))
            newest = "SELECT question FROM replies ORDER BY at DESC LIMIT ?"
            rows.execute(f"DELETE FROM replies WHERE question NOT IN ({newest})", (KEPT,))  # noqa: S608  # nosec: our own words
            rows.execute("DELETE FROM replied_questions WHERE question NOT IN (SELECT question FROM replies)")
        return new

    def all(self) -> list[HubReply]:
        """Newest first. Raises StorageFailed."""
        with self._database.read() as rows:
            found = rows.execute(
                "SELECT question, text, citations, ifnull(asked, '') FROM replies"
                " LEFT JOIN replied_questions USING (question) ORDER BY at DESC, question"
            ).fetchall()
        return [HubReply(question, text, tuple(json.loads(cited)), asked) for question, text, cited, asked in found]
