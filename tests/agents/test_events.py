from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from agents.events import DraftDelta, TurnEvent


def test_every_event_says_its_kind_and_no_two_the_same() -> None:
    kinds = [next(field.default for field in fields(event) if field.name == "kind") for event in get_args(TurnEvent)]
    assert len(set(kinds)) == len(kinds) == 10
    assert all(isinstance(kind, str) and kind.islower() for kind in kinds)


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        DraftDelta("half").text = "whole"  # type: ignore[misc]
