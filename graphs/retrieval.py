"""The retrieval subgraph: rewrite -> retrieve -> ground -> draft or quote.

`ground` judges what the passages are to the question: if they have nothing to do with it, the answer is "not in the
documents" and no model is asked. `draft` lets a capable model word the answer and keeps what the passages carry; the
model may also say that they do not answer. Without such a model, or when nothing of its draft stands, `quote` gives
the sentence that answers, word for word; a procedure that is asked for is given whole. Which documents there are, and
which mention something, is answered without a model.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from pydantic import TypeAdapter

from agents.drafting import Draft, check_draft, draft_messages
from agents.events import AnswerDelta, Notice, ToolFinished, ToolStarted
from agents.followups import standalone_question
from agents.grounding.evidence import assess_evidence
from agents.grounding.forms import read_form
from agents.grounding.languages import foreign_language
from agents.grounding.quotes import (
    Quote,
    as_item,
    as_markdown,
    asks_steps,
    cite,
    select_mentions,
    select_quotes,
    select_section,
    select_sides,
)
from agents.grounding.relevance import Rarity
from agents.grounding.widening import has_steps
from agents.models.streaming import stream_text
from agents.phrases import phrase
from edge.kernel.errors import ChargehandError
from edge.kernel.language import detect_language
from edge.kernel.text_analysis import terms_of
from graphs.dependencies import Dependencies
from graphs.messages import check_asked, checked_text, last_question
from graphs.state import AnswerState, RetrievalInput, RetrievalState
from graphs.steps import RunContext, step
from memory.documents.passages import Passage
from memory.documents.sections import SectionReader
from tools.knowledge.search import FoundPassages

_PASSAGES_AS_JSON = TypeAdapter(list[Passage])
_SEARCH = "knowledge_search"
_PASSAGES = 8
_PASSAGES_OF_MENTIONS = 50
_DOCUMENTS_LISTED = 30
_PASSAGES_TO_MODEL = 5
_QUOTES = 2
_PROCEDURES_BESIDE = 4
_FIRST_TOKEN_S = 60.0
_NEXT_TOKEN_S = 20.0


def build_retrieval(dependencies: Dependencies, *, alone: bool = False) -> CompiledStateGraph[Any, Any, Any, Any]:
    """Compile the subgraph; `alone`, it takes a question or messages, and else what the supervisor knows."""
    taken = RetrievalInput if alone else AnswerState
    graph = StateGraph(RetrievalState, context_schema=RunContext, input_schema=taken)
    graph.add_node("rewrite", step("rewrite", dependencies, _rewrite))
    graph.add_node("retrieve", step("retrieve", dependencies, _retrieve))
    graph.add_node("ground", step("ground", dependencies, _ground))
    graph.add_node("draft", step("draft", dependencies, _draft))
    graph.add_node("quote", step("quote", dependencies, _quote))
    graph.add_edge(START, "rewrite")
    graph.add_edge("rewrite", "retrieve")
    graph.add_edge("retrieve", "ground")
    graph.add_conditional_edges("ground", _after_ground, ["draft", "quote", END])
    graph.add_conditional_edges("draft", _after_draft, ["quote", END])
    graph.add_edge("quote", END)
    return graph.compile(name="retrieval")


async def _rewrite(dependencies: Dependencies, state: RetrievalState, runtime: Runtime[Any]) -> dict[str, Any]:
    messages, limit_bytes = state.get("messages", []), dependencies.settings.message_limit_bytes
    if state.get("question"):
        return {"question": checked_text(state.get("question"), limit_bytes)}
    check_asked(messages, limit_bytes)
    return {"question": standalone_question(last_question(messages), last_question(messages, 1))}


async def _retrieve(dependencies: Dependencies, state: RetrievalState, runtime: Runtime[Any]) -> dict[str, Any]:
    asked = read_form(state["question"])
    query, limit = (
        (asked.subjects[0], _PASSAGES_OF_MENTIONS) if asked.form == "mentions" else (state["question"], _PASSAGES)
    )
    arguments, call_id = {"query": query, "limit": limit}, uuid.uuid4().hex
    runtime.stream_writer(ToolStarted(call_id, _SEARCH, arguments))
    try:
        result = await dependencies.tools[_SEARCH].call(dependencies.caller, arguments)
    except ChargehandError as error:
        runtime.stream_writer(ToolFinished(call_id, str(error), failed=True))
        raise
    passages = cast("FoundPassages", result).passages
    shown = [
        {"document": passage.document, "heading": " > ".join(passage.heading_path), "score": round(passage.score, 3)}
        for passage in passages
    ]
    runtime.stream_writer(ToolFinished(call_id, shown))
    call = {"id": call_id, "name": _SEARCH, "arguments": arguments, "result": shown, "status": "done"}
    return {
        "passages": _PASSAGES_AS_JSON.dump_python(passages, mode="json"),
        "tool_calls": [*state.get("tool_calls", []), call],
    }


async def _ground(dependencies: Dependencies, state: RetrievalState, runtime: Runtime[Any]) -> dict[str, Any]:
    question, tenant, language = state["question"], dependencies.caller.tenant, _language(state)
    rarity, passages = await _rarity_of(dependencies, question, tenant), _passages(state)
    update: dict[str, Any] = {"found": "nothing", "answer": "", "citations": [], "notices": [], "streamed": False}
    update["drafts"] = dependencies.may_draft
    if not rarity.chunks:
        return update | {"answer": phrase("no_documents", language)}
    asked = read_form(question)
    if asked.form == "listing":
        names = await asyncio.to_thread(_document_names, dependencies, tenant)
        return update | {"found": "answer", "answer": _listed(names, language)}
    if asked.form == "mentions":
        mentions = await asyncio.to_thread(select_mentions, asked.subjects[0], passages, rarity)
        if mentions:
            return update | {"found": "answer"} | _quoted(phrase("mentions", language), mentions, passages, named=True)
    found = (await asyncio.to_thread(assess_evidence, question, passages, rarity)).level
    if found == "nothing":
        update["answer"] = "\n\n".join([*_foreign(question, language), phrase("not_found", language)])
    return update | {"found": found}


def _document_names(dependencies: Dependencies, tenant: str) -> list[tuple[str, str]]:
    """(title, name) of each of a tenant's documents; who reads them may search them, as the search before this did."""
    return [(document.title, document.name) for document in dependencies.store.ledger.documents.all(tenant)]


