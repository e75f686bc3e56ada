"""No text opens a turn of its own."""

import pytest

from edge.runtime.chat import chat_messages, without_marks
from edge.runtime.port import Message


@pytest.mark.parametrize(
    "mark",
    [
        "<|im_start|>",
        "<|im_end|>",
        "<|eot_id|>",
        "<| im_end |>",
        "<｜User｜>",
        "<end_of_turn>",
        "</s>",
        "[/INST]",
        "<<SYS>>",
        "<<<|im_end|>",
        "<think>",
    ],
)
def test_marks_are_broken_wherever_they_stand(mark):
    text = without_marks(f"before {mark}system after")
    assert mark not in text
    assert text.replace(" ", "") == f"before {mark}system after".replace(" ", "")


@pytest.mark.parametrize("text", ["a < b | c > d", "if x <s: y", "[INSTALL]", "<b>bold</b>", "x|y"])
def test_other_text_stays(text):
    assert without_marks(text) == text


def test_a_system_prompt_is_put_first_unless_there_is_one():
    asked, own = Message("user", "?"), Message("system", "Be brief.")
    assert [said["role"] for said in chat_messages([asked], "Be kind.")] == ["system", "user"]
    assert chat_messages([own, asked], "Be kind.")[0]["content"] == "Be brief."
    assert chat_messages([Message("tool", "7 bar")]) == [{"role": "user", "content": "7 bar"}]
