"""Each repository gives back what it was given, refuses what is stale, and knows the nearest names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from edge.kernel.errors import Conflict, NotFound
from memory.ledger import Ledger
from memory.ledger.alerts import Alert
from memory.ledger.devices import Device
from memory.ledger.factories import Factory, Pipeline
from memory.ledger.governance import GateResult, StoredPolicy
from memory.ledger.rollouts import Rollout, Target, tenants_with_due_rollouts, tenants_with_open_rollouts
from memory.ledger.usage import Measured, ResponseTimes, Usage
from memory.ledger.versions import Artifact

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
ROLLOUT = Rollout("default", "r1", "web", "canary", "pending", {"steps": [5, 50]}, "ann", NOW, NOW)


def test_a_rollout_is_changed_only_by_who_has_read_its_newest_state(ledger: Ledger) -> None:
    with ledger.unit("default") as unit:
        unit.rollouts.add(ROLLOUT)
        with pytest.raises(Conflict):
            unit.rollouts.add(ROLLOUT)
    with ledger.unit("default") as unit:
        moved = unit.rollouts.save(replace(ROLLOUT, position=1, progress={"seen": 3}))
        assert unit.rollouts.get("r1") == moved
        assert moved.revision == 1
        with pytest.raises(Conflict, match="meanwhile"):
            unit.rollouts.save(replace(ROLLOUT, position=2))


def test_one_at_a_time_has_the_lease(ledger: Ledger) -> None:
    with ledger.unit("default") as unit:
        unit.rollouts.add(ROLLOUT)
        (claimed,) = unit.rollouts.claim("one", LATER, NOW, 10)
        assert unit.rollouts.claim("one", LATER, NOW, 10) == [claimed] == [unit.rollouts.get("r1")]
        assert unit.rollouts.claim("two", LATER, NOW, 10) == []
        with pytest.raises(Conflict):
            unit.rollouts.save(ROLLOUT, owner="two")
        unit.rollouts.release("r1", "two")
        assert unit.rollouts.save(ROLLOUT, owner="one").revision == 1
        assert len(unit.rollouts.claim("two", LATER + timedelta(minutes=1), LATER, 10)) == 1
        assert unit.rollouts.get("r1").lease_owner == "two"
        unit.rollouts.release("r1", "two")
        assert unit.rollouts.get("r1").lease_until is None


def test_what_is_open_and_what_is_due(ledger: Ledger) -> None:
    with ledger.unit("default") as unit:
        unit.rollouts.add(replace(ROLLOUT, id="later", target="a", due_at=LATER))
        unit.rollouts.add(replace(ROLLOUT, id="now", target="b"))
        unit.rollouts.add(replace(ROLLOUT, id="over", target="c", ended_at=NOW))
        assert [rollout.id for rollout in unit.rollouts.open(10)] == ["now", "later"]
        assert [rollout.id for rollout in unit.rollouts.claim("one", LATER, NOW, 10)] == ["now"]
        assert [rollout.id for rollout in unit.rollouts.open(1)] == ["now"]
        assert unit.rollouts.open_on("c") is None
        open_on_a = unit.rollouts.open_on("a")
        assert open_on_a is not None
        assert open_on_a.id == "later"
    with ledger.unit("other") as unit:
        unit.rollouts.add(replace(ROLLOUT, tenant="other"))
        unit.rollouts.add(replace(ROLLOUT, tenant="other", id="longest due", due_at=NOW - timedelta(minutes=1)))
    with ledger.unit("none") as unit:
        unit.rollouts.add(replace(ROLLOUT, tenant="none", due_at=LATER))
    assert tenants_with_open_rollouts(ledger.database) == ["default", "none", "other"]
    assert tenants_with_due_rollouts(ledger.database, NOW) == ["other", "default"]


def test_measurements_add_up_to_numbers_to_reckon_with(ledger: Ledger) -> None:
    one = Measured("web", "v1", NOW, requests=3, errors=1, retries=2, score_count=2, score_total=0.5)
    with ledger.unit("default") as unit:
        unit.measurements.add(one)
        unit.measurements.add(one)
        unit.measurements.add(replace(one, second=LATER))
        unit.measurements.add(replace(one, arm="v2"))
    with ledger.unit("other") as unit:
        unit.measurements.add(one)
    with ledger.view("default") as unit:
        found = unit.measurements.total("web", "v1", NOW, LATER)
        assert found == Measured("web", "v1", NOW, 6, 2, retries=4, score_count=4, score_total=1.0)
        assert {type(found.requests), type(found.retries)} == {int}
        assert {type(found.score_squares), type(found.score_total)} == {float}
        assert unit.measurements.total("web", "none", NOW, LATER) == Measured("web", "none", NOW)


def test_times_add_up_by_bucket(ledger: Ledger) -> None:
    one = ResponseTimes("web", "v1", NOW, "answer", 80, 3)
    with ledger.unit("default") as unit:
        unit.measurements.add_times(one)
        unit.measurements.add_times(one)
        unit.measurements.add_times(replace(one, second=LATER))
        unit.measurements.add_times(replace(one, bucket=81, count=1))
        unit.measurements.add_times(replace(one, kind="token"))
        unit.measurements.add_times(replace(one, arm="v2"))
    with ledger.unit("other") as unit:
        unit.measurements.add_times(one)
    with ledger.view("default") as unit:
        found = unit.measurements.times("web", "v1", NOW, LATER)
        assert found == {("answer", 80): 6, ("answer", 81): 1, ("token", 80): 3}
        assert {type(count) for count in found.values()} == {int}


def test_a_rollout_s_history_is_numbered(ledger: Ledger) -> None:
    with ledger.unit("default") as unit:
        unit.rollouts.add(ROLLOUT)
        unit.rollouts.add(replace(ROLLOUT, id="r2"))
        unit.rollouts.append_events("r1", [("started", {})], NOW)
        unit.rollouts.append_events("r1", [("step", {"weight": 5})], NOW)
        assert [event.sequence for event in unit.rollouts.append_events("r2", [("started", {})], NOW)] == [1]
        assert [(event.sequence, event.kind) for event in unit.rollouts.events("r1")] == [(1, "started"), (2, "step")]
        assert [event.kind for event in unit.rollouts.events("r1", after=1)] == ["step"]


def test_a_target_is_changed_only_by_who_has_read_its_newest_state(ledger: Ledger) -> None:
    with ledger.unit("default") as unit:
        first = unit.targets.save(Target("web", "serving", {"a": 100}, NOW))
        second = unit.targets.save(replace(first, traffic={"a": 95, "b": 5}, configuration={"system": "be kind"}))
        assert (unit.targets.get("web"), second.revision) == (second, 2)
        for stale in (first, replace(first, revision=0)):
            with pytest.raises(Conflict):
                unit.targets.save(stale)


def test_usage_adds_up(ledger: Ledger) -> None:
    one = Usage("web", "m@1", NOW, 1, 0, 10, 20, 100.0, 0.5)
    with ledger.unit("default") as unit:
        for used in (one, one, replace(one, minute=LATER, errors=1), replace(one, version="m@2")):
            unit.usage.count(used)
        assert [(row.version, row.requests) for row in unit.usage.of("web", since=NOW)] == [
            ("m@1", 2),
            ("m@2", 1),
            ("m@1", 1),
        ]
        assert unit.usage.of(version="m@1", since=LATER)[0].errors == 1
        assert unit.usage.total(NOW) == {
            "requests": 4, "errors": 1, "tokens_in": 40, "tokens_out": 80, "latency_ms_sum": 400.0, "cost": 2.0,
        }  # fmt: skip
        assert unit.usage.total(LATER + timedelta(minutes=1))["requests"] == 0


def test_the_others_come_back_as_they_were_saved(ledger: Ledger) -> None:
    policy = StoredPolicy("edge", "rules: []", "sha256:1", True, NOW, "ann")
    device = Device("d1", "line-3", "enrolled", NOW, labels={"site": "Taipei"})
    alert = Alert("a1", "critical", "web", "too slow", "open", NOW)
    artifact = Artifact("sha256:" + "0" * 64, "application/gguf", 2**40, "file:///a", NOW)
    result = GateResult("g1", "release", "m@1", "fail", ["bias"], {"bias": 0.5}, NOW)
    with ledger.unit("default") as unit:
        unit.policies.save(policy)
        assert unit.policies.save(replace(policy, active=False)).revision == 1
        assert (unit.policies.all(), len(unit.policies.all(active=None))) == ([], 1)
        unit.devices.add(device)
        assert unit.devices.save(replace(device, group="line-4")) == unit.devices.get("d1")
        with pytest.raises(Conflict):
            unit.devices.save(device)
        unit.alerts.save(alert)
        unit.alerts.save(replace(alert, state="closed", closed_at=NOW))
        assert (unit.alerts.all(), unit.alerts.get("a1").closed_at) == ([], NOW)
        unit.artifacts.save(artifact)
        assert unit.artifacts.get(artifact.digest) == artifact
        unit.gates.add(result)
        assert unit.gates.of("m@1", gate="release") == [result]
        unit.factories.add(Factory("f", {"base": "x"}, NOW, "ann"))
        assert unit.factories.save(unit.factories.get("f")).revision == 1
        unit.pipelines.add(Pipeline("p", [{"gate": "release"}], NOW, "ann"))
        assert unit.pipelines.save(unit.pipelines.get("p")).revision == 1


REPOSITORIES = """
    aliases alerts approvals artifacts devices factories keys models pipelines policies principals rollouts targets tenants
    versions
