"""How each error of the tree is told to programs."""

import pytest

import edge.kernel.errors
from edge.kernel.errors import (
    ApprovalNeeded,
    CallerError,
    Cancelled,
    ChargehandError,
    Conflict,
    DependencyError,
    GateRefused,
    Interrupted,
    InvalidInput,
    NotAllowed,
    NotFound,
    OutOfTime,
    StorageFailed,
    Unavailable,
)
from server.outcomes import BAD_USAGE, DONE, FAILED, REFUSED, WAITING, Outcome, outcome_of

TREE = [getattr(edge.kernel.errors, name) for name in edge.kernel.errors.__all__]
BRANCHES = [ChargehandError, CallerError, DependencyError]
OF_DEVICES = {
    "ModelUnavailable",
    "LinkFailed",
    "ToolFailed",
    "HubRefused",
    "OutboxFull",
    "PromptTooLong",
    "ModelMisbehaved",
}
"""Raised on devices alone, whose command line has a table of its own."""
LEAVES = [kind for kind in TREE if isinstance(kind, type) and kind.__name__ not in OF_DEVICES and kind not in BRANCHES]


def test_the_contract_of_exit_codes():
    assert (DONE, FAILED, BAD_USAGE, REFUSED, WAITING) == (0, 1, 2, 3, 4)


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_that_is_raised_has_a_row_of_its_own(kind: type[ChargehandError]):
    outcome = outcome_of(kind("It failed."))
    assert outcome.code != "internal"
    assert (400 <= outcome.status < 600) != (kind is ApprovalNeeded)
    assert outcome.exit_code in {FAILED, BAD_USAGE, REFUSED, WAITING}
    assert [outcome_of(other("It failed.")).code for other in LEAVES].count(outcome.code) == 1


@pytest.mark.parametrize("kind", [InvalidInput, NotFound, NotAllowed])
def test_what_the_caller_did_wrong_is_bad_usage(kind: type[ChargehandError]):
    outcome = outcome_of(kind("No."))
    assert outcome.exit_code == BAD_USAGE
    assert 400 <= outcome.status < 500


@pytest.mark.parametrize("kind", [Unavailable, Interrupted, OutOfTime, StorageFailed])
def test_what_the_world_did_wrong_is_failed_work(kind: type[ChargehandError]):
    outcome = outcome_of(kind("No."))
    assert outcome.exit_code == FAILED
    assert outcome.status >= 500


def test_what_waits_is_neither_done_nor_failed():
    assert outcome_of(ApprovalNeeded("Wait.")) == Outcome("approval_needed", 202, WAITING)


def test_what_a_gate_refuses_has_an_exit_code_of_its_own():
    assert outcome_of(GateRefused("No.")).exit_code == REFUSED


@pytest.mark.parametrize("kind", [Conflict, Cancelled])
def test_busy_and_stopped_are_failed_work_and_conflicts(kind: type[ChargehandError]):
    assert outcome_of(kind("No.")) == Outcome(outcome_of(kind("No.")).code, 409, FAILED)


def test_a_kind_of_an_error_is_told_as_its_nearest_ancestor():
    class StoreAway(Unavailable):
        pass

    assert outcome_of(StoreAway("No.")) == outcome_of(Unavailable("No."))


@pytest.mark.parametrize("error", [RuntimeError("x"), KeyError("x"), ChargehandError("x"), DependencyError("x")])
def test_anything_else_is_internal(error: Exception):
    assert outcome_of(error) == Outcome("internal", 500, FAILED)
