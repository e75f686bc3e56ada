"""Answers keep within context and time, and stop when they are told to."""

import time
from collections.abc import Generator, Sequence

import pytest

from edge.kernel.errors import OutOfTime, PromptTooLong
from edge.runtime.chat import Piece, answer_within, room_for_answer


class Model:
    """Says pieces with pauses between; knows whether it was stopped."""

    def __init__(self, *pieces: Piece, pause_s: float = 0.0) -> None:
        self._pieces: Sequence[Piece] = pieces
        self._pause_s = pause_s
        self.said = 0
        self.closed = False

    def __call__(self) -> Generator[Piece]:
        try:
            for piece in self._pieces:
                time.sleep(self._pause_s)
                self.said += 1
                yield piece
        finally:
            self.closed = True


def test_an_answer_is_gathered_with_the_runtimes_counts():
    model = Model(Piece("It is "), Piece("warm."), Piece("", "stop", 12, 3))
    reply = answer_within(model, 10, 5, None, "smol")
    assert (reply.text, reply.finish, reply.input_tokens, reply.output_tokens) == ("It is warm.", "stop", 12, 3)


def test_a_guard_that_says_so_stops_the_model_at_once():
    model = Model(*[Piece("la ")] * 50, Piece("", "stop", 1, 50))
    reply = answer_within(model, 10, 5, lambda text: text.count("la") >= 3, "smol")
    assert (reply.text, reply.finish, reply.output_tokens) == ("la la la ", "cancelled", 3)
    assert (model.said, model.closed) == (3, True)


def test_time_is_limited_for_the_whole_and_the_model_is_stopped():
    model = Model(*[Piece("la ")] * 50, pause_s=0.05)
    with pytest.raises(OutOfTime, match=r"smol did not answer within 0.2 s"):
        answer_within(model, 10, 0.2, None, "smol")
    assert model.closed
    assert model.said < 10


def test_what_a_guard_raises_stops_the_model_too():
    model = Model(*[Piece("la ")] * 50)

    def guard(text: str) -> bool:
        raise OutOfTime("enough")

    with pytest.raises(OutOfTime, match="enough"):
        answer_within(model, 10, 5, guard, "smol")
    assert model.closed


def test_an_answer_has_the_room_that_the_prompt_leaves():
    assert room_for_answer(100, 2048, 256) == 256
    assert room_for_answer(2000, 2048, 256) == 48
    with pytest.raises(PromptTooLong) as caught:
        room_for_answer(2040, 2048, 256)
    assert (caught.value.tokens, caught.value.limit) == (2040, 2032)
    assert room_for_answer(2044, 2048, 4) == 4
