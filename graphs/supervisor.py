"""The supervisor graph: route -> knowledge, a team, help, clarify or decline -> respond.

A turn that waits for an approval answers, and is then interrupted; a later turn ("go on"), or a resumed run once the
approval is given, makes the call.
"""

import asyncio
import re
from dataclasses import asdict
from functools import partial
from typing import Any, cast

from langchain_core.messages import AIMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt
from pydantic import TypeAdapter

from agents.events import AnswerDelta, Citation, Emit, Ended, RouteTaken, Sources, Transcript, TurnEvent
from agents.phrases import phrase
from agents.planner.plan import Plan, TeamName, read_answer
from agents.router.intents import Intent
from agents.router.router import Route
from agents.teams.outcomes import Pending, TeamFinding
from edge.kernel.language import detect_language
from graphs.dependencies import Dependencies
from graphs.retrieval import build_retrieval
from graphs.state import TurnState, last_question
from graphs.steps import step, turn_caller
from tools.calling.context import ToolContext

TEAMS: tuple[TeamName, ...] = ("evaluation", "deployment", "governance")
_MARK = re.compile(r"\[(\d+)\]")
_PLAN_AS_JSON = TypeAdapter(Plan)


def build_supervisor(
    dependencies: Dependencies, checkpointer: BaseCheckpointSaver[Any] | None = None
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Compile the supervisor; with a checkpointer its threads are kept."""
    graph = StateGraph(TurnState)
    branches = ["knowledge", *TEAMS, "help", "clarify", "decline"]
    graph.add_node("route", step("route", partial(_route, dependencies)))
    graph.add_node("knowledge", build_retrieval(dependencies))
    for team in TEAMS:
        graph.add_node(team, step(team, partial(_team, dependencies, team)))
    graph.add_node("help", step("help", partial(_help, dependencies)))
    graph.add_node("clarify", step("clarify", _clarify))
    graph.add_node("decline", step("decline", _decline))
    graph.add_node("respond", step("respond", partial(_respond, dependencies)))
    graph.add_node("approval", _approval)
    graph.add_node("resume", step("resume", partial(_resume, dependencies)))
    graph.add_edge(START, "route")
    graph.add_conditional_edges("route", _branch, branches)
    for branch in branches:
        graph.add_edge(branch, "respond")
    graph.add_conditional_edges("respond", _after_respond, ["approval", END])
    graph.add_edge("approval", "resume")
    graph.add_edge("resume", "respond")
    return graph.compile(checkpointer=checkpointer, name="supervisor")


async def _route(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    route, plan = await _decide(dependencies, state, turn_caller(runtime, dependencies.caller))
    taken = route.model_dump(mode="json")
    runtime.stream_writer(RouteTaken(taken))
    planned = _PLAN_AS_JSON.dump_python(plan, mode="json") if plan else None
    fresh = {"answer": "", "citations": [], "tool_calls": [], "notices": [], "streamed": False, "waits_for": []}
    return {"route": taken, "plan": planned, "ending": "asked" if route.path == "clarify" else "done", **fresh}


async def _decide(dependencies: Dependencies, state: TurnState, caller: ToolContext) -> tuple[Route, Plan | None]:
    """Where the message goes; with the plan, where the planner was asked to find that out."""
    messages, before = state["messages"], state.get("route")
    text, router, teams = last_question(messages), dependencies.router, dependencies.teams
    if before and state.get("pending") and read_answer(text):
        intent = before["intent"] if before["intent"] in TEAMS else "deployment"
        return _by_rule(intent, before["language"], "It answers what the assistant said before."), None
    previous = cast("Intent", before["intent"]) if before else None
    if len(messages) > 1 and messages[-2].type == "human":  # the turn before was killed, and left no route
        previous = (await router.route(last_question(messages, 1), previous)).intent
    route = await router.route(text, previous)
    unsure = route.path == "clarify"
    if (unsure or route.intent not in TEAMS) and teams.may_be_order(text, changes_only=not unsure):
        order = await asyncio.to_thread(teams.plan_order, text, caller, changes_only=not unsure)
        if order is not None:
            reason = "It is an order that the planner understands."
            return _by_rule(order.team, detect_language(text), reason), order.plan
    return route, None


def _by_rule(intent: Intent, language: Any, reason: str) -> Route:
    """A route by a rule, not by a probability."""
    return Route(intent=intent, confidence=None, language=language, runner_up=None, path="planner", reason=reason)


def _branch(state: TurnState) -> str:
    route = state["route"]
    if route["path"] == "clarify":
        return "clarify"
    return "decline" if route["intent"] == "out_of_scope" else str(route["intent"])


async def _team(dependencies: Dependencies, team: TeamName, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    text, language, pending = last_question(state["messages"]), state["route"]["language"], _pending(state)
    caller, teams = turn_caller(runtime, dependencies.caller), dependencies.teams
    answer = read_answer(text) if pending else None
    if answer == "no":
        kept = [one for one in pending if one.approval or one.principal != caller.principal]
        return {"answer": phrase("not_done", language), "pending": [asdict(one) for one in kept]}
    if answer is not None:
        return await _resume(dependencies, state, runtime)
    if planned := state.get("plan"):
        plan = _PLAN_AS_JSON.validate_python(planned)
    else:
        plan = await teams.plan(team, text, language, caller, state.get("focus", ()))
    so_far, record = _recorder(runtime.stream_writer)
    finding = await teams.run(team, plan, text, language, caller, record)
    kept = [one for one in pending if one.approval and one.approval not in finding.approvals]
    return {**_found(finding, so_far, kept), "focus": list(finding.models)}


async def _approval(state: TurnState) -> dict[str, Any]:
    """Wait until somebody has decided; what the run is resumed with does not matter, the ledger knows."""
    interrupt({"approvals": state["waits_for"]})
    return {"streamed": False}


async def _resume(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    """Make the caller's calls that were left undone."""
    so_far, record = _recorder(runtime.stream_writer)
    pending, caller = _pending(state), turn_caller(runtime, dependencies.caller)
    finding = await dependencies.teams.resume(pending, state["route"]["language"], caller, record)
    others = [one for one in pending if one.principal != caller.principal]
    return _found(finding, so_far, others)


def _recorder(emit: Emit) -> tuple[Transcript, Emit]:
    so_far = Transcript()

    def record(event: TurnEvent) -> None:
        so_far.show(event)
        emit(event)

    return so_far, record


def _found(finding: TeamFinding, so_far: Transcript, kept: list[Pending]) -> dict[str, Any]:
    return {
        "answer": finding.text,
        "tool_calls": so_far.tool_calls,
        "notices": so_far.notices,
        "pending": [asdict(one) for one in (*finding.pending, *kept)],
        "waits_for": finding.approvals,
        "ending": finding.ending,
    }


def _pending(state: TurnState) -> list[Pending]:
    return [Pending(**fields) for fields in state.get("pending", [])]


def _after_respond(state: TurnState) -> str:
    return "approval" if state.get("waits_for") else END


async def _help(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    model, reason = str(dependencies.model.reference), dependencies.model.reason
    return {"answer": phrase("help_text", state["route"]["language"], model=model, reason=reason)}


async def _clarify(state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    route, language = state["route"], state["route"]["language"]
    intents = (route["intent"], route["runner_up"]["intent"])
    first, second = (phrase(intent, language) for intent in intents)
    return {"answer": phrase("clarify", language, first=first, second=second)}


async def _decline(state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    return {"answer": phrase("decline", state["route"]["language"])}


async def _respond(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    """Close the turn: what was not streamed is emitted, and the message is kept with where everything came from."""
    answer, emit = state["answer"], runtime.stream_writer
    if not state.get("streamed"):
        emit(AnswerDelta(answer))
    marked = {int(number) for number in _MARK.findall(answer)}
    citations = [citation for citation in state.get("citations", []) if citation["number"] in marked]
    if citations:
        emit(Sources(tuple(Citation(**citation) for citation in citations)))
    ending, approvals = state.get("ending", "done"), state.get("waits_for", [])
    if ending != "done":
        emit(Ended(ending, tuple(approvals)))
    origin = {
        "route": state["route"],
        "citations": citations,
        "tool_calls": state.get("tool_calls", []),
        "notices": state.get("notices", []),
        "principal": turn_caller(runtime, dependencies.caller).principal,
        "ending": ending,
        "approvals": approvals,
        "status": "complete",
    }
    return {"citations": citations, "messages": [AIMessage(content=answer, additional_kwargs=origin)]}
