from typing import cast

import pytest

from edge.kernel.errors import InvalidInput, NotFound
from tools.governance.licence_tools import LicenceFinding, LicensedModels, licence_tools
from tools.registry.catalogue import load_catalogue
from tools.spec import LOCAL_ENGINEER

CATALOGUE = load_catalogue()
TOOLS = {spec.name: spec for spec in licence_tools(CATALOGUE)}


async def look_up(model: str) -> LicenceFinding:
    return cast("LicenceFinding", await TOOLS["licence_lookup"].call(LOCAL_ENGINEER, {"model": model}))


async def listed(**arguments: str) -> LicensedModels:
    return cast("LicensedModels", await TOOLS["licence_list"].call(LOCAL_ENGINEER, arguments))


async def test_the_licence_is_the_catalogues() -> None:
    found = await look_up("Qwen/Qwen2.5-3B-Instruct")
    assert (found.model, found.licence_id, found.licence.commercial_use) == ("qwen2.5-3b", "qwen-research", "no")
    assert found.licence == CATALOGUE.licences["qwen-research"]
    assert (found.maker, found.parameters) == ("Alibaba Cloud (Qwen)", 3_090_000_000)
    assert "NON-COMMERCIAL" in found.notes


async def test_what_is_not_verified_is_told() -> None:
    assert (await look_up("minicpm-2b")).unsure == ("licence", "context_tokens", "ollama")


async def test_an_unknown_model_is_not_guessed() -> None:
    with pytest.raises(NotFound) as caught:
        await look_up("qwen2.5-4b")
    assert "qwen2.5-3b" in caught.value.nearest


@pytest.mark.parametrize("use", ["yes", "no", "conditional", "unsure"])
@pytest.mark.parametrize("tier", ["edge", "any"])
async def test_the_list_has_all_models_of_that_answer_and_no_other(use: str, tier: str) -> None:
    found = await listed(commercial_use=use, tier=tier)
    assert found.commercial_use == use
    assert [entry.model for entry in found.models] == [
        model.id
        for model in CATALOGUE.models
        if CATALOGUE.licences[model.licence].commercial_use == use and (tier == "any" or model.edge)
    ]
    assert found.models


async def test_by_default_those_that_may_be_sold() -> None:
    assert await listed() == await listed(commercial_use="yes", tier="any")
    with pytest.raises(InvalidInput, match="commercial_use: "):
        await listed(commercial_use="perhaps")
