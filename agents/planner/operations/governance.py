"""Approvals and tenants: decide, register, limit."""

import re
from typing import Any

from agents.planner.calls import PlannedCall
from agents.planner.operations.operation import Built, Operation, sole_version, unknown_name
from agents.planner.parsed_message import ParsedMessage
from agents.planner.questions import Question, ask
from tools.tenancy import QUOTAS

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

    def matches(reading: ParsedMessage) -> bool:
        return reading.says(pattern) and not reading.says(_TENANT)

    def build(reading: ParsedMessage) -> Built:
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


def _registers(reading: ParsedMessage) -> bool:
    return reading.says(_TENANT) and reading.says(r"\b(?:register|add|create|onboard)\b|登记|注册|新建|创建")


def _register(reading: ParsedMessage) -> Built:
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


def _manages(reading: ParsedMessage) -> bool:
    about = reading.names("N") or reading.says(_TENANT) or not reading.names("R", "T", "V", "A", "M", "P")
    return bool(about) and (
        reading.says(_SUSPEND)
        or (reading.says(_ACTIVATE) and bool(reading.names("N")))
        or (reading.says(_LIMIT) and (bool(reading.names("N")) or bool(reading.quantities.quotas)))
        or (bool(reading.names("N")) and reading.says(_ISOLATION))
    )


def _manage(reading: ParsedMessage) -> Built:  # noqa: PLR0911 - each return asks for something else
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


def _isolation(reading: ParsedMessage) -> dict[str, str] | Question:
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


def _delegate(reading: ParsedMessage) -> Built:
    receiver, hours = _TO.search(reading.text), reading.quantities.hold_s
    if receiver is None:
        return ask("name_receiver", reading.language)
    if len(hours) != 1:
        return ask("name_hours", reading.language)
    return [PlannedCall("approval_delegate", {"to": receiver["to"], "hours": hours[0] / 3600})]


def _undelegate(reading: ParsedMessage) -> Built:
    found = _DELEGATION_ID.findall(reading.text)
    if len(found) != 1:
        return ask("name_delegation", reading.language)
    return [PlannedCall("delegation_revoke", {"delegation": found[0].lower()})]


def _revoke_key(reading: ParsedMessage) -> Built:
    found = _KEY_ID.findall(reading.text)
    return [PlannedCall("api_key_revoke", {"key": found[0].lower()})] if len(found) == 1 else (
        ask("name_key", reading.language)
    )  # fmt: skip


def _put_policy(reading: ParsedMessage) -> Built:
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


_RECORD = r"\b(?:record|note down|enter|log)\b|记录|登记|录入"
_REFERENCE = re.compile(r"\b[a-z]+:[a-z0-9]", re.IGNORECASE)
_NUMBER = r"\d+(?:\.\d+)?|\.\d+"
_MEASURED = re.compile(
    rf"\b(?P<metric>[a-z][a-z0-9_]*)\s*(?:of|=|:|is|was|为|是)?\s*(?P<value>{_NUMBER})(?![\w.@-])", re.IGNORECASE
)
_INTERVAL = re.compile(
    rf"(?<![\d.−–-])(?P<lower>{_NUMBER})\s*(?:to|-|–|\.\.|~|到|至)\s*(?P<upper>{_NUMBER})(?![\w@-])", re.IGNORECASE
)
_DATASET = re.compile(
    r"(?:\bdata\s?set|数据集)\s*(?:called|named|名为)?\s*[\"“']?(?P<dataset>[\w][\w.@/-]*\w)", re.IGNORECASE
)
_COUNT = re.compile(r"\bn\s*=?\s*(?P<n>\d+)\b", re.IGNORECASE)
_CHECKS = {"format": r"\bformat\b|格式", "signature": r"\bsignature\b|签名", "scan": r"\bscan\b|扫描"}
_SOURCE = re.compile(r"(?:\b(?:from|by|in|of file)\b|来自|由)\s*[\"“']?(?P<source>[\w][\w.@/-]*\w)", re.IGNORECASE)
_OUTCOME = re.compile(
    r"(?:\b(?:format|signature|scan)\b|格式|签名|扫描)\s*(?:of|is|was|:|为|是|结果)?\s*[\"“']?(?P<outcome>[a-z][\w-]*)",
    re.IGNORECASE,
)
_FINDINGS = re.compile(r"(?P<count>\d+)\s*(?:个)?\s*(?P<kind>critical|high|严重|高危)", re.IGNORECASE)
_METRIC_WORDS = (
    _RECORD,
    _INTERVAL.pattern,
    _DATASET.pattern,
    _COUNT.pattern,
    _MEASURED.pattern,
    r"\b(?:metric|value|evidence|evaluation|result|measured|samples?|interval|between|version)\b",
    r"指标|数值|证据|评测|结果|样本|区间|版本",
)
_SECURITY_WORDS = (
    _RECORD,
    _OUTCOME.pattern,
    _SOURCE.pattern,
    _FINDINGS.pattern,
    r"\b(?:security|check|finding|findings|evidence|version|result)\b|安全|检查|发现|证据|版本|结果",
)


