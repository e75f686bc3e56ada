"""Rollouts: start one, command one."""

import re
from itertools import pairwise
from typing import Any

from agents.planner.calls import PlannedCall
from agents.planner.operations.operation import (
    Built,
    Operation,
    misspelt_target,
    on_new_target,
    sole_rollout,
    sole_version,
    unknown_name,
)
from agents.planner.parsed_message import ParsedMessage
from agents.planner.questions import Question, ask

STRATEGIES = {
    "canary": r"\bcanar(?:y|ies)\b(?!-)|灰度|金丝雀",
    "blue_green": r"\bblue\s?[-/]?\s?green\b|蓝绿",
    "rolling": r"\brolling\b|滚动",
    "recreate": r"\brecreate\b|重建|直接替换",
    "shadow": r"\bshadow\b|\bmirror\b|影子|镜像",
}
_DEPLOY = r"\b(?:deploy|redeploy|roll(?!ing)\b.*\bout|rollout|release|push)\b|部署|发布|上线|推送"
_NOUN = r"\brollouts?\b|\bcanar(?:y|ies)\b(?!-)|发布|灰度|金丝雀|部署|上线"
NEW_TARGET = re.compile(
    r"(?:\bnew (?:serving )?target\b|新的?目标)\s*(?:called|named|名为|叫做?)?\s*[\"“']?(?P<name>[a-z0-9][a-z0-9._-]*)",
    re.IGNORECASE,
)
_START_WORDS = (
    NEW_TARGET.pattern,
    r"\b(?:execute|any latency|latency)\b|延迟不限|不限延迟",
    *STRATEGIES.values(),
    r"\b(?:deploy|redeploy|deployment|roll|out|rollout|release|push|update|upgrade)\b|部署|发布|上线|推送|更新|升级",
    (
        r"\b(?:steps?|each|every|per|between|traffic|requests?|devices?|target|group|share|waves?|time|starting|weights?|hold"
        r"|holding|wait|waiting|observe|observing|is|parts?|percentages?)\b"
    ),
    r"流量|目标|设备|每步|每批|每次|每一步|步骤|步|比例|起步|观察|等待|间隔|至少|分批|批|从|起",
)
_VERBS: dict[str, tuple[str, str]] = {
    "abort": (
        r"\b(?:abort|cancel|roll(?:ing)?\s?back|rollback|revert|undo)\b|中止|终止|取消|回滚|回退|撤回发布",
        "rollout_abort",
    ),
    "pause": ((
        r"\b(?:pause|freeze|halt|suspend)\b|\bhold\b(?!\s*(?:each"
        r"|every|for|it for)?\s*<D>)|暂停|停一下|停一停|冻结"
    ), "rollout_pause"),
    "resume": (r"\b(?:resume|unpause|continue|carry on)\b|恢复|继续", "rollout_resume"),
    "retry": (r"\b(?:retry|re-?try|try again|restart|again)\b|重试|再试|重新发布", "rollout_retry"),
}  # fmt: skip
_PROMOTE = r"\b(?:promote|finish|complete)\b|晋级|转正|提升|全量"
_COMMAND_WORDS = (
    _NOUN,
    r"\b(?:deployment|update|upgrade|rolling|blue\s?[-/]?\s?green|shadow|target|group|devices?|fully|full|100)\b|蓝绿|滚动|影子|全量|目标",
)
_STOP = r"\bstop\b|停止|停掉|停下"


def strategies_in(reading: ParsedMessage) -> list[str]:
    return [name for name, pattern in STRATEGIES.items() if reading.says(pattern)]


def _starts(reading: ParsedMessage) -> bool:
    return bool(strategies_in(reading)) or (reading.says(_DEPLOY) and bool(reading.names("V", "A", "M", "C", "U", "T")))


