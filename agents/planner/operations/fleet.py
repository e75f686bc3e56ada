"""Devices: put a question to one, reply to one's question, move one, refuse one from now on."""

import re
from typing import Any

from agents.planner.calls import PlannedCall
from agents.planner.messages import Message
from agents.planner.names import name_places
from agents.planner.operations.operation import Built, Operation, unknown_name
from agents.planner.questions import Question, ask
from agents.planner.reading import Reading

__all__ = ["DEVICE", "FLEET_ORDERS", "GROUP", "groups_in"]

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


def groups_in(reading: Reading) -> list[str]:
    """Groups of devices that are named, also where they are named as targets."""
    return [name for name in reading.names("T", "B") if name in reading.known.groups]


def _sole_device(reading: Reading, words: tuple[str, ...]) -> str | Question:
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


def _in_group(reading: Reading, device: str, groups: list[str]) -> Question | None:
    """The question where a device is said to be in another group than it is in."""
    group = reading.known.devices[device]
    wrong = [name for name in groups if name != group]
    return ask("not_in_group", reading.language, device=device, group=group) if wrong else None


def _some(names: list[str]) -> list[str]:
    return names if len(names) <= _LISTED else [*names[:_LISTED], f"… ({len(names)})"]


def _ask(reading: Reading) -> Built:
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


def _whom(reading: Reading, message: Message) -> Question:
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


def _reply(reading: Reading) -> Built:
    message = reading.message
    if message is None or not message.text:
        return ask("device_question", reading.language)
    device = _sole_device(reading, _REPLY_WORDS)
    if isinstance(device, Question):
        return device
    own_id = message.question.partition(":")[2]
    return [PlannedCall("device_reply", {"question": f"{device}:{own_id}", "text": message.text})]


def _move(reading: Reading) -> Built:
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


def _revoke(reading: Reading) -> Built:
    device = _sole_device(reading, _REVOKE_WORDS)
    if isinstance(device, Question):
        return device
    if question := _in_group(reading, device, groups_in(reading)):
        return question
    if len(reading.reason) < 3 and not (reading.language == "zh" and reading.reason):
        return ask("name_reason", reading.language)
    given: dict[str, Any] = {"device": device, "reason": reading.reason}
    return [PlannedCall("device_revoke", given)]


def _others(reading: Reading) -> bool:
    """Whether it is about versions, rollouts, approvals, keys and the like."""
    if reading.says(r"\b(?:delegations?|keys?|approvals?|tokens?)\b|委托|密钥|审批|令牌"):
        return True
    return bool(reading.names("V", "A", "R", "P", "N", "M", "F", "L", "Y"))


def _about_device(reading: Reading) -> bool:
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
