from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.drafting import Draft, check_draft, draft_messages
from agents.events import AnswerDelta, DraftDelta, TurnEvent
from edge.kernel.errors import Interrupted
from tests.fakes.passages import passage_of

PASSAGES = [
    passage_of(
        "It throttles at 85 °C. It has no fan. Keep 50 mm free, e.g. above it.", "SE30 manual", "Cooling", start=100
    ),
    passage_of("The battery is full after 95 minutes.", "Aster 14", document="aster.md", start=40),
    passage_of("设备不支持无线充电。租约为 14 天。", "SE30 快速指南", document="guide-zh.md"),
]
TRUE, SECOND = "The SE30 throttles at 85 °C.", "The battery is full after 95 minutes."


async def spoken(pieces: Iterable[str], failure: Exception | None = None) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece
    if failure:
        raise failure


async def checked(text: str | list[str], size: int = 3) -> tuple[Draft, list[TurnEvent]]:
    pieces = text if isinstance(text, list) else [text[at : at + size] for at in range(0, len(text), size)]
    draft, events = Draft(), list[TurnEvent]()
    await check_draft(spoken(pieces), PASSAGES, events.append, draft)
    return draft, events


def answers(events: list[TurnEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, AnswerDelta)]


def raw(events: list[TurnEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, DraftDelta))


async def test_what_stands_is_cited_in_our_own_numbers() -> None:
    draft, events = await checked(f"{SECOND} [2] {TRUE[:-1]} [7, 9]. It has no fan.[1]")
    assert draft.text == f"{SECOND} [1] {TRUE} [2] It has no fan. [3]"
    assert "".join(answers(events)) == draft.text
    assert [(one.number, one.document, one.start, one.end, one.quote) for one in draft.citations] == [
        (1, "aster.md", 40, 77, SECOND),
        (2, "manuals/se30-manual.md", 100, 122, "It throttles at 85 °C."),
        (3, "manuals/se30-manual.md", 123, 137, "It has no fan."),
    ]
    assert [one.heading for one in draft.citations] == ["", "Cooling", "Cooling"]
    assert not draft.dropped
    assert not draft.not_found


async def test_a_citation_is_the_passage_word_for_word() -> None:
    draft, _ = await checked(f"{TRUE} {SECOND} 租约为十四天。")
    assert len(draft.citations) == 3
    for citation in draft.citations:
        passage = next(one for one in PASSAGES if one.document_id == citation.document_id)
        assert citation.quote == passage.text[citation.start - passage.start : citation.end - passage.start]


async def test_what_the_passages_do_not_carry_is_dropped_with_the_reason() -> None:
    draft, events = await checked(f"The SE30 throttles at 95 °C. {TRUE} It has a fan. Buy it.")
    assert draft.text == f"{TRUE} [1]"
    assert draft.dropped == {
        "The SE30 throttles at 95 °C.": "the figure 95 °C is not in the documents",
        "It has a fan.": "the documents say the opposite",
        "Buy it.": "the documents do not say so",
    }
    assert answers(events) == [f"{TRUE} [1]"]


@pytest.mark.parametrize("words", ["NOT FOUND", "not found.", "**NOT FOUND**", " NOT FOUND [1].", "未找到。"])
async def test_the_model_says_that_the_passages_do_not_answer(words: str) -> None:
    draft, events = await checked(words)
    assert draft == Draft(not_found=True)
    assert answers(events) == []


async def test_a_sentence_said_again_is_kept_once_and_cited_once() -> None:
    draft, _ = await checked(f"{TRUE} [1] {TRUE} [1] Buy it. Buy it. It throttles at 85 °C.")
    assert draft.text == f"{TRUE} [1] It throttles at 85 °C. [1]"
    assert list(draft.dropped) == ["Buy it."]
    assert len(draft.citations) == 1


async def test_chinese_sentences() -> None:
    draft, _ = await checked("设备不支持无线充电。[3]设备支持无线充电。租约为14天。", size=1)
    assert draft.text == "设备不支持无线充电。 [1] 租约为14天。 [2]"
    assert draft.dropped == {"设备支持无线充电。": "the documents say the opposite"}


async def test_sentences_are_settled_while_the_model_still_writes() -> None:
    draft, events = Draft(), list[TurnEvent]()
    seen: list[str] = []

    async def slow() -> AsyncIterator[str]:
        for piece in (f"{TRUE} [1]", " The bat", "tery is full after 95", " minutes."):
            yield piece
            seen.append(draft.text)

    await check_draft(slow(), PASSAGES, events.append, draft)
    assert seen == [f"{TRUE} [1]"] * 4
    assert draft.text == f"{TRUE} [1] {SECOND} [2]"


async def test_no_sentence_is_settled_before_it_is_whole() -> None:
    draft, events = await checked(["Keep 50 mm free, e.", "g. above it.", " (", "always) It has no fan."])
    assert draft.dropped == {"Keep 50 mm free, e.g. above it. (always) It has no fan.": "the documents do not say so"}
    draft, events = await checked("Keep 50 mm free, e.g. above it. It throttles at 85 °C.", size=1)
    assert answers(events) == ["Keep 50 mm free, e.g. above it. [1]", " It throttles at 85 °C. [2]"]


async def test_a_stream_that_fails_keeps_what_stood() -> None:
    draft, events = Draft(), list[TurnEvent]()
    pieces = [f"{TRUE} [1] The bat", "tery is full after 95"]
    with pytest.raises(Interrupted):
        await check_draft(spoken(pieces, Interrupted("It stopped.")), PASSAGES, events.append, draft, clock=lambda: 0.0)
    assert draft.text == f"{TRUE} [1]"
    assert not draft.dropped
    assert raw(events) == "".join(pieces)


async def test_small_pieces_are_joined_until_some_time_has_passed() -> None:
    now = iter([0.0, 0.0, 0.01, 0.02, 0.05, 0.05, 0.06])
    draft, events = Draft(), list[TurnEvent]()
    await check_draft(spoken("abcde"), PASSAGES, events.append, draft, clock=lambda: next(now))
    assert [event.text for event in events if isinstance(event, DraftDelta)] == ["a", "bcd", "e"]


@given(st.text("abT. 85°C[1]。\n- 不", max_size=60), st.integers(1, 5))
async def test_the_draft_is_streamed_as_it_was_written(text: str, size: int) -> None:
    draft, events = await checked(text, size)
    assert raw(events) == text
    assert "".join(answers(events)) == draft.text


@given(
    st.lists(st.sampled_from([TRUE, SECOND, "It has no fan.", "Buy it.", "租约为 14 天。", "See No. 5."])),
    st.integers(1, 9),
)
async def test_it_does_not_matter_how_the_draft_is_cut(parts: list[str], size: int) -> None:
    text = " ".join(parts)
    draft, _ = await checked(text, size)
    whole, _ = await checked([text])
    assert draft == whole


async def test_nothing_is_written() -> None:
    draft, events = await checked([])
    assert draft == Draft()
    assert events == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_model_is_shown_numbered_passages_and_the_question(language: str) -> None:
    system, human = draft_messages("How hot may it get?", language, PASSAGES)
    assert "NOT FOUND" in str(system.content)
    assert str(human.content).startswith("[1] SE30 manual > Cooling\nIt throttles at 85 °C.")
    assert "\n\n[3] SE30 快速指南\n设备" in str(human.content)
    assert str(human.content).endswith("\n\nHow hot may it get?")
