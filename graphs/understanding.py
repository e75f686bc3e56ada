"""The understanding subgraph: look -> interpret.

`look` takes the message in, searches the documents under the caller's rights and reads what the caller told before.
`interpret` adds the names that there are and what the thread's last turn left, and decides from all of it.
"""

import asyncio
from dataclasses import asdict, dataclass
from typing import Any, cast

from langchain_core.messages import HumanMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from pydantic import TypeAdapter

from agents.events import Notice, RouteTaken
from agents.followups import is_elliptical, standalone_question
from agents.grounding.evidence import Evidence, assess_evidence
from agents.grounding.relevance import Found, Rarity
from agents.understanding.entities import KnownEntities
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Interpretation
from agents.understanding.parsed_message import ParsedMessage, parse_message
from agents.understanding.route import route_of
from agents.understanding.understanding import Look
from edge.kernel.errors import ChargehandError
from edge.kernel.text_analysis import terms_of
from graphs.dependencies import Dependencies
from graphs.messages import check_asked, checked_text, last_question
from graphs.state import TurnState
from graphs.steps import step
from memory.documents.passages import Passage
from memory.memories import Memories, Preferences
from tools.knowledge.search import FoundPassages
from tools.spec import ToolContext

FRAME_AS_JSON = TypeAdapter(Frame)
INTERPRETATION_AS_JSON = TypeAdapter(Interpretation)
_SEARCH, _PASSAGES, _LONGEST_QUERY = "knowledge_search", 8, 2000


def build_understanding(dependencies: Dependencies) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Compile the subgraph."""
    graph = StateGraph(TurnState)
    graph.add_node("look", step("look", dependencies, _look))
    graph.add_node("interpret", step("interpret", dependencies, _interpret))
    graph.add_edge(START, "look")
    graph.add_edge("look", "interpret")
    graph.add_edge("interpret", END)
    return graph.compile(name="understanding")


async def _look(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    messages, limit_bytes = state.get("messages", []), dependencies.settings.message_limit_bytes
    update: dict[str, Any] = {}
    if state.get("text"):
        message = HumanMessage(checked_text(state["text"], limit_bytes))
        messages, update = [*messages, message], {"messages": [message]}
    check_asked(messages, limit_bytes)
    frame = FRAME_AS_JSON.validate_python(state.get("frame") or {})
    seen, told = await asyncio.gather(
        _search(dependencies, last_question(messages), dependencies.caller, frame, last_question(messages, 1)),
        asyncio.to_thread(_preferences, runtime.store, dependencies.caller),
    )
    return update | {"look": asdict(seen), "preferences": asdict(told)}


async def _interpret(dependencies: Dependencies, state: TurnState, runtime: Runtime[Any]) -> dict[str, Any]:
    frame, seen = FRAME_AS_JSON.validate_python(state.get("frame") or {}), _Seen(**state["look"])
    told, text = Preferences(**state["preferences"]), last_question(state["messages"])
    found = await _decide(dependencies, text, dependencies.caller, frame, seen, told)
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
    seen = await _search(dependencies, text, caller, frame, before)
    told = await asyncio.to_thread(_preferences, dependencies.memories, caller)
    return await _decide(dependencies, text, caller, frame, seen, told)


def _preferences(store: BaseStore | None, caller: ToolContext) -> Preferences:
    return Memories(store, caller.tenant, caller.principal).preferences() if store is not None else Preferences()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the documents have on a question, as `Look` has it."""

    question: str
    found: Found
    evidence: float
    heading: str


async def _search(dependencies: Dependencies, text: str, caller: ToolContext, frame: Frame, before: str) -> _Seen:
    leans = bool(frame.topic) and is_elliptical(text)
    question = (standalone_question(text, before) if leans else text)[:_LONGEST_QUERY]
    evidence, heading = await _evidence(dependencies, question, caller)
    return _Seen(question, evidence.level, evidence.confidence, heading)


async def _decide(
    dependencies: Dependencies, text: str, caller: ToolContext, frame: Frame, seen: _Seen, told: Preferences
) -> Interpretation:
    known, said = await asyncio.to_thread(_read, dependencies, text, caller)
    allowed = frozenset(name for name in dependencies.spoken if dependencies.tools[name].scopes <= caller.scopes)
    look = Look(said, frame, known, allowed, seen.found, seen.evidence, seen.question, seen.heading, told)
    return await dependencies.understanding.interpret(look)


def _read(dependencies: Dependencies, text: str, caller: ToolContext) -> tuple[KnownEntities, ParsedMessage]:
    known = dependencies.know(caller)
    return known, parse_message(text, known, dependencies.catalogue)


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
