"""What the help proposes is understood: each order in it as its operation, each question as one that there is."""

import asyncio
import re

import pytest

from agents.phrases import phrase
from agents.understanding.candidates import Operations
from agents.understanding.entities import KnownApproval, KnownEntities, KnownRollout
from agents.understanding.frame import Frame
from agents.understanding.parsed_message import parse_message
from agents.understanding.understanding import ExampleUnderstanding, Look
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()
KNOWN = KnownEntities(
    models={"helper": "smollm2-135m"},
    versions={"helper@v1": "production", "helper@v2": "candidate"},
    aliases={"champion": "helper@v1"},
    targets={"support": "serving"},
    rollouts=(KnownRollout("ro-1f2e3d4c5b6a", "support", "running", "helper@v2", open=True),),
    approvals=(KnownApproval("ap-1f2e3d4c5b6a", "requested", "bob", "set_stage", {"version": "helper@v2"}),),
    tenants=("acme",),
    principals=("ann", "bob"),
    devices={"press-1": "hall-2", "press-2": "hall-3"},
)
OPERATIONS = {
    "Documents": {""},
    "Licences": {"licence_lookup"},
    "Roster": {"roster_list"},
    "Evaluations": {"evaluation_list"},
    "Versions": {"register_version", "evaluation_record", "gate_check", "set_alias"},
    "Rollouts": {"rollout_start", "rollout_status", "rollout_pause", "rollout_abort"},
    "Factories and pipelines": {"deploy_model_via_factory", "create_deployment_pipeline", "pipeline_run"},
    "Approvals and the books": {
        "approvals_list",
        "approval_approve",
        "approval_delegate",
        "audit_verify",
        "manage_tenant_resources",
    },
    "Devices": {"device_list", "device_health", "device_events", "device_ask", "device_answers", "device_move"},
}
CHINESE = dict(zip("文档 许可证 名册 评测 版本 发布 工厂和流水线 审批和审计 设备".split(), OPERATIONS, strict=True))
NOT_YET = {
    "check the gate of helper@v2",
    "检查 helper@v2 的门禁",
    "list the devices",
    "create pipeline NAME: staging with gate, then production with gate and approval",
    "创建流水线 weekly：staging 过门禁，然后 production 过门禁并审批",
}
"""Known faults: what the help proposes and nobody understands."""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_proposal_is_understood(language: str, operations: Operations) -> None:
    text, understanding = phrase("help_text", language, model="none", reason="-"), ExampleUnderstanding(operations)
    astray: dict[str, str] = {}
    headings = re.findall(r"- \*\*(.+?)\*\*[:：](.*)", text)
    for heading, proposals in headings:
        wanted = OPERATIONS[heading if language == "en" else CHINESE[heading]]
        for proposal in re.findall(r"“(.+?)”", proposals):
            said = parse_message(proposal.replace("ap-…", "ap-1f2e3d4c5b6a"), KNOWN, CATALOGUE)
            found_in_documents = "answer" if wanted == {""} else "nothing"
            look = Look(said, Frame(), KNOWN, frozenset(operations.talk), found_in_documents, 0.9, said.text)
            found = asyncio.run(understanding.interpret(look))
            planned = [call.tool for call in (*found.calls, *found.proposed)]
            asked = found.question.tool if found.question and found.question.reason in {"missing", "unknown"} else ""
            tool = planned[0] if planned else asked
            if tool not in wanted:
                astray[proposal] = f"{tool} {found.question.text if found.question else found.label}"
    print(astray)
    assert len(headings) == len(OPERATIONS)
    assert set(astray) <= NOT_YET