def _start(reading: ParsedMessage) -> Built:  # noqa: C901, PLR0911 - each return asks for something else
    language, known, strategies = reading.language, reading.known, strategies_in(reading)
    if len(strategies) > 1:
        return ask("two_of", language, kind="strategy", names=strategies)
    if question := unknown_name(reading, _START_WORDS, "target", "version"):
        return question
    targets, new = _targets(reading)
    if len(targets) > 1:
        return ask("two_of", language, kind="target", names=targets)
    version = sole_version(reading)
    if isinstance(version, Question):
        return version
    if version is None:
        return ask("name_version", language, names=[*known.aliases, *_servable(reading)])
    if not targets:
        return ask("name_target", language, names=list(known.targets))
    if not strategies:
        return ask("name_strategy", language, version=version, target=targets[0])
    if new and strategies[0] != "recreate":
        first = ask("first_version", language, version=version, target=targets[0])
        return misspelt_target(reading, targets[0]) or first
    options = options_of(reading, strategies[0])
    if isinstance(options, Question):
        return options
    limits, place = _limits(reading), {"target": targets[0], "version": version}
    if reading.says(r"\bexecute\b") and strategies[0] == "blue_green" and "limit_s" not in options:
        return [PlannedCall("execute_blue_green_deployment", {**place, **options, **limits})]
    calls = [PlannedCall("rollout_start", {**place, "strategy": strategies[0], **options, **limits})]
    return on_new_target(reading, targets[0], calls) if new else calls


def _targets(reading: ParsedMessage) -> tuple[list[str], bool]:
    """Those that are meant, the only one there is where none is named; and whether it is a new one."""
    if named := reading.names("T"):
        return named, False
    if new := NEW_TARGET.search(reading.masked):
        return [new["name"].lower()], True
    return list(reading.known.targets) if len(reading.known.targets) == 1 else [], False


def _limits(reading: ParsedMessage) -> dict[str, Any]:
    """How much worse the new version may be, where it is said."""
    limits: dict[str, Any] = {}
    if reading.quantities.more_errors is not None:
        limits["error_rate_increase"] = reading.quantities.more_errors
    if reading.says(r"\bany latency\b|延迟不限|不限延迟"):
        limits["slowdown"] = None
    return {"limits": limits} if limits else {}


def _servable(reading: ParsedMessage) -> list[str]:
    return [name for name, stage in reading.known.versions.items() if stage != "retired"]


def options_of(reading: ParsedMessage, strategy: str) -> dict[str, Any] | Question:
    said, language = reading.quantities, reading.language
    options: dict[str, Any] = {}
    if said.percentages:
        wrong = _wrong_percentages(said.percentages, strategy, language)
        if wrong:
            return ask("percentages", language, why=wrong)
        steps = [int(value) for value in said.percentages]
        options["percentages"] = steps[:-1] if strategy == "canary" and steps[-1] == 100 else steps
    for name, values in (("hold_s", said.hold_s), ("limit_s", said.limit_s), ("minimum_samples", said.samples)):
        if len(set(values)) > 1:
            return ask("percentages", language, why=_because(language, "different steps cannot have different times"))
        if values:
            options[name] = values[0]
    if "limit_s" in options and options.get("hold_s", 0) > options["limit_s"]:
        return ask("times", language, hold=f"{options['hold_s']:g}", limit=f"{options['limit_s']:g}")
    if said.error_share is not None:
        options["error_threshold"] = said.error_share
    return options


def _wrong_percentages(values: list[float], strategy: str, language: str) -> str:  # noqa: PLR0911 - one a rule
    if any(value > 100 or value <= 0 for value in values):
        return _because(language, "a percentage is more than 0 and at most 100")
    if any(not value.is_integer() for value in values):
        return _because(language, "percentages are whole numbers")
    if any(later <= former for former, later in pairwise(values)):
        return _because(language, "percentages must rise")
    if strategy in {"blue_green", "recreate"}:
        return _because(language, "blue-green and recreate move everything at once and take no percentage")
    if strategy in {"rolling", "shadow"} and len(values) > 1:
        return _because(language, "rolling and shadow take one percentage")
    if strategy == "canary" and values == [100.0]:
        return _because(language, "a canary begins below 100 %")
    return ""


