"""Licences, gates, approvals, the audit log, policies and tenants to Markdown."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from agents.phrases import phrase
from agents.planner.calls import arguments_told
from agents.teams.markdown import moment, number, size_of, table, titles
from tools.calling.approval_tools import ApprovalList, ApprovalView
from tools.governance.audit import AuditFinding, AuditList
from tools.governance.gate import GateHistory, GateView
from tools.governance.licence_tools import LicenceFinding, LicensedModels
from tools.governance.policy_store import PolicyList
from tools.tenancy import TenantList, TenantUse, TenantView

__all__ = ["GOVERNANCE_RENDERERS"]


_VERDICTS = {
    "en": {
        "yes": "yes",
        "no": "no",
        "conditional": "only under conditions",
        "unsure": "unsure: not verified, so treat it as no until someone has read the terms",
    },
    "zh": {
        "yes": "可以",
        "no": "不可以",
        "conditional": "有条件",
        "unsure": "不确定：未经核实，在有人读过条款之前按不可以处理",
    },
}


def _licence(finding: LicenceFinding, chinese: bool) -> str:
    licence, verdicts = finding.licence, _VERDICTS["zh" if chinese else "en"]
    size = size_of(finding.parameters, chinese)
    verdict = _shipping_verdict(finding, "zh" if chinese else "en")
    if chinese:
        lines = [
            f"{verdict}**{finding.name}**（{finding.maker}，{size}）的许可证是 **{licence.name}**（{licence.type}）。",
            "",
            f"- 商业使用：{verdicts[licence.commercial_use]}",
            f"- 再分发：{verdicts[licence.redistribution]}",
            f"- 修改：{verdicts[licence.modification]}",
            f"- 署名要求：{licence.attribution}",
        ]
        labels = ("条件：", "备注：", "未核实的信息：", "来源：")
    else:
        lines = [
            f"{verdict} **{finding.name}** ({finding.maker}, {size}) is under the **{licence.name}** ({licence.type}).",
            "",
            f"- Commercial use: {verdicts[licence.commercial_use]}",
            f"- Redistribution: {verdicts[licence.redistribution]}",
            f"- Modification: {verdicts[licence.modification]}",
            f"- Attribution: {licence.attribution}",
        ]
        labels = ("Condition: ", "Note: ", "Not verified: ", "Source: ")
    lines.extend(f"- {labels[0]}{condition}" for condition in licence.conditions)
    if finding.notes:
        lines.append(f"- {labels[1]}{finding.notes}")
    if finding.unsure:
        lines.append(f"- {labels[2]}{', '.join(finding.unsure)}")
    lines.append(f"- {labels[3]}{licence.source}")
    return "\n".join(lines)


def _licensed(found: LicensedModels, chinese: bool) -> str:
    verdict = _VERDICTS["zh" if chinese else "en"][found.commercial_use]
    head = f"商业使用“{verdict}”的模型（{len(found.models)} 个）：" if chinese else (
        f"Models whose commercial use is “{verdict}” ({len(found.models)}):"
    )  # fmt: skip
    columns = ("模型", "规模", "许可证") if chinese else ("Model", "Size", "Licence")
    rows = [(entry.model, size_of(entry.parameters, chinese), entry.licence.name) for entry in found.models]
    return f"{head}\n\n{table(columns, rows)}"


def _shipping_verdict(finding: LicenceFinding, language: str) -> str:
    """Yes, no or not known, and why. Shipping is both commercial use and redistribution of the model.

    Args:
        language: "en" or "zh".
    """
    licence = finding.licence
    permissions = {licence.commercial_use, licence.redistribution}
    if licence.commercial_use == "no":
        return phrase("research_only" if licence.type == "research_only" else "no_commercial_use", language)
    if "unsure" in permissions or "licence" in finding.unsure:
        return phrase("licence_unsure", language)
    if licence.redistribution == "no":
        return phrase("api_only" if licence.type == "api_only" else "no_redistribution", language)
    keep = phrase("keep_conditions", language, count=len(licence.conditions))
    if not licence.conditions:
        keep = phrase("keep_attribution", language)
    if permissions == {"yes"}:
        return phrase("may_ship", language, keep=keep)
    users = phrase("user_threshold", language, users=f"{licence.user_threshold:,}") if licence.user_threshold else ""
    return phrase("may_ship_conditionally", language, keep=keep, users=users)


def _gate(view: GateView, chinese: bool) -> str:
    head = f"**{view.version}** · {view.gate}：**{view.verdict}**" if chinese else (
        f"The gate {view.gate} says of **{view.version}**: **{view.verdict}**"
    )  # fmt: skip
    columns = titles(chinese, ("Rule", "规则"), ("Outcome", "结果"), ("Reason", "理由"))
    rows = [
        (reason.rule, reason.outcome, reason.text + (f" ({'; '.join(reason.facts)})" if reason.facts else ""))
        for reason in view.reasons
    ]
    obligations = [f"- {text}" for text in view.obligations]
    if obligations:
        obligations.insert(0, "义务：\n" if chinese else "Obligations:\n")
    return "\n\n".join(part for part in (head, table(columns, rows) if rows else "", "\n".join(obligations)) if part)


def _gates(found: GateHistory, chinese: bool) -> str:
    if not found.results:
        return f"还没有门禁评判过 {found.version}。" if chinese else f"No gate has judged {found.version} yet."
    first, *older = found.results
    columns = titles(chinese, ("When", "时间"), ("Gate", "门禁"), ("Verdict", "结论"))
    rows = [(moment(one.at), one.gate, one.verdict) for one in older]
    return "\n\n".join([_gate(first, chinese), *([table(columns, rows)] if rows else [])])


def _approval(view: ApprovalView, chinese: bool) -> str:
    arguments = arguments_told(view.arguments)
    by = f"{view.decided_by}" + (f" ({view.on_behalf_of})" if view.on_behalf_of else "") if view.decided_by else ""
    if chinese:
        decided = f"，由 {by} 决定" if by else ""
        lines = [
            f"**{view.id}** 现在是 **{view.state}**{decided}。",
            "",
            f"- {view.requester} 请求：{view.tool}（{arguments}）",
        ]
        if view.state == "approved":
            lines.append(f"- {view.requester} 可以说“继续”")
    else:
        decided = f", decided by {by}" if by else ""
        lines = [
            f"**{view.id}** is **{view.state}**{decided}.",
            "",
            f"- {view.requester} asked for {view.tool} ({arguments})",
        ]
        if view.state == "approved":
            lines.append(f"- {view.requester} can go on with it now")
    return "\n".join([*lines, *([f"- {view.comment}"] if view.comment else [])])


def _approvals(found: ApprovalList, chinese: bool) -> str:
    if not found.approvals:
        return "没有这样的审批。" if chinese else "There is no such approval."
    columns = titles(
        chinese,
        ("Approval", "审批"),
        ("State", "状态"),
        ("Tool", "操作"),
        ("Asked by", "请求人"),
        ("What", "内容"),
        ("Until", "有效期"),
        ("Decided by", "决定人"),
    )
    rows = [
        (
            one.id,
            one.state,
            one.tool,
            one.requester,
            arguments_told(one.arguments),
            moment(one.expires_at),
            one.decided_by or "",
        )
        for one in found.approvals
    ]
    return table(columns, rows)


def _audit(found: AuditFinding, chinese: bool) -> str:
    if found.whole:
        return (
            f"审计链**完整**：检查了 {found.checked} 条记录，没有被改动、删除或调换。\n\n- 链头：`{found.head}`"
            if chinese
            else f"The audit chain is **whole**: {found.checked} entries checked, none altered, removed or moved.\n\n"
            f"- Head: `{found.head}`"
        )
    return (
        f"审计链**已损坏**：第 {found.bad_sequence} 条：{found.why}"
        if chinese
        else f"The audit chain is **broken** at entry {found.bad_sequence}: {found.why}"
    )


def _entries(found: AuditList, chinese: bool) -> str:
    columns = titles(
        chinese,
        ("No.", "序号"),
        ("When", "时间"),
        ("Who", "谁"),
        ("Tool", "操作"),
        ("Outcome", "结果"),
        ("Detail", "说明"),
    )
    rows = [
        (str(one.sequence), moment(one.at), one.principal, one.tool, one.outcome, one.detail) for one in found.entries
    ]
    return table(columns, rows)


def _policies(found: PolicyList, chinese: bool) -> str:
    columns = titles(chinese, ("Policy", "策略"), ("Active", "生效"), ("Rules", "规则"))
    yes, no = ("是", "否") if chinese else ("yes", "no")
    rows = [(one.name, yes if one.active else no, ", ".join(one.rules)) for one in found.policies]
    return table(columns, rows)


def _tenant(view: TenantView, chinese: bool) -> str:
    return _tenants(TenantList(tenants=[view]), chinese)


def _tenants(found: TenantList, chinese: bool) -> str:
    columns = titles(chinese, ("Tenant", "租户"), ("Isolation", "隔离"), ("State", "状态"), ("Quotas", "配额"))
    rows = [
        (one.id, one.isolation, one.state, ", ".join(f"{name} {number(value)}" for name, value in one.quotas.items()))
        for one in found.tenants
    ]
    return table(columns, rows)


def _use(found: TenantUse, chinese: bool) -> str:
    columns = titles(
        chinese,
        ("Tenant", "租户"),
        ("Requests", "请求"),
        ("Errors", "错误"),
        ("Tokens in", "输入词元"),
        ("Tokens out", "输出词元"),
        ("Cost (USD)", "费用（美元）"),
    )
    counts = (found.requests, found.errors, found.tokens_in, found.tokens_out)
    row = (found.tenant.id, *(f"{count:,}" for count in counts), number(found.cost_usd))
    head = "最近 24 小时：" if chinese else "Within the last 24 hours:"
    return f"{head}\n\n{table(columns, [row])}"


GOVERNANCE_RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {
    LicenceFinding: _licence,
    LicensedModels: _licensed,
    GateView: _gate,
    GateHistory: _gates,
    ApprovalView: _approval,
    ApprovalList: _approvals,
    AuditFinding: _audit,
    AuditList: _entries,
    PolicyList: _policies,
    TenantView: _tenant,
    TenantList: _tenants,
    TenantUse: _use,
}
