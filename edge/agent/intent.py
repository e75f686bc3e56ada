"""Which tools a text calls for: writes that a person's own words order, and reads that a question can be about.

Writes are decided by rule, from the words alone, never by a model. A model may only be offered a tool that writes when
this says so; whatever stands in a log, a document or another result cannot change that. The same holds for what is
written: it is the person's words. Of the tools that read, a tiny model would take any that it is offered.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from edge.agent.entity_linking import Names, glossary, words_in
from edge.kernel.language import detect_language

__all__ = [
    "WRITES",
    "asked_writes",
    "in_own_words",
    "is_question",
    "mentioned",
    "on_topic",
    "own_terms",
    "takes_back",
    "withheld_writes",
]

WRITES = frozenset({"alert_raise", "note_take", "diagnostic_run", "sensor_sample", "evaluation_run"})
"""The device's tools that write. A tool that is not known here and writes is never offered to a model."""

_REQUEST = re.compile(
    r"^[\s,.!]*(?:(?:please|hey|hi|so|ok)[\s,.!]+)*(?:can|could|would|will) you\b"
    r"|^[\s,，]*(?:请(?!问)|麻烦|帮)|能不能帮|能否帮|可以帮",
    re.IGNORECASE | re.ASCII,
)
_ASKS = re.compile(r"(?:[?？]|吗)[\s.!。！\"”)]*$")
_DENIED = re.compile(
    r"\b(?:don'?t|do not|doesn'?t|does not|didn'?t|never|no need|not|cannot|can'?t|won'?t|shouldn'?t|mustn'?t|without"
    r"|avoid|stop|instead of|rather than|refrain|skip|hold off|forget|nevermind|never mind)\b"
    r"|别|不要|不用|不必|无需|勿|禁止|先不|暂不|不想|不得|算了",
    re.IGNORECASE | re.ASCII,
)
_SUPPOSED = re.compile(
    r"\b(?:if|when|whenever|once|unless|until|after|before|suppose|supposing|imagine|in case|should|shall|maybe|perhaps"
    r"|might|(?:would|could|can) (?:it|that|we|i|they)|what (?:does|do|is|happens|if|would|will)"
    r"|how (?:do|does|can|could|would|to|should)|why|explain|mean|means|tomorrow|tonight|later|next (?:week|time|month)"
    r"|says?|said|tells|told|wrote|written|according|asks? (?:you|me|us)|instructs?|example|called|word|phrase"
    r"|sentence)\b"
    r"|如果|假如|要是|倘若|一旦|的时候|明天|今晚|稍后|晚点|怎么|如何|怎样|应该|是否|要不要|该不该|可不可以|会发生"
    r"|是什么|什么意思|说|写着|为什么",
    re.IGNORECASE | re.ASCII,
)
_WONDERS = re.compile(
    r"(?:^|[.!;,])\s*(?:(?:and|so|but|please)\s+)?(?:what|why|how|who|whom|whose|where|which|is|are|was|were|do|does|did"
    r"|has|have|should|shall|may|can i|when (?:should|do|does|is|was|did|will))\b(?!n'?t| not)"
    r"|\b(?:how to|tell me (?:how|what|why|when|where|who)|explain|describe|i wonder|mean|means)\b"
    r"|怎么|如何|怎样|为什么|是什么|什么意思|应该|是否|要不要|该不该|可不可以|会发生|谁",
    re.IGNORECASE | re.ASCII,
)
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|「[^」]*」|(?<!\w)'[^']*'(?!\w)|`[^`]*`")
_CLAUSE = (
    r"(?:^|[,;.!:]|\b(?:and|then|also|to|please|you|tomorrow|tonight|later)\b)"
    r"\s*(?:(?:please|then|also|just|quickly|now|me|us)\s+)*"
)
_ORDERS: Mapping[str, re.Pattern[str]] = {
    "note_take": re.compile(
        rf"{_CLAUSE}(?:(?:take|make|write|add|save|leave|record|create|put)\b.{{0,30}}\b(?:note|memo)\b"
        r"|(?:write|jot|note)\b.{0,20}\bdown\b|note that\b|remember that\b)"
        r"|记一?下|记录一?下|笔记|备注|备忘",
        re.IGNORECASE | re.ASCII,
    ),
    "alert_raise": re.compile(
        rf"{_CLAUSE}(?:(?:raise|send|create|issue|trigger|fire|open|post)\b.{{0,40}}\b(?:alert|alarm|warning)\b"
        r"|(?:alert|warn|notify)\s+(?:the|someone|every|our|my|maintenance|them)\b)"
        r"|(?:发|报|触发|创建|上报|发起).{0,6}(?:告警|警报|报警)|通知.{0,4}(?:工程师|维护|维修|值班|运维|中心)",
        re.IGNORECASE | re.ASCII,
    ),
    "sensor_sample": re.compile(
        rf"{_CLAUSE}(?:(?:read|sample|record|take|collect)\b.{{0,30}}\b(?:sensors|readings)\b)"
        r"|(?:读取|采集|记录|采样).{0,6}(?:传感器|数据|读数)",
        re.IGNORECASE | re.ASCII,
    ),
    "evaluation_run": re.compile(
        rf"{_CLAUSE}(?:(?:run|start|perform|do)\b.{{0,30}}\b(?:evaluation|benchmark|eval)\b"
        r"|(?:evaluate|benchmark)\b)|(?:运行|执行|跑|做).{0,8}(?:评测|评估|基准测试|跑分)",
        re.IGNORECASE | re.ASCII,
    ),
    "diagnostic_run": re.compile(
        rf"{_CLAUSE}(?:(?:run|start|execute|perform|do)\b.{{0,50}}\b(?:diagnostics?|diagnosis|tests?|checks?|ping)\b"
        r"|diagnose\b)"
        r"|(?:运行|执行|跑|启动|做|进行).{0,12}(?:诊断|测试|检测|检查)|诊断一下",
        re.IGNORECASE | re.ASCII,
    ),
}
_BACK = re.compile(
    r"\b(?:no,? wait|wait,? no|never ?mind|scratch that|forget (?:it|that)|cancel that|just kidding|on second thought"
    r"|actually,? (?:no|don'?t|do not|not)|(?:don'?t|do not) (?:send|raise|do|write|save|take) (?:it|that|this)"
    r"|not (?:really|yet)$)"
    r"|what (?:does|do|is) (?:it|that|this) mean"
    r"|算了|不用了|还是别|别发|先别|取消吧|当我没说|不要发|什么意思|是什么$",
    re.IGNORECASE | re.ASCII,
)
_BOUND = re.compile(
    r"^[\s,.:-]*(?:(?:only )?(?:if|when|whenever|unless|once|after|before|until|as soon as|in case|while)"
    r"|tomorrow|later|tonight|every|in \d+|at \d+|of|about|on|is|are|was|means?|does|button|feature"
    r"|policy|function|rule|rules|and|or|for|to|by)\b"
    r"|^[\s,，:：]*(?:如果|假如|要是|当|等|一旦|明天|稍后|今晚|是什么|的意思|怎么|吗)",
    re.IGNORECASE | re.ASCII,
)


