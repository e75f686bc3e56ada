from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from edge.kernel.errors import ApprovalNeeded, Conflict, InvalidInput, NotAllowed, NotFound
from memory.ledger import Ledger, open_ledger
from memory.ledger.devices import Device
from memory.ledger.rollouts import Target
from memory.ledger.versions import Model, Version
from tests.fakes.rollouts import NOON, Clock, ScriptedWorld, a_rollout, serving, traffic
from tools.calling.approval_tools import approval_tools
from tools.rollouts.canary_analysis import WaveReport
from tools.rollouts.measurements import Answered, add_answers
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.rollout import GateAnswer
from tools.rollouts.store import LedgerRolloutStore
from tools.rollouts.targets import Arm, wave
from tools.rollouts.tools import RolloutList, RolloutStatus, RolloutView, rollout_tools
from tools.rollouts.world import LedgerApprovals, LedgerFleet, World
from tools.runs import Worker
from tools.spec import ToolContext, ToolRuntime, bind

Verdict = Literal["pass", "fail", "insufficient_evidence"]
ADA = ToolContext("ada", "default", frozenset({"rollouts:read", "rollouts:write", "approvals:read"}))
BOB = ToolContext("bob", "default", ADA.scopes | {"approvals:decide"})
MOVE = {"target": "assistant", "version": "phi@2"}
OLD = serving("phi@1", system="be brief")


