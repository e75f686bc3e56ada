"""Report of the fleet, as Markdown. What a device says of itself stands as code: it is data, and renders as such."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from tools.calling.markdown import listing, moment
from tools.fleet.devices import DeviceDetail, DeviceEventList, DeviceList, DeviceView, FleetHealth, GroupList
from tools.fleet.enrolment import NewToken, TokenList, TokenView
from tools.fleet.questions import QuestionList, QuestionView

_LONGEST_CELL = 160
"""Characters; `chargehand devices events NAME --json` has the whole."""


def _device(view: DeviceView, chinese: bool) -> str:
    return _device_table([view], chinese)


def _devices(found: DeviceList, chinese: bool) -> str:
    if not found.devices:
        return "没有这样的设备。" if chinese else "There is no such device."
    shown, total = len(found.devices), found.total
    head = f"设备（{total} 台）：" if chinese else f"Devices ({total}):"
    if shown < total:
        head = f"设备（{total} 台中的 {shown} 台）：" if chinese else f"Devices ({shown} of {total}):"
    return f"{head}\n\n{_device_table(found.devices, chinese)}"


def _device_table(devices: list[DeviceView], chinese: bool) -> str:
    return listing(
        chinese,
        devices,
        ("Device", "设备", lambda one: one.id),
        ("Group", "设备组", lambda one: one.group),
        ("Model version", "模型版本", lambda one: _data(one.version)),
        ("Last seen", "最近一次联系", lambda one: _seen(one, chinese)),
        ("Health", "健康状况", lambda one: _state(one, chinese)),
    )


def _seen(view: DeviceView, chinese: bool) -> str:
    if view.seen_at is None:
        return "从未" if chinese else "never"
    return moment(view.seen_at)


def _state(view: DeviceView, chinese: bool) -> str:
    if view.state == "revoked":
        return "已吊销" if chinese else "revoked"
    if view.state == "suspect":
        return "疑似被克隆" if chinese else "has a clone: decide which is the right one"
    if view.failed:
        return f"{'无法运行' if chinese else 'cannot run'} {_data(view.failed)}"
    if view.seen_at is None:
        return "还没有来过" if chinese else "has not come yet"
    if view.behind:
        return "有待同步的变更" if chinese else "changes wait for it"
    return "已是最新" if chinese else "up to date"


def _detail(found: DeviceDetail, chinese: bool) -> str:
    lines = [f"- {name}: {_data(value)}" for name, value in {**found.labels, **found.facts}.items()]
    lines += [
        f"- {name}: {_data(value)}" for name, value in found.reported.items() if name not in {"version", "failed"}
    ]
    given = [f"- {item.get('kind', '')}: {_data(item.get('name', ''))}" for item in found.desired]
    aside = [f"- {one['seq']}: {_data(one['reason'])}" for one in found.rejected]
    parts = [_device_table([found.device], chinese)]
    for title, in_chinese, shown in (
        ("What it says of itself:", "设备自报：", lines),
        ("What it shall have:", "应有的内容：", given),
        ("Events that were set aside:", "未被接受的事件：", aside),
    ):
        if shown:
            parts.append("\n".join([in_chinese if chinese else title, "", *shown]))
    return "\n\n".join(parts)


def _groups(found: GroupList, chinese: bool) -> str:
    if not found.groups:
        return "还没有设备组。" if chinese else "There is no group of devices yet."
    return listing(
        chinese,
        found.groups,
        ("Group", "设备组", lambda one: one.group),
        ("Devices", "设备数", lambda one: one.devices),
        ("Serves", "提供的版本", lambda one: ", ".join(one.serves)),
    )


def _health(found: FleetHealth, chinese: bool) -> str:
    if not found.groups:
        return "还没有设备。" if chinese else "There is no device yet."
    groups = listing(
        chinese,
        found.groups,
        ("Group", "设备组", lambda one: one.group),
        ("Devices", "设备数", lambda one: one.devices),
        ("Here", "在线", lambda one: one.here),
        ("Late", "迟到", lambda one: _named(one.late, one.late_count, chinese)),
        ("Never seen", "从未联系", lambda one: one.never_seen),
        ("Up to date", "已是最新", lambda one: one.up_to_date),
        ("Models", "模型", lambda one: ", ".join(f"{_data(name)} × {count}" for name, count in one.versions.items())),
        (
            "Failing",
            "故障",
            lambda one: _named(
                [f"{name}: {_data(why)}" for name, why in one.failing.items()], one.failing_count, chinese
            ),
        ),
    )
    alerts = f"未处理的告警：{found.open_alerts}。" if chinese else f"Open alerts: {found.open_alerts}."
    return f"{groups}\n\n{alerts}"


_NAMED = 10


def _named(names: list[str], count: int, chinese: bool) -> str:
    """How many, and the first of them by name."""
    if not count:
        return "0"
    more = count - min(count, _NAMED)
    rest = (f"，另有 {more} 台" if chinese else f", {more} more") if more else ""
    return f"{count} ({', '.join(names[:_NAMED])}{rest})"


def _new_token(made: NewToken, chinese: bool) -> str:
    """The token alone in a block to be copied, and what to call on the device."""
    view, until = made.view, moment(made.view.expires_at)
    command = (
        f"CHARGEHAND_EDGE_TOKEN=TOKEN chargehand-edge enroll --hub HUB_URL --device {view.device or 'NAME'}"
        f" --hub-key {made.hub_key}"
    )
    if chinese:
        whose = f"设备 **{view.device}**" if view.device else "任何一台新设备"
        return (
            f"入网令牌，供{whose}使用一次（组：{view.group}；有效期至 {until}）：\n\n```text\n{made.token}\n```\n\n"
            f"令牌只显示这一次，不会保存。请现在复制。在设备上运行：\n\n```sh\n{command}\n```"
        )
    whose = f"the device **{view.device}**" if view.device else "any new device"
    return (
        f"An enrolment token, for {whose}, once (group: {view.group}; until {until}):\n\n```text\n{made.token}\n```\n\n"
        f"It is shown this once and not kept: copy it now. On the device, call:\n\n```sh\n{command}\n```"
    )


def _tokens(found: TokenList, chinese: bool) -> str:
    if not found.tokens:
        return "还没有入网令牌。" if chinese else "There is no enrolment token yet."
    return listing(
        chinese,
        found.tokens,
        ("Token", "令牌", lambda one: one.id),
        ("Group", "设备组", lambda one: one.group),
        ("Device", "设备", lambda one: one.device or "–"),
        ("Until", "有效期", lambda one: moment(one.expires_at)),
        ("Used by", "使用者", lambda one: one.used_by or "–"),
    )


def _events(found: DeviceEventList, chinese: bool) -> str:
    if not found.events:
        return "没有这样的记录。" if chinese else "Nothing of the kind was recorded."
    events = listing(
        chinese,
        found.events,
        ("Device", "设备", lambda one: one.device),
        ("Received", "收到时间", lambda one: moment(one.received_at)),
        ("Kind", "类型", lambda one: one.kind),
        ("What", "内容", lambda one: _data(one.body)),
    )
    head = "设备的记录，最新的在前：" if chinese else "What devices recorded, newest first:"
    return f"{head}\n\n{events}"


def _questions(found: QuestionList, chinese: bool) -> str:
    if not found.questions:
        return "没有这样的问题。" if chinese else "There is no such question."
    return "\n\n".join(_question(one, chinese) for one in found.questions)


def _question(view: QuestionView, chinese: bool) -> str:
    from_device = view.id.startswith(f"{view.device}:")
    by, at = _data(view.asked_by), moment(view.asked_at)
    if from_device:
        head = f"**{view.device}** 提出的问题 {_data(view.id)}（{by}，{at}）：" if chinese else (
            f"Question {_data(view.id)} from **{view.device}** ({by}, {at}):"
        )  # fmt: skip
    else:
        head = f"问 **{view.device}** 的问题 {_data(view.id)}（{by}，{at}）：" if chinese else (
            f"Question {_data(view.id)} to **{view.device}** ({by}, {at}):"
        )  # fmt: skip
    parts = [head, _quoted(view.text)]
    if view.answer is not None:
        told = view.answered_at and moment(view.answered_at)
        parts += [f"回答（{told}），原话：" if chinese else f"Answered ({told}), in these words:", _quoted(view.answer)]
    elif from_device:
        order = f"reply to {view.id}: …" if not chinese else f"回复 {view.id}：……"
        parts.append(f"还没有回复。请说“{order}”" if chinese else f"Nobody has replied yet. Say “{order}”")
    else:
        parts.append("还没有回答；设备下次联系时会收到问题。" if chinese else "No answer yet: it waits for the device.")
    return "\n\n".join(parts)


def _quoted(words: str) -> str:
    """Whatever it holds, as a block of code: longer marks than any in it."""
    longest = max((len(run) for run in re.findall(r"`+", words)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}text\n{words}\n{marks}"


def _data(value: Any) -> str:
    """On one line, as code; empty for what is empty."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = " ".join(text.replace("`", "'").split())
    if len(text) > _LONGEST_CELL:
        text = f"{text[:_LONGEST_CELL].rstrip()} …"
    return f"`{text}`" if text else ""


RENDERERS: Mapping[type[BaseModel], Callable[[Any, bool], str]] = {
    DeviceView: _device,
    DeviceList: _devices,
    DeviceDetail: _detail,
    GroupList: _groups,
    FleetHealth: _health,
    NewToken: _new_token,
    TokenView: lambda view, chinese: _tokens(TokenList(tokens=[view]), chinese),
    TokenList: _tokens,
    DeviceEventList: _events,
    QuestionList: _questions,
    QuestionView: _question,
}