_WHY_ZH = {
    "a percentage is more than 0 and at most 100": "百分比必须大于 0 且不超过 100",
    "percentages are whole numbers": "百分比必须是整数",
    "percentages must rise": "百分比必须递增",
    "blue-green and recreate move everything at once and take no percentage": "蓝绿和重建是一次性切换，不接受百分比",
    "rolling and shadow take one percentage": "滚动和影子只接受一个百分比",
    "a canary begins below 100 %": "金丝雀要从 100 % 以下开始",
    "different steps cannot have different times": "各步的时间必须相同",
}


def _because(language: str, why: str) -> str:
    return f"{_WHY_ZH[why]}。" if language == "zh" else f"{why[0].upper()}{why[1:]}."


def _commands(verb: str) -> Operation:
    pattern, tool = _VERBS[verb]
    words = (pattern, *_COMMAND_WORDS)

    def matches(reading: ParsedMessage) -> bool:
        # "roll back champion" is about an alias, "resume tenant acme" about a tenant.
        about_others = reading.names("N", "P") and not reading.names("R", "T")
        return reading.says(pattern) and not about_others and not reading.says(r"\balias\b|别名")

    def build(reading: ParsedMessage) -> Built:
        if verb == "abort" and (moved := _alias_back(reading)) is not None:
            return moved
        known = reading.known
        if verb == "retry":
            rollout = sole_rollout(reading, words, known.retryable(), verb, by_id=True)
        else:
            fitting = [one for one in known.open_rollouts() if (one.state == "paused") or verb != "resume"]
            rollout = sole_rollout(reading, words, fitting, verb)
            back = reading.says(r"roll(?:ing)?\s?back|rollback|revert|回滚|回退")
            if isinstance(rollout, Question) and back and rollout.kind == "missing" and reading.names("T"):
                return ask("roll_back_to", reading.language, target=reading.names("T")[0])
        if isinstance(rollout, Question):
            return rollout
        reason = {"reason": reading.reason} if reading.reason and verb != "retry" else {}
        return [PlannedCall(tool, {"rollout": rollout, **reason})]

    return Operation(f"rollout_{verb}", matches, build, words, example=f"{verb} ro-1f2e3d4c5b6a")


def _alias_back(reading: ParsedMessage) -> Built | None:
    """An alias, named alone, goes back to the version that it named before."""
    aliases = reading.names("A")
    if len(aliases) != 1 or reading.names("R", "T", "V", "M") or not reading.says(r"roll|revert|undo|回滚|回退"):
        return None
    if reading.says(_NOUN):
        return None
    previous = reading.known.previous.get(aliases[0])
    if previous is None:
        return ask("no_previous", reading.language, alias=aliases[0])
    return [PlannedCall("set_alias", {"alias": aliases[0], "version": previous})]


def _promotes(reading: ParsedMessage) -> bool:
    about = reading.names("R", "T") or (reading.says(_NOUN) and not reading.names("G"))
    return reading.says(_PROMOTE) and bool(about)


def _promote(reading: ParsedMessage) -> Built:
    words = (_PROMOTE, *_COMMAND_WORDS)
    rollout = sole_rollout(reading, words, reading.known.open_rollouts(), "promote")
    if isinstance(rollout, Question):
        return rollout
    return [
        PlannedCall("rollout_promote", {"rollout": rollout, **({"reason": reading.reason} if reading.reason else {})})
    ]


def _stops(reading: ParsedMessage) -> bool:
    return (
        reading.says(_STOP) and not reading.names("N", "P") and (reading.says(_NOUN) or bool(reading.names("R", "T")))
    )


ROLLOUT_ORDERS = (
    *(_commands(verb) for verb in _VERBS),
    Operation("rollout_stop", _stops, lambda reading: ask("stop_or_pause", reading.language), (_STOP, *_COMMAND_WORDS)),
    Operation("rollout_promote", _promotes, _promote, (_PROMOTE, *_COMMAND_WORDS), example="promote ro-1f2e3d4c5b6a"),
    Operation("rollout_start", _starts, _start, _START_WORDS, example="canary VERSION on TARGET at 10, 50 %"),
)