class Hub:
    """A ledger with two versions and a target, the tools over it, and a reconciler."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.ledger: Ledger = open_ledger(path)
        books = ToolRuntime(self.ledger, self.clock)
        self.tools = {spec.name: spec for spec in bind([*rollout_tools(), *approval_tools()], books)}
        self.seen = ScriptedWorld({"phi@1": traffic(20_000), "phi@2": traffic(4000)})
        self.seen.gate = GateAnswer("insufficient_evidence", ("nobody has judged it",))
        approvals = LedgerApprovals(self.ledger, self.clock)
        world = World(self.seen, LedgerFleet(self.ledger), self.seen, approvals, self.seen)
        self.reconciler = Worker(rollout_work(LedgerRolloutStore(self.ledger), world), holder="one", clock=self.clock)
        with self.ledger.unit("default") as unit:
            unit.models.add(Model("phi", None, "", NOON, "ada"))
            for number, stage in ((1, "production"), (2, "staging"), (3, "retired")):
                unit.versions.add(_version(f"phi@{number}", stage))
            unit.aliases.point("challenger", "phi@2", "ada", NOON)
            unit.targets.save(Target("assistant", "serving", OLD.model_dump(mode="json"), NOON))

    async def call(self, name: str, by: ToolContext = ADA, **arguments: object) -> Any:
        return await self.tools[name].call(by, arguments)

    def judged(self, verdict: Verdict = "pass") -> None:
        self.seen.gate = GateAnswer(verdict, ("the licence allows it",), "product/EU/production", "gate-1")

    def look(self, times: int = 1, every_s: float = 60) -> None:
        for _ in range(times):
            self.reconciler.run_once()
            self.clock.sleep(every_s)


def _version(name: str, stage: str) -> Version:
    return Version(
        id=name, model="phi", reference="local:phi", base="phi", base_digest="d", adapter="", adapter_digest="",
        quantisation="q4", digest=name, stage=stage, parent=None, datasets=[], licence="mit", card={}, created_at=NOON,
        created_by="ada",
    )  # fmt: skip


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    made = Hub(tmp_path / "ledger.db")
    yield made
    made.ledger.close()


async def test_a_canary_waits_for_the_gate_then_for_another_pair_of_eyes_then_moves(hub: Hub) -> None:
    hub.judged()
    started: RolloutView = await hub.call("rollout_start", target="assistant", version="challenger", percentages=[10])
    assert (started.state, started.version, started.steps) == ("pending", "phi@2", ["canary 10 %"])
    hub.look()
    waiting: RolloutStatus = await hub.call("rollout_status", rollout="assistant")
    assert waiting.rollout.state == "waiting_for_approval"
    assert any("the licence allows it" in event.data.get("gate", {}).get("reasons", ()) for event in waiting.events)
    with pytest.raises(NotAllowed, match="four eyes"):
        await hub.call("approval_approve", ADA, approval=f"ap-{started.id}")
    await hub.call("approval_approve", BOB, approval=f"ap-{started.id}", comment="go")
    hub.look()
    moving: RolloutStatus = await hub.call("rollout_status", rollout=started.id)
    assert moving.rollout.serves == {"phi@1": 90, "phi@2": 10}
    hub.look(5)
    done: RolloutStatus = await hub.call("rollout_status", rollout=started.id)
    assert (done.rollout.state, done.rollout.serves) == ("promoted", {"phi@2": 100})
    assert any("by bob: go" in event.text for event in done.events)


@pytest.mark.parametrize(
    ("verdict", "state", "reason"),
    [
        ("fail", "failed", "the gate refused: the licence allows it"),
        ("insufficient_evidence", "paused", "the gate lacks evidence: the licence allows it"),
        (None, "paused", "the gate lacks evidence: nobody has judged it"),
    ],
)
async def test_no_pass_no_traffic(hub: Hub, verdict: Verdict | None, state: str, reason: str) -> None:
    if verdict is not None:
        hub.judged(verdict)
    await hub.call("rollout_start", target="assistant", version="phi@2")
    hub.look(3)
    (found,) = (await hub.call("rollout_list")).rollouts
    assert (found.state, reason in found.reason, found.serves) == (state, True, {"phi@1": 100})


async def test_an_approval_that_is_refused_or_comes_too_late_fails_the_rollout(hub: Hub) -> None:
    hub.judged()
    first: RolloutView = await hub.call("rollout_start", target="assistant", version="phi@2")
    hub.look()
    await hub.call("approval_reject", BOB, approval=f"ap-{first.id}", comment="not on a Friday")
    hub.look()
    assert "rejected by bob: not on a Friday" in (await hub.call("rollout_status", rollout=first.id)).rollout.reason
    again: RolloutView = await hub.call("rollout_retry", rollout=first.id)
    assert again.retry_of == first.id
    hub.look()
    hub.clock.sleep(86400)
    hub.look()
    assert "not decided in time" in (await hub.call("rollout_status", rollout=again.id)).rollout.reason


async def test_an_approval_is_good_for_the_exact_plan_only(hub: Hub) -> None:
    approvals = LedgerApprovals(hub.ledger, hub.clock)
    rollout = a_rollout(approval=True)
    assert approvals.ask(rollout).standing == "open"
    await hub.call("approval_approve", BOB, approval="ap-r1")
    altered = rollout.model_copy(update={"candidate": Arm(version="worse")})
    assert approvals.ask(altered).standing == "rejected"
    assert approvals.ask(rollout).standing == "approved"
    assert approvals.ask(rollout).standing == "approved"  # should the first answer be lost


async def test_a_rollout_is_paused_resumed_and_aborted(hub: Hub) -> None:
    hub.judged()
    hub.seen.seen = {}
    started: RolloutView = await hub.call("rollout_start", target="assistant", version="phi@2", strategy="blue_green")
    hub.look()
    await hub.call("approval_approve", BOB, approval=f"ap-{started.id}")
    hub.look(3)
    paused: RolloutView = await hub.call("rollout_pause", rollout="assistant", reason="lunch")
    assert (paused.state, paused.reason) == ("paused", "pause by ada: lunch")
    assert (await hub.call("rollout_resume", rollout="assistant")).state == "analysing"
    aborted: RolloutView = await hub.call("rollout_abort", rollout="assistant")
    assert aborted.serves == {"phi@1": 0, "phi@2": 100}
    hub.look()
    after: RolloutView = (await hub.call("rollout_status", rollout=started.id)).rollout
    assert (after.state, after.serves) == ("aborted", {"phi@1": 100})
    with hub.ledger.view("default") as unit:
        assert unit.targets.get("assistant").traffic == OLD.model_dump(mode="json")
    listed: RolloutList = await hub.call("rollout_list", active=True)
    assert listed.rollouts == []


@pytest.mark.parametrize("strategy", ["blue_green", "canary"])
async def test_a_step_says_what_the_new_version_waits_for(hub: Hub, strategy: str) -> None:
    hub.judged()
    hub.seen.unready = "phi@2 is being loaded"
    started: RolloutView = await hub.call("rollout_start", **MOVE, strategy=strategy)
    hub.look()
    await hub.call("approval_approve", BOB, approval=f"ap-{started.id}")
    hub.look(2, every_s=5)
    waiting: RolloutView = (await hub.call("rollout_status", rollout="assistant")).rollout
    step = "prepare" if strategy == "blue_green" else "canary 5 %"
    assert (waiting.state, waiting.step) == ("analysing", 1)
    assert waiting.reason == f"step 1 of {len(waiting.steps)}: {step}; phi@2 is being loaded"
    hub.seen.unready = ""
    hub.look()
    assert "loaded" not in (await hub.call("rollout_status", rollout="assistant")).rollout.reason


async def test_an_open_rollout_is_listed_however_many_are_over_since(hub: Hub) -> None:
    started: RolloutView = await hub.call("rollout_start", **MOVE)
    with hub.ledger.unit("default") as unit:
        row = unit.rollouts.get(started.id)
        for number in range(201):
            over = replace(row, id=f"ro-{number}", target="other", created_at=NOON + timedelta(days=1), ended_at=NOON)
            unit.rollouts.add(over)
    listed: RolloutList = await hub.call("rollout_list", active=True)
    assert [one.id for one in listed.rollouts] == [started.id]


async def test_nobody_is_asked_to_approve_that_what_cannot_be_promoted_is(hub: Hub) -> None:
    await hub.call("rollout_start", target="assistant", version="phi@2")
    with pytest.raises(Conflict, match="cannot promote"):
        await hub.call("rollout_promote", rollout="assistant")


async def test_a_target_that_is_in_no_rollout_names_its_last(hub: Hub) -> None:
    with pytest.raises(NotFound, match=r"assistant is in no rollout now\.$"):
        await hub.call("rollout_status", rollout="assistant")
    started: RolloutView = await hub.call("rollout_start", target="assistant", version="phi@2")
    await hub.call("rollout_abort", rollout=started.id)
    hub.look()
    with pytest.raises(NotFound, match=f"Its last was {started.id}"):
        await hub.call("rollout_pause", rollout="assistant")


async def test_promoting_now_needs_an_approval_of_its_own(hub: Hub) -> None:
    hub.judged()
    hub.seen.seen = {}
    started: RolloutView = await hub.call("rollout_start", target="assistant", version="phi@2")
    hub.look()
    await hub.call("approval_approve", BOB, approval=f"ap-{started.id}")
    hub.look(2)
    with pytest.raises(ApprovalNeeded) as asked:
        await hub.call("rollout_promote", rollout=started.id)
    agreed = await hub.call("approval_approve", BOB, approval=asked.value.approval_id)
    assert agreed.plan == {"rollout": started.id, "target": "assistant", "from": OLD.arms[0].key, "to": "phi@2"}
    assert (await hub.call("rollout_promote", rollout=started.id)).state == "promoting"
    hub.look()
    assert (await hub.call("rollout_status", rollout=started.id)).rollout.serves == {"phi@2": 100}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"target": "asistant", "version": "phi@2"}, NotFound, "assistant"),
        ({"target": "assistant", "version": "phi@22"}, NotFound, "phi@2"),
        ({"target": "assistant", "version": "phi@3"}, InvalidInput, "retired"),
        (
            {"target": "assistant", "version": "phi@2", "percentages": [150]},
            InvalidInput,
            "more than 0 and at most 100",
        ),
        ({"target": "assistant", "version": "phi@2", "percentages": [50, 10]}, InvalidInput, "percentages must rise"),
        (
            {"target": "assistant", "version": "phi@2", "percentages": [50], "strategy": "recreate"},
            InvalidInput,
            "recreate does not take the percentages 50",
        ),
        ({"target": "assistant", "version": "phi@2", "hold_s": -1}, InvalidInput, "hold_s"),
        ({"target": "help desk", "version": "phi@2", "strategy": "recreate"}, InvalidInput, "cannot be called"),
        ({"target": "phi@1", "version": "phi@2", "strategy": "recreate"}, InvalidInput, "cannot be called"),
        (
            {"target": "assistant", "version": "phi@1", "configuration": {"system": "be brief"}},
            InvalidInput,
            "both sides are the same",
        ),
        ({**MOVE, "configuration": {"sytem": "be brief"}}, InvalidInput, r"configuration\.sytem: .*Nearest: system\."),
        ({**MOVE, "configuration": {"temperature": 99}}, InvalidInput, "less than or equal to 2"),
        ({**MOVE, "configuration": {"temperature": "0.2"}}, InvalidInput, "a valid number"),
    ],
)
async def test_what_cannot_be_is_refused(
    hub: Hub, arguments: Mapping[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        await hub.call("rollout_start", **arguments)
    assert (await hub.call("rollout_list")).rollouts == []


async def test_devices_are_configured_in_what_they_heed(hub: Hub) -> None:
    with hub.ledger.unit("default") as unit:
        unit.devices.add(Device("d1", "line", "enrolled", NOON))
    first = {"target": "line", "version": "phi@2", "strategy": "recreate"}
    with pytest.raises(InvalidInput, match="It takes context_tokens, system, threads"):
        await hub.call("rollout_start", **first, configuration={"temperature": 0.2})
    await hub.call("rollout_start", **first, configuration={"context_tokens": 512, "threads": 2})


async def test_a_target_is_in_one_rollout_at_a_time(hub: Hub) -> None:
    await hub.call("rollout_start", target="assistant", version="phi@2")
    with pytest.raises(Conflict, match="is in rollout"):
        await hub.call("execute_blue_green_deployment", target="assistant", version="phi@2")


async def test_another_tenant_sees_nothing(hub: Hub) -> None:
    with hub.ledger.unit("default") as unit:
        unit.tenants.add(type(unit.tenants.get("default"))("other", "Other", "shared", {}, "active", NOON))
    started: RolloutView = await hub.call("rollout_start", target="assistant", version="phi@2")
    stranger = ToolContext("eve", "other", ADA.scopes)
    assert (await hub.call("rollout_list", stranger)).rollouts == []
    for name in ("rollout_status", "rollout_abort", "rollout_retry"):
        with pytest.raises(NotFound):
            await hub.call(name, stranger, rollout=started.id)


async def test_the_first_version_of_a_new_target_is_put_there_and_taken_away_again(hub: Hub) -> None:
    hub.judged()
    started: RolloutView = await hub.call("rollout_start", target="fresh", version="phi@2", strategy="recreate")
    assert (started.former_version, started.serves) == (None, {})
    hub.look()
    await hub.call("approval_approve", BOB, approval=f"ap-{started.id}")
    hub.look(2)
    assert (await hub.call("rollout_status", rollout=started.id)).rollout.serves == {"phi@2": 100}


def test_devices_are_counted_by_what_they_reported_within_the_wave(hub: Hub) -> None:
    names = [f"d{number}" for number in range(10)]
    reached = sorted(wave(names, 40, "line"))
    with hub.ledger.unit("default") as unit:
        for name in names:
            unit.devices.add(Device(name, "line", "enrolled", NOON, reported={"version": "phi@2"}))
        for name, reported in zip(reached, ({"failed": "phi@2"}, {"version": "phi@1"}), strict=False):
            device = unit.devices.get(name)
            unit.devices.save(Device(device.id, "line", "enrolled", NOON, reported=reported, revision=device.revision))
    fleet = LedgerFleet(hub.ledger)
    assert fleet.report("default", "line", Arm(version="phi@2"), 40) == WaveReport(4, 2, 1)
    assert fleet.report("default", "nowhere", Arm(version="phi@2"), 40) == WaveReport(0, 0, 0)


async def test_a_process_that_stops_in_order_gives_its_rollouts_to_the_others_at_once(hub: Hub) -> None:
    hub.judged()
    await hub.call("rollout_start", target="assistant", version="challenger", percentages=[10])
    hub.reconciler.run_once()  # it waits for an approval now
    hub.clock.sleep(2)
    other, store = "two", LedgerRolloutStore(hub.ledger)
    until = hub.clock.now + timedelta(seconds=15)
    assert store.claim(other, hub.clock.now, until, 10) == []
    hub.reconciler.release()
    assert [one.target for one in store.claim(other, hub.clock.now, until, 10)] == ["assistant"]


@pytest.mark.parametrize("how", ["abort", "reject"])
async def test_nobody_is_asked_about_a_rollout_that_is_over(hub: Hub, how: str) -> None:
    hub.judged()
    rollout = await hub.call("rollout_start", **MOVE)
    hub.look(2)
    if how == "abort":
        await hub.call("rollout_abort", rollout=rollout.id)
    else:
        await hub.call("approval_reject", BOB, approval=f"ap-{rollout.id}", comment="no")
    hub.look(2)
    with pytest.raises(Conflict, match=r"revoked|rejected"):
        await hub.call("approval_approve", BOB, approval=f"ap-{rollout.id}")
    assert (await hub.call("approvals_list", state="requested")).approvals == []


async def test_the_wish_to_promote_now_ends_with_the_rollout_too(hub: Hub) -> None:
    hub.judged()
    rollout = await hub.call("rollout_start", **MOVE)
    hub.look(2)
    await hub.call("approval_approve", BOB, approval=f"ap-{rollout.id}")
    hub.look(2)
    with pytest.raises(ApprovalNeeded) as needed:
        await hub.call("rollout_promote", rollout=rollout.id)
    await hub.call("rollout_abort", rollout=rollout.id)
    hub.look()
    with pytest.raises(Conflict, match="revoked"):
        await hub.call("approval_approve", BOB, approval=needed.value.approval_id)


async def test_a_rollout_waits_for_as_many_as_the_gate_says(hub: Hub) -> None:
    hub.seen.gate = GateAnswer("pass", ("well",), approvers=2)
    rollout = await hub.call("rollout_start", **MOVE)
    hub.look(2)
    first = await hub.call("approval_approve", BOB, approval=f"ap-{rollout.id}")
    assert (first.state, first.needed, first.agreed) == ("requested", 2, ["bob"])
    with pytest.raises(Conflict, match="already"):
        await hub.call("approval_approve", BOB, approval=f"ap-{rollout.id}")
    hub.look(2)
    assert (await hub.call("rollout_status", rollout=rollout.id)).rollout.state == "waiting_for_approval"
    eve = replace(BOB, principal="eve")
    assert (await hub.call("approval_approve", eve, approval=f"ap-{rollout.id}")).state == "approved"
    hub.look()
    assert (await hub.call("rollout_status", rollout=rollout.id)).rollout.state == "analysing"


async def test_a_rollout_says_how_long_it_will_take_at_todays_traffic(hub: Hub) -> None:
    assert (await hub.call("rollout_start", **MOVE)).expected == ""
    await hub.call("rollout_abort", rollout="assistant")
    hub.look()
    with hub.ledger.unit("default") as unit:
        at = hub.clock() - timedelta(seconds=30)
        answers = [
            Answered("assistant", OLD.arms[0].key, at, None if place % 100 == 0 else 0.5) for place in range(7200)
        ]
        add_answers(unit, answers, hub.clock())
    started = await hub.call("rollout_start", **MOVE)
    assert started.requests_per_s == pytest.approx(2.0)
    assert started.expected_s > 600
    assert "at 2 requests/s" in started.expected
    status = await hub.call("rollout_status", rollout=started.id)
    assert status.rollout.expected == started.expected
