"""Results, and what can be asked here, as sentences without a model, in English and Chinese.

Every number is the tool's own.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

from edge.agent.entity_linking import Names, phrasings
from edge.kernel.errors import NotAllowed
from edge.kernel.language import Language
from edge.tools.health import problems_of
from edge.tools.registry import Toolbox, read_policy


def say(key: str, language: Language, **values: Any) -> str:
    """What the assistant itself says: one of "says" in `phrasings.toml`."""
    return phrasings()["says"][key][language == "zh"].format(**values)


def worded(tool: str, result: Mapping[str, Any], language: Language) -> str:
    """A result as text; where a tool is not known here, its fields line by line."""
    word = _WORDINGS.get(tool)
    try:
        return word(result, language) if word is not None else _lines(result)
    except (KeyError, TypeError, ValueError, AttributeError):  # a newer tool's result: shown as it is
        return _lines(result)


def _reading(result: Mapping[str, Any], language: Language) -> str:
    state = phrasings()["states"].get(result["state"], [result["state"]] * 2)[language == "zh"]
    problem = f": {result['problem']}" if result.get("problem") and language == "en" else ""
    value = "–" if result["value"] is None else f"{result['value']:g}{_unit(result['unit'])}"
    return f"{result['sensor']}: {value} ({state}{problem})"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def _sensors(result: Mapping[str, Any], language: Language) -> str:
    rows: list[str] = []
    for one in result["sensors"]:
        unit = f" [{one['unit']}]" if one.get("unit") else ""
        about = f": {one['description']}" if one.get("description") else ""
        rows.append(f"{one['name']}{unit}{about}")
    return "\n".join(rows) or say("nothing", language)


def _history(result: Mapping[str, Any], language: Language) -> str:
    samples, summary = result["samples"], result["summary"]
    if not samples and not summary:
        return say("nothing", language)
    zh = language == "zh"
    head = result["sensor"]
    if summary and result.get("figure"):
        return _figure(result, summary, language)
    if summary:
        names = ("个读数，最小", "平均", "最大") if zh else ("readings, minimum", "mean", "maximum")
        head += (
            f": {summary['count']} {names[0]} {summary['minimum']:g}, {names[1]} {summary['mean']:g},"
            f" {names[2]} {summary['maximum']:g}"
        )
    rows = [f"{one['at']}  {'–' if one['value'] is None else format(one['value'], 'g')}" for one in samples[:10]]
    return "\n".join([head, *rows])


_FIGURES: Mapping[str, tuple[str, str]] = {
    "minimum": ("minimum", "最小"),
    "mean": ("mean", "平均"),
    "maximum": ("maximum", "最大"),
}
_DAYS: Mapping[str, tuple[str, str]] = {"today": (" today", "（今天）"), "yesterday": (" yesterday", "（昨天）")}


def _figure(result: Mapping[str, Any], summary: Mapping[str, Any], language: Language) -> str:
    """One figure of a history, and when it was."""
    zh, figure = language == "zh", str(result["figure"])
    at = str(summary.get(f"{figure}_at", ""))[:16].replace("T", " ")
    minutes = result.get("minutes")
    period = _DAYS.get(str(result.get("day")), ("", ""))[zh]
    if not period and minutes is not None:
        period = f"（最近 {minutes:g} 分钟）" if zh else f" in the last {minutes:g} minutes"
    when = (f"（{at}）" if zh else f" at {at}") if at else ""
    name, value = _FIGURES[figure][zh], f"{summary[figure]:g}"
    return say(
        "figure", language, sensor=result["sensor"], name=name, value=value, unit=_unit(str(result.get("unit", ""))),
        at=when, count=summary["count"], period=period,
    )  # fmt: skip


def _watch(result: Mapping[str, Any], language: Language) -> str:
    watch, value = result["watch"], result["value"]
    unit = _unit(watch["unit"])
    shown = "–" if value is None else f"{value:g}{unit}"
    compare = say(watch["compare"], language)
    told = say(
        "watched", language, id=watch["id"], sensor=watch["sensor"], compare=compare, number=f"{watch['number']:g}",
        unit=unit, value=shown,
    )  # fmt: skip
    return f"{told} {say('watched_beyond', language)}" if result["beyond"] else told


def _watches(result: Mapping[str, Any], language: Language) -> str:
    rows = [
        say(
            "watch_row", language, id=one["id"], sensor=one["sensor"], compare=say(one["compare"], language),
            number=f"{one['number']:g}", unit=_unit(one["unit"]), severity=one["severity"],
            beyond=say("beyond_now", language) if one["beyond"] else "",
        )
        for one in result["watches"]
    ]  # fmt: skip
    return "\n".join(rows) or say("no_watches", language)


def _reminder(one: Mapping[str, Any], language: Language) -> str:
    due = str(one["due"])[:16].replace("T", " ")
    every = say("repeats", language) if one["every_minutes"] else ""
    return say("reminded", language, id=one["id"], due=due, every=every, text=one["text"])


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
    "sensor_sample": lambda result, language: (
        "\n".join(_reading(one, language) for one in result["readings"]) or say("nothing", language)
    ),
    "sensor_list": _sensors,
    "sensor_history": _history,
    "log_search": _log,
    "knowledge_search": _passages,
    "system_health": _health,
    "note_take": lambda result, language: say("noted", language, seq=result["noted"]),
    "alert_raise": lambda result, language: say(
        "alerted_before" if result.get("raised_before") else "alerted", language, seq=result["alert"]
    ),
    "diagnostic_run": _diagnostic,
    "watch_set": _watch,
    "watch_list": _watches,
    "watch_remove": lambda _, language: say("removed", language),
    "reminder_set": lambda result, language: _reminder(result["reminder"], language),
    "reminder_list": lambda result, language: (
        "\n".join(_reminder(one, language) for one in result["reminders"]) or say("no_reminders", language)
    ),
    "reminder_remove": lambda _, language: say("removed", language),
}


def topic_text(topic: Literal["help", "diagnostics"], toolbox: Toolbox, names: Names, language: Language) -> str:
    """The answer, in this language."""
    return _help(toolbox, names, language) if topic == "help" else _diagnostics(toolbox, names, language)


def _help(toolbox: Toolbox, names: Names, language: Language) -> str:
    fillings = {"sensor": next(iter(names.sensors), ""), "diagnostic": next(iter(_allowed(toolbox, names)), "")}
    known: Mapping[str, Sequence[str]] = phrasings()["examples"]
    examples = [example[language == "zh"] for tool, example in known.items() if tool in toolbox.names]
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
