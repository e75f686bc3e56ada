"""Typed tool results to Markdown, in English and Chinese. Every figure is the tool's own."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel

from agents.teams.fleet_report import FLEET_RENDERERS
from agents.teams.governance_report import GOVERNANCE_RENDERERS
from agents.teams.markdown import fields, number, size_of, table
from agents.teams.outcomes import Outcome, Refused, Waiting
from agents.teams.rollout_report import ROLLOUT_RENDERERS
from agents.teams.roster_report import ROSTER_RENDERERS
from agents.teams.undone import refused, waiting
from agents.teams.verdict import shipping_verdict
from agents.teams.works_report import WORKS_RENDERERS
from evals.evaluations import EvaluationList
from tools.governance.licence_tools import LicenceFinding, LicensedModels
from tools.registry.roster import ModelProfile, Roster

__all__ = ["render_report"]

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


def render_report(outcomes: Sequence[Outcome], language: str, caveat: str = "") -> str:
    """Markdown of all outcomes, in order, after the caveat. What has no renderer of its own is shown field by field.

    Args:
        language: "en" or "zh".
    """
    chinese = language == "zh"
    parts = [caveat] if caveat else []
    parts.extend(_render(outcome, chinese) for outcome in outcomes)
    return "\n\n".join(parts)


def _render(outcome: Outcome, chinese: bool) -> str:
    if isinstance(outcome, Waiting):
        return waiting(outcome, chinese)
    if isinstance(outcome, Refused):
        return refused(outcome, chinese)
    renderer = _RENDERERS.get(type(outcome))
    return renderer(outcome, chinese) if renderer else fields(outcome)


def _licence(finding: LicenceFinding, chinese: bool) -> str:
    licence, verdicts = finding.licence, _VERDICTS["zh" if chinese else "en"]
    size = size_of(finding.parameters, chinese)
    verdict = shipping_verdict(finding, "zh" if chinese else "en")
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


def _roster(roster: Roster, chinese: bool) -> str:
    head = f"现在可以提供服务的模型（{len(roster.models)} 个）：" if chinese else (
        f"Models that can be served now ({len(roster.models)}):"
    )  # fmt: skip
    columns = ("模型", "规模", "许可证", "回答对话") if chinese else ("Model", "Size", "Licence", "Answers the chat")
    unknown, yes = ("目录中没有", "是") if chinese else ("not in the catalogue", "yes")
    rows = [
        (entry.reference, size_of(entry.parameters, chinese), entry.licence or unknown, yes if entry.default else "")
        for entry in roster.models
    ]
    idle = [f"- {runtime}: {why}" for runtime, why in roster.idle_runtimes.items()]
    silent = ("没有模型的运行时：" if chinese else "Runtimes that serve nothing:") if idle else ""
    return "\n\n".join(part for part in (head, table(columns, rows) if rows else "", silent, "\n".join(idle)) if part)


def _profile(profile: ModelProfile, chinese: bool) -> str:
    model = profile.model
    served = ", ".join(profile.served_as)
    context = f"{model.context_tokens:,}" if model.context_tokens else ("未知" if chinese else "unknown")
    size, languages = size_of(model.parameters, chinese), ", ".join(model.languages)
    if chinese:
        where = f"现在由 {served} 提供服务。" if served else "现在没有在任何运行时上提供服务。"
        return (
            f"**{model.name}**：{where}\n\n- 厂商：{model.maker}\n- 规模：{size}\n- 上下文：{context} 个词元\n"
            f"- 语言：{languages}\n- 许可证：{profile.licence_name}"
        )
    where = f"served now as {served}." if served else "not served by any runtime now."
    return (
        f"**{model.name}** is {where}\n\n- Maker: {model.maker}\n- Size: {size}\n- Context: {context} tokens\n"
        f"- Languages: {languages}\n- Licence: {profile.licence_name}"
    )


def _evaluations(found: EvaluationList, chinese: bool) -> str:
    if not found.evaluations:
        return "没有记录过这样的评测。" if chinese else "No such evaluation is on record."
    head = (
        f"已完成的评测（{len(found.evaluations)} 个）："
        if chinese
        else f"Finished evaluations ({len(found.evaluations)}):"
    )
    columns = ("任务", "对象", "数据", "样本", "指标", "日期") if chinese else (
        "Task", "Subject", "Data", "Samples", "Metrics", "Date"
    )  # fmt: skip
    rows = [
        (
            row.task,
            row.subject,
            row.dataset,
            f"{row.samples:,}",
            ", ".join(f"{name} {number(value)}" for name, value in row.metrics.items()),
            f"{row.finished_at:%Y-%m-%d}",
        )
        for row in found.evaluations
    ]
    return f"{head}\n\n{table(columns, rows)}"


_RENDERERS: dict[type[BaseModel], Callable[[Any, bool], str]] = {
    LicenceFinding: _licence,
    LicensedModels: _licensed,
    Roster: _roster,
    ModelProfile: _profile,
    EvaluationList: _evaluations,
    **ROLLOUT_RENDERERS,
    **GOVERNANCE_RENDERERS,
    **ROSTER_RENDERERS,
    **WORKS_RENDERERS,
    **FLEET_RENDERERS,
}
