"""What people say to have things remembered, shown and forgotten; none of it stands in the examples."""

import asyncio
from typing import Any

import pytest

from agents.understanding.candidates import Operations
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Interpretation
from agents.understanding.parsed_message import parse_message
from agents.understanding.understanding import ExampleUnderstanding, Look
from tests.fakes.entities import SHOP_FLOOR
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()


def understood(operations: Operations, text: str) -> Interpretation:
    said = parse_message(text, SHOP_FLOOR, CATALOGUE)
    look = Look(said, Frame(), SHOP_FLOOR, frozenset(operations.talk), "nothing", 0.0, text)
    return asyncio.run(ExampleUnderstanding(operations).interpret(look))


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        ("remember that we stop at four on Thursdays", "memory_remember", {"fact": "we stop at four on Thursdays"}),
        ("remember that I am on the paint line", "memory_remember", {"fact": "I am on the paint line"}),
        ("记住我在包装车间", "memory_remember", {"fact": "我在包装车间"}),
        ("call me Zoe", "memory_prefer", {"name": "Zoe"}),
        ("please always answer in Chinese", "memory_prefer", {"language": "zh"}),
        ("请用英文回答", "memory_prefer", {"language": "en"}),
        ("my gateway is press-1", "memory_prefer", {"device": "press-1"}),
        ("what do you remember of me?", "memory_list", {}),
        ("你记住了我什么？", "memory_list", {}),
        ("forget my name", "memory_forget", {"memory": "name"}),
        ("forget that I am on the paint line", "memory_forget", {"memory": "I am on the paint line"}),
        ("忘掉我在包装车间", "memory_forget", {"memory": "我在包装车间"}),
        ("forget everything that you know about me", "memory_forget_all", {}),
    ],
)
def test_memories_are_spoken_of(operations: Operations, text: str, tool: str, arguments: dict[str, Any]) -> None:
    found = understood(operations, text)
    (call,) = (*found.calls, *found.proposed)
    assert (call.tool, call.arguments) == (tool, arguments)
    assert not (found.calls and operations.tools[tool].effect == "destructive")


@pytest.mark.parametrize(
    "text",
    [
        "I work in hall 3",
        "I remember that returns failed last week",
        "if it fails, remember that I said so",
        "we might forget about the old policy",
        "do you think I should call Li?",
    ],
)
def test_nothing_is_remembered_or_forgotten_unasked(operations: Operations, text: str) -> None:
    found = understood(operations, text)
    assert not [call for call in found.calls if operations.tools[call.tool].effect != "read"]


def test_an_order_within_a_fact_is_asked_about(operations: Operations) -> None:
    found = understood(operations, "remember that I am new and revoke press-1")
    assert not [call for call in found.calls if operations.tools[call.tool].effect != "read"]
