from datetime import UTC, datetime
from typing import cast

import pytest

from evals.evaluations import Evaluation, EvaluationList, evaluation_tools, record_evaluation
from memory.home import Home
from memory.ledger import Ledger, open_ledger
from tools.spec import LOCAL_ENGINEER


def evaluation(key: str, task: str, subject: str, day: int) -> Evaluation:
    return Evaluation(
        id=key,
        task=task,
        subject=subject,
        dataset="held-out",
        samples=10 * day,
        metrics={"accuracy": 0.9371, "p95_ms": 12.5},
        finished_at=datetime(2026, 11, day, tzinfo=UTC),
    )


@pytest.fixture
def ledger(home: Home):
    ledger = open_ledger(home.ledger)
    record_evaluation(ledger, evaluation("a", "intent-routing", "router 1", 1))
    record_evaluation(ledger, evaluation("b", "support", "Phi-4-mini Q4", 3))
    record_evaluation(ledger, evaluation("c", "intent-routing", "router 2", 2))
    yield ledger
    ledger.close()


async def found(ledger: Ledger, **arguments: str | None) -> list[str]:
    (spec,) = evaluation_tools(ledger)
    listed = cast("EvaluationList", await spec.call(LOCAL_ENGINEER, arguments))
    return [row.id for row in listed.evaluations]


async def test_newest_first(ledger: Ledger) -> None:
    assert await found(ledger) == ["b", "c", "a"]


async def test_of_one_task_or_subject(ledger: Ledger) -> None:
    assert await found(ledger, task="intent-routing") == ["c", "a"]
    assert await found(ledger, subject="PHI-4-mini") == ["b"]
    assert await found(ledger, task="intent-routing", subject="router 1") == ["a"]
    assert await found(ledger, task="none", subject=None) == []


async def test_all_that_was_recorded_comes_back(ledger: Ledger) -> None:
    (spec,) = evaluation_tools(ledger)
    listed = cast("EvaluationList", await spec.call(LOCAL_ENGINEER, {"subject": "phi"}))
    (row,) = listed.evaluations
    assert row.model_dump(exclude={"finished_at"}) == evaluation("b", "support", "Phi-4-mini Q4", 3).model_dump(
        exclude={"finished_at"}
    )
    assert row.finished_at.date() == datetime(2026, 11, 3, tzinfo=UTC).date()
