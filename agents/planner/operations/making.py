"""Model factories and deployment pipelines: made in words."""

import re
from typing import Any

from agents.planner.calls import PlannedCall
from agents.planner.mentions import Mention
from agents.planner.operations.operation import Built, Operation
from agents.planner.operations.rollouts import STRATEGIES, options_of, strategies_in
from agents.planner.operations.uses import USE_WORDS, use_in
from agents.planner.questions import Question, ask
from agents.planner.reading import Reading

__all__ = ["MAKING_ORDERS"]

_MAKE = r"\b(?:create|make|set up|build|define|add)\b|新建|创建|建立|设立|定义"
_FACTORY = r"\bfactor(?:y|ies)\b|工厂"
_PIPELINE = r"\bpipelines?\b|流水线"
_CALLED = r"\s*(?:called|named|名为|叫做?)?\s*[\"“']?(?P<name>[a-z0-9][a-z0-9._-]*)"
_NEW_FACTORY = re.compile(rf"(?:{_FACTORY}){_CALLED}", re.IGNORECASE)
_NEW_PIPELINE = re.compile(rf"(?:{_PIPELINE}){_CALLED}", re.IGNORECASE)
_NO_NAMES = {"for", "from", "of", "with", "called", "named", "that", "on", "to"}
_REFERENCE = re.compile(r"\b[a-z]+:[a-z0-9][\w./:-]*", re.IGNORECASE)
_ADAPTERS = {"required": r"\badapters? required\b|必须.*适配器", "none": r"\bno adapters?\b|不用适配器|无适配器"}
_FACTORY_WORDS = (
    _MAKE,
    _NEW_FACTORY.pattern,
    r"\b[a-z]+:\S+",
    r"\b(?:model|served|serve|serving|base|based|adapters?|required|no|optional|by|strategy|deploying)\b",
    r"模型|基于|基座|由|提供服务|适配器|必须|不用|无|策略",
    *STRATEGIES.values(),
    *USE_WORDS,
)
_APPROVAL = r"\b(?:approvals?|approved|sign[- ]?off|four eyes)\b|审批|批准|四眼"
_GATE = r"\bgates?\b|\bgated\b|门禁"
_PIPELINE_WORDS = (
    _MAKE,
    _NEW_PIPELINE.pattern,
    _APPROVAL,
    _GATE,
    r"\b(?:stages?|deployment|quality|through|first|finally|target|alias|by|then)\b|阶段|部署|质量|经过|首先|最后|目标|别名|经|过|并且?|需",
    *STRATEGIES.values(),
    *USE_WORDS,
)


def _make_factory(reading: Reading) -> Built:
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


def _strategy(reading: Reading) -> dict[str, Any] | Question:
    kinds = strategies_in(reading)
    if len(kinds) > 1:
        return ask("two_of", reading.language, kind="strategy", names=kinds)
    if not kinds:
        return {}
    options = options_of(reading, kinds[0])
    return options if isinstance(options, Question) else {"strategy": {"kind": kinds[0], **options}}


def _make_pipeline(reading: Reading) -> Built:
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


def _stage(reading: Reading, named: Mention, part: str) -> dict[str, Any] | Question:
    """One stage, of the words from its name on."""

    def says(pattern: str) -> bool:
        return re.search(pattern, part, re.IGNORECASE) is not None

    inside = [reading.at(mask) for mask in re.findall(r"<([TA]\d+)>", part)]
    stage: dict[str, Any] = {"name": named.name}
    use = use_in(reading, part)
    if use or says(_GATE):
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


def _name(pattern: re.Pattern[str], reading: Reading) -> str | None:
    found = pattern.search(reading.masked)
    return None if found is None or found["name"].lower() in _NO_NAMES else found["name"].lower()


MAKING_ORDERS = (
    Operation(
        "create_pipeline",
        lambda reading: reading.says(_PIPELINE) and reading.says(_MAKE),
        _make_pipeline,
        _PIPELINE_WORDS,
        example="create pipeline NAME: staging with gate, then production with gate and approval",
    ),
    Operation(
        "create_factory",
        lambda reading: reading.says(_FACTORY) and reading.says(_MAKE),
        _make_factory,
        _FACTORY_WORDS,
        example="create a model factory called NAME for MODEL from base CATALOGUE-NAME served by local:NAME",
    ),
)
