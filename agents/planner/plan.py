"""Which tool calls a team makes for an utterance, or what it asks back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from agents.followups import is_elliptical
from agents.planner.linking import link_models, unknown_models
from tools.catalogue import Catalogue

__all__ = ["Plan", "PlannedCall", "TeamName", "make_plan"]

TeamName = Literal["evaluation", "deployment", "governance"]

_NOT_KEPT = ("approv", "audit", "tenant", "quota", "gate", "role", "permission", "api key", "审批", "批准", "审计", "租户",
            "配额", "门禁", "权限", "密钥")  # fmt: skip
_CHANGE = re.compile(
    r"\b(promote|canary|roll(?:ing|\s?back|\s?out)?|rollback|blue.?green|shadow|deploy|scale|pause|resume|abort|drain"
    r"|push|ship it|switch|unload|warm|retire|split)\b|回滚|灰度|金丝雀|蓝绿|晋级|提升|部署|扩容|缩容|暂停|恢复|中止|推送|下线|切换|预热|卸载",
    re.IGNORECASE,
)
_ROUTING = re.compile(r"\brout(?:er|ing)\b|\bintent\b|路由|意图", re.IGNORECASE)
_NOT_ALLOWED = re.compile(
    r"\b(?:not|cannot|can't|forbid\w*|research.?only|non.?commercial|ban\w*)\b|不能|不可|禁止|仅限研究|仅供研究|非商用", re.IGNORECASE
)
_EDGE = re.compile(r"\bedge\b|\bgateways?\b|\bsmall\b|\bunder 4b\b|边缘|网关|小模型", re.IGNORECASE)
_LIST = re.compile(r"\b(?:which|what|list|show|all|any)\b.*\bmodels?\b|哪些|所有|列出|有什么模型", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A tool call, its arguments not yet validated."""

    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """Tool calls that do not depend on each other, or a question back.

    Attributes:
        calls: empty when there is a question.
        question: what to ask the user, in the user's language; empty when there are calls.
        models: catalogue ids that the utterance is about.
        caveat: what was asked for and is not done, in the user's language; empty when everything is.
    """

    calls: tuple[PlannedCall, ...] = ()
    question: str = ""
    models: tuple[str, ...] = ()
    caveat: str = ""
    unknown: tuple[str, ...] = field(default=())


def make_plan(team: TeamName, text: str, language: str, catalogue: Catalogue, focus: Sequence[str] = ()) -> Plan:
    """Plan the turn of one team.

    Args:
        text: the user's message.
        language: "en" or "zh".
        focus: models that the turn before was about; taken where this one names none and only makes sense with it.
    """
    named = tuple(link_models(text, catalogue))
    unknown = tuple(unknown_models(text, catalogue))
    if unknown and not named:
        return _unknown_model(unknown, language, catalogue)
    models = named or (tuple(focus) if is_elliptical(text) else ())
    if team == "evaluation":
        return _evaluation(text, models)
    if team == "deployment":
        return _deployment(text, models, language)
    return _governance(text, models, language)


def _evaluation(text: str, models: tuple[str, ...]) -> Plan:
    if _ROUTING.search(text):
        return Plan((PlannedCall("evaluation_list", {"task": "intent-routing"}),))
    if models:
        return Plan(tuple(PlannedCall("evaluation_list", {"subject": model}) for model in models), models=models)
    return Plan((PlannedCall("evaluation_list", {}),))


def _deployment(text: str, models: tuple[str, ...], language: str) -> Plan:
    calls = tuple(PlannedCall("model_profile", {"model": model}) for model in models)
    caveat = ""
    if _CHANGE.search(text):
        caveat = (
            "这个版本的枢纽只能查看、不能更改部署；没有做任何改动。以下是当前状态。"
            if language == "zh"
            else "This release of the hub shows what is deployed but cannot change it; nothing was changed. This is the state."
        )
    return Plan((*calls, PlannedCall("roster_list", {})), models=models, caveat=caveat)


def _governance(text: str, models: tuple[str, ...], language: str) -> Plan:
    if models:
        calls = tuple(PlannedCall("licence_lookup", {"model": model}) for model in models)
        return Plan(calls, models=models)
    if any(word in text.lower() for word in _NOT_KEPT):
        question = (
            "这个版本没有审批、门禁、租户和审计记录；我可以查模型的许可证。您想查哪个模型？"
            if language == "zh"
            else "This release keeps no approvals, gates, tenants or audit entries yet; I can look up a model's licence. Which model?"
        )
        return Plan(question=question)
    if _LIST.search(text):
        use = "no" if _NOT_ALLOWED.search(text) else "yes"
        tier = "edge" if _EDGE.search(text) else "any"
        return Plan((PlannedCall("licence_list", {"commercial_use": use, "tier": tier}),))
    question = (
        "您想查哪个模型的许可证？例如：qwen2.5-3b、phi-4-mini、llama-3.2-3b。"
        if language == "zh"
        else "Which model's licence do you mean? For example qwen2.5-3b, phi-4-mini or llama-3.2-3b."
    )
    return Plan(question=question)


def _unknown_model(unknown: tuple[str, ...], language: str, catalogue: Catalogue) -> Plan:
    nearest = list(dict.fromkeys(name for word in unknown for name in catalogue.nearest(word)))
    names, close = "、".join(unknown) if language == "zh" else ", ".join(unknown), ", ".join(nearest)
    if language == "zh":
        question = f"目录里没有 {names}。" + (f"您是指 {close} 吗？" if close else "请给出模型的名称。")
    else:
        question = f"The catalogue has no {names}. " + (f"Did you mean {close}?" if close else "Which model do you mean?")
    return Plan(question=question, unknown=unknown)
