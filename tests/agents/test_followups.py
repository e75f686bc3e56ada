from pathlib import Path

import pytest
import yaml

from agents.followups import is_elliptical, standalone_question


@pytest.mark.parametrize(
    "message",
    [
        "and the SE50?",
        "And in production?",
        "what about hall 3",
        "How about the Aster 16 Pro battery?",
        "why?",
        "when exactly",
        "since when?",
        "same for the SE50",
        "the second one",
        "tell me more",
        "May we ship it?",
        "how long does that take",
        "which page is that on",
        "how much memory does that gateway have?",
        "are they loud?",
        "and then?",
        "那 SE50 呢？",
        "它能商用吗？",
        "为什么？",
        "SE50 也一样吗",
        "第二个",
        "这个多少钱",
        "下一步",
    ],
)
def test_what_leans_on_the_message_before(message: str) -> None:
    assert is_elliptical(message)
    assert standalone_question(message, "How hot may the SE30 get?") == f"How hot may the SE30 get? {message}"


@pytest.mark.parametrize(
    "message",
    [
        "How hot may the SE30 get?",
        "When does the SE30 throttle?",
        "Why does the SE50 have two fans?",
        "Where is the evaluation procedure described?",
        "Is there a document about shadow deployments?",
        "My Lyra 5 hangs. How do I force it to reboot?",
        "Which rule says that phones are wiped?",
        "What is an RMA?",
        "And which of the two fans of the SE50 do I have to replace when the console warns about its bearing?",
        "SE30 的工作温度范围是多少？",
        "为什么 SE50 有两个风扇？",
        "什么是 LoRA",
        "这个月有哪些一级事件？",
    ],
)
def test_what_makes_sense_alone(message: str) -> None:
    assert not is_elliptical(message)
    assert standalone_question(message, "May we ship phi-4-mini?") == message


def test_without_a_message_before_nothing_is_put_in_front() -> None:
    assert standalone_question("why?", "") == "why?"


@pytest.mark.parametrize(("language", "found", "disturbed"), [("en", 0.6, 0.03), ("zh", 0.5, 0.03)])
def test_the_annotated_messages(language: str, found: float, disturbed: float) -> None:
    messages = yaml.safe_load(Path(__file__).with_name("followups.yaml").read_text(encoding="utf-8"))
    leaning, alone = messages["leaning"][language], messages["alone"][language]
    assert sum(map(is_elliptical, leaning)) / len(leaning) >= found  # measured: English 0.67, Chinese 0.60
    assert sum(map(is_elliptical, alone)) / len(alone) <= disturbed  # measured: English 0.014, Chinese 0.011
