"""What only looks: rollouts, versions, approvals, the audit log, tenants."""

from agents.planner.calls import PlannedCall
from agents.planner.operations.operation import Built, Operation, sole_version, unknown_name
from agents.planner.parsed_message import ParsedMessage
from agents.planner.questions import Question, ask

_ROLLOUT = r"\brollouts?\b|\bcanar(?:y|ies)\b|\bblue\s?-?\s?green\b|发布|灰度|金丝雀|蓝绿"
_STATE = r"\b(?:status|state|progress|going|done|finished|paused|running|doing)\b|状态|进度|进展|怎么样|哪一?步|完成"
_ACTIVE = r"\b(?:active|running|open|ongoing|current(?:ly)?|in progress|under way)\b|正在|进行中|当前"
_WAITING = r"\b(?:waiting|pending|open|outstanding|requested|need(?:s|ed|ing)?|to approve)\b|待|等待|未决"
_AUDIT = r"\baudit\b|审计"
_WHOLE = (
    r"\b(?:verify|check|validate|prove|intact|whole|valid"
    r"|tampered|altered|complete|unbroken)\b|校验|验证|核对|完整|篡改|检查"
)


def _rollout_looks(reading: ParsedMessage) -> bool:
    about = reading.names("R", "T") or reading.says(_ROLLOUT) or any(name[:3] == "ro-" for name in reading.names("U"))
    return bool(about) and not reading.names("P")


def _rollout(reading: ParsedMessage) -> Built:
    known, rollouts, targets = reading.known, reading.names("R"), reading.names("T")
    if question := unknown_name(reading, (), "target", "rollout"):
        return question
    if rollouts:
        return [PlannedCall("rollout_status", {"rollout": name}) for name in rollouts]
    listed = reading.says(r"\brollouts\b|\blist\b|列出|所有|历史") and not reading.says(_STATE)
    if targets:
        return [
            PlannedCall("rollout_status", {"rollout": name})
            if known.open_rollouts(name) and not listed
            else PlannedCall("rollout_list", {"target": name})
            for name in targets
        ]
    if reading.says(_ACTIVE) or (reading.says(_STATE) and not listed):
        under_way = known.open_rollouts()
        if len(under_way) == 1 and not listed and not reading.says(_ACTIVE):
            return [PlannedCall("rollout_status", {"rollout": under_way[0].id})]
        return [PlannedCall("rollout_list", {"active": True})]
    return [PlannedCall("rollout_list", {})]


def _approvals(reading: ParsedMessage) -> Built:
    waiting = reading.says(_WAITING) and not reading.names("P")
    return [PlannedCall("approvals_list", {"state": "requested"} if waiting else {})]


def _compares(reading: ParsedMessage) -> bool:
    return reading.says(r"\b(?:compare|diff(?:erences?)?|vs|versus)\b|比较|对比|区别|差别|相比") and bool(
        reading.names("V", "A")
    )


def _compare(reading: ParsedMessage) -> Built:
    if question := unknown_name(reading, (), "version"):
        return question
    names = reading.names("V", "A")
    for name in names:
        if isinstance(wrong := sole_version(reading, [name]), Question) and wrong.kind == "unknown":
            return wrong
    if len(names) != 2:
        return ask("name_version", reading.language, names=[*reading.known.aliases, *reading.known.versions])
    return [PlannedCall("version_compare", {"first": names[0], "second": names[1]})]


def _of_version(tool: str) -> Operation:
    patterns = {
        "version_lineage": r"\b(?:lineage|ancest\w+|derived|trained on|descend\w+)\b|\bcome from\b|谱系|血缘|来源|来自",
        "version_card": r"\bcard\b|模型卡|卡片",
        "version_show": (
            r"^\W*(?:please |can you )?(?:show|describe|details?"
            r"|inspect|what is|what's|tell me about)\b|详情|查看|显示"
        ),
    }

    def matches(reading: ParsedMessage) -> bool:
        at_names = any("@" in name for name in reading.names("U"))
        named = reading.names("V", "A") or (tool != "version_show" and reading.names("M")) or at_names
        return bool(named) and reading.says(patterns[tool]) and not reading.says(r"licen[cs]e|许可|gate|门禁")

    def build(reading: ParsedMessage) -> Built:
        if question := unknown_name(reading, ()):
            return question
        version = sole_version(reading)
        if isinstance(version, Question) and version.kind != "contradictory":
            return version
        if version is None or isinstance(version, Question):
            return [PlannedCall(tool, {"version": name}) for name in reading.names("V", "A")]
        return [PlannedCall(tool, {"version": version})]

    return Operation(tool, matches, build, acts=False)


def _roster(reading: ParsedMessage) -> Built:
    if reading.says(r"\broster\b|名册"):
        return [PlannedCall("roster_list", {}), PlannedCall("models_list", {})]
    return [PlannedCall("models_list", {})]


def _look(name: str, pattern: str) -> Operation:
    return Operation(name, lambda reading: reading.says(pattern), lambda _: [PlannedCall(name, {})], acts=False)


LEDGER_LOOKS = (
    Operation(
        "audit_verify",
        lambda reading: reading.says(_AUDIT) and reading.says(_WHOLE),
        lambda _: [PlannedCall("audit_verify", {})],
        acts=False,
    ),
    _look("audit_list", _AUDIT),
    Operation(
        "approvals_list",
        lambda reading: reading.says(r"\bapprovals?\b|审批|批准") or bool(reading.names("P")),
        _approvals,
        acts=False,
    ),
    Operation("version_compare", _compares, _compare, acts=False),
    _of_version("version_lineage"),
    _of_version("version_card"),
    Operation("rollout_look", _rollout_looks, _rollout, acts=False),
    _of_version("version_show"),
    _look("tenants_list", r"\btenants\b|哪些租户|租户列表|所有租户|列出租户"),
    _look(
        "tenant_usage",
        r"\b(?:how much|how many).*\b(?:use|used|spend|spent|tokens|requests)\b|\busage\b|用量|用了多少|花了多少",
    ),
    Operation(
        "models_list",
        lambda reading: (
            reading.says(
                r"\broster\b|名册|\bregistered\b|\baliases\b|\b(?:which|list|show|all)\b.*\bversions\b|已登记|已注册|哪些版本|所有版本|别名有哪些"
            )
            and not reading.names("M", "C", "V")
        ),
        _roster,
        acts=False,
    ),
)
