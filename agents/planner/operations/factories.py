"""Gates, policies, factories and pipelines."""

import re
from typing import Any

from agents.planner.calls import PlannedCall
from agents.planner.entity_linking import Mention
from agents.planner.operations.operation import Built, Operation, on_new_target, sole_version, unknown_name
from agents.planner.operations.rollouts import NEW_TARGET, STRATEGIES, options_of, strategies_in
from agents.planner.operations.uses import PURPOSES, USE_WORDS, use_in
from agents.planner.parsed_message import ParsedMessage
from agents.planner.questions import Question, ask

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


def _check_gate(reading: ParsedMessage) -> Built:
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


def _gate_history(reading: ParsedMessage) -> Built:
    if question := unknown_name(reading, (), "version"):
        return question
    version = sole_version(reading)
    if isinstance(version, Question):
        return version
    if version is None:
        return ask("name_version", reading.language, names=[*reading.known.aliases, *reading.known.versions])
    return [PlannedCall("gate_history", {"version": version})]


def _compatibility(reading: ParsedMessage) -> Built:
    version = sole_version(reading)
    if isinstance(version, Question):
        return version
    return [PlannedCall("licence_compatibility", {"purpose": "product", **use_in(reading), "version": version})]


def _switch_policy(reading: ParsedMessage) -> Built:
    policies = reading.names("Y")
    if len(policies) != 1:
        return ask("name_policy", reading.language, names=policies or list(reading.known.policies))
    off = reading.says(r"\b(?:deactivate|disable|switch off)\b|停用|禁用")
    return [
        PlannedCall("manage_security_policies", {"action": "deactivate" if off else "activate", "name": policies[0]})
    ]


def _via_factory(reading: ParsedMessage) -> Built:
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


def _pipeline(reading: ParsedMessage) -> Built:  # noqa: PLR0911 - each return asks for something else
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

    def build(reading: ParsedMessage) -> Built:
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


_MAKE = r"\b(?:create|make|set up|build|define|add)\b|新建|创建|建立|设立|定义"
_FACTORY = r"\bfactor(?:y|ies)\b|工厂"
_CALLED = r"\s*(?:called|named|名为|叫做?)?\s*[\"“']?(?P<name>[a-z0-9][a-z0-9._-]*)"
_NEW_FACTORY = re.compile(rf"(?:{_FACTORY}){_CALLED}", re.IGNORECASE)
_NEW_PIPELINE = re.compile(rf"(?:{_PIPELINE}){_CALLED}", re.IGNORECASE)
_NO_NAMES = {"for", "from", "of", "with", "called", "named", "that", "on", "to"}
_REFERENCE = re.compile(r"\b[a-z]+:[a-z0-9][\w./:-]*", re.IGNORECASE)
_ADAPTERS = {"required": r"\badapters? required\b|必须.*适配器", "none": r"\bno adapters?\b|不用适配器|无适配器"}
_NEW_FACTORY_WORDS = (
    _MAKE,
    _NEW_FACTORY.pattern,
    r"\b[a-z]+:\S+",
    r"\b(?:model|served|serve|serving|base|based|adapters?|required|no|optional|by|strategy|deploying)\b",
    r"模型|基于|基座|由|提供服务|适配器|必须|不用|无|策略",
    *STRATEGIES.values(),
    *USE_WORDS,
)
_APPROVAL = r"\b(?:approvals?|approved|sign[- ]?off|four eyes)\b|审批|批准|四眼"
_GATED = r"\bgates?\b|\bgated\b|门禁"
_NEW_PIPELINE_WORDS = (
    _MAKE,
    _NEW_PIPELINE.pattern,
    _APPROVAL,
    _GATED,
    r"\b(?:stages?|deployment|quality|through|first|finally|target|alias|by|then)\b|阶段|部署|质量|经过|首先|最后|目标|别名|经|过|并且?|需",
    *STRATEGIES.values(),
    *USE_WORDS,
)


