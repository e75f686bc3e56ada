"""The simulation's account of what the hub told: what a device may believe, and what not."""

from typing import Any

import pytest

from edge.kernel.protocol.messages import SyncRequest
from tests.fakes.simulation.told import Told

ONE, OTHER = "1" * 32, "2" * 32
CHAIN = "c" * 64


def request(nonce: int, after: int = 0, stream: str = ONE, chain: str = CHAIN) -> SyncRequest:
    places: dict[str, Any] = {"after": after, "through": after, "after_chain": chain if after else "0" * 64}
    return SyncRequest(stream=stream, nonce=f"{nonce:032x}", **places)


def note(told: Told, asked: SyncRequest, cursor: int, state: tuple[int, str] | None = None) -> None:
    desired = None if state is None else {"body": {"revision": state[0], "digest": state[1]}}
    told.note(asked.model_dump(), {"cursor": cursor, "cursor_chain": CHAIN, "desired": desired})


def test_what_the_hub_answered_last_may_be_believed_and_an_earlier_answer_may_not() -> None:
    told = Told()
    first = request(1)
    told.check(first)
    note(told, first, 5)
    told.check(request(2))  # that answer was lost
    note(told, request(2), 3)
    with pytest.raises(AssertionError, match="did not acknowledge"):
        told.check(request(3, after=5))
    told.check(request(3, after=3))


def test_after_the_disk_was_set_back_any_place_that_was_ever_told_may_be_there() -> None:
    told = Told()
    told.check(request(1))
    note(told, request(1), 5)
    told.check(request(2, after=5))
    note(told, request(2), 9)
    told.check(request(3, after=9))
    with pytest.raises(AssertionError, match="did not acknowledge"):
        told.check(request(4, after=5))
    told.set_back()
    told.check(request(5, after=5))


def test_a_stream_is_given_up_only_for_a_disaster() -> None:
    told = Told()
    told.check(request(1))
    with pytest.raises(AssertionError, match="given up without need"):
        told.check(request(2, stream=OTHER))
    told.set_back()
    told.check(request(2, stream=OTHER))


def test_a_state_must_have_been_given_and_none_goes_back() -> None:
    told = Told()
    told.check_state((-1, "none"))
    told.check(request(1))
    note(told, request(1), 0, (4, "d4"))
    with pytest.raises(AssertionError, match="did not give it the state"):
        told.check_state((4, "other"))
    told.check_state((4, "d4"))
    told.check(request(2))
    note(told, request(2), 0, (3, "d3"))
    with pytest.raises(AssertionError, match="went back"):
        told.check_state((3, "d3"))
    told.altered((4, "rotten"))
    told.check_state((4, "rotten"))
