"""What the help proposes is understood: each order in it is one of the grammar, each question finds something to show."""

import re

import pytest

from agents.phrases import phrase
from agents.planner.known import KnownEntities, KnownRollout
from agents.planner.plan import plan_operation
from server.hub import governance_tools, ledger_tools
from tools.fleet.desired_state import SharedStates
from tools.fleet.devices import device_tools, health_tools
from tools.fleet.questions import question_tools
from tools.governance.evidence_store import open_evidence
from tools.governance.gate import Gates
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()
GATES = Gates(open_evidence(CATALOGUE))
TOOLS = {
    spec.name
    for spec in (
        *ledger_tools(CATALOGUE, GATES.keep_production),
        *governance_tools(GATES),
        *device_tools(SharedStates()),
        *health_tools(),
        *question_tools(),
    )
}
KNOWN = KnownEntities(
    models={"helper": ""},
    versions={"helper@v1": "production", "helper@v2": "candidate"},
    aliases={"champion": "helper@v1"},
    targets={"support": "service"},
    rollouts=(KnownRollout("ro-1f2e3d4c5b6a", "support", "running", "helper@v2", open=True),),
    tenants=("acme",),
    devices={"press-1": "hall-2"},
)
PLANNED = {
    "Versions": {"register_version", "evaluation_record", "gate_check", "promote"},
    "Rollouts": {"rollout_start", "rollout_look", "rollout_pause", "rollout_abort"},
    "Factories and pipelines": {"deploy_via_factory", "create_pipeline", "pipeline"},
    "Approvals and the books": {"approvals_list", "approval_approve", "delegate", "audit_verify", "manage_tenant"},
    "Devices": {"device_list", "device_health", "device_events", "device_ask", "device_answers", "device_move"},
    "版本": {"evaluation_record", "gate_check", "set_alias"},
    "发布": {"rollout_start", "rollout_look", "rollout_pause", "rollout_abort"},
    "工厂和流水线": {"create_pipeline"},
    "审批和审计": {"approvals_list", "approval_approve", "delegate", "audit_verify"},
    "设备": {"device_list", "device_health", "device_events", "device_ask", "device_answers"},
}
OTHERS = 4
"""Documents, licences, the roster and evaluations: no operations of the grammar; the teams answer them."""
_HOLE = re.compile(r"NAME|…|新目标")
"""Where the reader puts a name of theirs, or a new one, the planner may ask for it."""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_proposal_is_understood(language: str) -> None:
    text = phrase("help_text", language, model="none", reason="-")
    found: dict[str, set[str | None]] = {}
    for name, proposals in re.findall(r"- \*\*(.+?)\*\*[:：](.*)", text):
        for proposal in re.findall(r"“(.+?)”", proposals):
            plan = plan_operation(proposal, language, KNOWN, CATALOGUE, TOOLS)
            found.setdefault(name, set()).add(plan.operation if plan else None)
            assert plan is None or plan.calls or _HOLE.search(proposal), (proposal, plan)
    operations = {name: planned for name, planned in found.items() if planned != {None}}
    assert operations == {name: planned for name, planned in PLANNED.items() if name.isascii() == (language == "en")}
    assert len(found) == len(operations) + OTHERS
