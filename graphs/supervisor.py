"""The supervisor graph: understanding -> knowledge, a team, ask, help or decline -> respond.

A turn that waits for an approval answers, and is then interrupted; a later turn ("go on"), or a resumed run once the
approval is given, makes the call. A question back interrupts the run as well: the answer is the next message, or what
the run is resumed with.
"""

import asyncio
import re
from dataclasses import asdict
from functools import partial
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from agents.events import AnswerDelta, Citation, Emit, Ended, Sources, Transcript, TurnEvent
from agents.phrases import phrase
from agents.teams.frames import named_in_arguments, objects_of, past_calls
from agents.teams.outcomes import Pending, TeamFinding
from agents.teams.turn import TeamName
from agents.understanding.continuations import reply_of
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Interpretation, PlannedCall
from agents.understanding.wording import order_of
from edge.kernel.language import Language
from graphs.dependencies import Dependencies
from graphs.retrieval import build_retrieval
from graphs.state import TurnState, last_question
from graphs.steps import step, turn_caller
from graphs.understanding import FRAME_AS_JSON, INTERPRETATION_AS_JSON, build_understanding

TEAMS: tuple[TeamName, ...] = ("evaluation", "deployment", "governance")
_MARK = re.compile(r"\[(\d+)\]")


def build_supervisor(
    dependencies: Dependencies, checkpointer: BaseCheckpointSaver[Any] | None = None
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Compile the supervisor; with a checkpointer its threads are kept."""
    graph = StateGraph(TurnState)
    branches = ["knowledge", *TEAMS, "ask", "help", "decline", "resume"]
    graph.add_node("understanding", build_understanding(dependencies))
    graph.add_node("knowledge", build_retrieval(dependencies))
    for team in TEAMS:
        graph.add_node(team, step(team, partial(_team, dependencies, team)))
    graph.add_node("ask", step("ask", partial(_ask, dependencies)))
    graph.add_node("help", step("help", partial(_help, dependencies)))
    graph.add_node("decline", step("decline", _decline))
    graph.add_node("respond", step("respond", partial(_respond, dependencies)))
    graph.add_node("approval", _approval)
    graph.add_node("resume", step("resume", partial(_resume, dependencies)))
    graph.add_edge(START, "understanding")
    graph.add_conditional_edges("understanding", _branch, branches)
    for team in TEAMS:
        graph.add_conditional_edges(team, _after_team, ["knowledge", "respond"])
    for branch in ("knowledge", "ask", "help", "decline", "resume"):
        graph.add_edge(branch, "respond")
    graph.add_conditional_edges("respond", _after_respond, ["approval", END])
    graph.add_edge("approval", "resume")
    return graph.compile(checkpointer=checkpointer, name="supervisor")


def _branch(state: TurnState) -> str:
    found = _interpretation(state)
    if _goes_on(state, found):
        return "resume"
    if found.calls:
        return found.label
    if found.question is not None:
        return "ask"
    if found.document_query:
        return "knowledge"
    return "help" if found.help else "decline"


def _goes_on(state: TurnState, found: Interpretation) -> bool:
    """Whether a message such as "go on" is for the calls that wait for approvals."""
    if found.calls or not state.get("pending"):
        return False
    return reply_of(last_question(state["messages"])) in {"go_on", "yes"}


async def _team(dependencies: Dependencies, team: TeamName, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    found, caller = _interpretation(state), turn_caller(runtime, dependencies.caller)
    text, so_far, record = last_question(state["messages"]), *_recorder(runtime.stream_writer)
    known = await asyncio.to_thread(dependencies.know, caller)
    finding = await dependencies.teams.run(team, found.calls, text, found.language, caller, record)
    kept = [one for one in _pending(state) if one.approval and one.approval not in finding.approvals]
    frame = Frame(
        objects_of(finding.outcomes, known, dependencies.tools),
        past_calls(finding.outcomes, known, dependencies.tools),
        proposed=finding.proposed,
    )
    update = _found(finding, so_far, kept, frame)
    update["answer"] = "\n\n".join(part for part in (finding.text, found.not_done) if part)
    if found.document_query:
        update["lead"] = f"{update['answer']}\n\n"
        runtime.stream_writer(AnswerDelta(update["lead"]))
    return update


def _after_team(state: TurnState) -> str:
    return "knowledge" if _interpretation(state).document_query else "respond"


async def _ask(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    """Ask back: what is missing, which is meant, or whether it is to be done."""
    found = _interpretation(state)
    question = found.question
    assert question is not None  # noqa: S101 # nosec B101: `_branch` saw it
    caller = turn_caller(runtime, dependencies.caller)
    about: tuple[tuple[str, str], ...] = ()
    if question.tool:
        known = await asyncio.to_thread(dependencies.know, caller)
        calls = found.proposed or (PlannedCall(question.tool, dict(question.arguments)),)
        about = tuple(name for call in calls for name in named_in_arguments(call, known, dependencies.tools[call.tool]))
    frame = Frame(about, asked=question, proposed=found.proposed)
    answer = "\n\n".join(part for part in (question.text, found.not_done) if part)
    return {"answer": answer, "frame": FRAME_AS_JSON.dump_python(frame, mode="json")}


async def _approval(state: TurnState) -> dict[str, Any]:
    """Wait until somebody has decided; what the run is resumed with does not matter, the ledger knows."""
    interrupt({"approvals": state["waits_for"]})
    return {"streamed": False}


async def _resume(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    """Make the caller's calls that were left undone."""
    so_far, record = _recorder(runtime.stream_writer)
    pending, caller = _pending(state), turn_caller(runtime, dependencies.caller)
    known = await asyncio.to_thread(dependencies.know, caller)
    finding = await dependencies.teams.resume(pending, _interpretation(state).language, caller, record)
    others = [one for one in pending if one.principal != caller.principal]
    made = finding.outcomes
    frame = Frame(objects_of(made, known, dependencies.tools), past_calls(made, known, dependencies.tools))
    return _found(finding, so_far, others, frame)


def _recorder(emit: Emit) -> tuple[Transcript, Emit]:
    so_far = Transcript()

    def record(event: TurnEvent) -> None:
        so_far.show(event)
        emit(event)

    return so_far, record


def _found(finding: TeamFinding, so_far: Transcript, kept: list[Pending], frame: Frame) -> dict[str, Any]:
    return {
        "answer": finding.text,
        "tool_calls": so_far.tool_calls,
        "notices": so_far.notices,
        "pending": [asdict(one) for one in (*finding.pending, *kept)],
        "waits_for": finding.approvals,
        "ending": finding.ending,
        "frame": FRAME_AS_JSON.dump_python(frame, mode="json"),
    }


def _interpretation(state: TurnState) -> Interpretation:
    return INTERPRETATION_AS_JSON.validate_python(state["interpretation"])


def _understood_with(state: TurnState) -> list[dict[str, str]]:
    """What the user must know about how the message was understood."""
    notice = _interpretation(state).notice
    return [{"kind": "model_failed", "message": notice}] if notice else []


def _pending(state: TurnState) -> list[Pending]:
    return [Pending(**fields) for fields in state.get("pending", [])]


def _after_respond(state: TurnState) -> str:
    return "approval" if state.get("waits_for") else END


async def _help(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    model, reason = str(dependencies.model.reference), dependencies.model.reason
    return {"answer": phrase("help_text", state["route"]["language"], model=model, reason=reason), "frame": {}}


async def _decline(state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    return {"answer": phrase("decline", state["route"]["language"]), "frame": {}}


async def _respond(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    """Close the turn: what was not streamed is emitted, and the message is kept with where everything came from."""
    answer, emit = state["answer"], runtime.stream_writer
    if not state.get("streamed"):
        emit(AnswerDelta(answer))
    answer = state.get("lead", "") + answer
    marked = {int(number) for number in _MARK.findall(answer)}
    citations = [citation for citation in state.get("citations", []) if citation["number"] in marked]
    if citations:
        emit(Sources(tuple(Citation(**citation) for citation in citations)))
    ending, approvals = state.get("ending", "done"), state.get("waits_for", [])
    frame = FRAME_AS_JSON.validate_python(state.get("frame") or {})
    proposed = tuple(_shown(call, dependencies, state["route"]["language"]) for call in frame.proposed)
    choices = frame.asked.choices if frame.asked is not None else ()
    if ending != "done" or proposed:
        emit(Ended(ending, tuple(approvals), proposed, choices))
    origin = {
        "route": state["route"],
        "citations": citations,
        "tool_calls": state.get("tool_calls", []),
        "notices": [*_understood_with(state), *state.get("notices", [])],
        "principal": turn_caller(runtime, dependencies.caller).principal,
        "ending": ending,
        "approvals": approvals,
        "proposed": list(proposed),
        "choices": list(choices),
        "status": "complete",
    }
    update: dict[str, Any] = {"citations": citations, "messages": [AIMessage(content=answer, additional_kwargs=origin)]}
    if _branch(state) == "knowledge":
        update["frame"] = FRAME_AS_JSON.dump_python(Frame(topic=state.get("question", "")), mode="json")
    return update


def _shown(call: PlannedCall, dependencies: Dependencies, language: Language) -> dict[str, Any]:
    """A proposed call as the events have it."""
    order = order_of(call, dependencies.teams.talk, language)
    return {"tool": call.tool, "arguments": call.arguments, "order": order}
