"""Who may decide for whom, API keys, and the text of policies."""

import re

from agents.planner.calls import PlannedCall
from agents.planner.operations.operation import Built, Operation
from agents.planner.questions import ask
from agents.planner.reading import Reading

__all__ = ["ENTRUSTING_LOOKS", "ENTRUSTING_ORDERS"]

_DELEGATE = r"\bdelegat(?:e|ing)\b|委托|代为"
_DELEGATION = r"\bdelegations?\b|委托"
_TAKE_BACK = r"\b(?:revoke|withdraw|take back|cancel|end)\b|撤销|撤回|收回|取消"
_TO = re.compile(r"(?:\bto\b|给)\s*(?P<to>[a-zA-Z0-9][\w.@-]*)", re.IGNORECASE)
_DELEGATION_ID = re.compile(r"\bdl-[0-9a-z]+", re.IGNORECASE)
_KEY = r"\b(?:api )?keys?\b|密钥"
_KEY_ID = re.compile(r"(?:\bkey|密钥)\s*(?P<id>[0-9a-f]{8})\b", re.IGNORECASE)
_ISSUE = r"\b(?:issue|create|make|give|generate|new)\b|签发|创建|新建|生成|发放"
_POLICY = r"\bpolic(?:y|ies)\b|策略|政策"
_PUT = r"\b(?:put|save|add|upload|store|create|set)\b|保存|提交|上传|新增|添加"
_POLICY_NAME = re.compile(
    r"(?:\bpolicy\b|策略|政策)\s*(?:called|named|名为|叫做?)?\s*[\"“']?(?P<name>[a-z0-9][a-z0-9._-]*)", re.IGNORECASE
)


def _delegate(reading: Reading) -> Built:
    receiver, hours = _TO.search(reading.text), reading.quantities.hold_s
    if receiver is None:
        return ask("name_receiver", reading.language)
    if len(hours) != 1:
        return ask("name_hours", reading.language)
    return [PlannedCall("approval_delegate", {"to": receiver["to"], "hours": hours[0] / 3600})]


def _undelegate(reading: Reading) -> Built:
    found = _DELEGATION_ID.findall(reading.text)
    if len(found) != 1:
        return ask("name_delegation", reading.language)
    return [PlannedCall("delegation_revoke", {"delegation": found[0].lower()})]


def _revoke_key(reading: Reading) -> Built:
    found = _KEY_ID.findall(reading.text)
    return [PlannedCall("api_key_revoke", {"key": found[0].lower()})] if len(found) == 1 else (
        ask("name_key", reading.language)
    )  # fmt: skip


def _put_policy(reading: Reading) -> Built:
    named = reading.names("Y")
    found = _POLICY_NAME.search(reading.masked)
    name = named[0] if len(named) == 1 else found["name"].lower() if found and not named else None
    if name is None:
        return ask("name_policy", reading.language, names=list(reading.known.policies))
    if not reading.block:
        return ask("policy_text", reading.language)
    return [PlannedCall("manage_security_policies", {"action": "put", "name": name, "text": reading.block})]


_DELEGATE_WORDS = (
    _DELEGATE,
    _TO.pattern,
    r"\b(?:approvals?|approving|decisions?|deciding|right)\b|审批|批准|权限|小时|期限",
)
_TAKE_WORDS = (_TAKE_BACK, _DELEGATION)

ENTRUSTING_ORDERS = (
    Operation(
        "delegation_revoke",
        lambda reading: (
            reading.says(_TAKE_BACK) and (reading.says(_DELEGATION) or _DELEGATION_ID.search(reading.text) is not None)
        ),
        _undelegate,
        _TAKE_WORDS,
        example="revoke delegation dl-1f2e3d4c5b6a",
    ),
    Operation(
        "delegate",
        lambda reading: reading.says(_DELEGATE),
        _delegate,
        _DELEGATE_WORDS,
        example="delegate approvals to NAME for 8 hours",
    ),
    Operation(
        "api_key_revoke",
        lambda reading: reading.says(_KEY) and reading.says(_TAKE_BACK),
        _revoke_key,
        (_TAKE_BACK, _KEY_ID.pattern, _KEY),
        example="revoke api key 1f2e3d4c",
    ),
    Operation(
        "api_key_issue",
        lambda reading: reading.says(_KEY) and reading.says(_ISSUE),
        lambda reading: ask("key_once", reading.language),
        (_KEY, _ISSUE),
    ),
    Operation(
        "put_policy",
        lambda reading: reading.says(_POLICY) and reading.says(_PUT) and bool(reading.block or not reading.names("T")),
        _put_policy,
        (_POLICY_NAME.pattern, _POLICY, _PUT, r"\b(?:security|text)\b|安全|文本"),
        example="put policy NAME, followed by its YAML between ``` marks",
    ),
)

ENTRUSTING_LOOKS = (
    Operation(
        "api_keys_list",
        lambda reading: reading.says(r"\bapi keys?\b|密钥"),
        lambda _: [PlannedCall("api_keys_list", {})],
        acts=False,
    ),
    Operation(
        "delegations",
        lambda reading: reading.says(_DELEGATION),
        lambda _: [PlannedCall("approvals_list", {})],
        acts=False,
    ),
)
