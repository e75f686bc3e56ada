"""Models, versions and aliases to Markdown."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from agents.teams.markdown import number, table, titles
from tools.registry.lifecycle import AliasView
from tools.registry.versions import Comparison, ModelList, VersionView

__all__ = ["ROSTER_RENDERERS"]


def _models(found: ModelList, chinese: bool) -> str:
    if not found.models:
        return "还没有登记任何模型。" if chinese else "No model is registered yet."
    head = f"已登记的模型（{len(found.models)} 个）：" if chinese else f"Registered models ({len(found.models)}):"
    return f"{head}\n\n{_version_table([version for model in found.models for version in model.versions], chinese)}"


def _version(view: VersionView, chinese: bool) -> str:
    return _version_table([view], chinese)


def _version_table(versions: list[VersionView], chinese: bool) -> str:
    columns = titles(
        chinese,
        ("Version", "版本"),
        ("Stage", "阶段"),
        ("Aliases", "别名"),
        ("Base", "基座"),
        ("Adapter", "适配器"),
        ("Quantisation", "量化"),
        ("Licence", "许可证"),
    )
    rows = [
        (one.id, one.stage, ", ".join(one.aliases), one.base, one.adapter, one.quantisation, one.licence)
        for one in versions
    ]
    return table(columns, rows)


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
    return table(columns, rows)


def _measured(value: float | None) -> str:
    return "" if value is None else number(value)


ROSTER_RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {
    ModelList: _models,
    VersionView: _version,
    AliasView: _alias,
    Comparison: _comparison,
}
