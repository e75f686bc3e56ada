"""Results, and what can be asked here, as sentences without a model, in English and Chinese.

Every number is the tool's own.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

from edge.agent.entity_linking import Names
from edge.kernel.errors import NotAllowed
from edge.kernel.language import Language
from edge.tools.health import problems_of
from edge.tools.registry import Toolbox, read_policy

__all__ = ["EXAMPLES", "SAYINGS", "say", "told_of", "worded"]

SAYINGS: Mapping[str, tuple[str, str]] = {
    "which": ("Which one do you mean: {options}?", "你指的是哪一个：{options}？"),
    "queued": (
        "I cannot answer that here. The question is kept for the hub; its answer comes with a later exchange.",
        "这个问题在本机无法回答，已排队等待上传到中心，答复会在之后的同步中返回。",
    ),
    "no_answer": ("I cannot answer that here.", "这个问题在本机无法回答。"),
    "not_kept": (
        "I cannot answer that here, and there is no room to keep the question for the hub.",
        "这个问题在本机无法回答，也没有空间为中心保留该问题。",
    ),
    "not_met": (
        "{sensor} is {value}{unit}, not {compare} {number}: nothing was done.",
        "{sensor} 为 {value}{unit}，未{compare} {number}：未执行任何操作。",
    ),
    "no_value": (
        "{sensor} gives no value that can be believed: nothing was done.",
        "{sensor} 没有可信的读数：未执行任何操作。",
    ),
    "above": ("above", "高于"),
    "below": ("below", "低于"),
    "once": ("This was checked once, now.", "仅在此刻检查了一次。"),
    "left_out": (
        "Not limited to {what}: this device's {tool} cannot do that.",
        "未按{what}限定范围：本设备的 {tool} 不支持。",
    ),
    "forbidden": (
        "Refused: this device's policy does not allow {tool}. Ask the hub's engineers for it.",
        "已拒绝：本设备的策略不允许 {tool}，如有需要请联系中心的工程师。",
    ),
    "withheld": (
        "Refused: {tool}. What changes something is done only where you order it plainly, for now, in your own words.",
        "已拒绝：{tool}。只有你用自己的话明确要求立即执行时，才会执行有改动的操作。",
    ),
    "help": ("You may say, for example:", "例如可以这样说："),
    "help_else": (
        "Other questions go to this device's model, where it has one, and to the hub.",
        "其他问题由本机的模型（如有）回答，否则交给中心。",
    ),
    "diagnostics": ("Diagnostics that may be run here:", "本机可以运行的诊断："),
    "no_diagnostics": ("No diagnostic may be run here.", "本机目前不允许运行任何诊断。"),
    "forbidden_diagnostics": (
        "Known here, but not allowed by this device's policy: {names}.",
        "本机已有、但策略不允许的诊断：{names}。",
    ),
    "failed": ("That was not done: {why}", "未能完成：{why}"),
    "minutes": ("the last {value} minutes", "最近 {value} 分钟"),
    "found": ("{count} found:", "找到 {count} 条："),
    "nothing": ("Nothing was found.", "没有找到。"),
    "far": (
        "Few of the words asked for stand in these passages; they are only the nearest:",
        "以下段落只含所问内容的少数字词，仅是最接近的：",
    ),
    "incomplete": ("Not everything could be searched.", "未能搜索全部内容。"),
    "noted": ("Noted (event {seq}).", "已记录（事件 {seq}）。"),
    "alerted": ("The alert is raised (event {seq}).", "已发出告警（事件 {seq}）。"),
    "alerted_before": (
        "The same alert was raised shortly before (event {seq}).",
        "相同的告警刚刚已发出（事件 {seq}）。",
    ),
    "problems": ("Problems: {text}", "问题：{text}"),
    "healthy": ("No problems.", "没有发现问题。"),
}  # fmt: skip
"""What the assistant itself says, English and Chinese."""

_STATES: Mapping[str, tuple[str, str]] = {
    "good": ("good", "正常"),
    "low": ("low", "偏低"),
    "high": ("high", "偏高"),
    "implausible": ("implausible", "不可信"),
    "dead": ("dead", "无响应"),
}


def say(key: str, language: Language, **values: Any) -> str:
    """One of `SAYINGS`."""
    return SAYINGS[key][language == "zh"].format(**values)


def worded(tool: str, result: Mapping[str, Any], language: Language) -> str:
    """A result as text; where a tool is not known here, its fields line by line."""
    word = _WORDINGS.get(tool)
    try:
        return word(result, language) if word is not None else _lines(result)
    except (KeyError, TypeError, ValueError, AttributeError):  # a newer tool's result: shown as it is
        return _lines(result)


def _reading(result: Mapping[str, Any], language: Language) -> str:
    state = _STATES.get(result["state"], (result["state"], result["state"]))[language == "zh"]
    problem = f": {result['problem']}" if result.get("problem") and language == "en" else ""
    value = "–" if result["value"] is None else f"{result['value']:g}{_unit(result['unit'])}"
    return f"{result['sensor']}: {value} ({state}{problem})"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def _readings(result: Mapping[str, Any], language: Language) -> str:
    return "\n".join(_reading(one, language) for one in result["readings"]) or say("nothing", language)


def _sensors(result: Mapping[str, Any], language: Language) -> str:
    rows: list[str] = []
    for one in result["sensors"]:
        unit = f" [{one['unit']}]" if one.get("unit") else ""
        about = f": {one['description']}" if one.get("description") else ""
        rows.append(f"{one['name']}{unit}{about}")
    return "\n".join(rows) or say("nothing", language)


def _history(result: Mapping[str, Any], language: Language) -> str:
    samples, summary = result["samples"], result["summary"]
    if not samples:
        return say("nothing", language)
    zh = language == "zh"
    head = result["sensor"]
    if summary:
        names = ("个读数，最小", "平均", "最大") if zh else ("readings, minimum", "mean", "maximum")
        head += (
            f": {summary['count']} {names[0]} {summary['minimum']:g}, {names[1]} {summary['mean']:g},"
            f" {names[2]} {summary['maximum']:g}"
        )
    rows = [f"{one['at']}  {'–' if one['value'] is None else format(one['value'], 'g')}" for one in samples[:10]]
    return "\n".join([head, *rows])


def _log(result: Mapping[str, Any], language: Language) -> str:
    rows = [f"{one['file']}: {one['text']}" for one in result["lines"]]
    head = say("found", language, count=len(rows)) if rows else say("nothing", language)
    tail = [] if result.get("complete", True) else [say("incomplete", language)]
    return "\n".join([head, *rows, *tail])


def _passages(result: Mapping[str, Any], language: Language) -> str:
    """Each passage as it stands, and below it where it stands."""
    rows: list[str] = []
    for place, one in enumerate(result["passages"], start=1):
        title = one["title"] or one["document"]
        heading = f" > {one['heading']}" if one["heading"] else ""
        quoted = "\n".join(f"> {line}" for line in str(one["text"]).strip().splitlines())
        rows.append(f"{quoted}\n[{place}] {title}{heading} ({one['document']}, {one['start']}-{one['end']})")
    return "\n\n".join(rows) or say("nothing", language)


def _health(result: Mapping[str, Any], language: Language) -> str:
    zh = language == "zh"
    problems: Sequence[str] = result["problems"]
    if zh and problems:
        problems = problems_of(result, zh=True) or problems
    rows = [say("problems", language, text=" ".join(problems)) if problems else say("healthy", language)]
    cpu, memory, disk, heat = result.get("cpu"), result.get("memory"), result.get("disk"), result.get("temperature")
    if cpu and cpu.get("busy_percent") is not None:
        rows.append(f"{'处理器占用' if zh else 'Processor'}: {cpu['busy_percent']:g} %{'' if zh else ' busy'}")
    if memory:
        free = f"，可用 {memory['available_mb']:g} MB" if zh else f" used, {memory['available_mb']:g} MB available"
        rows.append(f"{'内存占用' if zh else 'Memory'}: {memory['used_percent']:g} %{free}")
    if disk:
        free = f"，可用 {disk['free_mb']:g} MB" if zh else f" used, {disk['free_mb']:g} MB free"
        rows.append(f"{'磁盘占用' if zh else 'Disk'}: {disk['used_percent']:g} %{free}")
    if heat:
        rows.append(f"{'温度' if zh else 'Temperature'}: {heat['celsius']:g} °C")
    if result.get("uptime_s") is not None:
        rows.append(f"{'已运行' if zh else 'Up for'} {_duration(result['uptime_s'], zh=zh)}")
    return "\n".join(rows)


def _duration(seconds: float, *, zh: bool) -> str:
    hours, minutes = int(seconds // 3600), int(seconds % 3600 // 60)
    return f"{hours} 小时 {minutes} 分钟" if zh else f"{hours} h {minutes} min"


def _note(result: Mapping[str, Any], language: Language) -> str:
    return say("noted", language, seq=result["noted"])


def _alert(result: Mapping[str, Any], language: Language) -> str:
    return say("alerted_before" if result.get("raised_before") else "alerted", language, seq=result["alert"])


def _diagnostic(result: Mapping[str, Any], language: Language) -> str:
    status = "退出码" if language == "zh" else "exit status"
    return f"{result['diagnostic']} ({status} {result['exit_status']}):\n{result['output'].strip()}"


def _lines(result: Mapping[str, Any], depth: int = 0) -> str:
    """Fields line by line; lists of fields with a dash."""
    rows: list[str] = []
    for key, value in result.items():
        if isinstance(value, Mapping) and depth < 3:
            rows += [f"{'  ' * depth}{key}:", _lines(value, depth + 1)]
        elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value) and depth < 3:
            rows.append(f"{'  ' * depth}{key}:")
            rows += [f"{'  ' * depth}- {_row(one)}" for one in value]
        elif value is not None:
            rows.append(f"{'  ' * depth}{key}: {_plain(value)}")
    return "\n".join(row for row in rows if row)


def _row(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _plain(value)
    return ", ".join(f"{key}: {_plain(one)}" for key, one in value.items() if one is not None)


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


_WORDINGS: Mapping[str, Callable[[Mapping[str, Any], Language], str]] = {
    "sensor_read": _reading,
    "sensor_sample": _readings,
    "sensor_list": _sensors,
    "sensor_history": _history,
    "log_search": _log,
    "knowledge_search": _passages,
    "system_health": _health,
    "note_take": _note,
    "alert_raise": _alert,
    "diagnostic_run": _diagnostic,
}


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
