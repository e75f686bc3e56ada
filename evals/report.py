"""Report of finished evaluations, as Markdown."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from evals.evaluations import EvaluationList
from tools.calling.markdown import listing, number


def _evaluations(found: EvaluationList, chinese: bool) -> str:
    if not found.evaluations:
        return "没有记录过这样的评测。" if chinese else "No such evaluation is on record."
    head = (
        f"已完成的评测（{len(found.evaluations)} 个）："
        if chinese
        else f"Finished evaluations ({len(found.evaluations)}):"
    )
    evaluations = listing(
        chinese,
        found.evaluations,
        ("Task", "任务", lambda row: row.task),
        ("Subject", "对象", lambda row: row.subject),
        ("Data", "数据", lambda row: row.dataset),
        ("Samples", "样本", lambda row: f"{row.samples:,}"),
        ("Metrics", "指标", lambda row: ", ".join(f"{name} {number(value)}" for name, value in row.metrics.items())),
        ("Date", "日期", lambda row: f"{row.finished_at:%Y-%m-%d}"),
    )
    return f"{head}\n\n{evaluations}"


RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {EvaluationList: _evaluations}
