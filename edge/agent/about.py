"""What this device can be asked and ordered: told from its toolbox, its policy and its settings, without a model."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

from edge.agent.language import Language
from edge.agent.naming import Names
from edge.agent.wording import say
from edge.errors import NotAllowed
from edge.tools.registry import Toolbox, read_policy

__all__ = ["EXAMPLES", "told_of"]

EXAMPLES: Mapping[str, tuple[str, str]] = {
    "system_health": ("how is this device doing", "设备状态怎么样"),
    "sensor_list": ("which sensors are there", "有哪些传感器"),
    "sensor_read": ("read {sensor}", "查看 {sensor} 的读数"),
    "sensor_history": ("history of {sensor} over the last 2 hours", "{sensor} 最近 2 小时的趋势"),
    "sensor_sample": ("read all sensors", "读取所有传感器"),
    "log_search": ("show the errors in the log", "日志里有没有错误"),
    "knowledge_search": ("search the manual for the air filter", "在手册中搜索空气滤芯"),
    "diagnostic_run": ("run {diagnostic}", "运行 {diagnostic}"),
    "note_take": ("take a note: the filter is dirty", "记一下：滤芯脏了"),
    "alert_raise": ("raise an alert: oil on the floor", "发告警：地上有油"),
    "evaluation_run": ("run the evaluation", "运行评测"),
}
"""A sentence for each tool that the fast path understands, English and Chinese."""


def told_of(topic: Literal["help", "diagnostics"], toolbox: Toolbox, names: Names, language: Language) -> str:
    """The answer, in this language."""
    return _help(toolbox, names, language) if topic == "help" else _diagnostics(toolbox, names, language)


def _help(toolbox: Toolbox, names: Names, language: Language) -> str:
    fillings = {"sensor": next(iter(names.sensors), ""), "diagnostic": next(iter(_allowed(toolbox, names)), "")}
    examples = [EXAMPLES[tool][language == "zh"] for tool in EXAMPLES if tool in toolbox.names]
    fitting = [one for one in examples if all(value or f"{{{slot}}}" not in one for slot, value in fillings.items())]
    rows = [f"- {one.format(**fillings)}" for one in fitting]
    return "\n".join([say("help", language), *rows, say("help_else", language)])


def _diagnostics(toolbox: Toolbox, names: Names, language: Language) -> str:
    allowed = _allowed(toolbox, names)
    rows = [f"- {name}: {', '.join(names.diagnostics[name])}" for name in allowed]
    told = [say("diagnostics", language), *rows] if rows else [say("no_diagnostics", language)]
    forbidden = [name for name in names.diagnostics if name not in allowed]
    if forbidden:
        told.append(say("forbidden_diagnostics", language, names=", ".join(forbidden)))
    return "\n".join(told)


def _allowed(toolbox: Toolbox, names: Names) -> list[str]:
    """The diagnostics that may be run here."""
    with suppress(NotAllowed):
        policy = read_policy(toolbox.policy())
        return [name for name in names.diagnostics if name in policy.diagnostics and "diagnostic_run" in toolbox.names]
    return []
