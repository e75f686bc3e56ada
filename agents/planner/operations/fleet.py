"""Devices: put a question to one, reply to one's question, move one, refuse one from now on."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agents.planner.calls import PlannedCall
from agents.planner.entity_linking import name_places
from agents.planner.messages import Message
from agents.planner.operations.operation import Built, Operation, unknown_name
from agents.planner.parsed_message import ParsedMessage
from agents.planner.questions import Question, ask

DEVICE = r"\b(?:devices?|gateways?)\b|设备|网关"
GROUP = r"\b(?:device )?groups?\b|设备组|分组|组"
_ASK = r"\bask\b|询问|问(?:问|一下|一问)?"
_REPLY = r"\b(?:reply|answer|respond)\b|回复|答复|回答"
_QUESTION = r"\bquestions?\b|问题"
_MOVE = r"\b(?:move|transfer|put|reassign|assign)\b|移到|移动|移入|转到|转入|放到|调到|划到|移"
_REVOKE = r"\b(?:revoke|ban|expel|lock out)\b|吊销|撤销|注销"
_NEW_GROUP = re.compile(
    r"(?:\bnew (?:device )?group\b|新(?:的)?(?:设备)?组)\s*(?:called|named|名为|叫做?)?\s*[\"“']?"
    r"(?P<name>[a-z0-9][a-z0-9._-]*)",
    re.IGNORECASE,
)
_FROM = re.compile(r"(?:\b(?:from|out of)(?: the)?(?: group)?|从)\s*<(?P<mask>[TB]\d+)>", re.IGNORECASE)
_LISTED = 12


def groups_in(reading: ParsedMessage) -> list[str]:
    """Groups of devices that are named, also where they are named as targets."""
    return [name for name in reading.names("T", "B") if name in reading.known.groups]


def _sole_device(reading: ParsedMessage, words: tuple[str, ...]) -> str | Question:
    language, known = reading.language, reading.known
    devices = reading.names("W")
    if question := unknown_name(reading, words, *(("group", "device") if devices else ("device", "group"))):
        return question
    if len(devices) > 1:
        return ask("two_of", language, kind="device", names=devices)
    if not devices:
        groups = groups_in(reading)
        names = [name for name, group in known.devices.items() if not groups or group in groups]
        return ask("name_device", language, names=_some(names))
    return devices[0]


def _in_group(reading: ParsedMessage, device: str, groups: list[str]) -> Question | None:
    """The question where a device is said to be in another group than it is in."""
    group = reading.known.devices[device]
    wrong = [name for name in groups if name != group]
    return ask("not_in_group", reading.language, device=device, group=group) if wrong else None


def _some(names: list[str]) -> list[str]:
    return names if len(names) <= _LISTED else [*names[:_LISTED], f"… ({len(names)})"]


def _ask(reading: ParsedMessage) -> Built:
    message, language = reading.message, reading.language
    if message is not None and message.whom:
        return _whom(reading, message)
    device = _sole_device(reading, _ASK_WORDS)
    if isinstance(device, Question):
        return device
    if question := _in_group(reading, device, groups_in(reading)):
        return question
    if message is None or not message.text:
        return ask("device_message", language, device=device)
    return [PlannedCall("device_ask", {"device": device, "text": message.text})]


def _whom(reading: ParsedMessage, message: Message) -> Question:
    """The question where it was not said in so many words which device is asked."""
    whom, known, language = message.whom, reading.known, reading.language
    if message.fitting:
        return ask("which_device", language, whom=whom, names=_some(list(message.fitting)))
    groups = {group for group in known.groups if (0, len(whom)) in name_places(whom, group)}
    if groups:
        members = [name for name, group in known.devices.items() if group in groups]
        return ask("name_device", language, names=_some(members))
    near = known.nearest(whom, "device")
    return ask("unknown_device", language, whom=whom, names=near or _some(list(known.devices)))


def _reply(reading: ParsedMessage) -> Built:
    message = reading.message
    if message is None or not message.text:
        return ask("device_question", reading.language)
    device = _sole_device(reading, _REPLY_WORDS)
    if isinstance(device, Question):
        return device
    own_id = message.question.partition(":")[2]
    return [PlannedCall("device_reply", {"question": f"{device}:{own_id}", "text": message.text})]


def _move(reading: ParsedMessage) -> Built:
    language, known = reading.language, reading.known
    device = _sole_device(reading, _MOVE_WORDS)
    if isinstance(device, Question):
        return device
    left = [reading.at(match["mask"]).name for match in _FROM.finditer(reading.masked)]
    if question := _in_group(reading, device, left):
        return question
    groups = [name for name in groups_in(reading) if name not in left]
    if new := _NEW_GROUP.search(reading.masked):
        groups.append(new["name"])
    if len(groups) > 1:
        return ask("two_of", language, kind="group", names=groups)
    if not groups:
        return ask("name_group", language, names=list(known.groups))
    return [PlannedCall("device_move", {"device": device, "group": groups[0]})]


def _revoke(reading: ParsedMessage) -> Built:
    device = _sole_device(reading, _REVOKE_WORDS)
    if isinstance(device, Question):
        return device
    if question := _in_group(reading, device, groups_in(reading)):
        return question
    if len(reading.reason) < 3 and not (reading.language == "zh" and reading.reason):
        return ask("name_reason", reading.language)
    given: dict[str, Any] = {"device": device, "reason": reading.reason}
    return [PlannedCall("device_revoke", given)]


def _others(reading: ParsedMessage) -> bool:
    """Whether it is about versions, rollouts, approvals, keys and the like."""
    if reading.says(r"\b(?:delegations?|keys?|approvals?|tokens?)\b|委托|密钥|审批|令牌"):
        return True
    return bool(reading.names("V", "A", "R", "P", "N", "M", "F", "L", "Y"))


def _about_device(reading: ParsedMessage) -> bool:
    return bool(reading.names("W")) or reading.says(DEVICE)


_ASK_WORDS = (_ASK, DEVICE, GROUP, r"里|那台|这台|台")
_REPLY_WORDS = (_REPLY, DEVICE, _QUESTION)
_MOVE_WORDS = (_NEW_GROUP.pattern, _MOVE, DEVICE, GROUP, r"\bout\b|新|从|台")
_REVOKE_WORDS = (_REVOKE, DEVICE, GROUP, r"台|里|中")

FLEET_ORDERS = (
    Operation(
        "device_reply",
        lambda reading: (
            reading.message.kind == "reply"
            if reading.message is not None
            else reading.says(_REPLY) and reading.says(_QUESTION) and _about_device(reading)
        ),
        _reply,
        _REPLY_WORDS,
        example="reply to DEVICE:ID, the filter, page 12",
    ),
    Operation(
        "device_ask",
        lambda reading: reading.message is not None and reading.message.kind == "ask",
        _ask,
        _ASK_WORDS,
        example="ask DEVICE why it is hot",
    ),
    Operation(
        "device_revoke",
        lambda reading: reading.says(_REVOKE) and _about_device(reading) and not _others(reading),
        _revoke,
        _REVOKE_WORDS,
        example="revoke device NAME because …",
    ),
    Operation(
        "device_move",
        lambda reading: reading.says(_MOVE) and _about_device(reading) and not _others(reading),
        _move,
        _MOVE_WORDS,
        example="move DEVICE to group NAME",
    ),
)


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


def _noun(reading: ParsedMessage) -> bool:
    return bool(reading.names("W")) or reading.says(_FLEET)


def _looks(
    name: str, asked: Callable[[ParsedMessage], bool], build: Callable[[ParsedMessage], Built], words: Sequence[str]
) -> Operation:
    all_words = (*words, _LOOK, DEVICE, GROUP, r"\bfleet\b")

    def matches(reading: ParsedMessage) -> bool:
        if not asked(reading) or set(reading.names(*"VARPNGYFLMCHU")):
            return False
        targets = reading.names("T")
        return len(groups_in(reading)) >= len(targets) and (
            not reading.unexplained(*all_words) or _misspelt(reading, all_words)
        )

    def built(reading: ParsedMessage) -> Built:
        if question := unknown_name(reading, all_words, "device", "group"):
            return question
        return build(reading)

    return Operation(name, matches, built, all_words, acts=False)


def _misspelt(reading: ParsedMessage, words: Sequence[str]) -> bool:
    """Whether the one word that is left is nearly the name of a device or a group."""
    left = reading.unexplained(*words)
    return len(left) == 1 and unknown_name(reading, words, "device", "group") is not None


def _grouped(tool: str) -> Callable[[ParsedMessage], Built]:
    """The tool for each group that is named; once for all where none is."""

    def build(reading: ParsedMessage) -> Built:
        groups = groups_in(reading)
        return [PlannedCall(tool, {"group": group}) for group in groups] or [PlannedCall(tool, {})]

    return build


def _events(reading: ParsedMessage) -> Built:
    kinds = [kind for kind, pattern in _KINDS.items() if reading.says(pattern)]
    if len(kinds) > 1:
        return ask("two_of", reading.language, kind="operation", names=kinds)
    given = {"kind": kinds[0]} if kinds else {}
    return _each(reading, "device_events", given)


def _each(reading: ParsedMessage, tool: str, given: Mapping[str, object]) -> Built:
    """The tool for each device that is named; for all where neither one nor a group is."""
    devices = reading.names("W")
    if not devices and (groups := groups_in(reading)):
        names = [name for name, group in reading.known.devices.items() if group in groups]
        return ask("name_device", reading.language, names=names[:12])
    return [PlannedCall(tool, {"device": name, **given}) for name in devices] or [PlannedCall(tool, {**given})]


def _answers(reading: ParsedMessage) -> Built:
    waiting = reading.says(_OPEN)
    return _each(reading, "device_answers", {"waiting": True} if waiting else {})


def _asks_events(reading: ParsedMessage) -> bool:
    kinds = any(reading.says(pattern) for pattern in _KINDS.values())
    return _noun(reading) and (kinds or reading.says(_EVENTS)) and not reading.says(_QUESTIONS)


def _asks_show(reading: ParsedMessage) -> bool:
    shown = reading.says(r"\b(?:show|describe|details?|inspect|status|state)\b|详情|查看|显示")
    if not reading.names("W"):
        return shown and reading.says(r"\bdevice\b(?! groups)|设备\s*[a-z]")
    return shown or reading.says(rf"\b(?:how|what|tell|look|device)\b|看|情况|怎么样|{_UNWELL}")


def _show(reading: ParsedMessage) -> Built:
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
