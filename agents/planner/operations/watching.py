"""What only looks at devices. Every word has to be understood: "devices" is a word of many documents, too."""

import re
from collections.abc import Callable, Mapping, Sequence

from agents.planner.calls import PlannedCall
from agents.planner.operations.fleet import DEVICE, GROUP, groups_in
from agents.planner.operations.operation import Built, Operation, unknown_name
from agents.planner.questions import ask
from agents.planner.reading import Reading

__all__ = ["FLEET_LOOKS", "may_look_at_devices"]

_FLEET = rf"\bfleet\b|{DEVICE}"
_LOOK = (
    r"\b(?:list|show|display|see|look|give|tell|which|what|who|how|is|are|was|were|did|does|has|have|had|there|all|every"
    r"|any|about|status|state|state of|details?|describe|inspect|overview|you|can|could|we|doing|going|each"
    r"|belongs?)\b"
    r"|列出|查看|看看|看一下|显示|有没有|有哪些|哪些|哪台|所有|全部|有什么|什么|多少|情况|状态|怎么样了?|如何|现有|有|都|是|里|中|下|台|各|那台"
)
_UNWELL = (
    r"\b(?:health(?:y)?|unhealthy|late|overdue|failing|failed|fail|down|offline|online|missing|away|well|unwell"
    r"|up to date|behind|alive|ok)\b|健康|迟到|掉线|离线|在线|失联|故障|出错|失败|异常|正常|没来|最新"
)
_SPEAKS = re.compile(
    rf"{DEVICE}|\bfleet\b|\b(?:answer\w*|asked|record\w*|happened|alerts?|notes)\b|回答|记录|告警|警报", re.IGNORECASE
)
_EVENTS = r"\b(?:events?|recorded|records?|happened|logged|logs?|journal)\b|事件|记录了?|发生了?"
_NEWEST = r"\b(?:last|latest|recent(?:ly)?|newest)\b|最近|最新|最后"
_KINDS = {
    "alert": r"\b(?:alerts?|alarms?|warnings?|raised?)\b|警报|告警|报警",
    "note": r"\bnotes?\b|笔记|备注",
    "job": r"\bjobs?\b|作业|任务",
    "telemetry": r"\b(?:measurements?|telemetry|measured?)\b|测量|遥测",
    "audit": r"\btool calls?\b|工具调用",
}
_QUESTIONS = r"\b(?:questions?)\b|问题|提问"
_ANSWERS = r"\b(?:answer(?:s|ed)?|said|say|repl(?:y|ies|ied)|respon(?:d|ded|se|ses))\b|回答了?|答复|答案|怎么说|说了"
_ASKED = r"\b(?:asked|put|of|to|from|by|at|ask)\b|问了?|提出|提的"
_OPEN = r"\b(?:open|unanswered|waiting|pending|outstanding|yet|still|not)\b|未|没有|还没|待|等待"


def may_look_at_devices(text: str) -> bool:
    """Whether a question may be one of these looks; tells, without any names, what is not worth reading them for."""
    return _SPEAKS.search(text) is not None


def _noun(reading: Reading) -> bool:
    return bool(reading.names("W")) or reading.says(_FLEET)


def _looks(
    name: str, asked: Callable[[Reading], bool], build: Callable[[Reading], Built], words: Sequence[str]
) -> Operation:
    all_words = (*words, _LOOK, DEVICE, GROUP, r"\bfleet\b")

    def matches(reading: Reading) -> bool:
        if not asked(reading) or set(reading.names(*"VARPNGYFLMCHU")):
            return False
        targets = reading.names("T")
        return len(groups_in(reading)) >= len(targets) and (
            not reading.unexplained(*all_words) or _misspelt(reading, all_words)
        )

    def built(reading: Reading) -> Built:
        if question := unknown_name(reading, all_words, "device", "group"):
            return question
        return build(reading)

    return Operation(name, matches, built, all_words, acts=False)


def _misspelt(reading: Reading, words: Sequence[str]) -> bool:
    """Whether the one word that is left is nearly the name of a device or a group."""
    left = reading.unexplained(*words)
    return len(left) == 1 and unknown_name(reading, words, "device", "group") is not None


