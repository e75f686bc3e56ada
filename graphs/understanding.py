"""The understanding subgraph: look -> interpret.

`look` gathers at the same time, under the caller's rights, what the documents have on the message, which names there
are, and what the thread's last turn left. `interpret` decides from all of it.
"""

import asyncio
from functools import partial
from typing import Any, cast

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from pydantic import TypeAdapter

from agents.events import Notice, RouteTaken
from agents.followups import is_elliptical, standalone_question
from agents.grounding.evidence import Evidence, assess_evidence
from agents.grounding.relevance import Rarity
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Interpretation
from agents.understanding.parsed_message import parse_message
from agents.understanding.route import route_of
from agents.understanding.understanding import Look
from edge.kernel.errors import ChargehandError
from edge.kernel.text_analysis import terms_of
from graphs.dependencies import Dependencies
from graphs.state import TurnState, last_question
from graphs.steps import step, turn_caller
from memory.documents.passages import Passage
from tools.knowledge.search import FoundPassages
from tools.spec import ToolContext

FRAME_AS_JSON = TypeAdapter(Frame)
INTERPRETATION_AS_JSON = TypeAdapter(Interpretation)
_SEARCH, _PASSAGES, _LONGEST_QUERY = "knowledge_search", 8, 2000


def build_understanding(dependencies: Dependencies) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Compile the subgraph."""
    graph = StateGraph(TurnState)
    graph.add_node("interpret", step("interpret", partial(_interpret, dependencies)))
    graph.add_edge(START, "interpret")
    graph.add_edge("interpret", END)
    return graph.compile(name="understanding")


async def _interpret(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    messages, caller = state["messages"], turn_caller(runtime, dependencies.caller)
    frame = FRAME_AS_JSON.validate_python(state.get("frame") or {})
    found = await interpret(dependencies, last_question(messages), caller, frame, last_question(messages, 1))
    route = route_of(found).model_dump(mode="json")
    runtime.stream_writer(RouteTaken(route))
    if found.notice:
        runtime.stream_writer(Notice("model_failed", found.notice))
    return {
        "route": route,
        "interpretation": INTERPRETATION_AS_JSON.dump_python(found, mode="json"),
        "question": found.document_query,
        "answer": "",
        "lead": "",
        "citations": [],
        "tool_calls": [],
        "notices": [],
        "streamed": False,
        "waits_for": [],
        "ending": "asked" if found.question is not None else "done",
    }


async def interpret(
    dependencies: Dependencies, text: str, caller: ToolContext, frame: Frame | None = None, before: str = ""
) -> Interpretation:
    """Look at everything there is for a message, and decide what it asks for.

    Args:
        frame: what the thread's last turn left.
        before: the user's message before it.
    """
    frame = frame or Frame()
    leans = bool(frame.topic) and is_elliptical(text)
    question = (standalone_question(text, before) if leans else text)[:_LONGEST_QUERY]
    (evidence, heading), known = await asyncio.gather(
        _evidence(dependencies, question, caller), asyncio.to_thread(dependencies.know, caller)
    )
    said = await asyncio.to_thread(parse_message, text, known, dependencies.catalogue)
    allowed = frozenset(name for name in dependencies.spoken if dependencies.tools[name].scopes <= caller.scopes)
    look = Look(said, frame, known, allowed, evidence.level, evidence.confidence, question, heading)
    return await dependencies.understanding.interpret(look)


async def _evidence(dependencies: Dependencies, question: str, caller: ToolContext) -> tuple[Evidence, str]:
    """What the documents have on it, and the best passage's heading; nothing where the caller may not search them."""
    spec = dependencies.tools[_SEARCH]
    if not spec.scopes <= caller.scopes or not question.strip():
        return Evidence("nothing", 0.0), ""
    try:
        result = await spec.call(caller, {"query": question, "limit": _PASSAGES})
    except ChargehandError:
        return Evidence("nothing", 0.0), ""  # whoever asks the documents is told why they cannot be searched
    passages = cast("FoundPassages", result).passages
    evidence = await asyncio.to_thread(_assess, dependencies, question, passages, caller.tenant)
    return evidence, " > ".join(passages[0].heading_path) if passages else ""


def _assess(dependencies: Dependencies, question: str, passages: list[Passage], tenant: str) -> Evidence:
    rarity = Rarity(*dependencies.store.lexical.document_frequencies(terms_of(question), tenant))
    return assess_evidence(question, passages, rarity)
