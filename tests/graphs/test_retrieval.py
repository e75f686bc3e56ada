"""The retrieval subgraph: quotes without a model, checked drafts with one, and "not in the documents"."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from agents.events import AnswerDelta, DraftDelta, Notice, ToolFinished, ToolStarted, TurnEvent
from agents.phrases import phrase
from edge.kernel.errors import Interrupted
from graphs.retrieval import build_retrieval
from graphs.supervisor import build_supervisor
from memory.home import open_home
from memory.store import KnowledgeStore, open_store
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.dependencies import dependencies_on
from tests.graphs.turns import take_turn

HEAT = "At what temperature does the SE30 throttle?"
CARRIED = "At 85 °C SoC temperature the gateway lowers its clock from 1.8 to 1.2 GHz. "
ALSO_CARRIED = "At 95 °C it shuts down. "
INVENTED = "At 91 °C the gateway sounds an alarm. "
QUESTIONS = Path(__file__).parents[1] / "data" / "sample_questions.jsonl"


async def answer(
    store: KnowledgeStore, question: str, chat: ScriptedChat | None = None, **settings: Any
) -> tuple[dict[str, Any], list[TurnEvent]]:
    """(final state, events) of one question."""
    model = scripted_model(chat) if chat else None
    graph = build_retrieval(dependencies_on(store, model=model, **settings))
    events: list[TurnEvent] = []
    state: dict[str, Any] = {}
    async for streamed in graph.astream({"question": question}, stream_mode=["custom", "values"]):
        mode, part = cast("tuple[str, Any]", streamed)
        if mode == "custom":
            events.append(part)
        else:
            state = part
    return state, events


def assert_quotes_are_verbatim(store: KnowledgeStore, citations: Sequence[dict[str, Any]]) -> None:
    for citation in citations:
        document = store.ledger.documents.get(citation["document_id"], "default")
        assert citation["quote"] == document.text[citation["start"] : citation["end"]]
        assert citation["quote"].strip()
        assert citation["document"] == document.name


def said(events: Sequence[TurnEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, AnswerDelta))


def notices(events: Sequence[TurnEvent]) -> list[str]:
    return [event.topic for event in events if isinstance(event, Notice)]


async def test_without_a_model_the_answer_is_quoted(sample_store: KnowledgeStore):
    state, events = await answer(sample_store, HEAT)
    assert state["answer"].startswith(phrase("quoted", "en"))
    assert "85 °C" in state["answer"]
    assert [citation["number"] for citation in state["citations"]] == list(range(1, len(state["citations"]) + 1))
    assert all(f"[{citation['number']}]" in state["answer"] for citation in state["citations"])
    assert_quotes_are_verbatim(sample_store, state["citations"])
    assert said(events) == state["answer"]
    assert notices(events) == []


@pytest.mark.parametrize(
    ("question", "opens", "ends", "beside"),
    [
        ("How do I exchange the fan of the SE50?", "The fan can be exchanged", "Reset counter**.", ["First start"]),
        ("How do I update a gateway from a USB stick?", "1. Format a USB stick", "of about 70 seconds.", []),
        ("How do I replace the drive in the Aster 14?", "1. Loosen the Phillips", "new drive**.", []),
    ],
)
async def test_a_procedure_that_is_asked_for_is_quoted_whole(
    sample_store: KnowledgeStore, question: str, opens: str, ends: str, beside: list[str]
):
    state, _ = await answer(sample_store, question)
    steps = [one["quote"] for one in state["citations"] if one["quote"].startswith(opens)]
    assert len(steps) == 1
    assert steps[0].endswith(ends)
    assert_quotes_are_verbatim(sample_store, state["citations"])
    others = phrase("steps_beside", "en", places="; ".join(beside))
    assert state["answer"].endswith(others) == bool(beside)


@pytest.mark.parametrize(("capable", "draft_with"), [(True, "none"), (False, "capable")])
async def test_a_model_that_may_not_draft_is_not_asked(sample_store: KnowledgeStore, capable: bool, draft_with: str):
    chat = ScriptedChat(pieces=[CARRIED], said=[])
    model = scripted_model(chat, capable=capable)
    graph = build_retrieval(dependencies_on(sample_store, model=model, draft_with=draft_with))
    state = await graph.ainvoke({"question": HEAT})
    assert state["answer"].startswith(phrase("quoted", "en"))
    assert chat.said == []


async def test_a_small_model_drafts_when_the_settings_allow_any(sample_store: KnowledgeStore):
    model = scripted_model(ScriptedChat(pieces=[CARRIED], said=[]), capable=False)
    graph = build_retrieval(dependencies_on(sample_store, model=model, draft_with="any"))
    state = await graph.ainvoke({"question": HEAT})
    assert state["answer"] == f"{CARRIED.strip()} [1]"


async def test_sentences_that_the_documents_carry_are_kept_and_cited(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=[CARRIED, ALSO_CARRIED], said=[])
    state, events = await answer(sample_store, HEAT, chat)
    assert CARRIED.strip() in state["answer"]
    assert ALSO_CARRIED.strip() in state["answer"]
    assert len(state["citations"]) == 2
    assert "1.2 GHz" in state["citations"][0]["quote"]
    assert_quotes_are_verbatim(sample_store, state["citations"])
    assert said(events) == state["answer"]
    assert "".join(event.text for event in events if isinstance(event, DraftDelta)) == CARRIED + ALSO_CARRIED
    assert notices(events) == []


async def test_a_sentence_that_they_do_not_carry_is_dropped_and_the_user_told(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=[INVENTED, CARRIED], said=[])
    state, events = await answer(sample_store, HEAT, chat)
    assert "91" not in state["answer"]
    assert "91" not in said(events)
    assert CARRIED.strip() in state["answer"]
    assert notices(events) == ["dropped"]
    assert state["notices"] == [{"kind": "dropped", "message": phrase("dropped", "en", count=1)}]


async def test_quotes_take_over_when_nothing_of_a_draft_stands(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=[INVENTED], said=[])
    state, events = await answer(sample_store, HEAT, chat)
    assert state["answer"].startswith(phrase("quoted", "en"))
    assert "91" not in said(events)
    assert state["citations"]
    assert [notice["kind"] for notice in state["notices"]] == notices(events) == ["dropped"]


async def test_a_model_that_finds_no_answer_is_believed(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=["NOT ", "FOUND."], said=[])
    state, events = await answer(sample_store, HEAT, chat)
    assert state["answer"].startswith(phrase("not_found", "en"))
    assert "SE30" in state["answer"]
    assert state["citations"] == []
    assert said(events) == ""


async def test_what_stood_is_kept_when_the_model_dies(sample_store: KnowledgeStore):
    pieces = [CARRIED, ALSO_CARRIED, "It restarts by itself once", " the SoC is below 75 °C."]
    chat = ScriptedChat(pieces=pieces, fail_after=3, failure=Interrupted("It stopped half-way."), said=[])
    state, events = await answer(sample_store, HEAT, chat)
    assert state["answer"].startswith(CARRIED.strip())
    assert "restarts" not in state["answer"]
    assert notices(events) == ["model_failed"]
    assert "is kept" in state["notices"][0]["message"]
    assert_quotes_are_verbatim(sample_store, state["citations"])


async def test_quotes_take_over_when_the_model_dies_before_anything_stood(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=["At 85", " °C"], fail_after=1, failure=Interrupted("It stopped half-way."), said=[])
    state, events = await answer(sample_store, HEAT, chat)
    assert state["answer"].startswith(phrase("quoted", "en"))
    assert notices(events) == ["model_failed"]
    assert "quoted from the documents" in state["notices"][0]["message"]
    assert said(events) == state["answer"]


async def test_a_model_that_says_nothing_gives_way_to_quotes(sample_store: KnowledgeStore):
    state, events = await answer(sample_store, HEAT, ScriptedChat(pieces=[""], said=[]))
    assert state["answer"].startswith(phrase("quoted", "en"))
    assert said(events) == state["answer"]


async def test_a_code_that_no_document_has_is_not_in_the_documents_and_no_model_is_asked(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=[CARRIED], said=[])
    state, events = await answer(sample_store, "What does E-X999 on the SE30 mean?", chat)
    assert state["found"] == "nothing"
    assert state["answer"] == phrase("not_found", "en")
    assert state["citations"] == []
    assert chat.said == []
    assert said(events) == ""


async def test_a_question_that_only_comes_near_says_so(sample_store: KnowledgeStore):
    """The documents speak of the gateway; of its paint they say nothing."""
    state, _ = await answer(sample_store, "Which artist painted the ceiling of the canteen?")
    assert state["found"] in {"near", "nothing"}
    assert not state["answer"].startswith(phrase("quoted", "en"))


async def test_a_home_without_documents_says_so(tmp_path: Path, sample_store: KnowledgeStore):
    store = open_store(open_home(tmp_path / "empty"), lambda: sample_store.embedder)
    for question in (HEAT, "list documents", "Which documents mention fans?"):
        state, _ = await answer(store, question)
        assert state["answer"] == phrase("no_documents", "en")
        assert state["found"] == "nothing"


async def test_the_third_question_of_the_demo_is_answered_plainly(sample_store: KnowledgeStore):
    state, _ = await answer(sample_store, "SE30 的工作温度范围是多少？")
    assert state["found"] == "answer"
    assert state["answer"].startswith(phrase("quoted", "zh"))
    assert "-20 至 60 °C" in state["answer"]


async def test_one_quote_is_no_list(sample_store: KnowledgeStore):
    state, _ = await answer(sample_store, "What is the biggest model file an SE50 will take?")
    assert "4.5 GB" in state["answer"]
    assert len(state["citations"]) == 1
    assert "\n- " not in state["answer"]


async def test_documents_are_listed_by_title_and_name(sample_store: KnowledgeStore):
    state, _ = await answer(sample_store, "Which documents do you have?")
    titles = sample_store.ledger.documents.all("default")
    assert phrase("documents", "en", count=len(titles)) in state["answer"]
    assert state["answer"].count("\n- ") == 30
    assert phrase("documents_more", "en", count=len(titles) - 30) in state["answer"]
    assert state["found"] == "answer"


async def test_documents_that_mention_something_are_named(sample_store: KnowledgeStore):
    state, _ = await answer(sample_store, "Which documents mention radar?")
    assert state["answer"].startswith(phrase("mentions", "en"))
    assert all(citation["document"] in state["answer"] for citation in state["citations"])
    assert all("radar" in citation["quote"].lower() for citation in state["citations"])
    assert_quotes_are_verbatim(sample_store, state["citations"])


async def test_a_summary_without_a_model_is_the_section_itself(sample_store: KnowledgeStore):
    state, _ = await answer(sample_store, "Summarise how the fan of the SE50 is exchanged")
    assert state["answer"].startswith(phrase("quoted_section", "en"))
    assert "HD-FK-50" in state["answer"]
    assert_quotes_are_verbatim(sample_store, state["citations"])


async def test_both_sides_of_a_comparison_are_quoted(sample_store: KnowledgeStore):
    state, _ = await answer(sample_store, "What is the difference between gate 1 and gate 2?")
    assert state["answer"].startswith(phrase("quoted_sides", "en"))
    assert len(state["citations"]) == 2


async def test_a_language_that_is_not_understood_is_named(sample_store: KnowledgeStore):
    state, _ = await answer(sample_store, "Wie warm darf es bei einem SE30 sein?")
    assert state["answer"].startswith(phrase("foreign", "en", other="German"))
    state, _ = await answer(sample_store, HEAT)
    assert "I understand English and Chinese only" not in state["answer"]


async def test_the_search_is_told_with_what_it_found(sample_store: KnowledgeStore):
    state, events = await answer(sample_store, HEAT)
    (started,) = [event for event in events if isinstance(event, ToolStarted)]
    (finished,) = [event for event in events if isinstance(event, ToolFinished)]
    (call,) = state["tool_calls"]
    assert call["id"] == started.call_id == finished.call_id
    assert started.arguments == call["arguments"] == {"query": HEAT, "limit": 8}
    assert len(finished.result) == 8
    assert [entry["document"] for entry in call["result"]] == [passage["document"] for passage in state["passages"]]


async def test_a_follow_up_is_searched_with_the_question_before_it(sample_store: KnowledgeStore):
    graph = build_supervisor(dependencies_on(sample_store), InMemorySaver())
    await take_turn(graph, HEAT)
    turn = await take_turn(graph, "And when does it shut down?")
    asked = turn.state["tool_calls"][0]["arguments"]["query"]
    assert asked == f"{HEAT} And when does it shut down?"
    assert turn.state["question"] == asked
    assert "95 °C" in turn.message.text


async def test_a_full_question_is_searched_alone(sample_store: KnowledgeStore):
    graph = build_supervisor(dependencies_on(sample_store), InMemorySaver())
    await take_turn(graph, HEAT)
    question = "How long is customer telemetry data kept before somebody deletes it?"
    turn = await take_turn(graph, question)
    assert turn.state["tool_calls"][0]["arguments"]["query"] == question


async def test_messages_alone_are_enough_input(sample_store: KnowledgeStore):
    graph = build_retrieval(dependencies_on(sample_store))
    messages = [HumanMessage(HEAT), HumanMessage("And when does it shut down?")]
    state = await graph.ainvoke({"messages": messages})
    assert state["question"] == f"{HEAT} And when does it shut down?"
    assert "95 °C" in state["answer"]


async def test_a_chinese_question_is_answered_in_chinese(sample_store: KnowledgeStore):
    state, _ = await answer(sample_store, "SE30 的工作温度范围是多少？")
    assert state["answer"].startswith((phrase("quoted", "zh"), phrase("quoted_near", "zh")))
    assert "60 °C" in state["answer"]
    assert_quotes_are_verbatim(sample_store, state["citations"])


async def test_a_chinese_draft_is_checked_like_an_english_one(sample_store: KnowledgeStore):
    chat = ScriptedChat(pieces=["工作温度为 -20 至 90 °C。"], said=[])
    state, events = await answer(sample_store, "SE30 的工作温度范围是多少？", chat)
    assert "90" not in state["answer"]
    assert notices(events) == ["dropped"]
    assert state["notices"][0]["message"] == phrase("dropped", "zh", count=1)


async def test_no_document_speaks_of_it_in_chinese(sample_store: KnowledgeStore):
    state, _ = await answer(sample_store, "E-X999 是什么故障？")
    assert state["answer"] == phrase("not_found", "zh")


async def test_every_citation_quotes_its_document_to_the_letter(sample_store: KnowledgeStore):
    lines = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()][::5]
    graph = build_retrieval(dependencies_on(sample_store))
    cited = 0
    for line in lines:
        state = await graph.ainvoke({"question": line["text"]})
        assert_quotes_are_verbatim(sample_store, state["citations"])
        cited += len(state["citations"])
    assert cited > len(lines) / 2
