"""The supervisor graph: understanding -> knowledge, a team, ask, help or decline -> respond.

A turn that waits for an approval, or asks back, answers and is then interrupted. A later message goes on from there,
and so does a resumed run: once the approval is given it makes the call; a question is answered by the text that it is
resumed with. A run of `graphs.steps.TurnContext` ends instead.
"""

import asyncio
import re
from functools import partial
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from agents.events import AnswerDelta, Citation, Ended, Sources
from agents.phrases import phrase
from agents.teams.frames import named_in_arguments
from agents.teams.secrets import without_secrets
from agents.teams.turn import TeamName
from agents.understanding.continuations import reply_of
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Interpretation, PlannedCall
from agents.understanding.wording import order_of
from edge.kernel.errors import InvalidInput
from edge.kernel.language import Language
from graphs.dependencies import Dependencies
from graphs.messages import checked_text, last_question
from graphs.retrieval import build_retrieval
from graphs.state import TurnInput, TurnOutput, TurnState
from graphs.steps import RunContext, TurnContext, step
from graphs.team import build_team, interpretation_of, left_by, pending_of, recorder
from graphs.understanding import FRAME_AS_JSON, build_understanding

TEAMS: tuple[TeamName, ...] = ("evaluation", "deployment", "governance")
_MARK = re.compile(r"\[(\d+)\]")


def build_supervisor(
    dependencies: Dependencies, checkpointer: BaseCheckpointSaver[Any] | None = None
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Compile the supervisor; with a checkpointer its threads are kept."""
    graph = StateGraph(TurnState, context_schema=RunContext, input_schema=TurnInput, output_schema=TurnOutput)
    branches = ["knowledge", *TEAMS, "ask", "help", "decline", "resume"]
    graph.add_node("understanding", build_understanding(dependencies))
    graph.add_node("knowledge", build_retrieval(dependencies))
    for team in TEAMS:
        graph.add_node(team, build_team(dependencies, team))
    graph.add_node("ask", step("ask", dependencies, _ask))
    graph.add_node("help", step("help", dependencies, _help))
    graph.add_node("decline", step("decline", dependencies, _decline))
    graph.add_node("respond", step("respond", dependencies, _respond))
    graph.add_node("approval", _approval)
    graph.add_node("question", partial(_question, dependencies.settings.message_limit_bytes))
    graph.add_node("resume", step("resume", dependencies, _resume))
    graph.add_edge(START, "understanding")
    graph.add_conditional_edges("understanding", _branch, branches)
    for team in TEAMS:
        graph.add_conditional_edges(team, _after_team, ["knowledge", "respond"])
    for branch in ("knowledge", "ask", "help", "decline", "resume"):
        graph.add_edge(branch, "respond")
    graph.add_conditional_edges("respond", _after_respond, ["approval", "question", END])
    graph.add_edge("approval", "resume")
    graph.add_edge("question", "understanding")
    return graph.compile(checkpointer=checkpointer, store=dependencies.memories, name="supervisor")


def _branch(state: TurnState) -> str:
    found = interpretation_of(state)
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


def _after_team(state: TurnState) -> str:
    return "knowledge" if interpretation_of(state).document_query else "respond"


async def _ask(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    """Ask back: what is missing, which is meant, or whether it is to be done."""
    found = interpretation_of(state)
    question = found.question
    assert question is not None  # noqa: S101 # nosec B101: `_branch` saw it
    about: tuple[tuple[Any, str], ...] = ()
    if question.tool:
        known = await asyncio.to_thread(dependencies.know, dependencies.caller)
        calls = found.proposed or (PlannedCall(question.tool, dict(question.arguments)),)
        about = tuple(name for call in calls for name in named_in_arguments(call, known, dependencies.tools[call.tool]))
    frame = Frame(about, asked=question, proposed=found.proposed)
    answer = "\n\n".join(part for part in (question.text, found.not_done) if part)
    return {"answer": answer, "frame": FRAME_AS_JSON.dump_python(frame, mode="json")}


async def _approval(state: TurnState) -> dict[str, Any]:
    """Wait until somebody has decided; what the run is resumed with does not matter, the ledger knows."""
    interrupt({"approvals": state["waits_for"]})
    return {"streamed": False}


async def _question(limit_bytes: int, state: TurnState) -> dict[str, Any]:
    """Wait for the answer to what was asked back: the text that the run is resumed with is the next message."""
    asked, origin = _frame(state).asked, state["messages"][-1].additional_kwargs
    waits = {"question": asked.text if asked else "", "choices": origin["choices"], "proposed": origin["proposed"]}
    said = interrupt(waits)
    while True:
        try:
            return {"messages": [HumanMessage(checked_text(said, limit_bytes))]}
        except InvalidInput as error:
            said = interrupt({**waits, "problem": str(error)})


async def _resume(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    """Make the caller's calls that were left undone."""
    so_far, record = recorder(runtime.stream_writer)
    pending, caller = pending_of(state), dependencies.caller
    known = await asyncio.to_thread(dependencies.know, caller)
    finding = await dependencies.teams.resume(pending, interpretation_of(state).language, caller, record)
    others = [one for one in pending if one.principal != caller.principal]
    update = left_by(finding, others, known, dependencies.tools)
    return update | {"tool_calls": so_far.tool_calls, "notices": so_far.notices}


def _frame(state: TurnState) -> Frame:
    return FRAME_AS_JSON.validate_python(state.get("frame") or {})


def _understood_with(state: TurnState) -> list[dict[str, str]]:
    """What the user must know about how the message was understood."""
    notice = interpretation_of(state).notice
    return [{"kind": "model_failed", "message": notice}] if notice else []


def _after_respond(state: TurnState) -> str:
    return state.get("waits_at") or END


async def _help(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    model, reason = str(dependencies.model.reference), dependencies.model.reason
    return {"answer": phrase("help_text", state["route"]["language"], model=model, reason=reason), "frame": {}}


async def _decline(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
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
    frame = Frame(topic=state.get("question", "")) if _branch(state) == "knowledge" else _frame(state)
    proposed = tuple(_shown(call, dependencies, state["route"]["language"]) for call in frame.proposed)
    choices = frame.asked.choices if frame.asked is not None else ()
    if ending != "done" or proposed:
        emit(Ended(ending, tuple(approvals), proposed, choices))
    origin = {
        "route": state["route"],
        "citations": citations,
        "tool_calls": state.get("tool_calls", []),
        "notices": [*_understood_with(state), *state.get("notices", [])],
        "principal": dependencies.caller.principal,
        "ending": ending,
        "approvals": approvals,
        "proposed": list(proposed),
        "choices": list(choices),
        "status": "complete",
    }
    return {
        "citations": citations,
        "frame": FRAME_AS_JSON.dump_python(frame, mode="json"),
        "waits_at": "" if isinstance(runtime.context, TurnContext) else _waits_at(approvals, frame),
        # What is shown once is not kept: neither in the message nor in what the answer was made of.
        "messages": [AIMessage(content=without_secrets(answer), additional_kwargs=origin)],
        "answer": without_secrets(state["answer"]),
        "lead": without_secrets(state.get("lead", "")),
    }


def _waits_at(approvals: list[str], frame: Frame) -> str:
    if approvals:
        return "approval"
    return "question" if frame.asked is not None else ""


def _shown(call: PlannedCall, dependencies: Dependencies, language: Language) -> dict[str, Any]:
    """A proposed call as the events have it."""
    order = order_of(call, dependencies.teams.talk, language)
    return {"tool": call.tool, "arguments": call.arguments, "order": order}
