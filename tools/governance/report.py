"""Report of governance: licences, gates, evidence, approvals, the audit log, policies and tenants, as Markdown."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from tools.calling.approval_tools import ApprovalList, ApprovalView
from tools.calling.markdown import arguments_text, listing, moment, number, size_of
from tools.governance.audit import AuditFinding, AuditList
from tools.governance.evidence_store import RecordedEvidence
from tools.governance.gate import GateHistory, GateView
from tools.governance.licence_tools import LicenceFinding, LicensedModels
from tools.governance.policy_store import PolicyList
from tools.tenancy import ApiKeyList, ApiKeyView, NewApiKey, TenantList, TenantUse, TenantView

_SHIPPING = {
    "research_only": ("No: research only.", "不可以：仅限研究。"),
    "no_commercial_use": ("No: commercial use is not allowed.", "不可以：不允许商业使用。"),
    "no_redistribution": ("No: the model may not be redistributed.", "不可以：不允许再分发模型。"),
    "licence_unsure": (
        "Not known: the licence is not verified, so treat it as no until someone has read the terms.",
        "不确定：许可证未经核实，在有人读过条款之前按不可以处理。",
    ),
    "api_only": (
        "Yes, with conditions: through its maker's service only, since the model may not be redistributed.",
        "可以，但有条件：只能通过厂商的服务使用，不允许再分发模型。",
    ),
    "may_ship": ("Yes: commercial use and redistribution are allowed; {keep}.", "可以：允许商业使用和再分发；{keep}。"),
    "may_ship_conditionally": ("Yes, with conditions: {keep}{users}.", "可以，但有条件：{keep}{users}。"),
    "keep_attribution": ("keep to the attribution below", "须遵守下列署名要求"),
    "keep_conditions": (
        "keep to the attribution and the conditions below ({count})",
        "须遵守下列署名要求和条件（{count} 项）",
    ),
    "user_threshold": (
        "; above {users} monthly active users a licence must be asked for",
        "；月活跃用户超过 {users} 时须另行申请许可证",
    ),
}
"""The verdict on shipping a model, English and Chinese."""
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
    models = listing(
        chinese,
        found.models,
        ("Model", "模型", lambda one: one.model),
        ("Size", "规模", lambda one: size_of(one.parameters, chinese)),
        ("Licence", "许可证", lambda one: one.licence.name),
    )
    return f"{head}\n\n{models}"


def _shipping_verdict(finding: LicenceFinding, language: str) -> str:
    """Yes, no or not known, and why. Shipping is both commercial use and redistribution of the model.

    Args:
        language: "en" or "zh".
    """

    def say(name: str, **values: object) -> str:
        return _SHIPPING[name][language == "zh"].format(**values)

    licence = finding.licence
    permissions = {licence.commercial_use, licence.redistribution}
    if licence.commercial_use == "no":
        return say("research_only" if licence.type == "research_only" else "no_commercial_use")
    if "unsure" in permissions or "licence" in finding.unsure:
        return say("licence_unsure")
    if licence.redistribution == "no":
        return say("api_only" if licence.type == "api_only" else "no_redistribution")
    keep = say("keep_conditions", count=len(licence.conditions))
    if not licence.conditions:
        keep = say("keep_attribution")
    if permissions == {"yes"}:
        return say("may_ship", keep=keep)
    users = say("user_threshold", users=f"{licence.user_threshold:,}") if licence.user_threshold else ""
    return say("may_ship_conditionally", keep=keep, users=users)


def _gate(view: GateView, chinese: bool) -> str:
    head = f"**{view.version}** · {view.gate}：**{view.verdict}**" if chinese else (
        f"The gate {view.gate} says of **{view.version}**: **{view.verdict}**"
    )  # fmt: skip
    reasons = listing(
        chinese,
        view.reasons,
        ("Rule", "规则", lambda one: one.rule),
        ("Outcome", "结果", lambda one: one.outcome),
        ("Reason", "理由", lambda one: one.text + (f" ({'; '.join(one.facts)})" if one.facts else "")),
    )
    obligations = [f"- {text}" for text in view.obligations]
    if obligations:
        obligations.insert(0, "义务：\n" if chinese else "Obligations:\n")
    return "\n\n".join(part for part in (head, reasons if view.reasons else "", "\n".join(obligations)) if part)


def _gates(found: GateHistory, chinese: bool) -> str:
    if not found.results:
        about = (f"（{found.about}）" if chinese else f" for {found.about}") if found.about else ""
        return f"还没有门禁评判过 {found.version}{about}。" if chinese else (
            f"No gate has judged {found.version}{about} yet."
        )  # fmt: skip
    first, *older = found.results
    before = listing(
        chinese,
        older,
        ("When", "时间", lambda one: moment(one.at)),
        ("Gate", "门禁", lambda one: one.gate),
        ("Verdict", "结论", lambda one: one.verdict),
    )
    return "\n\n".join([_gate(first, chinese), *([before] if older else [])])


def _approval(view: ApprovalView, chinese: bool) -> str:
    arguments = arguments_text(view.arguments)
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
    if view.needed > 1 and view.state == "requested":
        agreed = ", ".join(view.agreed)
        missing = view.needed - len(view.agreed)
        lines.append(f"- 还需要 {missing} 人批准" if chinese else f"- It takes {missing} more to agree")
        lines += [f"- 已同意：{agreed}" if chinese else f"- Agreed: {agreed}"] if agreed else []
    return "\n".join([*lines, *([f"- {view.comment}"] if view.comment else [])])


def _approvals(found: ApprovalList, chinese: bool) -> str:
    if not found.approvals:
        return "没有这样的审批。" if chinese else "There is no such approval."
    return listing(
        chinese,
        found.approvals,
        ("Approval", "审批", lambda one: one.id),
        ("State", "状态", lambda one: one.state),
        ("Tool", "操作", lambda one: one.tool),
        ("Asked by", "请求人", lambda one: one.requester),
        ("What", "内容", lambda one: arguments_text(one.arguments)),
        ("Until", "有效期", lambda one: moment(one.expires_at)),
        ("Decided by", "决定人", lambda one: one.decided_by or ""),
    )


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
    return listing(
        chinese,
        found.entries,
        ("No.", "序号", lambda one: one.sequence),
        ("When", "时间", lambda one: moment(one.at)),
        ("Who", "谁", lambda one: one.principal),
        ("Tool", "操作", lambda one: one.tool),
        ("Outcome", "结果", lambda one: one.outcome),
        ("Detail", "说明", lambda one: one.detail),
    )


def _policies(found: PolicyList, chinese: bool) -> str:
    yes, no = ("是", "否") if chinese else ("yes", "no")
    return listing(
        chinese,
        found.policies,
        ("Policy", "策略", lambda one: one.name),
        ("Active", "生效", lambda one: yes if one.active else no),
        ("Rules", "规则", lambda one: ", ".join(one.rules)),
    )


def _tenant(view: TenantView, chinese: bool) -> str:
    return _tenants(TenantList(tenants=[view]), chinese)


def _tenants(found: TenantList, chinese: bool) -> str:
    return listing(
        chinese,
        found.tenants,
        ("Tenant", "租户", lambda one: one.id),
        ("Isolation", "隔离", lambda one: one.isolation),
        ("State", "状态", lambda one: one.state),
        ("Quotas", "配额", lambda one: ", ".join(f"{name} {number(value)}" for name, value in one.quotas.items())),
    )


def _use(found: TenantUse, chinese: bool) -> str:
    use = listing(
        chinese,
        [found],
        ("Tenant", "租户", lambda one: one.tenant.id),
        ("Requests", "请求", lambda one: f"{one.requests:,}"),
        ("Errors", "错误", lambda one: f"{one.errors:,}"),
        ("Tokens in", "输入词元", lambda one: f"{one.tokens_in:,}"),
        ("Tokens out", "输出词元", lambda one: f"{one.tokens_out:,}"),
        ("Cost (USD)", "费用（美元）", lambda one: number(one.cost_usd)),
    )
    head = "最近 24 小时：" if chinese else "Within the last 24 hours:"
    return f"{head}\n\n{use}"


def _new_key(made: NewApiKey, chinese: bool) -> str:
    """The key alone in a block to be copied, and what to do with it."""
    view = made.view
    until = moment(view.expires_at) if view.expires_at else ("无限期" if chinese else "without end")
    if chinese:
        return (
            f"已为 **{view.principal}** 签发 API 密钥"
            f"（权限：{'、'.join(view.scopes)}；租户：{made.tenant}；有效期：{until}）：\n\n"
            f"```text\n{made.key}\n```\n\n"
            "密钥只显示这一次，不会保存。请现在复制，并通过安全的途径交给本人。\n\n"
            "- 在页面上：点击顶部的人像按钮，填入“API key”\n"
            "- 在命令行：设为环境变量 `CHARGEHAND_API_KEY`\n"
            "- 在 HTTP 和 MCP 中：请求头 `Authorization: Bearer KEY`\n"
            f"- 要吊销：“吊销 API 密钥 {view.id}”"
        )
    return (
        f"An API key for **{view.principal}** (rights: {', '.join(view.scopes)}; tenant: {made.tenant};"
        f" valid: {until}):\n\n"
        f"```text\n{made.key}\n```\n\n"
        f"It is shown this once and not kept. Copy it now, and hand it to {view.principal} in a safe way.\n\n"
        "- On the page: the button with the person at the top, field “API key”\n"
        "- On the command line: the variable `CHARGEHAND_API_KEY`\n"
        "- Over HTTP and MCP: the header `Authorization: Bearer KEY`\n"
        f"- To take it back: “revoke the API key {view.id}”"
    )


def _key(view: ApiKeyView, chinese: bool) -> str:
    return _keys(ApiKeyList(keys=[view]), chinese)


def _keys(found: ApiKeyList, chinese: bool) -> str:
    if not found.keys:
        return "还没有 API 密钥。" if chinese else "There is no API key yet."
    valid, revoked = ("有效", "已吊销") if chinese else ("valid", "revoked")
    return listing(
        chinese,
        found.keys,
        ("Key", "密钥", lambda one: one.id),
        ("Whose", "所有者", lambda one: one.principal),
        ("Rights", "权限", lambda one: ", ".join(one.scopes)),
        ("Until", "有效期", lambda one: moment(one.expires_at) if one.expires_at else "–"),
        ("State", "状态", lambda one: revoked if one.revoked else valid),
    )


def _evidence(item: RecordedEvidence, chinese: bool) -> str:
    said = ", ".join(
        f"{name} {number(value) if isinstance(value, float) else value}"
        for name, value in item.body.items()
        if value not in (None, "")
    )
    return f"已记录 **{item.version}** 的证据：{said}。" if chinese else f"Recorded about **{item.version}**: {said}."


RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {
    RecordedEvidence: _evidence,
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
    NewApiKey: _new_key,
    ApiKeyView: _key,
    ApiKeyList: _keys,
}
