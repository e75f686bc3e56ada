"""Jobs fall due, run in their turn, are tried again, and are told of; only as the hub signed them."""

import json
import threading

import pytest

from edge.jobs.sandbox import Ended
from edge.kernel.protocol.desired import Item
from edge.kernel.protocol.jobs import JOB
from tests.fakes.job_devices import JobDevice, open_job_device

EVERY_MINUTE = {"on": "cron", "expression": "* * * * *"}
ONCE = {"on": "once"}


@pytest.fixture
def device(tmp_path):
    with open_job_device(tmp_path) as device:
        yield device


def test_a_run_is_told_with_its_result_in_the_transaction_of_its_end(device: JobDevice):
    device.jobs.replace([device.job("look", ONCE)])

    assert device.run_due() == 1

    (told,) = device.tell("job")
    assert told == {
        "job": "look",
        "revision": 1,
        "run": 1,
        "attempt": 1,
        "due_at": "2026-01-05T12:00:00+00:00",
        "outcome": "done",
        "elapsed_s": 0.1,
        "result": {"ok": True},
    }
    assert device.carried_out[0]["by"] == "job:look"


def test_once_is_once_for_a_revision_over_restarts(device: JobDevice):
    for _ in range(3):
        device.jobs.replace([device.job("look", ONCE)])
        device.run_due()
        device.start("another boot")
    assert len(device.carried_out) == 1
    device.jobs.replace([device.job("look", ONCE, revision=2)])
    device.run_due()
    assert len(device.carried_out) == 2


def test_cron_and_interval_run_when_they_are_due(device: JobDevice):
    device.jobs.replace([device.job("cron", EVERY_MINUTE), device.job("often", {"on": "interval", "every_s": 20})])
    for _ in range(180):
        device.now_s += 1
        device.run_due()
    assert device.outcomes().count(("cron", "done")) == 3
    assert device.outcomes().count(("often", "done")) == 9


def test_an_event_makes_a_job_due_and_only_one_that_fits(device: JobDevice):
    schedule = {"on": "event", "kind": "alert", "equals": {"severity": "critical"}}
    device.outbox.record("alert", {"severity": "critical"})  # before the job was known
    device.jobs.replace([device.job("react", schedule)])
    device.run_due()
    device.outbox.record("alert", {"severity": "info"})
    device.run_due()
    assert device.carried_out == []
    device.outbox.record("alert", {"severity": "critical"})
    device.run_due()
    device.start("another boot")
    device.run_due()
    assert len(device.carried_out) == 1


def test_the_more_urgent_goes_first_and_the_oldest_does_not_starve(device: JobDevice):
    device.jobs.replace([device.job("low", ONCE, priority=0), device.job("high", EVERY_MINUTE, priority=9)])
    device.jobs.due()
    ran = list[str]()
    for _ in range(20):
        device.now_s += 60
        device.jobs.due()
        device.jobs.run_next()  # there is time for one a minute
        ran.append(device.carried_out[-1]["by"])
    assert ran[0] == "job:high"
    assert "job:low" in ran[:11]


def test_a_failure_is_tried_again_with_a_delay_that_doubles(device: JobDevice):
    device.ended = [Ended("failed", 0.1, why="No answer.")]
    device.jobs.replace([device.job("look", ONCE, retries={"times": 2, "first_delay_s": 10})])
    began = list[float]()
    for _ in range(60):
        before = len(device.carried_out)
        device.run_due()
        began += [device.now_s] * (len(device.carried_out) - before)
        device.now_s += 1
    assert began == [0, 10, 30]
    assert device.outcomes() == [("look", "retried"), ("look", "retried"), ("look", "failed")]


def test_what_another_attempt_cannot_help_is_not_tried_again(device: JobDevice):
    device.ended = [Ended("failed", 0.1, why="There is no such sensor.", again=False)]
    device.jobs.replace([device.job("look", ONCE)])
    for _ in range(10):
        device.now_s += 100
        device.run_due()
    assert device.outcomes() == [("look", "failed")]


def test_a_run_that_begins_too_late_is_skipped_and_told(device: JobDevice):
    device.jobs.replace([device.job("look", ONCE, deadline_s=30)])
    device.jobs.due()
    device.now_s += 31
    assert device.run_due() == 0
    assert device.outcomes() == [("look", "late")]


@pytest.mark.parametrize(("missed", "runs"), [("run_once", 1), ("skip", 0)])
def test_runs_that_fell_due_while_the_device_was_off(device: JobDevice, missed, runs):
    device.jobs.replace([device.job("look", {"on": "cron", "expression": "0 * * * *"}, missed=missed)])
    device.run_due()
    device.now_s += 5 * 86400 + 1800
    device.start("another boot")
    device.run_due()
    assert len(device.carried_out) == runs
    assert ("look", "missed") in device.outcomes()


def test_a_due_time_while_the_run_before_still_waits_is_told_as_missed(device: JobDevice):
    device.jobs.replace([device.job("look", EVERY_MINUTE)])
    for _ in range(3):
        device.now_s += 60
        device.jobs.due()
    device.run_due()
    assert device.outcomes() == [("look", "missed"), ("look", "missed"), ("look", "done")]


