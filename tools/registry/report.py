"""Report of the registry: models, versions, aliases and the roster, as Markdown."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from tools.calling.markdown import listing, number, size_of, table
from tools.registry.lifecycle import AliasView
from tools.registry.roster import ModelProfile, Roster
from tools.registry.versions import Comparison, ModelList, VersionView


def _roster(roster: Roster, chinese: bool) -> str:
    head = f"现在可以提供服务的模型（{len(roster.models)} 个）：" if chinese else (
        f"Models that can be served now ({len(roster.models)}):"
    )  # fmt: skip
    unknown, yes = ("目录中没有", "是") if chinese else ("not in the catalogue", "yes")
    models = listing(
        chinese,
        roster.models,
        ("Model", "模型", lambda one: one.reference),
        ("Size", "规模", lambda one: size_of(one.parameters, chinese)),
        ("Licence", "许可证", lambda one: one.licence or unknown),
        ("Answers the chat", "回答对话", lambda one: yes if one.default else ""),
    )
    idle = [f"- {runtime}: {why}" for runtime, why in roster.idle_runtimes.items()]
    silent = ("没有模型的运行时：" if chinese else "Runtimes that serve nothing:") if idle else ""
    return "\n\n".join(part for part in (head, models if roster.models else "", silent, "\n".join(idle)) if part)


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


def _models(found: ModelList, chinese: bool) -> str:
    if not found.models:
        return "还没有登记任何模型。" if chinese else "No model is registered yet."
    head = f"已登记的模型（{len(found.models)} 个）：" if chinese else f"Registered models ({len(found.models)}):"
    return f"{head}\n\n{_version_table([version for model in found.models for version in model.versions], chinese)}"


def _version(view: VersionView, chinese: bool) -> str:
    return _version_table([view], chinese)


def _version_table(versions: list[VersionView], chinese: bool) -> str:
    return listing(
        chinese,
        versions,
        ("Version", "版本", lambda one: one.id),
        ("Stage", "阶段", lambda one: one.stage),
        ("Aliases", "别名", lambda one: ", ".join(one.aliases)),
        ("Base", "基座", lambda one: one.base),
        ("Adapter", "适配器", lambda one: one.adapter),
        ("Quantisation", "量化", lambda one: one.quantisation),
        ("Licence", "许可证", lambda one: one.licence),
    )


def _alias(view: AliasView, chinese: bool) -> str:
    if not view.changed:
        return (
            f"**{view.name}** 已经指向 **{view.version}**，没有改动。"
            if chinese
            else f"**{view.name}** names **{view.version}** already; nothing was changed."
        )
    before = f"（以前是 {view.previous}）" if chinese and view.previous else ""
    if chinese:
        return f"**{view.name}** 现在指向 **{view.version}**{before}。"
    return f"**{view.name}** names **{view.version}**" + (f" (before: {view.previous})." if view.previous else ".")


def _comparison(found: Comparison, chinese: bool) -> str:
    columns = ("项目" if chinese else "Field", found.first.id, found.second.id)
    rows = [(name, *pair) for name, pair in found.differences.items()]
    for task, metrics in found.metrics.items():
        rows += [(f"{task}: {metric}", *(_measured(value) for value in pair)) for metric, pair in metrics.items()]
    if not found.same:
        return table(columns, rows)
    head = "两个版本提供的内容相同：对一个的测量也适用于另一个。" if chinese else (
        "Both versions serve the same: what was measured of one holds for the other."
    )  # fmt: skip
    return f"{head}\n\n{table(columns, rows)}" if rows else head


def _measured(value: float | None) -> str:
    return "" if value is None else number(value)


RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {
    Roster: _roster,
    ModelProfile: _profile,
    ModelList: _models,
    VersionView: _version,
    AliasView: _alias,
    Comparison: _comparison,
}
