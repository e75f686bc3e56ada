"""Which tool calls a team makes for an utterance, or what it asks back."""

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from typing import Literal

from agents.followups import is_elliptical
from agents.phrases import phrase
from agents.planner.calls import Plan, PlannedCall, TeamName, order_of, words_of
from agents.planner.entity_linking import link_models, unknown_models
from agents.planner.known import KnownEntities
from agents.planner.operations import LOOKS, ORDERS, Operation
from agents.planner.parsed_message import ParsedMessage, read_utterance
from agents.planner.questions import Question, ask
from tools.registry.catalogue import Catalogue

__all__ = ["Answer", "Plan", "PlannedCall", "TeamName", "make_plan", "plan_operation", "read_answer"]

_NOT_KEPT = re.compile(
    r"\b(?:approv\w+|audit\w*|tenants?|quotas?|gates?|roles?|permissions?|api keys?)\b"
    r"|审批|批准|审计|租户|配额|门禁|权限|密钥",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\b(?:promote|canary|roll(?:ing|\s?back|\s?out)?|blue.?green|shadow|deploy|scale|pause|resume|abort|drain|push|ship it"
    r"|switch|unload|warm|retire|split)\b"
    r"|回滚|灰度|金丝雀|蓝绿|晋级|提升|(?<!已)部署(?![了情状在的])|扩容|缩容|暂停|恢复|中止|推送|下线|切换|预热|卸载",
    re.IGNORECASE,
)
_RUN = re.compile(
    r"^\W*(?:(?:please|now|and|then|let(?:'|’)?s|(?:can|could|would|will|should) (?:you|we|i)"
    r"|(?:i|we)(?:(?:'|’)d like| would like| want| need)(?: you)? to|how (?:do|can|could|should) (?:i|we|you)) )*"
    r"(?:eval(?:uate)?|benchmark|measure|test|score|run|re-?run|start|schedule|launch|cancel|stop)\b"
    r"(?! (?:results?|scores?|reports?|sets?|runs?)\b)"
    r"|^(?!\W*(?:have|has|had|did|was|were|when|which|who)\b).*"
    r"\b(?:run|re-?run|start|schedule|launch|cancel) (?:an?|the|that|it|this|our)\b"
    r"|(?<!已)(?:跑一[下遍次]|重跑|测一[下遍次])"
    r"|(?<!已)(?<!已经)(?:跑|做|运行|执行|进行|启动|开始|安排|取消)(?![过了的完])[^哪什]{0,10}?(?:评测|评估|测试)(?![过了的结])"
    r"|(?:^|请|帮我|想|要|能不能|可以|能否|能|再|如何|怎么|怎样|重新)\s*(?:评测|评估|测试)"
    r"(?=\s*(?:[a-z]|一?[下遍次轮]|模型|路由|这|那|它|新))(?!.*(?:结果|成绩|得分|分数|报告))",
    re.IGNORECASE,
)
"""Asks for an evaluation to be run, not for what one has found."""
_ROUTING = re.compile(r"\brout(?:er|ing)\b|\bintent\b|路由|意图", re.IGNORECASE)
_NOT_ALLOWED = re.compile(
    r"\b(?:not|cannot|can't|forbid\w*|research.?only|non.?commercial|ban\w*)\b|不能|不可|禁止|仅限研究|仅供研究|非商用",
    re.IGNORECASE,
)
_EDGE = re.compile(r"\bedge\b|\bgateways?\b|\bsmall\b|\bunder 4b\b|边缘|网关|小模型", re.IGNORECASE)
_LIST = re.compile(r"\b(?:which|what|list|show|all|any)\b.*\bmodels?\b|哪些|所有|列出|有什么模型", re.IGNORECASE)


def make_plan(
    team: TeamName,
    text: str,
    language: str,
    catalogue: Catalogue,
    focus: Sequence[str] = (),
    known: KnownEntities | None = None,
    tools: Container[str] = (),
) -> Plan:
    """Plan the turn of one team. An operation of the grammar is the same whichever team it is asked of.

    Args:
        text: the user's message.
        language: "en" or "zh".
        focus: models that the turn before was about; taken where this one names none and only makes sense with it.
        known: the names that there are in the ledger.
        tools: names of the tools there are.
    """
    if known is not None and (plan := plan_operation(text, language, known, catalogue, tools)):
        return plan
    named = tuple(link_models(text, catalogue))
    unknown = tuple(unknown_models(text, catalogue))
    if unknown and not named:
        return Plan(question=_unknown_models(unknown, language, catalogue), unknown=unknown)
    models = named or (tuple(focus) if is_elliptical(text) else ())
    plan = _PLANNERS[team](text, models, language)
    if not unknown:
        return plan
    caveat = f"{_unknown_models(unknown, language, catalogue)} {plan.caveat}".rstrip()
    return replace(plan, caveat=caveat, unknown=unknown)


def _evaluation(text: str, models: tuple[str, ...], language: str) -> Plan:
    caveat = phrase("no_runs", language) if _RUN.search(text) else ""
    if _ROUTING.search(text):
        return Plan((PlannedCall("evaluation_list", {"task": "intent-routing"}),), caveat=caveat)
    calls = tuple(PlannedCall("evaluation_list", {"subject": model}) for model in models)
    return Plan(calls or (PlannedCall("evaluation_list", {}),), models=models, caveat=caveat)


def _deployment(text: str, models: tuple[str, ...], language: str) -> Plan:
    calls = tuple(PlannedCall("model_profile", {"model": model}) for model in models)
    caveat = phrase("no_changes", language) if _CHANGE.search(text) else ""
    return Plan((*calls, PlannedCall("roster_list", {})), models=models, caveat=caveat)


def _governance(text: str, models: tuple[str, ...], language: str) -> Plan:
    not_kept = phrase("no_approvals", language) if _NOT_KEPT.search(text) else ""
    if models:
        calls = tuple(PlannedCall("licence_lookup", {"model": model}) for model in models)
        return Plan(calls, models=models, caveat=not_kept)
    if not_kept:
        return Plan(question=f"{not_kept} {phrase('which_model', language)}")
    if _LIST.search(text):
        use = "no" if _NOT_ALLOWED.search(text) else "yes"
        tier = "edge" if _EDGE.search(text) else "any"
        return Plan((PlannedCall("licence_list", {"commercial_use": use, "tier": tier}),))
    return Plan(question=phrase("whose_licence", language))


def _unknown_models(unknown: Sequence[str], language: str, catalogue: Catalogue) -> str:
    comma = "、" if language == "zh" else ", "
    close = comma.join(dict.fromkeys(name for word in unknown for name in catalogue.nearest(word)))
    says = phrase("unknown_model", language, names=comma.join(unknown))
    asks = phrase("nearest_models", language, close=close) if close else phrase("name_the_model", language)
    return f"{says} {asks}" if language == "en" else f"{says}{asks}"


_PLANNERS: dict[TeamName, Callable[[str, tuple[str, ...], str], Plan]] = {
    "evaluation": _evaluation,
    "deployment": _deployment,
    "governance": _governance,
}


Answer = Literal["yes", "no", "go_on"]

_YES = re.compile(
    r"(?:yes|yep|yeah|sure|ok(?:ay)?|confirm(?:ed)?|do (?:it"
    r"|that)|please do|correct|right|是的?|对的?|好的?|可以|确认|确定|执行)"
    r"(?:[,，\s]+(?:please|do it"
    r"|do that|go ahead|执行吧?|谢谢))?",
    re.IGNORECASE,
)
_NO = re.compile(
    r"(?:no|nope|don['’]?t|cancel|stop|never ?mind|不|不要|不用|否|取消|算了)(?:[,，\s]+(?:thanks|thank you|谢谢))?",
    re.IGNORECASE,
)
_GO_ON = re.compile(
    r"(?:(?:ok(?:ay)?|now|please)[,\s]+)*(?:go on|go ahead|continue|proceed|try (?:it )?again|do it now|carry on"
    r"|(?:it|that)(?:'s| is| was| has been) approved(?:[,\s]+(?:go on|go ahead|continue|proceed|do it))?|approved"
    r"|继续吧?|已批准|批准了|已经批准了?|通过了|再试一次)(?:[,\s]+(?:please|now))?",
    re.IGNORECASE,
)


def read_answer(text: str) -> Answer | None:
    """What a whole message answers; None where it says anything else."""
    said = text.strip().strip(".!。！ ")
    if _GO_ON.fullmatch(said):
        return "go_on"
    if _YES.fullmatch(said):
        return "yes"
    return "no" if _NO.fullmatch(said) else None


def plan_operation(
    text: str, language: str, known: KnownEntities, catalogue: Catalogue, tools: Container[str]
) -> Plan | None:
    """The plan of what the utterance asks for, or a question back; None where it is no operation of the grammar.

    Args:
        language: "en" or "zh"; of the question back.
        tools: names of the tools there are; an operation that needs another is none.
    """
    reading = read_utterance(text, language, known, catalogue)
    orders: Sequence[Operation] = () if reading.mood == "look" else ORDERS
    for operation in (*orders, *LOOKS):
        if not operation.matches(reading):
            continue
        built = _question_first(reading, operation) if operation.acts else operation.build(reading)
        if isinstance(built, Question):
            return Plan(question=built.text, asks=built.kind, operation=operation.name, proposed=built.proposed)
        if all(call.tool in tools for call in built):
            whole = not operation.acts and bool(operation.words)
            return Plan(tuple(built), operation=operation.name, whole=whole)
        present = tuple(call for call in built if call.tool in tools)
        return Plan(present, operation=operation.name) if present and not operation.acts else None
    return None


def _question_first(reading: ParsedMessage, operation: Operation) -> Sequence[PlannedCall] | Question:
    """What an operation that changes something comes to: its calls only where it was ordered in so many words."""
    built = operation.build(reading)
    calls = built.proposed if isinstance(built, Question) else built
    order = "; ".join(order_of(call) for call in calls)
    if reading.mood == "talk" or _orders_more(reading):
        to_say = order if calls and all(map(words_of, calls)) else operation.example
        return ask("mood", reading.language, order=to_say or operation.name)
    if calls and (left := reading.unexplained(*operation.words)):
        return ask("unclear", reading.language, words=" … ".join(left), order=order)
    return built


def _orders_more(reading: ParsedMessage) -> bool:
    """Whether what is to be carried to a device goes on with something that may be an order to the hub."""
    for rest in reading.message.rests() if reading.message else ():
        read = read_utterance(rest, reading.language, reading.known, reading.catalogue)
        if read.mood != "look" and any(operation.matches(read) for operation in ORDERS):
            return True
    return False