def _evaluation(reading: ParsedMessage) -> Built:
    version = _version(reading, _METRIC_WORDS)
    if isinstance(version, Question):
        return version
    rest = _INTERVAL.sub(" ", _COUNT.sub(" ", re.sub(r"<[A-Z%]\d*>", " ", reading.masked)))
    measured, interval = _MEASURED.search(rest), _INTERVAL.search(reading.masked)
    dataset, count = _DATASET.search(reading.text), _COUNT.search(reading.masked)
    samples = reading.quantities.samples or ([int(count["n"])] if count else [])
    there = {"metric and value": measured, "number of samples": samples, "dataset": dataset}
    if missing := [what for what, found in there.items() if not found]:
        return ask("record_parts", reading.language, names=missing)
    if measured is None or dataset is None or len(samples) > 1:
        return ask("record_parts", reading.language, names=["number of samples"])
    arguments: dict[str, Any] = {"version": version, "metric": measured["metric"].lower()}
    arguments |= {"value": float(measured["value"]), "n": samples[0], "dataset": dataset["dataset"]}
    if interval:
        arguments |= {"lower": float(interval["lower"]), "upper": float(interval["upper"])}
    return [PlannedCall("evaluation_record", arguments)]


def _security(reading: ParsedMessage) -> Built:
    version = _version(reading, _SECURITY_WORDS)
    if isinstance(version, Question):
        return version
    checks = [name for name, pattern in _CHECKS.items() if reading.says(pattern)]
    if len(checks) != 1:
        return ask("two_of", reading.language, kind="operation", names=checks)
    outcome, source = _OUTCOME.search(reading.masked), _SOURCE.search(reading.text)
    missing = [what for what, found in (("outcome", outcome), ("source", source)) if found is None]
    if outcome is None or source is None:
        return ask("security_parts", reading.language, names=missing)
    arguments: dict[str, Any] = {"version": version, "check": checks[0], "outcome": outcome["outcome"].lower()}
    arguments["source"] = source["source"]
    kinds = {"严重": "critical", "高危": "high"}
    for found in _FINDINGS.finditer(reading.masked):
        arguments[kinds.get(found["kind"], found["kind"].lower())] = int(found["count"])
    return [PlannedCall("security_record", arguments)]


def _version(reading: ParsedMessage, words: tuple[str, ...]) -> str | Question:
    if question := unknown_name(reading, words, "version"):
        return question
    version = sole_version(reading)
    return ask("name_version", reading.language, names=list(reading.known.versions)) if version is None else version


def _is_measurement(reading: ParsedMessage) -> bool:
    """In Chinese one word is to record and to register."""
    return not reading.says(r"\b(?:model|tenant)\b|模型|租户") and _REFERENCE.search(reading.text) is None


RECORDING_ORDERS = (
    Operation(
        "security_record",
        lambda reading: reading.says(_RECORD) and any(reading.says(pattern) for pattern in _CHECKS.values()),
        _security,
        _SECURITY_WORDS,
        example="record scan clean of VERSION from modelscan, 0 critical, 0 high",
    ),
    Operation(
        "evaluation_record",
        lambda reading: reading.says(_RECORD) and _is_measurement(reading),
        _evaluation,
        _METRIC_WORDS,
        example="record accuracy 0.78 (0.74 to 0.82) on 400 samples of dataset NAME for VERSION",
    ),
)
