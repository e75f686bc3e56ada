from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memory.ledger import open_ledger
from memory.ledger.governance import GateResult
from memory.ledger.rollouts import Target
from memory.ledger.versions import Model, Version
from tests.fakes.commands import Done
from tests.fakes.rollouts import NOON, Clock, ScriptedWorld, serving
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.rollout import GateAnswer
from tools.rollouts.store import LedgerRolloutStore
from tools.runs import Worker

Chargehand = Callable[..., Done]


@pytest.fixture
def ledger(chargehand: Chargehand, tmp_path: Path) -> Path:
    """A home with a target `assistant` that serves phi@1, and a version phi@2."""
    opened = open_ledger(tmp_path / "home" / "ledger.sqlite")
    with opened.unit("default") as unit:
        unit.models.add(Model("phi", None, "", NOON, "ada"))
        for name in ("phi@1", "phi@2"):
            unit.versions.add(
                Version(
                    id=name, model="phi", reference="local:phi", base="phi", base_digest="", adapter="",
                    adapter_digest="", quantisation="", digest=name, stage="staging", parent=None, datasets=[],
                    licence="mit", card={}, created_at=NOON, created_by="ada",
                )
            )  # fmt: skip
        unit.targets.save(Target("assistant", "serving", serving("phi@1").model_dump(mode="json"), NOON))
        unit.gates.add(GateResult("g", "release", "phi@2", "fail", ["no licence"], {}, NOON))
    opened.close()
    return tmp_path / "home" / "ledger.sqlite"


def reconcile(path: Path, world: ScriptedWorld) -> None:
    clock = Clock()
    clock.now = datetime(2100, 1, 1, tzinfo=UTC)
    opened = open_ledger(path)
    Worker(rollout_work(LedgerRolloutStore(opened), world.world()), holder="one", clock=clock).run_once()
    opened.close()


def test_a_rollout_is_started_listed_paused_resumed_and_aborted(ledger: Path, chargehand: Chargehand) -> None:
    started = chargehand("rollout", "start", "assistant", "phi@2", "--percent", "10", "--percent", "50", "--json").json
    assert (started["state"], started["steps"]) == ("pending", ["canary 10 %", "canary 50 %"])
    for what, state in (("pause", "paused"), ("resume", "pending"), ("abort", "rolling_back")):
        assert chargehand("rollout", what, "assistant", "--json").json["state"] == state
    reconcile(ledger, ScriptedWorld())
    listed = chargehand("rollout", "list")
    assert listed.code == 0
    assert "aborted" in listed.out
    assert "phi@1 -> phi@2; now serves phi@1 100 %" in listed.out
    assert "pause by local" in chargehand("rollout", "show", started["id"]).out


def test_a_rollout_of_a_key_holder_is_recorded_as_theirs(ledger: Path, chargehand: Chargehand) -> None:
    arguments = '{"principal": "carol", "scopes": ["rollouts:read", "rollouts:write"]}'
    key = chargehand("tools", "call", "api_key_issue", arguments).json["key"]
    started = chargehand("rollout", "start", "assistant", "phi@2", "--json", CHARGEHAND_API_KEY=key).json
    chargehand("rollout", "pause", "assistant")
    assert "pause by carol" in chargehand("rollout", "show", started["id"]).out


def test_watching_ends_with_the_rollout_and_tells_a_refusal_by_its_exit_code(
    ledger: Path, chargehand: Chargehand
) -> None:
    started = chargehand("rollout", "start", "assistant", "phi@2", "--json").json
    reconcile(ledger, ScriptedWorld(gate=GateAnswer("fail", ("no licence",))))
    watched = chargehand("rollout", "watch", started["id"], "--json")
    assert watched.code == 3
    assert [event["sequence"] for event in watched.lines] == list(range(1, len(watched.lines) + 1))
    assert watched.lines[-1]["text"] == "the gate refused: no licence"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["start", "asistant", "phi@2"], "Nearest: assistant"),
        (["start", "assistant", "phi@2", "--percent", "120"], "more than 0 and at most 100"),
        (["show", "nothing"], "There is no rollout"),
        (["begin"], "No such command"),
    ],
)
def test_bad_usage_is_exit_code_2(ledger: Path, chargehand: Chargehand, arguments: list[str], said: str) -> None:
    done = chargehand("rollout", *arguments)
    assert (done.code, said in done.err) == (2, True)