""".split()


@pytest.mark.parametrize("name", REPOSITORIES)
def test_what_is_not_there_is_not_found(ledger: Ledger, name: str) -> None:
    with ledger.view("default") as unit, pytest.raises(NotFound):
        getattr(unit, name).get("none such")


def test_who_asks_for_an_unknown_key_is_given_the_nearest_or_advice(ledger: Ledger) -> None:
    with ledger.unit("default") as unit:
        unit.targets.save(Target("web-eu", "serving", {}, NOW))
        with pytest.raises(NotFound, match=r"There is no target 'web-eo'\. Nearest: web-eu\."):
            unit.targets.get("web-eo")
        with pytest.raises(NotFound, match=r"There is no artifact sha256:1\. Register it first\."):
            unit.artifacts.get("sha256:1")


def test_what_is_written_in_a_view_is_undone(ledger: Ledger) -> None:
    with pytest.raises(Exception, match=r"no writes|undone"), ledger.view("default") as unit:
        unit.targets.save(Target("web", "serving", {}, NOW))
        raise RuntimeError("undone")
    with ledger.view("default") as unit:
        assert unit.targets.all() == []


def test_leases_and_looks_of_a_clock_that_was_set_back_are_none(ledger: Ledger) -> None:
    ahead = timedelta(hours=5)
    with ledger.unit("default") as unit:
        unit.rollouts.add(replace(ROLLOUT, id="r1", target="t1", due_at=NOW))
        assert unit.rollouts.claim("dead", NOW + ahead, NOW, 10)
        (claimed,) = unit.rollouts.claim("one", NOW + timedelta(seconds=15), NOW, 10)
        unit.rollouts.save(replace(claimed, due_at=NOW + ahead))
        assert [one.id for one in unit.rollouts.claim("one", NOW + timedelta(seconds=15), NOW, 10)] == ["r1"]
