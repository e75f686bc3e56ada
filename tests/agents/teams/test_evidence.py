"""Evidence: results under ids, fields under paths, things as records with the names that they go by."""

from typing import Any

import pytest
from pydantic import BaseModel

from agents.teams.evidence import Evidence, rendered
from agents.teams.outcomes import Refused, Waiting
from agents.understanding.interpretation import PlannedCall
from edge.kernel.errors import GateRefused


class Result(BaseModel):
    """Any."""

    content: dict[str, Any]


def evidence(**content: Any) -> Evidence:
    found = Evidence()
    found.add("look", {"model": "phi"}, Result(content=content))
    return found


def test_a_field_is_found_by_its_path_and_nothing_else_is() -> None:
    found = evidence(rows=[{"id": "a", "share": 0.5}], by={"x@1": 3})
    assert found.value_at("E1.content.rows[0].share") == 0.5
    assert found.scalar_at("E1.content.by[x@1]") == 3
    assert found.scalar_at("E1.content.by.x@1") == 3
    for wrong in ("E1.content.rows[1].share", "E2.content", "E0.content", "E1.content.rows", "E1..x", "content", ""):
        with pytest.raises(KeyError):
            found.scalar_at(wrong)


def test_what_waits_and_what_was_refused_is_evidence() -> None:
    found = Evidence()
    call = PlannedCall("set_alias", {"alias": "champion"})
    found.add("set_alias", call.arguments, Waiting(call, "ap-1"))
    found.add("set_alias", call.arguments, Refused(call, GateRefused("The gate refused.", reasons=["Too old."])))
    assert found.scalar_at("E1.state") == "waiting_for_approval"
    assert found.scalar_at("E1.approval") == "ap-1"
    assert found.scalar_at("E2.reasons[0]") == "Too old."


def test_a_thing_has_its_own_names_and_those_of_what_it_belongs_to() -> None:
    found = evidence(id="ro-1", version="a@2", serves={"a@1": 90, "a@2": 10}, events=[{"kind": "started", "by": "ann"}])
    rollout, one, two, event = found.read().records
    assert {"ro-1", "a@2", "phi"} <= rollout.names | rollout.above | {"phi"}
    assert (one.names, two.names) == ({"a@1"}, {"a@2"})
    assert "ro-1" in one.above
    assert "a@2" not in one.above
    assert "ro-1" in event.above
    assert found.read().people == {"ann"}


def test_both_sides_of_a_comparison_have_their_own_metrics() -> None:
    found = Evidence()
    sides = {"first": {"id": "a@1"}, "second": {"id": "a@2"}, "metrics": {"faq": {"accuracy": (0.7, 0.8)}}}

    class Comparison(BaseModel):
        first: dict[str, str]
        second: dict[str, str]
        metrics: dict[str, dict[str, tuple[float, float]]]

    found.add("version_compare", {}, Comparison.model_validate(sides))
    measured = {
        name: fact.value for record in found.read().records for fact in record.of("accuracy") for name in record.names
    }
    assert measured == {"a@1": 0.7, "a@2": 0.8}


def test_it_is_shown_without_digests_and_empty_fields_and_cut_where_long() -> None:
    shown = evidence(digest="sha256:1", none=None, empty=[], text="x" * 9000).shown(50_000)
    assert shown.startswith('E1 = look({"model": "phi"}):\n')
    assert "sha256" not in shown
    assert "none" not in shown
    assert shown.endswith("… (cut)")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (0.78, "0.78"),
        (3090000000, "3,090,000,000"),
        (400, "400"),
        ("rolled_back", "rolled back"),
        ("a_B", "a_B"),
    ],
)
def test_values_are_rendered_as_they_are_read(value: str | float, text: str) -> None:
    assert rendered(value) == text
