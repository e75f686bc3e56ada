"""Gates, policies, factories and pipelines."""

import re

from agents.planner.calls import PlannedCall
from agents.planner.operations.operation import Built, Operation, on_new_target, sole_version, unknown_name
from agents.planner.operations.rollouts import NEW_TARGET
from agents.planner.operations.uses import PURPOSES, USE_WORDS, use_in
from agents.planner.questions import Question, ask
from agents.planner.reading import Reading

__all__ = ["FACTORY_LOOKS", "FACTORY_ORDERS"]

_GATE = r"\bgates?\b|门禁|关卡|质量门"
_CHECK = r"\b(?:check|judge|run|evaluate|test|ask)\b|检查|评判|判断|过一下|跑"
_PIPELINE = r"\bpipelines?\b|流水线"
_FACTOR = r"\bfactor(?:y|ies)\b|工厂"
_POLICY = r"\bpolic(?:y|ies)\b|策略|政策"
_LABEL = re.compile(r"(?:\blabel(?:led)?\b|\bas\b|标签)\s*[\"“']?(?P<label>[a-z0-9][a-z0-9._-]*)", re.IGNORECASE)
_SIZE = re.compile(r"\bsize\s+(?P<size>[a-z0-9][a-z0-9._-]*)|\b(?P<before>[a-z0-9]+) size\b", re.IGNORECASE)
_GATE_WORDS = (_GATE, _CHECK, *USE_WORDS, r"\b(?:version|quality|release|pass(?:es)?|against|in|about)\b|版本|能否|过")
_FACTORY_WORDS = (
    NEW_TARGET.pattern,
    _FACTOR,
    r"\b(?:deploy|via|through|model|target|version)\b|部署|发布|通过|模型",
    _LABEL.pattern,
    _SIZE.pattern,
)
_PIPELINE_WORDS = (
    _PIPELINE,
    (
        r"\b(?:take|send|put|push|run|advance|continue|go on"
        r"|cancel|abort|through|via|version)\b|推进|继续|取消|通过|经过|走"
    ),
)


def _check_gate(reading: Reading) -> Built:
    if question := unknown_name(reading, _GATE_WORDS, "version"):
        return question
    version = sole_version(reading)
    if isinstance(version, Question):
        return version
    if version is None:
        return ask("name_version", reading.language, names=[*reading.known.aliases, *reading.known.versions])
    stages = reading.names("G")
    if len(stages) > 1:
        return ask("two_of", reading.language, kind="stage", names=stages)
    stage = {"stage": stages[0]} if stages else {}
    return [PlannedCall("gate_check", {"version": version, **use_in(reading), **stage})]


def _gate_history(reading: Reading) -> Built:
    if question := unknown_name(reading, (), "version"):
        return question
    version = sole_version(reading)
    if isinstance(version, Question):
        return version
    if version is None:
        return ask("name_version", reading.language, names=[*reading.known.aliases, *reading.known.versions])
    return [PlannedCall("gate_history", {"version": version})]


def _compatibility(reading: Reading) -> Built:
    version = sole_version(reading)
    if isinstance(version, Question):
        return version
    return [PlannedCall("licence_compatibility", {"purpose": "product", **use_in(reading), "version": version})]


def _switch_policy(reading: Reading) -> Built:
    policies = reading.names("Y")
    if len(policies) != 1:
        return ask("name_policy", reading.language, names=policies or list(reading.known.policies))
    off = reading.says(r"\b(?:deactivate|disable|switch off)\b|停用|禁用")
    return [
        PlannedCall("manage_security_policies", {"action": "deactivate" if off else "activate", "name": policies[0]})
    ]


def _via_factory(reading: Reading) -> Built:
    if question := unknown_name(reading, _FACTORY_WORDS, "target"):
        return question
    new = NEW_TARGET.search(reading.masked)
    factories, targets = reading.names("F"), reading.names("T") or ([new["name"].lower()] if new else [])
    if len(factories) != 1:
        return ask("name_factory", reading.language, names=factories or list(reading.known.factories))
    if len(targets) != 1:
        question = "two_of" if targets else "name_target"
        return ask(question, reading.language, kind="target", names=targets or list(reading.known.targets))
    label, size = _LABEL.search(reading.masked), _SIZE.search(reading.masked)
    if label is None:
        return ask("name_label", reading.language)
    given = {"size": size["size"] or size["before"]} if size else {}
    arguments = {"factory": factories[0], "target": targets[0], "label": label["label"], **given}
    calls = [PlannedCall("deploy_model_via_factory", arguments)]
    return on_new_target(reading, targets[0], calls) if targets[0] not in reading.known.targets else calls


