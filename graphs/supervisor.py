"""The supervisor graph: route -> knowledge, a team, help, clarify or decline -> respond."""

import re
from functools import partial
from typing import Any, cast

from langchain_core.messages import AIMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from agents.events import AnswerDelta, Citation, Emit, RouteTaken, Sources, TurnEvent
from agents.phrases import phrase
from agents.planner.plan import TeamName
from agents.router.intents import Intent
from agents.transcript import Transcript
from graphs.dependencies import Dependencies, shared_dependencies
from graphs.retrieval import build_retrieval
from graphs.state import TurnState, last_question
from graphs.steps import step

__all__ = ["build_supervisor", "make_graph"]

TEAMS: tuple[TeamName, ...] = ("evaluation", "deployment", "governance")
_MARK = re.compile(r"\[(\d+)\]")


def build_supervisor(
    dependencies: Dependencies, checkpointer: BaseCheckpointSaver[Any] | None = None
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Compile the supervisor; with a checkpointer its threads are kept."""
    graph = StateGraph(TurnState)
    graph.add_node("route", step("route", partial(_route, dependencies)))
    graph.add_node("knowledge", build_retrieval(dependencies))
    for team in TEAMS:
        graph.add_node(team, step(team, partial(_team, dependencies, team)))
    graph.add_node("help", step("help", partial(_help, dependencies)))
    graph.add_node("clarify", step("clarify", _clarify))
    graph.add_node("decline", step("decline", _decline))
    graph.add_node("respond", step("respond", _respond))
    graph.add_edge(START, "route")
    branches = ["knowledge", *TEAMS, "help", "clarify", "decline"]
    graph.add_conditional_edges("route", _branch, branches)
    for branch in branches:
        graph.add_edge(branch, "respond")
    graph.add_edge("respond", END)
    return graph.compile(checkpointer=checkpointer, name="supervisor")


async def make_graph() -> CompiledStateGraph[Any, Any, Any, Any]:
    """The graph for LangGraph's own server (`langgraph.json`), which brings its own checkpointer."""
    return build_supervisor(await shared_dependencies())


async def _route(dependencies: Dependencies, state: TurnState, emit: Emit) -> dict[str, Any]:
    before = state.get("route")
    previous = cast("Intent", before["intent"]) if before else None
    messages = state["messages"]
    if len(messages) > 1 and messages[-2].type == "human":  # the turn before was killed, and left no route
        previous = (await dependencies.router.route(last_question(messages, 1), previous)).intent
    route = await dependencies.router.route(last_question(messages), previous)
    taken = route.model_dump(mode="json")
    emit(RouteTaken(taken))
    return {"route": taken, "answer": "", "citations": [], "tool_calls": [], "notices": [], "streamed": False}


def _branch(state: TurnState) -> str:
    route = state["route"]
    if route["path"] == "clarify":
        return "clarify"
    return "decline" if route["intent"] == "out_of_scope" else str(route["intent"])


async def _team(dependencies: Dependencies, team: TeamName, state: TurnState, emit: Emit) -> dict[str, Any]:
    so_far = Transcript()

    def record(event: TurnEvent) -> None:
        so_far.show(event)
        emit(event)

    finding = await dependencies.teams.run(
        team,
        last_question(state["messages"]),
        state["route"]["language"],
        dependencies.caller,
        record,
        state.get("focus", ()),
    )
    return {"answer": finding.text, "focus": list(finding.models), "tool_calls": so_far.tool_calls}


async def _help(dependencies: Dependencies, state: TurnState, emit: Emit) -> dict[str, Any]:
    model, reason = str(dependencies.model.reference), dependencies.model.reason
    return {"answer": phrase("help_text", state["route"]["language"], model=model, reason=reason)}


async def _clarify(state: TurnState, emit: Emit) -> dict[str, Any]:
    route, language = state["route"], state["route"]["language"]
    intents = (route["intent"], route["runner_up"]["intent"])
    first, second = (phrase(intent, language) for intent in intents)
    return {"answer": phrase("clarify", language, first=first, second=second)}


async def _decline(state: TurnState, emit: Emit) -> dict[str, Any]:
    return {"answer": phrase("decline", state["route"]["language"])}


async def _respond(state: TurnState, emit: Emit) -> dict[str, Any]:
    """Close the turn: what was not streamed is emitted, and the message is kept with where everything came from."""
    answer = state["answer"]
    if not state.get("streamed"):
        emit(AnswerDelta(answer))
    marked = {int(number) for number in _MARK.findall(answer)}
    citations = [citation for citation in state.get("citations", []) if citation["number"] in marked]
    if citations:
        emit(Sources(tuple(Citation(**citation) for citation in citations)))
    origin = {
        "route": state["route"],
        "citations": citations,
        "tool_calls": state.get("tool_calls", []),
        "notices": state.get("notices", []),
        "status": "complete",
    }
    return {"citations": citations, "messages": [AIMessage(content=answer, additional_kwargs=origin)]}
