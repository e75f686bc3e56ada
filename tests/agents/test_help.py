"""What the help proposes is understood: each order in it is one of the grammar, each question finds something to show."""

import re

import pytest

from agents.phrases import phrase
from agents.planner.known import Known
from agents.planner.ordering import plan_operation
from tools.assembly import governance_tools, ledger_tools
from tools.catalogue import load_catalogue
from tools.evidence import open_evidence
from tools.gates import Gates

CATALOGUE = load_catalogue()
TOOLS = {spec.name for spec in (*ledger_tools(CATALOGUE), *governance_tools(Gates(open_evidence(CATALOGUE))))}
KNOWN = Known(
    models={"faq": ""},
    versions={"faq@1": "production", "faq@2": "candidate"},
    aliases={"champion": "faq@1"},
    targets={"support": "service"},
    approvals={"ap-1f2e3d4c5b6a": "requested"},
)
PLANNED = {
    "Roster": {None, "register_model", "set_stage", "set_alias", "version_lineage"},
    "Gates": {"gate_check"},
    "Rollouts": {"rollout_start", "rollout_look", "rollout_pause"},
    "Approvals": {"approvals_list", "approval_approve"},
    "Governance": {"policies_list", "audit_list", "tenants_list"},
    "名册": {None, "register_model", "set_stage", "set_alias"},
    "门禁": {"gate_check"},
    "发布": {"rollout_start", "rollout_look", "rollout_pause"},
    "审批": {"approvals_list", "approval_approve"},
    "治理": {"policies_list", "audit_list", "tenants_list"},
}
"""None: no operation of the ledger; the team answers it from what runs now."""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_proposal_is_understood(language: str) -> None:
    text = phrase("help_text", language, model="none", reason="-")
    found: dict[str, set[str | None]] = {}
    for name, proposals in re.findall(r"- \*\*(.+?)\*\*[:：](.*)", text):
        for proposal in re.findall(r"“(.+?)”", proposals):
            plan = plan_operation(proposal, language, KNOWN, CATALOGUE, TOOLS)
            found.setdefault(name, set()).add(plan.operation if plan else None)
            if plan and plan.operation != "rollout_pause":  # none runs here, and it says so
                assert plan.calls, (proposal, plan)
    assert {name: found[name] for name in PLANNED if name in found} == {
        name: planned for name, planned in PLANNED.items() if name in found
    }
    assert len(found) == 7
