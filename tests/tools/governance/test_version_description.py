"""Versions written down for people and programs."""

import json
from dataclasses import replace

import pytest

from edge.kernel.errors import InvalidInput, NotAllowed, NotFound
from memory.ledger.versions import Artifact
from tests.fakes.judged import BASE_DIGEST, equip, measure, register
from tests.fakes.works import ANN, START, Works

CARD = {"task": "text-generation", "intended_uses": ["Answer questions about gateways"], "limitations": "English only"}


@pytest.fixture
async def works(works: Works) -> Works:
    await equip(works)
    await register(works, "1", card=CARD)
    await measure(works, "faq@1")
    await works.call(ANN, "gate_check", version="faq@1")
    with works.ledger.unit("default") as unit:
        unit.artifacts.save(Artifact(BASE_DIGEST, "application/x-gguf", 1234, "file:///w.gguf", START))
    return works


async def test_the_card_has_what_the_ledger_and_the_catalogue_know(works: Works) -> None:
    found = (await works.call(ANN, "model_card_export", version="faq@1")).model_dump()
    text = found["text"]
    assert text.startswith("# faq 1\n")
    for known in ("answers questions", "smollm2", "Apache", "accuracy", "0.8", "English only", "pass", "gateways"):
        assert known in text
    assert found["digest"].startswith("sha256:")


async def test_the_bill_of_materials_is_valid_and_names_the_parts(works: Works) -> None:
    document = json.loads((await works.call(ANN, "bom_export", version="faq@1")).model_dump()["text"])
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["name"] == "faq"
    assert {one["bom-ref"] for one in document["components"]} == {"base:smollm2-135m", "file:local:smollm2-135m"}
    metrics = document["metadata"]["component"]["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert [(one["type"], one["value"]) for one in metrics] == [("accuracy", "0.8")]


async def test_a_card_that_does_not_fit_is_refused(works: Works) -> None:
    await register(works, "2", card={"task": "x"}, datasets=[{"name": "d", "digest": "md5:1"}])
    with pytest.raises(InvalidInput, match="dataset_digests"):
        await works.call(ANN, "bom_export", version="faq@2")


async def test_who_may_see_it_and_what_there_is(works: Works) -> None:
    with pytest.raises(NotAllowed, match="gates:read"):
        await works.call(replace(ANN, scopes=frozenset({"roster:read"})), "bom_export", version="faq@1")
    with pytest.raises(NotFound) as caught:
        await works.call(ANN, "model_card_export", version="faq@11")
    assert "faq@1" in caught.value.nearest