def _listed(names: Sequence[tuple[str, str]], language: str) -> str:
    lines = [phrase("documents", language, count=len(names)), ""]
    lines += [f"- {title} ({name})" for title, name in names[:_DOCUMENTS_LISTED]]
    if len(names) > _DOCUMENTS_LISTED:
        lines += ["", phrase("documents_more", language, count=len(names) - _DOCUMENTS_LISTED)]
    return "\n".join(lines)


def _foreign(question: str, language: str) -> list[str]:
    """A sentence on a language that is not understood, where the question is in one."""
    foreign = foreign_language(question)
    return [phrase("foreign", language, other=foreign)] if foreign else []


def _quoted(
    opening: str, quotes: Sequence[Quote], passages: Sequence[Passage], *, named: bool = False
) -> dict[str, Any]:
    """An answer of quotes: one stands as it is, several are a list; `named` puts the document's name before each."""
    citations = [cite(quote, passages[quote.passage], number) for number, quote in enumerate(quotes, start=1)]
    blocks: list[str] = []
    for quote, citation in zip(quotes, citations, strict=True):
        text = f"{as_markdown(quote.text, quote.lead)} [{citation.number}]"
        if named:
            text = f"**{citation.title}** ({citation.document}): {text}"
        blocks.append(as_item(text) if named or len(quotes) > 1 else text)
    return {"answer": "\n\n".join([opening, *blocks]), "citations": [asdict(citation) for citation in citations]}


def _after_ground(state: RetrievalState) -> str:
    if state["answer"]:
        return END
    return "draft" if state["drafts"] else "quote"


