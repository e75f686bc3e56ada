"""Approvals and tenants: decide, register, limit."""

import re
from typing import Any

from agents.planner.calls import PlannedCall
from agents.planner.operations.operation import Built, Operation, unknown_name
from agents.planner.questions import Question, ask
from agents.planner.reading import Reading
from tools.tenancy.tenants import QUOTAS

__all__ = ["GOVERNING_ORDERS"]

_DECISIONS = {
    "approve": r"\b(?:approve|accept|grant|agree to|sign off)\b|批准|同意|通过",
    "reject": r"\b(?:reject|decline|refuse|deny)\b|驳回|拒绝|否决",
    "revoke": r"\b(?:revoke|withdraw|take back)\b|撤销|撤回|收回",
}
_REQUEST_WORDS = r"\b(?:approvals?|requests?|id|number)\b|审批|请求|申请|编号"
_TENANT = r"\btenants?\b|租户"
_SUSPEND = r"\b(?:suspend|disable|deactivate|freeze|block)\b|停用|冻结|禁用"
_ACTIVATE = r"\b(?:reactivate|activate|unsuspend|enable|unblock|resume)\b|启用|恢复|解冻|激活"
_STATES = {"suspended": _SUSPEND, "active": _ACTIVATE}
_LIMIT = (
    r"\b(?:limit|cap|restrict|set|change|raise|lower"
    r"|quotas?|limits?|give|allow)\b|限制|配额|限额|设置|改为|调整|提高|降低"
)
_ISOLATION = r"\b(?P<word>shared|dedicated|hybrid)\b|(?P<han>共享|独占|专用|混合)"
_ISOLATIONS = {"共享": "shared", "独占": "dedicated", "专用": "dedicated", "混合": "hybrid"}
_NEW_TENANT = re.compile(
    r"(?:\btenant\b|租户)\s*(?:called|named|名为|叫做?)?\s*[\"“']?(?P<name>[a-z0-9][a-z0-9-]*)", re.IGNORECASE
)
_TENANT_WORDS = (_TENANT, r"\b(?:isolation|runtimes?|requests?|tokens?|is|limited|at most|each)\b|隔离|为|最多|每")


def _decision(verb: str) -> Operation:
    pattern = _DECISIONS[verb]

    def matches(reading: Reading) -> bool:
        return reading.says(pattern) and not reading.says(_TENANT)

    def build(reading: Reading) -> Built:
        if question := unknown_name(reading, (pattern, _REQUEST_WORDS), "approval"):
            return question
        approvals = reading.names("P")
        if not approvals:
            waiting = [name for name, state in reading.known.approvals.items() if state == "requested"]
            return ask("name_approval", reading.language, names=waiting)
        comment = {"comment": reading.reason} if reading.reason else {}
        return [PlannedCall(f"approval_{verb}", {"approval": name, **comment}) for name in approvals]

    words = (pattern, _REQUEST_WORDS)
    return Operation(f"approval_{verb}", matches, build, words, example=f"{verb} ap-1f2e3d4c5b6a")


def _registers(reading: Reading) -> bool:
    return reading.says(_TENANT) and reading.says(r"\b(?:register|add|create|onboard)\b|登记|注册|新建|创建")


def _register(reading: Reading) -> Built:
    named = _NEW_TENANT.search(reading.masked)
    if named is None or named["name"] in {"with", "called", "named"}:
        return ask("name_new", reading.language)
    if not set(reading.quantities.quotas) <= QUOTAS:
        return ask("quota", reading.language, names=sorted(QUOTAS))
    isolation = _isolation(reading)
    if isinstance(isolation, Question):
        return isolation
    arguments: dict[str, Any] = {"name": named["name"].lower(), **isolation}
    if reading.quantities.quotas:
        arguments["quotas"] = dict(reading.quantities.quotas)
    return [PlannedCall("register_tenant", arguments)]


def _manages(reading: Reading) -> bool:
    about = reading.names("N") or reading.says(_TENANT) or not reading.names("R", "T", "V", "A", "M", "P")
    return bool(about) and (
        reading.says(_SUSPEND)
        or (reading.says(_ACTIVATE) and bool(reading.names("N")))
        or (reading.says(_LIMIT) and (bool(reading.names("N")) or bool(reading.quantities.quotas)))
        or (bool(reading.names("N")) and reading.says(_ISOLATION))
    )


def _manage(reading: Reading) -> Built:  # noqa: PLR0911 - each return asks for something else
    language, known = reading.language, reading.known
    words = (_SUSPEND, _ACTIVATE, _LIMIT, _ISOLATION, *_TENANT_WORDS)
    if question := unknown_name(reading, words, "tenant"):
        return question
    tenants = reading.names("N")
    if len(tenants) != 1:
        return ask(
            "two_of" if tenants else "name_tenant", language, kind="tenant", names=tenants or list(known.tenants)
        )
    isolation = _isolation(reading)
    if isinstance(isolation, Question):
        return isolation
    states = [state for state, pattern in _STATES.items() if reading.says(pattern)]
    if len(states) > 1:
        return ask("two_of", language, kind="state", names=states)
    quotas = dict(reading.quantities.quotas)
    if not set(quotas) <= QUOTAS:
        return ask("quota", language, names=sorted(QUOTAS))
    changes = {**({"state": states[0]} if states else {}), **({"quotas": quotas} if quotas else {}), **isolation}
    if not changes:
        return ask("name_quota", language, tenant=tenants[0])
    return [PlannedCall("manage_tenant_resources", {"tenant": tenants[0], **changes})]


def _isolation(reading: Reading) -> dict[str, str] | Question:
    found = re.finditer(_ISOLATION, reading.masked, re.IGNORECASE)
    levels = list(dict.fromkeys((one["word"] or _ISOLATIONS[one["han"]]).lower() for one in found))
    if len(levels) > 1:
        return ask("two_of", reading.language, kind="isolation", names=levels)
    return {"isolation": levels[0]} if levels else {}


GOVERNING_ORDERS = (
    *(_decision(verb) for verb in _DECISIONS),
    Operation(
        "register_tenant",
        _registers,
        _register,
        (r"\b(?:register|add|onboard)\b|登记|注册|新建|创建", _NEW_TENANT.pattern, _ISOLATION, *_TENANT_WORDS),
        example="register tenant NAME with dedicated isolation",
    ),
    Operation(
        "manage_tenant",
        _manages,
        _manage,
        (_SUSPEND, _ACTIVATE, _LIMIT, _ISOLATION, *_TENANT_WORDS),
        example="limit TENANT to 600 requests per minute",
    ),
)
