"""Results of the factory's tools to Markdown: rollouts, gates, approvals, the audit log, versions, tenants."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from agents.teams.markdown import moment, number, percent_by_name, table
from tools.approvals import ApprovalList, ApprovalView
from tools.auditing import AuditFinding, AuditList
from tools.gates import GateHistory, GateView
from tools.lifecycle import AliasView
from tools.lineage import Comparison, ModelList, VersionView
from tools.policies import PolicyList
from tools.rollouts.views import RolloutList, RolloutStatus, RolloutView
from tools.tenants import TenantList, TenantUse, TenantView

__all__ = ["FACTORY_RENDERERS"]

_EVENTS = 8


def _rollout(view: RolloutView, chinese: bool) -> str:
    serves = percent_by_name(view.serves) or ("无" if chinese else "nothing yet")
    former = view.former_version or ("无" if chinese else "nothing")
    steps = " → ".join(view.steps)
    shadow = f", {view.shadow} (shadow)" if view.shadow else ""
    if chinese:
        lines = [
            f"**发布 {view.id}**（{view.strategy}）：{view.target} 从 {former} 到 {view.version}。",
            "",
            f"- 状态：**{view.state}**：{view.reason}",
            f"- 步骤 {view.step}/{len(view.steps)}：{steps}",
            f"- 流量：{serves}{shadow}",
        ]
        if view.state == "waiting_for_approval":
            lines.append(f"- 另一位负责人批准：`chargehand approvals approve ap-{view.id}`，或说“批准 ap-{view.id}”")
    else:
        lines = [
            (f"**Rollout {view.id}** of {view.target} from {former} to {view.version} ({view.strategy})."),
            "",
            f"- State: **{view.state}**: {view.reason}",
            f"- Step {view.step} of {len(view.steps)}: {steps}",
            f"- Serves: {serves}{shadow}",
        ]
        if view.state == "waiting_for_approval":
            lines.append(
                f"- Another principal approves it with `chargehand approvals approve ap-{view.id}`, or in the chat"
                f" “approve ap-{view.id}”"
            )
    return "\n".join(lines)


def _status(status: RolloutStatus, chinese: bool) -> str:
    columns = ("时间", "事件", "内容") if chinese else ("When", "What", "Text")
    rows = [(moment(event.at), event.kind, event.text) for event in status.events[-_EVENTS:]]
    return (
        f"{_rollout(status.rollout, chinese)}\n\n{table(columns, rows)}" if rows else _rollout(status.rollout, chinese)
    )


def _rollouts(found: RolloutList, chinese: bool) -> str:
    if not found.rollouts:
        return "没有这样的发布。" if chinese else "There is no such rollout."
    columns = ("发布", "目标", "版本", "策略", "状态", "步骤", "流量") if chinese else (
        "Rollout", "Target", "Version", "Strategy", "State", "Step", "Serves"
    )  # fmt: skip
    rows = [
        (
            one.id,
            one.target,
            one.version,
            one.strategy,
            one.state,
            f"{one.step}/{len(one.steps)}",
            percent_by_name(one.serves),
        )
        for one in found.rollouts
    ]
    return table(columns, rows)


def _gate(view: GateView, chinese: bool) -> str:
    head = f"**{view.version}** · {view.gate}：**{view.verdict}**" if chinese else (
        f"The gate {view.gate} says of **{view.version}**: **{view.verdict}**"
    )  # fmt: skip
    columns = ("规则", "结果", "理由") if chinese else ("Rule", "Outcome", "Reason")
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
    columns = ("时间", "门禁", "结论") if chinese else ("When", "Gate", "Verdict")
    rows = [(moment(one.at), one.gate, one.verdict) for one in older]
    return "\n\n".join([_gate(first, chinese), *([table(columns, rows)] if rows else [])])


def _approval(view: ApprovalView, chinese: bool) -> str:
    arguments = ", ".join(f"{name} {value}" for name, value in view.arguments.items() if value not in (None, ""))
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
    columns = ("审批", "状态", "操作", "请求人", "内容", "有效期", "决定人") if chinese else (
        "Approval", "State", "Tool", "Asked by", "What", "Until", "Decided by"
    )  # fmt: skip
    rows = [
        (
            one.id,
            one.state,
            one.tool,
            one.requester,
            ", ".join(f"{name} {value}" for name, value in one.arguments.items() if value not in (None, "")),
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
    columns = (
        ("序号", "时间", "谁", "操作", "结果", "说明")
        if chinese
        else ("No.", "When", "Who", "Tool", "Outcome", "Detail")
    )
    rows = [
        (str(one.sequence), moment(one.at), one.principal, one.tool, one.outcome, one.detail) for one in found.entries
    ]
    return table(columns, rows)


def _models(found: ModelList, chinese: bool) -> str:
    if not found.models:
        return "还没有登记任何模型。" if chinese else "No model is registered yet."
    head = f"已登记的模型（{len(found.models)} 个）：" if chinese else f"Registered models ({len(found.models)}):"
    return f"{head}\n\n{_version_table([version for model in found.models for version in model.versions], chinese)}"


def _version(view: VersionView, chinese: bool) -> str:
    return _version_table([view], chinese)


def _version_table(versions: list[VersionView], chinese: bool) -> str:
    columns = ("版本", "阶段", "别名", "基座", "适配器", "量化", "许可证") if chinese else (
        "Version", "Stage", "Aliases", "Base", "Adapter", "Quantisation", "Licence"
    )  # fmt: skip
    rows = [
        (one.id, one.stage, ", ".join(one.aliases), one.base, one.adapter, one.quantisation, one.licence)
        for one in versions
    ]
    return table(columns, rows)


def _alias(view: AliasView, chinese: bool) -> str:
    before = f"（以前是 {view.previous}）" if chinese and view.previous else ""
    if chinese:
        return f"**{view.name}** 现在指向 **{view.version}**{before}。"
    return f"**{view.name}** names **{view.version}**" + (f" (before: {view.previous})." if view.previous else ".")


def _comparison(found: Comparison, chinese: bool) -> str:
    columns = ("项目" if chinese else "Field", found.first.id, found.second.id)
    rows = [(name, *pair) for name, pair in found.differences.items()]
    for task, metrics in found.metrics.items():
        rows += [(f"{task}: {metric}", *(_measured(value) for value in pair)) for metric, pair in metrics.items()]
    return table(columns, rows)


def _measured(value: float | None) -> str:
    return "" if value is None else number(value)


def _tenant(view: TenantView, chinese: bool) -> str:
    return _tenants(TenantList(tenants=[view]), chinese)


def _tenants(found: TenantList, chinese: bool) -> str:
    columns = ("租户", "隔离", "状态", "配额") if chinese else ("Tenant", "Isolation", "State", "Quotas")
    rows = [
        (one.id, one.isolation, one.state, ", ".join(f"{name} {number(value)}" for name, value in one.quotas.items()))
        for one in found.tenants
    ]
    return table(columns, rows)


def _use(found: TenantUse, chinese: bool) -> str:
    columns = ("租户", "请求", "错误", "输入词元", "输出词元", "费用（美元）") if chinese else (
        "Tenant", "Requests", "Errors", "Tokens in", "Tokens out", "Cost (USD)"
    )  # fmt: skip
    counts = (found.requests, found.errors, found.tokens_in, found.tokens_out)
    row = (found.tenant.id, *(f"{count:,}" for count in counts), number(found.cost_usd))
    head = "最近 24 小时：" if chinese else "Within the last 24 hours:"
    return f"{head}\n\n{table(columns, [row])}"


def _policies(found: PolicyList, chinese: bool) -> str:
    columns = ("策略", "生效", "规则") if chinese else ("Policy", "Active", "Rules")
    yes, no = ("是", "否") if chinese else ("yes", "no")
    rows = [(one.name, yes if one.active else no, ", ".join(one.rules)) for one in found.policies]
    return table(columns, rows)


FACTORY_RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {
    RolloutView: _rollout,
    RolloutStatus: _status,
    RolloutList: _rollouts,
    GateView: _gate,
    GateHistory: _gates,
    ApprovalView: _approval,
    ApprovalList: _approvals,
    AuditFinding: _audit,
    AuditList: _entries,
    ModelList: _models,
    VersionView: _version,
    AliasView: _alias,
    Comparison: _comparison,
    TenantView: _tenant,
    TenantList: _tenants,
    TenantUse: _use,
    PolicyList: _policies,
}
