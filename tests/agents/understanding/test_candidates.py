import pytest

from agents.understanding.candidates import Operations, Scored
from agents.understanding.frame import Frame
from agents.understanding.interpretation import Mood
from agents.understanding.operation_classifier import OTHER_LABELS
from agents.understanding.parsed_message import parse_message
from tests.fakes.entities import SHOP_FLOOR
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()


def ranked(operations: Operations, text: str, mood: Mood = "order", *without: str) -> list[Scored]:
    said = parse_message(text, SHOP_FLOOR, CATALOGUE)
    allowed = frozenset(operations.talk) - set(without)
    return operations.candidates(said, mood, operations.filler(SHOP_FLOOR, Frame()), allowed, Frame())


def test_operations_are_filled_and_beside_them_stand_the_other_labels(operations: Operations) -> None:
    found = ranked(operations, "pause the rollout on code-assist")
    assert found[0].label == "rollout_pause"
    assert found[0].filling is not None
    assert {one.label for one in found} >= set(OTHER_LABELS)
    assert all((one.filling is None) == (one.label in OTHER_LABELS) for one in found)
    assert sum(one.probability for one in found) == pytest.approx(1.0)


def test_what_the_caller_may_not_call_is_no_candidate(operations: Operations) -> None:
    found = ranked(operations, "pause the rollout on code-assist", "order", "rollout_pause")
    assert "rollout_pause" not in {one.label for one in found}


def test_what_only_asks_is_less_likely_a_change(operations: Operations) -> None:
    def chance(mood: Mood) -> float:
        return next(
            one.probability for one in ranked(operations, "retire smollm2@1?", mood) if one.label == "retire_version"
        )

    assert chance("question") < chance("order")


def test_a_name_that_an_operation_has_no_use_for_counts_against_it(operations: Operations) -> None:
    def chance(text: str) -> float:
        return next((one.probability for one in ranked(operations, text) if one.label == "audit_verify"), 0.0)

    assert chance("verify the audit chain") > chance("verify the audit chain press-1 hall-3")
