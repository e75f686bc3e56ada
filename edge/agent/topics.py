"""Which reading tools a question can be about at all. A tiny model would take any of those that it is offered."""

import re
from collections.abc import Iterable, Mapping

from edge.agent.fast_path import glossary
from edge.agent.naming import Names, words_in

__all__ = ["mentioned", "on_topic"]

_TOPICS: Mapping[str, re.Pattern[str]] = {
    "system_health": re.compile(
        r"\b(?:cpu|processor|memory|ram|disk|storage|space|uptime|load|slow|busy|health\w*|gateway|device|box|machine"
        r"|overload\w*|full|free|system|status)\b"
        r"|处理器|内存|磁盘|硬盘|存储|空间|负载|变慢|卡|健康|网关|设备|系统|状态|满",
        re.IGNORECASE | re.ASCII,
    ),
    "log_search": re.compile(
        r"\b(?:logs?|logged|errors?|warnings?|fail\w*|fault\w*|crash\w*|happen\w*|occurr\w*|restart\w*|reboot\w*"
        r"|message\w*|event\w*|went wrong|wrong|timeout\w*|disconnect\w*|stopp\w*|trip\w*)\b"
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


def mentioned(text: str, known: Mapping[str, Iterable[str]]) -> list[str]:
    """The names of which a text has most words, in alphabetical order; none where it has no word of any."""
    said = words_in(text, glossary())
    common = {name: max(len(said & words_in(alias, glossary())) for alias in (name, *known[name])) for name in known}
    most = max(common.values(), default=0)
    return sorted(name for name, count in common.items() if count == most) if most else []


def on_topic(text: str, names: Names) -> frozenset[str]:
    """Names of tools; knowledge may be searched for anything."""
    topics = {name for name, words in _TOPICS.items() if words.search(text)}
    if _QUANTITIES.search(text) or mentioned(text, names.sensors):
        topics |= {"sensor_read", "sensor_history"}
    return frozenset(topics | {"knowledge_search"})
