"""Prompts are cut in the middle of their longest message."""

from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, SystemMessage

from agents.models.chat import estimate_tokens
from agents.teams.prompts import CUT, within


def test_what_fits_is_left_as_it_is() -> None:
    messages = [SystemMessage("You are an auditor."), HumanMessage("Who decided?")]
    assert within(messages, 100) == messages


def test_the_longest_message_keeps_its_beginning_and_its_end() -> None:
    text = f"Task: look.{'x' * 9000}The final answer is JSON."
    system, task = within([SystemMessage("You are an auditor."), HumanMessage(text)], 1000)
    assert system.text == "You are an auditor."
    assert task.text.startswith("Task: look.")
    assert task.text.endswith("The final answer is JSON.")
    assert CUT in task.text
    assert estimate_tokens(task.text) <= 1000


@settings(max_examples=60)
@given(st.lists(st.text(max_size=3000), min_size=1, max_size=5), st.integers(0, 2000))
def test_it_ends_and_never_grows(texts: list[str], tokens: int) -> None:
    cut = within([HumanMessage(text) for text in texts], tokens)
    assert [type(one) for one in cut] == [HumanMessage] * len(texts)
    assert all(len(one.text) <= len(text) for one, text in zip(cut, texts, strict=True))
