"""A team's subgraph: act -> deliberate, where a model can -> report."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from agents.events import AnswerDelta, Emit, Transcript, TurnEvent
from agents.teams.frames import objects_of, past_calls
from agents.teams.outcomes import Pending, TeamFinding
from agents.teams.turn import TeamName, TeamTurn
from agents.understanding.entities import KnownEntities
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Interpretation
from edge.kernel.errors import Interrupted
from graphs.dependencies import Dependencies
from graphs.messages import last_question
from graphs.state import TeamState, TurnState
from graphs.steps import dependencies_of, step
from graphs.understanding import FRAME_AS_JSON, INTERPRETATION_AS_JSON
from tools.calling.context import SaidIn
from tools.spec import ToolSpec


def build_team(dependencies: Dependencies, team: TeamName) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Compile the subgraph; the step that calls the tools is shown by the team's name."""

    async def after_act(state: TeamState, runtime: Runtime[Any]) -> str:
        teams = (await dependencies_of(runtime, dependencies)).teams
        return "deliberate" if teams.deliberates(team, interpretation_of(state).calls) else "report"

    graph = StateGraph(TeamState, input_schema=TurnState, output_schema=TurnState)
    graph.add_node("act", step(team, dependencies, _act))
    graph.add_node("deliberate", step("deliberate", dependencies, partial(_deliberate, team)))
    graph.add_node("report", step("report", dependencies, _report))
    graph.add_edge(START, "act")
    graph.add_conditional_edges("act", after_act, ["deliberate", "report"])
    graph.add_edge("deliberate", "report")
    graph.add_edge("report", END)
    return graph.compile(name=team)


async def _act(dependencies: Dependencies, state: TeamState, runtime: Runtime[Any]) -> dict[str, Any]:
    so_far, record = recorder(runtime.stream_writer)
    asking = replace(dependencies.caller, said_in=_said_in(state, runtime))
    known = await asyncio.to_thread(dependencies.know, asking)
    outcomes = await _turn(replace(dependencies, caller=asking), interpretation_of(state), record).act()
    return {"outcomes": outcomes, "known": known, "thought": None, **_told(state, so_far)}


async def _deliberate(
    team: TeamName, dependencies: Dependencies, state: TeamState, runtime: Runtime[Any]
) -> dict[str, Any]:
    so_far, record = recorder(runtime.stream_writer)
    turn = _turn(dependencies, interpretation_of(state), record)
    thought = await turn.deliberate(team, last_question(state["messages"]), _outcomes(state))
    return {"thought": thought, **_told(state, so_far)}


async def _report(dependencies: Dependencies, state: TeamState, runtime: Runtime[Any]) -> dict[str, Any]:
    found = interpretation_of(state)
    turn = _turn(dependencies, found, runtime.stream_writer)
    finding = turn.report(_outcomes(state), state.get("thought"))
    kept = [one for one in pending_of(state) if one.approval and one.approval not in finding.approvals]
    update = left_by(finding, kept, state["known"], dependencies.tools)
    update["answer"] = "\n\n".join(part for part in (finding.text, found.not_done) if part)
    if found.document_query:
        update["lead"] = f"{update['answer']}\n\n"
        runtime.stream_writer(AnswerDelta(update["lead"]))
    return update


def _turn(dependencies: Dependencies, found: Interpretation, emit: Emit) -> TeamTurn:
    return dependencies.teams.turn(found.calls, found.language, dependencies.caller, emit)


def _said_in(state: TeamState, runtime: Runtime[Any]) -> SaidIn:
    execution = runtime.execution_info
    thread = execution.thread_id if execution is not None else None
    return SaidIn(thread or "", str(state["messages"][-1].id or ""))


def _outcomes(state: TeamState) -> list[Any]:
    if "outcomes" not in state:  # the process that made the calls is gone, and their results are in no checkpoint
        raise Interrupted("The turn was cut short after its tools were called.", "Ask again; see what was done first.")
    return state["outcomes"]


def _told(state: TeamState, so_far: Transcript) -> dict[str, Any]:
    return {
        "tool_calls": [*state.get("tool_calls", []), *so_far.tool_calls],
        "notices": [*state.get("notices", []), *so_far.notices],
    }


def recorder(emit: Emit) -> tuple[Transcript, Emit]:
    """What a node tells from here on, and by what it tells it."""
    so_far = Transcript()

    def record(event: TurnEvent) -> None:
        so_far.show(event)
        emit(event)

    return so_far, record


def left_by(
    finding: TeamFinding, kept: list[Pending], known: KnownEntities, tools: Mapping[str, ToolSpec]
) -> dict[str, Any]:
    """What a finding changes in the state.

    Args:
        kept: calls that went on waiting beside it.
        known: what there was before the calls, to which "undo" goes back.
    """
    made = finding.outcomes
    frame = Frame(objects_of(made, known, tools), past_calls(made, known, tools), proposed=finding.proposed)
    return {
        "answer": finding.text,
        "pending": [asdict(one) for one in (*finding.pending, *kept)],
        "waits_for": finding.approvals,
        "ending": finding.ending,
        "frame": FRAME_AS_JSON.dump_python(frame, mode="json"),
    }


def interpretation_of(state: TurnState) -> Interpretation:
    """What the turn's message asks for."""
    return INTERPRETATION_AS_JSON.validate_python(state["interpretation"])


def pending_of(state: TurnState) -> list[Pending]:
    """The thread's calls that wait for approvals."""
    return [Pending(**fields) for fields in state.get("pending", [])]
