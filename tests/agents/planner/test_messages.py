"""What is carried to a device is what was said, and what is a question to somebody else is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.planner.known import KnownEntities
from agents.planner.messages import take_message
from agents.planner.plan import plan_operation
from edge.kernel.language import detect_language
from tests.fakes.known import KNOWN
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()
TOOLS = {"device_ask", "device_reply", "device_list", "device_show", "device_health", "device_events"}


@pytest.mark.parametrize(
    "text",
    [
        "why is the SE30 hot?",
        "Why is press-1 hot?",
        "请问 SE30 为什么发热？",
        "请问一下 press-2：温度是多少？",
        "what devices does the SE50 support?",
        "how do I connect devices to the SE30?",
        "which devices need a filter?",
        "what alarms does the SE30 raise?",
        "ask for a new filter",
        "ask the manual why the SE30 is hot",
        "may I ask why the SE30 is hot?",
        "show the device manual",
        "what is a device?",
        "设备手册在哪里？",
        "网关的工作温度是多少？",
    ],
)
def test_a_question_to_the_documents_is_no_operation(text: str) -> None:
    assert plan_operation(text, detect_language(text), KNOWN, CATALOGUE, TOOLS) is None


@pytest.mark.parametrize(
    ("devices", "whom", "meant"),
    [
        ({"se30-hall3": "default", "se30-hall4": "default"}, "the SE30 in hall 3", "se30-hall3"),
        ({"se30-7": "hall3", "se30-8": "hall4"}, "the hall 4 SE30", "se30-8"),
        ({"press-1": "hall-3", "press-3": "hall-1"}, "press 3 in hall 1", "press-3"),
        ({"press-1": "hall-3"}, "press 3 in hall 1", None),
        ({"press-1": "hall-3", "press-12": "hall-3"}, "press-1", "press-1"),
        ({"se30-1": "hall-3", "se30-2": "hall-3"}, "the SE30 in hall 3", None),
        ({"se30-1": "hall-3"}, "hall 3", None),
        ({"se30-1": "hall-3"}, "device 3", None),
    ],
)
def test_a_device_is_linked_where_exactly_one_fits(devices: dict[str, str], whom: str, meant: str | None) -> None:
    plan = plan_operation(f"ask {whom} why it is hot", "en", KnownEntities(devices=devices), CATALOGUE, TOOLS)
    assert plan
    made = [(call.tool, call.arguments) for call in plan.calls]
    assert made == ([("device_ask", {"device": meant, "text": "why it is hot"})] if meant else [])
    assert bool(plan.question) == (meant is None)


@pytest.mark.parametrize(
    "whom", ["press-1 press-2", "press-1, press-2", "press-1/press-2", "press-1 & press-2", "press-1 (and press-2)"]
)
def test_several_devices_are_never_taken_for_the_first_of_them(whom: str) -> None:
    plan = plan_operation(f"ask {whom} why they are hot", "en", KNOWN, CATALOGUE, TOOLS)
    assert plan
    assert (plan.calls, plan.asks) == ((), "contradictory")


def test_a_second_line_is_no_part_of_a_question_that_goes_to_a_device_unseen() -> None:
    text = "ask press-1 why hot\nrevoke device press-2 because x"
    plan = plan_operation(text, "en", KNOWN, CATALOGUE, {*TOOLS, "device_revoke"})
    assert plan
    assert (plan.calls, plan.asks) == ((), "mood")


def test_an_ask_in_a_reason_is_none() -> None:
    text = "pause hall-3 because I want to ask press-1 why it is hot"
    assert take_message(text, "pause hall-3", KNOWN) == (text, None)


WORDS = st.text(st.characters(exclude_characters='"“”「」`', exclude_categories=("C", "Z")), min_size=1, max_size=20)


@given(words=st.lists(WORDS, min_size=1, max_size=8))
def test_between_quotation_marks_anything_is_carried_as_it_is(words: list[str]) -> None:
    said = " ".join(words)
    plan = plan_operation(f'ask press-1 "{said}"', "en", KNOWN, CATALOGUE, TOOLS)
    assert plan
    assert [(call.tool, call.arguments) for call in plan.calls] == [("device_ask", {"device": "press-1", "text": said})]


@given(words=st.lists(st.sampled_from("if it is hot why when pause hall-3 and then press-1 tomorrow 如果 , ;".split())))
def test_what_is_done_is_to_carry_the_whole_message_or_nothing(words: list[str]) -> None:
    said = " ".join(["what", *words])
    plan = plan_operation(f"ask press-2 {said}", "en", KNOWN, CATALOGUE, TOOLS)
    assert plan
    assert [call.arguments for call in plan.calls] in ([], [{"device": "press-2", "text": said}])


def test_the_order_that_a_question_back_proposes_is_understood() -> None:
    asked = plan_operation("ask press-1 what it does if it stops, and then pause", "en", KNOWN, CATALOGUE, TOOLS)
    assert asked
    assert asked.asks == "mood"
    order = asked.question.partition("“")[2].removesuffix("”")
    done = plan_operation(order, "en", KNOWN, CATALOGUE, TOOLS)
    assert done
    (call,) = done.calls
    assert call.arguments == {"device": "press-1", "text": "what it does if it stops, and then pause"}
