"""What the hub told one device, over all its restorations: a device may take nothing else for true."""

from collections.abc import Mapping
from typing import Any

from edge.kernel.protocol.messages import SyncRequest

__all__ = ["Told"]

Place = tuple[str, int, str]
"""Stream, number and chain."""
State = tuple[int, str]
"""Revision and digest of a desired state."""


class Told:
    """Account of the answers of one device's hub, and of what the device makes of them.

    Attributes:
        disasters: how often the disk was set back or the hub restored; each may cost the device its stream.
        asked: the nonces of its requests.
    """

    def __init__(self) -> None:
        self.disasters = 0
        self.asked: list[str] = []
        self._places: dict[str, set[Place]] = {}
        self._states: dict[str, set[State]] = {}
        """By the nonce of the request that they answer."""
        self._streams: set[str] = set()
        self._place: Place | None = None
        self._state: State | None = None

    def note(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Take account of what the hub answers, whether or not it arrives."""
        nonce = request["nonce"]
        self._places.setdefault(nonce, set()).add((request["stream"], answer["cursor"], answer["cursor_chain"]))
        if answer["desired"] is not None:
            body = answer["desired"]["body"]
            self._states.setdefault(nonce, set()).add((body["revision"], body["digest"]))

    def check(self, request: SyncRequest) -> None:
        """Take account of a request that is made now.

        Raises:
            AssertionError: the device takes for acknowledged what the hub did not, in answer to what it asked last;
                or it gave up its stream without need.
        """
        place = (request.stream, request.after, request.after_chain)
        all_told = self._place is None
        said = {one for nonce in (self.asked if all_told else self.asked[-1:]) for one in self._places.get(nonce, ())}
        assert request.after == 0 or place == self._place or place in said, f"the hub did not acknowledge {place}"
        self._streams.add(request.stream)
        assert len(self._streams) <= 1 + self.disasters, (
            f"{len(self._streams)} streams after {self.disasters} disasters: one was given up without need"
        )
        self._place = place
        self.asked.append(request.nonce)

    def check_state(self, state: State) -> None:
        """Raises AssertionError: the device took a state that the hub did not give it in answer to its last request."""
        if self._state is not None and state != self._state:
            given = {one for nonce in self.asked[-1:] for one in self._states.get(nonce, ())}
            assert state in given, f"the hub did not give it the state {state}"
            assert state[0] >= self._state[0], f"the state went back from revision {self._state[0]} to {state[0]}"
        self._state = state

    def set_back(self) -> None:
        """The disk was: the device has what it had at some time."""
        self.disasters += 1
        self._place = self._state = None

    def altered(self, state: State) -> None:
        """The disk altered what the device has."""
        self._state = state