def _make_factory(reading: ParsedMessage) -> Built:
    language = reading.language
    name = _name(_NEW_FACTORY, reading)
    if reading.names("F"):
        return ask("taken", language, name=reading.names("F")[0])
    if name is None:
        return ask("name_new", language)
    models, bases, reference = reading.names("M"), reading.names("C"), _REFERENCE.search(reading.text)
    for kind, names in (("model", models), ("model", bases)):
        if len(names) > 1:
            return ask("two_of", language, kind=kind, names=names)
    there = {"model": models, "base": bases, "reference": reference}
    if missing := [what for what, found in there.items() if not found]:
        return ask("factory_parts", language, names=missing)
    assert reference is not None  # noqa: S101 # nosec B101: it would be missing
    arguments: dict[str, Any] = {"name": name, "model": models[0], "base": bases[0], "reference": reference[0]}
    if adapter := next((use for use, pattern in _ADAPTERS.items() if reading.says(pattern)), None):
        arguments["adapter"] = {"use": adapter}
    strategy = _strategy(reading)
    if isinstance(strategy, Question):
        return strategy
    use = use_in(reading)
    return [PlannedCall("create_model_factory", {**arguments, **strategy, **({"use": use} if use else {})})]


def _strategy(reading: ParsedMessage) -> dict[str, Any] | Question:
    kinds = strategies_in(reading)
    if len(kinds) > 1:
        return ask("two_of", reading.language, kind="strategy", names=kinds)
    if not kinds:
        return {}
    options = options_of(reading, kinds[0])
    return options if isinstance(options, Question) else {"strategy": {"kind": kinds[0], **options}}


def _make_pipeline(reading: ParsedMessage) -> Built:
    language = reading.language
    name = _name(_NEW_PIPELINE, reading)
    if reading.names("L"):
        return ask("taken", language, name=reading.names("L")[0])
    if name is None:
        return ask("name_new", language)
    begun = [index for index, one in enumerate(reading.mentions) if one.kind == "G"]
    if not begun:
        return ask("pipeline_stages", language)
    places = [reading.masked.index(f"<G{index}>") for index in begun]
    parts = [reading.masked[at:end] for at, end in zip(places, [*places[1:], None], strict=True)]
    stages: list[dict[str, Any]] = []
    for index, part in zip(begun, parts, strict=True):
        stage = _stage(reading, reading.mentions[index], part)
        if isinstance(stage, Question):
            return stage
        stages.append(stage)
    return [PlannedCall("create_deployment_pipeline", {"name": name, "stages": stages})]


def _stage(reading: ParsedMessage, named: Mention, part: str) -> dict[str, Any] | Question:
    """One stage, of the words from its name on."""

    def says(pattern: str) -> bool:
        return re.search(pattern, part, re.IGNORECASE) is not None

    inside = [reading.at(mask) for mask in re.findall(r"<([TA]\d+)>", part)]
    stage: dict[str, Any] = {"name": named.name}
    use = use_in(reading, part)
    if use or says(_GATED):
        stage["gate"] = use
    if says(_APPROVAL):
        stage["approval"] = True
    for kind, field in (("T", "target"), ("A", "alias")):
        names = [one.name for one in inside if one.kind == kind]
        if len(names) > 1:
            return ask("two_of", reading.language, kind=field, names=names)
        stage |= {field: names[0]} if names else {}
    if "target" in stage:
        kinds = [kind for kind, pattern in STRATEGIES.items() if says(pattern)]
        if len(kinds) != 1:
            return ask("name_strategy", reading.language, version=named.name, target=stage["target"])
        stage["strategy"] = {"kind": kinds[0]}
    return stage


def _name(pattern: re.Pattern[str], reading: ParsedMessage) -> str | None:
    found = pattern.search(reading.masked)
    return None if found is None or found["name"].lower() in _NO_NAMES else found["name"].lower()


MAKING_ORDERS = (
    Operation(
        "create_pipeline",
        lambda reading: reading.says(_PIPELINE) and reading.says(_MAKE),
        _make_pipeline,
        _NEW_PIPELINE_WORDS,
        example="create pipeline NAME: staging with gate, then production with gate and approval",
    ),
    Operation(
        "create_factory",
        lambda reading: reading.says(_FACTORY) and reading.says(_MAKE),
        _make_factory,
        _NEW_FACTORY_WORDS,
        example="create a model factory called NAME for MODEL from base CATALOGUE-NAME served by local:NAME",
    ),
)