def test_a_job_that_is_taken_back_does_not_run_any_more(device: JobDevice):
    device.jobs.replace([device.job("look", ONCE)])
    device.jobs.due()
    device.jobs.replace([])
    assert device.run_due() == 0
    assert device.outcomes() == [("look", "withdrawn")]
    assert device.jobs.names() == []


def test_an_order_to_the_assistant_is_put_to_it(device: JobDevice):
    device.jobs.replace([device.job("ask", ONCE, action={"do": "ask", "text": "How warm is it?"})])
    device.run_due()
    assert device.asked == [("How warm is it?", "job:ask", 120.0)]
    assert device.tell("job")[0]["result"] == {"text": "It is warm."}


def signed_by_stranger(device: JobDevice) -> Item:
    item = device.job("look", ONCE)
    assert item.body is not None
    return item.model_copy(update={"body": device.stranger.envelope(JOB, item.body["body"]).model_dump()})


def with_another_action(device: JobDevice) -> Item:
    item = device.job("look", ONCE)
    body = json.loads(json.dumps(item.body))
    body["body"]["action"]["arguments"]["text"] = "something else"
    return item.model_copy(update={"body": body})


def under_another_name(device: JobDevice) -> Item:
    return device.job("look", ONCE).model_copy(update={"name": "other"})


def signed_as_desired_state(device: JobDevice) -> Item:
    item = device.job("look", ONCE)
    assert item.body is not None
    return item.model_copy(update={"body": device.hub.envelope("desired", item.body["body"]).model_dump()})


def not_understood(device: JobDevice) -> Item:
    return device.job("look", {"on": "full moon"})


def with_a_wrong_expression(device: JobDevice) -> Item:
    return device.job("look", {"on": "cron", "expression": "99 * * * *"})


@pytest.mark.parametrize(
    "tampered",
    [
        signed_by_stranger,
        with_another_action,
        under_another_name,
        signed_as_desired_state,
        not_understood,
        with_a_wrong_expression,
    ],
)
def test_what_the_hub_did_not_sign_is_refused_recorded_once_and_the_others_run(device: JobDevice, tampered):
    device.jobs.replace([tampered(device), device.job("good", ONCE)])
    for _ in range(5):
        device.now_s += 60
        device.run_due()
        device.start()
    assert [order["by"] for order in device.carried_out] == ["job:good"]
    assert len(device.tell("refused")) == 1


def test_a_job_that_is_altered_on_the_disk_after_it_was_due_is_refused_when_it_is_to_run(device: JobDevice):
    device.jobs.replace([device.job("look", ONCE)])
    device.jobs.due()
    with device.database.transaction() as rows:
        rows.execute("UPDATE jobs SET signed = replace(signed, 'mark', 'crash')")
    assert device.run_due() == 0
    assert device.outcomes() == [("look", "refused")]
    assert [event["name"] for event in device.tell("refused")] == ["look"]


def test_the_signature_is_checked_again_at_each_run(device: JobDevice):
    device.jobs.replace([device.job("look", ONCE)])
    device.jobs.due()
    device.enrolled = False  # the key is gone
    assert device.run_due() == 0
    assert device.outcomes() == [("look", "refused")]


def test_one_job_never_has_two_runs_at_once(device: JobDevice):
    device.jobs.replace([device.job("look", EVERY_MINUTE)])
    device.now_s += 60
    device.jobs.due()
    begun = device.jobs._begin()
    assert begun is not None
    device.now_s += 60
    device.jobs.due()
    found = list[bool]()
    threads = [threading.Thread(target=lambda: found.append(device.jobs.run_next())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [False] * 8


@pytest.mark.parametrize(("times", "outcomes"), [(0, ["interrupted"]), (1, ["retried", "done"])])
def test_a_run_that_power_cut_short_is_tried_again_or_recorded(device: JobDevice, times, outcomes):
    device.jobs.replace([device.job("look", ONCE, retries={"times": times, "first_delay_s": 1})])
    device.jobs.due()
    assert device.jobs._begin() is not None  # and the power goes
    device.start("another boot")
    device.run_due()
    device.now_s += 2
    device.run_due()
    assert device.outcomes() == [("look", outcome) for outcome in outcomes]


def test_a_second_process_leaves_the_jobs_to_the_first(device: JobDevice, tmp_path):
    device.jobs.replace([device.job("look", ONCE)])
    device.jobs.due()
    assert device.jobs._begin() is not None
    with open_job_device(tmp_path) as second:
        assert second.run_due() == 0
        assert second.jobs.names() == ["look"]
    assert device.outcomes() == []


def test_the_rest_is_forgotten_after_a_while_and_the_last_outcomes_are_known(device: JobDevice):
    device.jobs.replace([device.job("look", EVERY_MINUTE)])
    for _ in range(40):
        device.now_s += 60
        device.run_due()
    assert device.last_outcomes("look") == ["done"] * 20
