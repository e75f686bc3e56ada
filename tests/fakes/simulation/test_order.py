"""The simulation's account of order: what may come late, and what may not."""

import pytest

from edge.kernel.protocol.messages import SyncRequest, pack_events
from tests.fakes.simulation.order import Order

LIFE = [1, 2, 3]


def request(after: int, through: int, *numbers: int) -> SyncRequest:
    packed = pack_events([{"seq": number, "body": {"n": number}} for number in numbers])
    return SyncRequest(stream="0" * 32, after=after, through=through, packed=packed)


def order_of(*requests: tuple[SyncRequest, set[int]]) -> Order:
    order = Order()
    order.seqs = {number: number for number in LIFE}
    for made, on_disk in requests:
        order.note(made, LIFE, {number: number for number in on_disk})
    return order


def test_what_is_on_the_disk_comes_in_order() -> None:
    order = order_of((request(0, 3, 1, 2, 3), {1, 2, 3}))
    assert order.wrong(LIFE, [1, 2, 3]) == []
    assert order.wrong(LIFE, [1, 3, 2]) == [(2, 3)]


def test_what_the_disk_had_no_more_may_come_late() -> None:
    order = order_of((request(0, 2, 1, 2), {1, 2}), (request(0, 3, 3), {3}), (request(0, 2, 1, 2), {1, 2}))
    assert order.wrong(LIFE, [3, 1, 2]) == []


def test_what_was_passed_over_only_later_may_not() -> None:
    order = order_of((request(0, 3, 1, 2, 3), {1, 2, 3}), (request(0, 1), set()))
    assert order.wrong(LIFE, [2, 3, 1]) == [(1, 2), (1, 3)]


def test_a_request_that_passes_over_what_is_on_the_disk_is_wrong() -> None:
    with pytest.raises(AssertionError, match="passed over"):
        order_of((request(0, 3, 1, 3), {1, 2, 3}))
