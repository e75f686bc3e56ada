import pytest
from pydantic import ValidationError

from agents.understanding.interpretation import Interpretation, PlannedCall, Question
from agents.understanding.route import route_of

CALL = PlannedCall("rollout_pause", {"rollout": "ro-1"})
ASKED = Question("missing", "Which?")


@pytest.mark.parametrize(
    ("found", "path", "operations"),
    [
        (Interpretation("en", calls=(CALL, CALL), label="deployment"), "operation", ("rollout_pause",)),
        (Interpretation("en", proposed=(CALL,), question=ASKED, label="deployment"), "operation", ("rollout_pause",)),
        (Interpretation("en", calls=(CALL,), document_query="q", label="deployment"), "both", ("rollout_pause",)),
        (Interpretation("en", question=ASKED, label="deployment"), "question", ()),
        (Interpretation("en", document_query="q", label="knowledge"), "documents", ()),
        (Interpretation("en", help=True, label="help"), "help", ()),
        (Interpretation("zh"), "nothing", ()),
    ],
)
def test_what_decided_is_told(found: Interpretation, path: str, operations: tuple[str, ...]) -> None:
    route = route_of(found)
    assert (route.path, route.operations, route.intent, route.language) == (
        path,
        operations,
        found.label,
        found.language,
    )


def test_confidence_is_kept_within_its_bounds_and_labels_are_checked() -> None:
    assert route_of(Interpretation("en", confidence=1.00001)).confidence == 1.0
    with pytest.raises(ValidationError):
        route_of(Interpretation("en", label="somewhere"))
