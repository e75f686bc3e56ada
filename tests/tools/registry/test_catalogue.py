import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.kernel.errors import NotFound
from tools.registry.catalogue import Catalogue, CatalogueModel, Licence, load_catalogue

CATALOGUE = load_catalogue()
NAMES = sorted(name for name, _ in CATALOGUE.names())


def terms_of(name: str) -> tuple[CatalogueModel, Licence]:
    model = CATALOGUE.get(name)
    return model, CATALOGUE.licence_of(model)


def test_the_catalogue_is_large_enough_to_be_of_use() -> None:
    edge = [model for model in CATALOGUE.models if model.edge]
    assert len(edge) >= 24
    assert len(CATALOGUE.models) > len(edge)
    assert len({model.id for model in CATALOGUE.models}) == len(CATALOGUE.models)
    assert {"chat", "code", "vision", "embedding", "speech-recognition"} <= {
        task for model in CATALOGUE.models for task in model.tasks
    }


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda model: model.id)
def test_every_model_says_where_its_facts_are_from(model: CatalogueModel) -> None:
    assert len(model.source) > 10
    assert model.maker
    assert model.languages
    assert model.modalities
    assert set(model.unsure) <= set(CatalogueModel.model_fields)
    assert model.edge == (model.parameters is not None and model.parameters < 4_000_000_000)
    assert model.active_parameters is None or model.parameters is None or model.active_parameters < model.parameters


@pytest.mark.parametrize("licence", CATALOGUE.licences.values(), ids=lambda licence: licence.name)
def test_every_licence_says_where_its_terms_are_from(licence: Licence) -> None:
    assert len(licence.source) > 10
    assert licence.attribution
    if licence.type == "research_only":
        assert licence.commercial_use in {"no", "unsure"}
    if licence.commercial_use in {"no", "conditional"}:
        assert licence.conditions


def test_sources_speak_to_the_reader_of_the_product() -> None:
    sources = [model.source for model in CATALOGUE.models] + [one.source for one in CATALOGUE.licences.values()]
    assert not [source for source in sources if "stored" in source.lower()]


@pytest.mark.parametrize(
    ("name", "spdx", "kind", "commercial_use"),
    [
        ("phi-4-mini", "MIT", "open_source", "yes"),
        ("smollm2-135m", "Apache-2.0", "open_source", "yes"),
        ("smollm2-1.7b", "Apache-2.0", "open_source", "yes"),
        ("qwen2.5-1.5b", "Apache-2.0", "open_source", "yes"),
        ("qwen2.5-3b", None, "research_only", "no"),
        ("qwen2.5-coder-3b", None, "research_only", "no"),
        ("llama-3.2-3b", None, "commercial", "conditional"),
        ("mistral-nemo-12b", "Apache-2.0", "open_source", "yes"),
        ("gemma-3-1b", None, "commercial", "conditional"),
        ("gpt-4o-mini", None, "api_only", "yes"),
    ],
)
def test_licences_that_people_get_wrong(name: str, spdx: str | None, kind: str, commercial_use: str) -> None:
    _, licence = terms_of(name)
    assert (licence.spdx, licence.type, licence.commercial_use) == (spdx, kind, commercial_use)


def test_facts_that_must_hold() -> None:
    llama, terms = terms_of("llama-3.2-3b")
    assert terms.user_threshold == 700_000_000
    assert any("700 million" in condition for condition in terms.conditions)
    assert any("Built with Llama" in condition for condition in terms.conditions)
    assert llama.edge
    nemo, _ = terms_of("mistral-nemo-12b")
    assert not nemo.edge
    assert nemo.parameters == 12_000_000_000
    phi, _ = terms_of("phi-4-mini")
    assert phi.edge
    assert phi.parameters == 3_800_000_000
    assert not CATALOGUE.get("phi4").edge


@given(st.sampled_from(NAMES), st.sampled_from(["", "ollama:", "local:", " "]), st.booleans())
def test_a_model_by_any_of_its_names(name: str, before: str, upper: bool) -> None:
    model = dict(CATALOGUE.names())[name]
    assert CATALOGUE.get(before + (name.upper() if upper else name)) is model


@pytest.mark.parametrize(
    ("served", "model_id"),
    [
        ("ollama:phi4-mini:latest", "phi-4-mini"),
        ("ollama:qwen2.5:3b-instruct-q4_K_M", "qwen2.5-3b"),
        ("github:microsoft/phi-4-mini-instruct", "phi-4-mini"),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m"),
    ],
)
def test_a_model_as_it_is_served(served: str, model_id: str) -> None:
    assert CATALOGUE.get(served).id == model_id


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("phi4-mni", "phi-4-mini"),
        ("fi-4-mini", "phi-4-mini"),
        ("lama 3.2 3b", "llama-3.2-3b"),
        ("qwen2.5-4b", "qwen2.5-3b"),
        ("smolm2 135m", "smollm2-135m"),
        ("mistrall 7b", "mistral-7b"),
        ("zephyr", "stablelm-2-1.6b"),
    ],
)
def test_an_unknown_name_comes_with_the_nearest(name: str, first: str) -> None:
    assert CATALOGUE.nearest(name)[0] == first
    with pytest.raises(NotFound) as caught:
        CATALOGUE.get(name)
    assert caught.value.nearest[0] == first


def test_a_family_comes_with_its_members() -> None:
    assert all(name.startswith("qwen") for name in CATALOGUE.nearest("quen 3b"))
    assert "qwen2.5-3b" in CATALOGUE.nearest("quen 3b")
    assert all(name.startswith("gemma") for name in CATALOGUE.nearest("gemma-7b", limit=2))
    assert len(CATALOGUE.nearest("qwen", limit=5)) == 5


@pytest.mark.parametrize("name", ["best pizza in town", "SE30", "x", "", "三号车间"])
def test_what_is_like_no_model_has_no_nearest(name: str) -> None:
    assert CATALOGUE.nearest(name) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"licence": "none-such"}, "unknown licence"),
        ({"edge": False}, "edge does not agree"),
        ({"aliases": ("phi-4",)}, "a name stands for two models"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(change: dict[str, object], message: str) -> None:
    models = [CATALOGUE.get("phi-4-mini").model_copy(update=change), CATALOGUE.get("phi-4")]
    with pytest.raises(ValueError, match=message):
        Catalogue(schema_=1, licences=CATALOGUE.licences, models=tuple(models))
