"""The gate that rollouts wait for, over the evidence of the moment at which a rollout asks."""

from collections.abc import Callable
from datetime import datetime

from edge.kernel.errors import CallerError
from memory.ledger import Ledger
from tools.governance.evidence_store import Use
from tools.governance.gate import Gates, record, told
from tools.rollouts.rollout import GateAnswer, Rollout

__all__ = ["EvidenceGate"]


class EvidenceGate:
    """`tools.rollouts.store.Gate`: judges the candidate for what its target is used for, and keeps the verdict.

    An older pass is not enough: it may have been for a lesser purpose, by other policies, or by evidence that is stale.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime], gates: Gates) -> None:
        self._ledger = ledger
        self._clock = clock
        self._gates = gates

    def judge(self, rollout: Rollout) -> GateAnswer:
        with self._ledger.unit(rollout.tenant) as unit:
            try:
                version = unit.versions.get(rollout.candidate.version)
                target = unit.targets.find(rollout.target)
                use = self._use(rollout, self._gates.of_target(target.configuration if target else {}))
                found = self._gates.judge(unit, version, use, rollout.requested_by, self._clock())
            except CallerError as error:
                return GateAnswer("insufficient_evidence", (str(error),))
            kept = record(unit, found)
        reasons = tuple(told(found.result))
        match found.result.verdict:
            case "pass":
                return GateAnswer("pass", reasons, kept.gate, kept.id)
            case "fail":
                return GateAnswer("fail", reasons, kept.gate, kept.id)
            case _:
                return GateAnswer("insufficient_evidence", reasons, kept.gate, kept.id)

    @staticmethod
    def _use(rollout: Rollout, use: Use) -> Use:
        tags = (*use.tags, "edge") if rollout.plan.kind == "devices" else use.tags
        return use.model_copy(update={"stage": "production", "tags": tags})