def is_question(text: str) -> bool:
    """Whether it asks, and is no order that is put politely as a question."""
    return bool(_ASKS.search(text)) and not _REQUEST.search(text)


def takes_back(said: str, *, delimited: bool) -> bool:
    """Whether free text at the end of a command means that the command is not meant, or not now.

    Args:
        delimited: a colon or a quotation mark says where the text begins, so its first words are part of it.
    """
    return bool(_BACK.search(said)) or (not delimited and bool(_BOUND.search(said)))


def asked_writes(text: str) -> frozenset[str]:
    """The tools that write and that the text orders plainly: not denied, not supposed, not quoted, not asked about."""
    plain = _QUOTED.sub(" ", text.replace("’", "'"))
    plain = re.sub(r"[:：].*", ":", plain, flags=re.DOTALL)  # what is to be written may hold any words
    if is_question(plain) or _DENIED.search(plain) or _SUPPOSED.search(plain) or _BACK.search(text):
        return frozenset()
    return frozenset(name for name, order in _ORDERS.items() if order.search(plain))


def withheld_writes(text: str) -> frozenset[str]:
    """The tools that write and that the text speaks of as to be done, but not plainly, so that they are not used.

    None where it asks about them: that is a question as any other.
    """
    plain = text.replace("’", "'")
    if is_question(plain) or _WONDERS.search(plain):
        return frozenset()
    return frozenset(name for name, order in _ORDERS.items() if order.search(plain)) - asked_writes(text)


def in_own_words(arguments: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Arguments of a write in which every text is the person's: one that they did not say gives way to what they said.

    Short words of a fixed set (a severity, the name of a diagnostic) stay only where the person said a word of them;
    else they are left out, and the tool's own default counts.
    """
    spoken = _squeezed(text)
    words = set(re.findall(r"\w+", text.lower()))
    kept: dict[str, Any] = {}
    for name, value in arguments.items():
        if not isinstance(value, str):
            if isinstance(value, int | float) and str(value) in text:
                kept[name] = value
        elif _squeezed(value) in spoken or (
            re.fullmatch(r"[\w.-]{1,40}", value) and words & set(re.findall(r"[^\W_]+", value.lower()))
        ):
            kept[name] = value
        elif name in {"text", "message"}:
            kept[name] = _told(text)
    return kept


def _told(text: str) -> str:
    """What a person wants to have written: behind the colon where there is one, else all of it."""
    _, colon, behind = text.replace("：", ":").partition(":")
    return (behind if colon and behind.strip() else text).strip()[:500]


def _squeezed(text: str) -> str:
    return re.sub(r"\W+", "" if detect_language(text) == "zh" else " ", text.lower()).strip()


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
