"""Questions that came from the hub are put to the device's own assistant; the answers are events."""

from collections.abc import Callable
from typing import Any

from edge.agent.assistant import Answer, Assistant
from edge.database import Database
from edge.journal import Journal
from edge.kernel.errors import CallerError
from edge.kernel.protocol.desired import Question
from edge.state import DesiredState

__all__ = ["TABLES", "RemoteQuestions", "answer_body"]

TABLES = """
CREATE TABLE IF NOT EXISTS answered_questions (id TEXT PRIMARY KEY);
"""


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
        "rung": answer.rung,
        "model": answer.model,
        "tools": [
            {"tool": use.tool, "arguments": dict(use.arguments), "error": use.error} for use in answer.tool_calls
        ],
        "elapsed_s": round(answer.elapsed_s, 3),
    }