def _grouped(tool: str) -> Callable[[Reading], Built]:
    """The tool for each group that is named; once for all where none is."""

    def build(reading: Reading) -> Built:
        groups = groups_in(reading)
        return [PlannedCall(tool, {"group": group}) for group in groups] or [PlannedCall(tool, {})]

    return build


def _events(reading: Reading) -> Built:
    kinds = [kind for kind, pattern in _KINDS.items() if reading.says(pattern)]
    if len(kinds) > 1:
        return ask("two_of", reading.language, kind="operation", names=kinds)
    given = {"kind": kinds[0]} if kinds else {}
    return _each(reading, "device_events", given)


def _each(reading: Reading, tool: str, given: Mapping[str, object]) -> Built:
    """The tool for each device that is named; for all where neither one nor a group is."""
    devices = reading.names("W")
    if not devices and (groups := groups_in(reading)):
        names = [name for name, group in reading.known.devices.items() if group in groups]
        return ask("name_device", reading.language, names=names[:12])
    return [PlannedCall(tool, {"device": name, **given}) for name in devices] or [PlannedCall(tool, {**given})]


def _answers(reading: Reading) -> Built:
    waiting = reading.says(_OPEN)
    return _each(reading, "device_answers", {"waiting": True} if waiting else {})


def _asks_events(reading: Reading) -> bool:
    kinds = any(reading.says(pattern) for pattern in _KINDS.values())
    return _noun(reading) and (kinds or reading.says(_EVENTS)) and not reading.says(_QUESTIONS)


def _asks_show(reading: Reading) -> bool:
    shown = reading.says(r"\b(?:show|describe|details?|inspect|status|state)\b|详情|查看|显示")
    if not reading.names("W"):
        return shown and reading.says(r"\bdevice\b(?! groups)|设备\s*[a-z]")
    return shown or reading.says(rf"\b(?:how|what|tell|look|device)\b|看|情况|怎么样|{_UNWELL}")


def _show(reading: Reading) -> Built:
    devices = reading.names("W")
    if not devices:
        return ask("name_device", reading.language, names=list(reading.known.devices)[:12])
    return [PlannedCall("device_show", {"device": name}) for name in devices]


FLEET_LOOKS = (
    _looks("device_events", _asks_events, _events, (_EVENTS, _NEWEST, *_KINDS.values())),
    _looks(
        "device_answers",
        lambda reading: (
            (_noun(reading) and reading.says(_ANSWERS) and not reading.says(r"\bunanswered\b|问题"))
            or (reading.message is not None and bool(reading.names("W")))
        ),
        _answers,
        (_ANSWERS, _ASKED, _OPEN, _NEWEST, r"\bquestions?\b"),
    ),
    _looks(
        "device_questions",
        lambda reading: _noun(reading) and reading.says(_QUESTIONS),
        lambda reading: _each(reading, "device_questions", {}),
        (_QUESTIONS, _ASKED, _OPEN, _NEWEST, _ANSWERS, r"\bhub\b|枢纽"),
    ),
    _looks(
        "device_health",
        lambda reading: (
            not reading.names("W")
            and (
                (reading.says(_FLEET) and reading.says(_UNWELL))
                or reading.says(r"\bfleet\b")
                or (reading.says(DEVICE) and reading.says(r"\bhow (?:is|are)\b|怎么样|情况|状态|\bstatus\b"))
            )
        ),
        _grouped("device_health"),
        (_UNWELL, r"\bor\b|或者?|还是"),
    ),
    _looks(
        "device_groups",
        lambda reading: not reading.names("W", "T", "B") and reading.says(r"\bgroups\b|设备组|分组|哪些组"),
        lambda _: [PlannedCall("device_groups", {})],
        (),
    ),
    _looks(
        "device_show",
        _asks_show,
        _show,
        (_UNWELL, r"详情"),
    ),
    _looks(
        "device_list",
        lambda reading: not reading.names("W") and reading.says(r"\b(?:devices|gateways)\b|设备|网关"),
        _grouped("device_list"),
        (r"\b(?:enrolled|known|run(?:s|ning)?|names?)\b|登记的|名单|列表|名称",),
    ),
)
