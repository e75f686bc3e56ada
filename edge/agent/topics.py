"""Which reading tools a question can be about at all. A tiny model would take any of those that it is offered."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from edge.agent.fast_path import glossary
from edge.agent.naming import Names, words_in

__all__ = ["mentioned", "on_topic", "own_terms"]

_TOPICS: Mapping[str, re.Pattern[str]] = {
    "system_health": re.compile(
        r"\b(?:cpu|processor|memory|ram|disk|storage|space|uptime|load|slow|busy|health\w*|gateway|device|box|machine"
        r"|overload\w*|full|free|system|status)\b"
        r"|处理器|内存|磁盘|硬盘|存储|空间|负载|变慢|卡|健康|网关|设备|系统|状态|满",
        re.IGNORECASE | re.ASCII,
    ),
    "log_search": re.compile(
        r"\b(?:logs?|logged|errors?|warnings?|fail\w*|fault\w*|crash\w*|happen\w*|occurr\w*|restart\w*|reboot\w*"
        r"|message\w*|event\w*|went wrong|wrong|timeout\w*|disconnect\w*|stop\w*|trip\w*)\b"
        r"|日志|错误|报错|警告|失败|故障|崩溃|发生|重启|断开|超时|停机|出了什么",
        re.IGNORECASE | re.ASCII,
    ),
    "sensor_list": re.compile(r"\b(?:sensors?|measure\w*)\b|传感器|测量", re.IGNORECASE | re.ASCII),
}
_QUANTITIES = re.compile(
    r"\b(?:temperatures?|temps?|pressures?|humidity|vibrations?|currents?|voltages?|speeds?|rpm|levels?|flows?|power|hot"
    r"|hotter|warm\w*|cold\w*|overheat\w*|humid|readings?|sensors?|measure\w*|trend\w*|rising|falling)\b"
    r"|温度|压力|湿度|振动|震动|电流|电压|转速|液位|流量|功率|热|烫|冷|读数|传感器|趋势|升高|下降",
    re.IGNORECASE | re.ASCII,
)
_HOW_TO = re.compile(
    r"\bhow (?:do|can|should|to|often)\b|\bwhen (?:do|should|must) (?:i|we|you|one)\b|\bhow long does it take\b"
    r"|\bprocedure\b|\binstructions?\b|\b(?:manual|handbook)\b|怎么(?:换|做|装|拆|修|用|调)|如何|多久(?:换|更换|检查|保养)|步骤|手册|说明书",
    re.IGNORECASE | re.ASCII,
)


_IMPLIED: Mapping[str, str] = {
    **dict.fromkeys(
        "hot hotter warm warmer cold colder overheating overheated overheats 热 烫 冷".split(), "temperature"
    ),
    **dict.fromkeys("humid damp 潮".split(), "humidity"),
    **dict.fromkeys("fast slow slower".split(), "speed"),
}
"""Words that say what is measured without naming it."""


def mentioned(text: str, known: Mapping[str, Iterable[str]]) -> list[str]:
    """The names of which a text has most words, in alphabetical order; none where it has no word of any."""
    common = {name: max(_in_common(text, alias, _IMPLIED) for alias in (name, *known[name])) for name in known}
    most = max(common.values(), default=0)
    return sorted(name for name, count in common.items() if count == most) if most else []


def on_topic(text: str, names: Names) -> frozenset[str]:
    """Names of tools; knowledge may be searched for anything, and for how something is done nothing else is."""
    if _HOW_TO.search(text):
        return frozenset({"knowledge_search"})
    topics = {name for name, words in _TOPICS.items() if words.search(text)}
    if _QUANTITIES.search(text) or (not topics and _names_one(text, names.sensors)):
        topics |= {"sensor_read", "sensor_history"}
    return frozenset(topics | {"knowledge_search"})


def _names_one(text: str, known: Mapping[str, Iterable[str]]) -> bool:
    """Whether a text has all words that one of them is called by; "air" is no "air inlet"."""
    called = [(alias, _in_common(text, alias)) for name in known for alias in (name, *known[name])]
    return any(common and common >= len(words_in(alias, glossary())) for alias, common in called)


def _in_common(text: str, alias: str, implied: Mapping[str, str] = {}) -> int:
    """How many words of an alias a text has; a Chinese one that stands in it as a whole counts as its characters."""
    if not alias.isascii() and alias in text:
        return len(alias)
    return len(words_in(text, {**glossary(), **implied}) & words_in(alias, glossary()))


def own_terms(arguments: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Arguments of a search whose words are the question's: a tiny model makes up what it looks for."""
    said = words_in(text, {})
    kept = dict(arguments)
    for name in ("query", "text"):
        value = kept.get(name)
        if isinstance(value, str) and not (words_in(value, {}) <= said or value in text):
            kept.pop(name)
    if "query" in arguments:
        kept.setdefault("query", text[:300])
    return kept