def _pipeline(reading: Reading) -> Built:  # noqa: PLR0911 - each return asks for something else
    if question := unknown_name(reading, _PIPELINE_WORDS, "version"):
        return question
    pipelines = reading.names("L")
    if len(pipelines) != 1:
        return ask("name_pipeline", reading.language, names=pipelines or list(reading.known.pipelines))
    if reading.says(r"\b(?:cancel|abort)\b|取消"):
        if len(reading.reason) < 3:
            return ask("name_reason", reading.language)
        return [PlannedCall("pipeline_cancel", {"pipeline": pipelines[0], "reason": reading.reason})]
    version = sole_version(reading)
    if isinstance(version, Question):
        return version
    if reading.says(r"\b(?:advance|continue|go on)\b|推进|继续") and version is None:
        return [PlannedCall("pipeline_advance", {"pipeline": pipelines[0]})]
    if version is None:
        return ask("name_version", reading.language, names=[*reading.known.aliases, *reading.known.versions])
    return [PlannedCall("pipeline_run", {"pipeline": pipelines[0], "version": version})]


def _document(tool: str) -> Operation:
    pattern = {
        "bom_export": r"\bs?bom\b|\bbill of materials\b|物料清单",
        "model_card_export": r"\b(?:export|write|generate)\b.*\bcard\b|(?:导出|生成).*模型卡",
    }[tool]

    def build(reading: Reading) -> Built:
        version = sole_version(reading)
        if isinstance(version, Question):
            return version
        if version is None:
            return ask("name_version", reading.language, names=[*reading.known.aliases, *reading.known.versions])
        return [PlannedCall(tool, {"version": version})]

    return Operation(tool, lambda reading: reading.says(pattern), build, acts=False)


_SWITCH = r"\b(?:(?:de)?activate|enable|disable|switch (?:on|off))\b|启用|停用|禁用"

FACTORY_ORDERS = (
    Operation(
        "gate_check",
        lambda reading: reading.says(_GATE) and reading.says(_CHECK),
        _check_gate,
        _GATE_WORDS,
        example="check the gate of VERSION for product in EU",
    ),
    Operation(
        "switch_policy",
        lambda reading: reading.says(_SWITCH) and (bool(reading.names("Y")) or reading.says(_POLICY)),
        _switch_policy,
        (_SWITCH, _POLICY, r"\bsecurity\b|安全"),
        example="activate policy NAME",
    ),
    Operation(
        "deploy_via_factory",
        lambda reading: reading.says(r"\bdeploy\b|部署|发布") and (bool(reading.names("F")) or reading.says(_FACTOR)),
        _via_factory,
        _FACTORY_WORDS,
        example="deploy via factory NAME to TARGET as LABEL",
    ),
    Operation(
        "pipeline",
        lambda reading: (
            (reading.says(_PIPELINE) or bool(reading.names("L")))
            and reading.says(
                r"\b(?:take|send|put|push|run|advance|continue|go on|cancel|abort)\b|推进|继续|取消|走|经过"
            )
        ),
        _pipeline,
        _PIPELINE_WORDS,
        example="take VERSION through pipeline NAME",
    ),
)

FACTORY_LOOKS = (
    _document("bom_export"),
    _document("model_card_export"),
    Operation("gate_history", lambda reading: reading.says(_GATE), _gate_history, acts=False),
    Operation(
        "licence_compatibility",
        lambda reading: (
            bool(reading.names("V", "A"))
            and reading.says(rf"licen[cs]e|许可|\b(?:may|allowed|can) (?:we|i)\b|\bmay\b|能|可以|{PURPOSES['product']}")
        ),
        _compatibility,
        acts=False,
    ),
    Operation(
        "policies_list",
        lambda reading: reading.says(r"\bpolic(?:y|ies)\b|安全策略|门禁策略|哪些策略|政策") or bool(reading.names("Y")),
        lambda reading: [
            PlannedCall("policies_list", {"name": name} if (name := next(iter(reading.names("Y")), "")) else {})
        ],
        acts=False,
    ),
    Operation(
        "factories_list",
        lambda reading: (
            reading.says(r"\bmodel factor(?:y|ies)\b|\bfactories\b|模型工厂|哪些工厂") or bool(reading.names("F"))
        ),
        lambda _: [PlannedCall("factories_list", {})],
        acts=False,
    ),
    Operation(
        "pipeline_status",
        lambda reading: reading.says(_PIPELINE) or bool(reading.names("L")),
        lambda reading: [
            PlannedCall("pipeline_status", {"pipeline": name} if (name := next(iter(reading.names("L")), "")) else {})
        ],
        acts=False,
    ),
)
