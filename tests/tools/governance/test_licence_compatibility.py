"""What licences allow together, as a tool."""

from typing import Any

import pytest

from edge.kernel.errors import InvalidInput, NotFound
from tests.fakes.judged import equip, register
from tests.fakes.works import ANN, Works
from tools.governance.licence_tools import LicenceAnswer


@pytest.fixture
async def works(works: Works) -> Works:
    await equip(works)
    await register(works, "1", content={"adapter": "tone"}, card={"adapter_licence": "own"})
    return works


async def ask(works: Works, **arguments: Any) -> LicenceAnswer:
    found = await works.call(ANN, "licence_compatibility", **arguments)
    assert isinstance(found, LicenceAnswer)
    return found


@pytest.mark.parametrize(
    ("arguments", "verdict"),
    [
        ({"base": "phi-4-mini", "purpose": "product"}, "yes"),
        ({"base": "qwen2.5-3b", "purpose": "product"}, "no"),
        ({"base": "qwen2.5-3b", "purpose": "research"}, "conditional"),
        ({"base": "phi-4-mini", "adapter": "mine", "purpose": "product"}, "unsure"),
        ({"base": "phi-4-mini", "datasets": [{"name": "web"}], "purpose": "product"}, "unsure"),
        ({"base": "ours", "base_licence": "own", "purpose": "redistribution"}, "yes"),
        ({"version": "faq@1", "purpose": "internal_use"}, "unsure"),
    ],
)
async def test_the_answer_for_parts(works: Works, arguments: dict[str, Any], verdict: str) -> None:
    assert (await ask(works, **arguments)).compatibility.verdict == verdict


async def test_an_adapter_of_one_s_own_on_data_that_may_be_used(works: Works) -> None:
    found = await ask(
        works, base="phi-4-mini", adapter="tone", adapter_licence="own", purpose="product", region="DE",
        datasets=[{"name": "tickets", "licence": "own"}],
    )  # fmt: skip
    assert found.compatibility.verdict == "yes"
    assert [part.part for part in found.parts] == ["base", "adapter", "dataset"]


async def test_a_version_says_why_it_is_unsure(works: Works) -> None:
    reasons = (await ask(works, version="faq@1", purpose="product")).compatibility.reasons
    assert any("No training data is recorded for the adapter tone" in reason.text for reason in reasons)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "either a version, or a base"),
        ({"version": "faq@1", "base": "phi-4-mini"}, "either a version, or a base"),
        ({"version": "faq@1", "quantised": True}, "either a version, or a base"),
        ({"base": "phi-4-mini", "adapter_licence": "own"}, "no adapter"),
        ({"base": "phi-4-mini", "region": "Atlantis"}, "region: .*unknown region"),
        ({"base": "phi-4-mini", "purpose": "fun"}, "purpose: "),
        ({"base": "phi-4-mini", "users": -1}, "users: "),
    ],
)
async def test_contradictions(works: Works, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        await ask(works, **{"purpose": "product", **arguments})


async def test_unknown_names_come_with_the_nearest(works: Works) -> None:
    with pytest.raises(NotFound) as caught:
        await ask(works, base="phi4-mimi", purpose="product")
    assert "phi-4-mini" in caught.value.nearest
    with pytest.raises(NotFound, match="own"):
        await ask(works, base="phi-4-mini", adapter="x", adapter_licence="owned", purpose="product")