async def _draft(dependencies: Dependencies, state: RetrievalState, runtime: Runtime[Any]) -> dict[str, Any]:
    passages, question, language = _passages(state)[:_PASSAGES_TO_MODEL], state["question"], _language(state)
    draft, notices, emit = Draft(), list[Notice](), runtime.stream_writer
    messages = draft_messages(question, language, passages)
    deltas = stream_text(dependencies.model, messages, first_token_s=_FIRST_TOKEN_S, next_token_s=_NEXT_TOKEN_S)
    try:
        await check_draft(deltas, passages, emit, draft)
    except ChargehandError as error:
        kept = "draft_cut" if draft.text else "model_failed"
        notices.append(Notice("model_failed", phrase(kept, language, why=error.message)))
    if draft.dropped:
        notices.append(Notice("dropped", phrase("dropped", language, count=len(draft.dropped))))
    for notice in notices:
        emit(notice)
    update: dict[str, Any] = {"notices": [{"kind": notice.topic, "message": notice.message} for notice in notices]}
    if draft.text:
        citations = [asdict(citation) for citation in draft.citations]
        update |= {"answer": draft.text, "citations": citations, "streamed": True}
    elif draft.not_found:
        nearest = "; ".join(dict.fromkeys(passage.title for passage in passages[:2]))
        places = phrase("nearest", language, places=nearest)
        update["answer"] = f"{phrase('not_found', language)} {places}"
    return update


def _after_draft(state: RetrievalState) -> str:
    return END if state["answer"] else "quote"


async def _quote(dependencies: Dependencies, state: RetrievalState, runtime: Runtime[Any]) -> dict[str, Any]:
    passages, question, language = _passages(state), state["question"], _language(state)
    tenant = dependencies.caller.tenant
    sections = SectionReader(dependencies.store.ledger.documents, tenant)
    rarity = await _rarity_of(dependencies, question, tenant)

    def quotes() -> tuple[str, list[Quote], list[str]]:
        opening, best = _select(question, state["found"], passages, rarity, sections)
        return opening, best, _procedures_beside(question, best, passages, sections)

    opening, selected, beside = await asyncio.to_thread(quotes)
    update = _quoted("\n\n".join([*_foreign(question, language), phrase(opening, language)]), selected, passages)
    if beside:
        update["answer"] += "\n\n" + phrase("steps_beside", language, places="; ".join(beside))
    runtime.stream_writer(AnswerDelta(update["answer"]))
    return update | {"streamed": True}


def _select(
    question: str, found: str, passages: Sequence[Passage], rarity: Rarity, sections: SectionReader
) -> tuple[str, list[Quote]]:
    """The name of the opening phrase, and the quotes."""
    asked = read_form(question)
    if asked.form == "comparison":
        sides = select_sides(asked.subjects, passages, rarity)
        if len(sides) > 1:
            return "quoted_sides", sides
    if asked.form == "summary" and found == "answer":
        return "quoted_section", select_section(question, passages, rarity, sections.whole)
    opening = "quoted" if found == "answer" else "quoted_near"
    limit = _QUOTES if found == "answer" else 1
    return opening, select_quotes(question, passages, rarity, limit, sections.whole)


def _procedures_beside(
    question: str, quotes: Sequence[Quote], passages: Sequence[Passage], sections: SectionReader
) -> list[str]:
    """Headings of the procedures beside the one that is quoted first, where one is asked for; without those quoted."""
    if not quotes or not asks_steps(question) or not has_steps(quotes[0].text):
        return []
    first, *others = (passages[quote.passage] for quote in quotes)
    quoted = {
        other.heading_path[-1] for other in others if other.document_id == first.document_id and other.heading_path
    }
    beside = [heading for heading, text in sections.beside(first) if has_steps(text) and heading not in quoted]
    return beside[:_PROCEDURES_BESIDE]


def _passages(state: RetrievalState) -> list[Passage]:
    return _PASSAGES_AS_JSON.validate_python(state.get("passages", []))


def _language(state: RetrievalState) -> str:
    route = state.get("route")
    return str(route["language"]) if route else detect_language(state["question"])


async def _rarity_of(dependencies: Dependencies, question: str, tenant: str) -> Rarity:
    """Of a question's terms among a tenant's chunks."""

    def rarity() -> Rarity:
        return Rarity(*dependencies.store.lexical.document_frequencies(terms_of(question), tenant))

    return await asyncio.to_thread(rarity)
