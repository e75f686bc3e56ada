"""In which order what a device recorded may come to the hub, over all disks that the device ever had."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from edge.kernel.protocol.messages import SyncRequest

__all__ = ["Order"]


class Order:
    """Account of every request of one device.

    What was recorded comes in that order, whatever fails, but for one thing: what a disk does not have any more (it gave
    way, was forgotten after its delivery, or was altered) is passed over by the request that tells of what was around
    it. Where the hub has it neither, as it was restored, an image set back may bring it after all, behind later ones.

    Attributes:
        seqs: the number in the outbox of each that was recorded.
    """

    def __init__(self) -> None:
        self.seqs: dict[int, int] = {}
        self._requests = 0
        self._carried: dict[int, int] = {}
        """The last request that had it, counted from the device's first."""
        self._passed_over: dict[int, int] = {}
        """The first request whose span it is in, and that did not have it."""

    def note(self, request: SyncRequest, life: Sequence[int], on_disk: Mapping[int, int]) -> None:
        """Take account of a request that is made now. Raises AssertionError: it passes over what is on the disk.

        Args:
            life: what was recorded in the history that the disk has.
            on_disk: what of it can be read there.
        """
        self._requests += 1
        carried = {body["n"] for event in request.carried() if "n" in (body := event["body"])}
        span = {number for number in life if request.after < self.seqs[number] <= request.through}
        skipped = (span - carried) & on_disk.keys()
        assert not skipped, f"on the disk, yet passed over: {sorted(skipped)}"
        self._carried.update(dict.fromkeys(carried, self._requests))
        for number in span - carried:
            self._passed_over.setdefault(number, self._requests)

    def wrong(self, life: Sequence[int], came: Sequence[int]) -> list[tuple[int, int]]:
        """Pairs (earlier, later) of a life, of which the later came first and must not.

        It may where the earlier one had been passed over when the later one was sent for the last time.
        """
        place = {number: index for index, number in enumerate(came)}
        there = [number for number in life if number in place]
        if there == sorted(there, key=place.__getitem__):
            return []
        return [
            (earlier, later)
            for earlier, later in combinations(there, 2)
            if place[later] < place[earlier]
            and self._passed_over.get(earlier, self._requests + 1) > self._carried[later]
        ]
