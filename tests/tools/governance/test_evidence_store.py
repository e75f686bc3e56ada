"""How evidence gets in."""

from datetime import timedelta
from typing import Any

import pytest

from edge.kernel.errors import CallerError, InvalidInput, NotFound
from tests.fakes.judged import SOURCE, equip, measure, register
from tests.fakes.works import ANN, START, Works
from tools.governance.evidence import Evidence
from tools.governance.evidence_store import Use

GOOD = {"version": "faq@1", "metric": "accuracy", "value": 0.8, "n": 200, "dataset": "faq 3"}


@pytest.fixture
async def works(works: Works) -> Works:
    await equip(works)
    await register(works, "1")
    return works


def gather(works: Works, name: str, **use: Any) -> Evidence:
    with works.ledger.view("default") as unit:
        return SOURCE.gather(unit, unit.versions.get(name), Use(**use), "ann")


async def test_what_is_recorded_is_evidence_about_the_content(works: Works) -> None:
    await measure(works, "faq@1")
    await works.call(
        ANN, "bias_record", version="faq@1", attribute="language", metric="accuracy", gap=0.02, n=90, dataset="faq 3"
    )
    found = gather(works, "faq@1", purpose="product", region="DE", stage="production")
    (evaluation,) = found.evaluations
    assert (evaluation.value, evaluation.lower, evaluation.n, evaluation.digest) == (0.8, 0.75, 200, found.digest)
    assert [one.gap for one in found.bias] == [0.02]
    assert {one.outcome for one in found.security} == {"gguf", "valid", "clean"}
    assert (found.requested_by, found.region) == ("ann", "DE")


async def test_evidence_counts_for_every_version_of_the_same_content_and_no_other(works: Works) -> None:
    await measure(works, "faq@1")
    await register(works, "twin", content={"quantisation": "Q1"})
    await register(works, "2")
    assert gather(works, "faq@twin").evaluations == gather(works, "faq@1").evaluations
    assert gather(works, "faq@2").evaluations == ()


async def test_the_same_measurement_is_kept_once_and_shown_among_the_evaluations(works: Works) -> None:
    first = await works.call(ANN, "evaluation_record", **GOOD)
    assert await works.call(ANN, "evaluation_record", **GOOD) == first
    assert len(gather(works, "faq@1").evaluations) == 1
    with works.ledger.view("default") as unit:
        (row,) = unit.evaluations.all("accuracy")
    assert (row["subject"], row["metrics"], row["samples"]) == ("faq@1", {"accuracy": 0.8}, 200)


async def test_what_is_measured_anew_takes_the_place_of_the_old(works: Works) -> None:
    await measure(works, "faq@1", 0.8)
    works.wait(days=1)
    await measure(works, "faq@1", 0.7)
    await works.call(ANN, "evaluation_record", **GOOD | {"dataset": "another"})
    found = gather(works, "faq@1")
    assert sorted(one.value for one in found.evaluations) == [0.7, 0.8]
    assert {one.finished_at for one in (*found.evaluations, *found.security)} == {works.now}


async def test_evaluations_of_the_log_count_where_they_name_the_version(works: Works) -> None:
    row = {"id": "e", "task": "t", "dataset": "d", "samples": 9, "metrics": {"f1": 0.5, "F 1": 1}, "finished_at": START}
    with works.ledger.unit("default") as unit:
        unit.evaluations.save({**row, "subject": "faq@1"})
        unit.evaluations.save({**row, "subject": "faq", "id": "other"})
    assert [(one.metric, one.n) for one in gather(works, "faq@1").evaluations] == [("f1", 9)]


async def test_parts_stand_under_their_terms_and_unknown_ones_under_none(works: Works) -> None:
    await works.call(ANN, "register_model", name="tone")
    await register(
        works, "1", "tone", content={"base": "nobody/knows", "adapter": "tone-lora"},
        datasets=[{"name": "tickets", "licence": "own"}, {"name": "web"}], card={"adapter_licence": "own", "tags": ["edge"]},
    )  # fmt: skip
    found = gather(works, "tone@1", tags=("cn",))
    assert [(one.part, one.name, one.licence is None) for one in found.licences] == [
        ("base", "nobody/knows", True),
        ("adapter", "tone-lora", False),
        ("dataset", "tickets", False),
        ("dataset", "web", True),
    ]
    assert found.tags == ("cn", "edge")
    assert found.lineage is not None
    assert (found.lineage.adapter, found.lineage.datasets) == ("tone-lora", ("tickets", "web"))


async def test_the_base_of_a_model_of_the_catalogue_stands_under_its_terms(works: Works) -> None:
    (base,) = gather(works, "faq@1").licences
    assert (base.name, base.licence_id) == ("smollm2-135m", "apache-2.0")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"value": 1.2}, "cannot be 1.2: it is 0 to 1"),
        ({"metric": "latency_ms", "value": -1}, "at least 0"),
        ({"lower": 0.7}, "both bounds"),
        ({"lower": 0.81, "upper": 0.9}, "outside its interval"),
        ({"n": 0}, "n: "),
        ({"value": float("nan")}, "value: "),
        ({"metric": "Accuracy"}, "metric: "),
        ({"finished_at": START + timedelta(hours=1)}, "in the future"),
        ({"digest": "sha256:" + "0" * 64}, "is not the content of faq@1"),
    ],
)
async def test_measurements_that_cannot_be(works: Works, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        await works.call(ANN, "evaluation_record", **{**GOOD, **wrong})
    assert works.outcomes()[-1] == ("ann", "evaluation_record", "refused")
    assert gather(works, "faq@1").evaluations == ()


@pytest.mark.parametrize(
    ("tool", "arguments", "nearest"),
    [
        ("evaluation_record", {**GOOD, "metric": "acuracy"}, "accuracy"),
        ("evaluation_record", {**GOOD, "version": "fqa@1"}, "faq@1"),
        (
            "bias_record",
            {"version": "faq@1", "attribute": "langauge", "metric": "f1", "gap": 0, "n": 1, "dataset": "d"},
            "language",
        ),
    ],
)
async def test_unknown_names_come_with_the_nearest(
    works: Works, tool: str, arguments: dict[str, Any], nearest: str
) -> None:
    with pytest.raises(NotFound) as caught:
        await works.call(ANN, tool, **arguments)
    assert nearest in caught.value.nearest


async def test_a_check_finds_what_it_can_find(works: Works) -> None:
    with pytest.raises(CallerError, match="signature is one of valid, invalid, absent"):
        await works.call(ANN, "security_record", version="faq@1", check="signature", outcome="clean", source="s")
    with pytest.raises(CallerError, match="no findings"):
        await works.call(ANN, "security_record", version="faq@1", check="scan", outcome="clean", source="s", critical=1)
