from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from evals.evaluations import Evaluation, list_evaluations, record_evaluation
from memory.home import Home
from memory.ledger import Ledger, open_ledger

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def ledger(home: Home):
    opened = open_ledger(home.ledger)
    yield opened
    opened.close()


def evaluation(key: str, task: str = "intent-routing", finished_at: datetime = NOON, **metrics: float) -> Evaluation:
    return Evaluation(
        id=key,
        task=task,
        subject="router 1",
        dataset="held out",
        samples=10,
        metrics=metrics or {"accuracy": 0.9},
        finished_at=finished_at,
    )


def test_an_evaluation_comes_back_as_it_was_recorded(ledger: Ledger, home: Home) -> None:
    one = evaluation("a", accuracy=0.875, p50_ms=1.25)
    record_evaluation(ledger, one)
    other_process = open_ledger(home.ledger)
    assert list_evaluations(other_process) == [one]
    other_process.close()


def test_a_repeat_overwrites(ledger: Ledger) -> None:
    record_evaluation(ledger, evaluation("a", accuracy=0.5))
    record_evaluation(ledger, evaluation("a", accuracy=0.75))
    assert [entry.metrics for entry in list_evaluations(ledger)] == [{"accuracy": 0.75}]


def test_newest_first_of_one_task_or_all(ledger: Ledger) -> None:
    record_evaluation(ledger, evaluation("old", finished_at=NOON - timedelta(days=1)))
    record_evaluation(ledger, evaluation("new", finished_at=NOON + timedelta(days=1)))
    record_evaluation(ledger, evaluation("other", task="retrieval"))
    assert [entry.id for entry in list_evaluations(ledger)] == ["new", "other", "old"]
    assert [entry.id for entry in list_evaluations(ledger, "intent-routing")] == ["new", "old"]
    assert list_evaluations(ledger, "unheard of") == []


def test_times_of_any_zone_are_one_moment_in_utc(ledger: Ledger) -> None:
    evening_in_taipei = datetime(2026, 3, 1, 20, 30, tzinfo=timezone(timedelta(hours=8)))
    record_evaluation(ledger, evaluation("taipei", finished_at=evening_in_taipei))
    record_evaluation(ledger, evaluation("noon"))
    first, second = list_evaluations(ledger)
    assert (first.id, second.id) == ("taipei", "noon")
    assert first.finished_at == evening_in_taipei
    assert first.finished_at.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_and_no_samples_are_refused(ledger: Ledger) -> None:
    with pytest.raises(ValidationError):
        evaluation("a", finished_at=datetime(2026, 3, 1))  # noqa: DTZ001
    with pytest.raises(ValidationError):
        Evaluation.model_validate(evaluation("a").model_dump() | {"samples": 0})
