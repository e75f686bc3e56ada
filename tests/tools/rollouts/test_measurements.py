"""What rollouts are judged by, kept in the ledger."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from memory.ledger import Ledger, open_ledger
from tests.fakes.rollouts import NOON
from tools.rollouts.canary_analysis import Observed
from tools.rollouts.measurements import Answered, LedgerMetrics, add_answers, add_scores
from tools.rollouts.response_times import bucket_of
from tools.rollouts.targets import Arm
from tools.rollouts.world import Window

OLD, NEW = Arm(version="old"), Arm(version="new")
END = NOON + timedelta(hours=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


def answer(ledger: Ledger, arm: Arm, at: datetime, took_s: float | None, tenant: str = "default") -> None:
    with ledger.unit(tenant) as unit:
        add_answers(unit, [Answered("t", arm.key, at, took_s)], at)


def observed(metrics: LedgerMetrics, tenant: str, window: Window) -> Observed:
    (found,) = metrics.observed(tenant, [window])
    return found


def test_requests_are_counted_by_arm_and_time(ledger: Ledger) -> None:
    for second in range(10):
        answer(ledger, NEW, NOON + timedelta(seconds=second), 0.5)
    answer(ledger, NEW, NOON, None)
    answer(ledger, OLD, NOON, 0.1)
    metrics = LedgerMetrics(ledger)
    found = observed(metrics, "default", Window("t", NEW, NOON, END))
    assert (found.requests, found.errors, found.took("answer").count) == (11, 1, 10)
    assert found.took("answer").counts == {bucket_of(0.5): 10}
    later = observed(metrics, "default", Window("t", NEW, NOON + timedelta(seconds=4.5), NOON + timedelta(seconds=8)))
    assert later.requests == 3  # seconds 5, 6 and 7
    assert observed(metrics, "default", Window("other", NEW, NOON, END)) == Observed()
    assert observed(metrics, "acme", Window("t", NEW, NOON, END)) == Observed()


def test_a_batch_is_the_same_as_one_by_one(ledger: Ledger) -> None:
    moments = [NOON + timedelta(milliseconds=300 * place) for place in range(10)]
    with ledger.unit("default") as unit:
        add_answers(unit, [Answered("t", OLD.key, at, 0.2) for at in moments], END)
    for at in moments:
        answer(ledger, NEW, at, 0.2)
    metrics = LedgerMetrics(ledger)
    one, other = (observed(metrics, "default", Window("t", arm, NOON, END)) for arm in (OLD, NEW))
    assert one == other
    assert (one.requests, one.took("answer").count) == (10, 10)


def test_they_are_there_after_the_process_is_gone(ledger: Ledger, tmp_path: Path) -> None:
    answer(ledger, NEW, NOON, 0.5)
    again = open_ledger(tmp_path / "ledger.sqlite")
    assert observed(LedgerMetrics(again), "default", Window("t", NEW, NOON, END)).requests == 1
    again.close()


def test_one_version_in_two_configurations_is_two_arms(ledger: Ledger) -> None:
    warm = Arm(version="new", configuration={"temperature": 1})
    answer(ledger, warm, NOON, 1)
    metrics = LedgerMetrics(ledger)
    assert observed(metrics, "default", Window("t", NEW, NOON, END)).requests == 0
    assert observed(metrics, "default", Window("t", warm.model_copy(update={"weight": 5}), NOON, END)).requests == 1


def test_scores_are_added_up_beside_the_requests(ledger: Ledger) -> None:
    answer(ledger, NEW, NOON, 0.5)
    with ledger.unit("default") as unit:
        add_scores(unit, "t", NEW.key, NOON, [0.5, 1.0])
    found = observed(LedgerMetrics(ledger), "default", Window("t", NEW, NOON, END))
    assert (found.requests, found.score.count, found.score.mean) == (1, 2, 0.75)


def test_what_is_long_past_is_forgotten(ledger: Ledger) -> None:
    answer(ledger, OLD, NOON, 1)
    answer(ledger, NEW, NOON + timedelta(days=3), 1)
    assert observed(LedgerMetrics(ledger), "default", Window("t", OLD, NOON, END)) == Observed()


def test_streamed_answers_are_measured_by_first_token_and_pace(ledger: Ledger) -> None:
    with ledger.unit("default") as unit:
        add_answers(unit, [Answered("t", NEW.key, NOON, 2.2, first_token_s=0.2, tokens=101)], NOON)
    found = observed(LedgerMetrics(ledger), "default", Window("t", NEW, NOON, END))
    times = {kind: dict(found.took(kind).counts) for kind in found.times}
    assert times == {
        "stream": {bucket_of(2.2): 1}, "first_token": {bucket_of(0.2): 1}, "token": {bucket_of(0.02): 1},
    }  # fmt: skip


def test_what_stands_in_for_another_arm_and_what_clients_left_are_no_requests(ledger: Ledger) -> None:
    with ledger.unit("default") as unit:
        stood_in = [Answered("t", NEW.key, NOON, took, stands_in=True) for took in (0.5, None)]
        add_answers(unit, [*stood_in, Answered("t", NEW.key, NOON, None, left=True)], NOON)
    found = observed(LedgerMetrics(ledger), "default", Window("t", NEW, NOON, END))
    assert found == Observed(left=1, retries=2, retry_errors=1)
