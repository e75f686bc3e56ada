import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.governance.strategies import CATALOGUE, DATA, LICENCES, OWN_ADAPTER, OWN_DATA, parts, purposes, regions
from tools.governance.evidence import LicensedPart
from tools.governance.licence import compatibility, restrictiveness, worst


def model(name: str) -> LicensedPart:
    return LICENCES.model(name)


def data(licence_id: str) -> LicensedPart:
    return LICENCES.dataset(f"{licence_id} data", licence_id)


@pytest.mark.parametrize(
    ("name", "purpose", "verdict"),
    [
        ("phi-4-mini", "product", "yes"),
        ("phi-4-mini", "redistribution", "yes"),
        ("qwen2.5-3b", "product", "no"),
        ("qwen2.5-3b", "internal_use", "no"),
        ("qwen2.5-3b", "redistribution", "no"),
        ("qwen2.5-3b", "research", "conditional"),
        ("qwen2.5-1.5b", "product", "yes"),
        ("llama-3.2-3b", "product", "conditional"),
        ("llama-3.2-3b", "research", "conditional"),
        ("gemma-2-2b", "api_service", "conditional"),
        ("minicpm-2b", "product", "unsure"),
    ],
)
def test_a_base_alone(name, purpose, verdict):
    found = compatibility([model(name)], purpose, "DE")
    assert found.verdict == verdict
    deciding = found.reasons[0]
    assert deciding.value == verdict
    assert deciding.name == name
    assert deciding.source == CATALOGUE.licence_of(CATALOGUE.get(name)).source


@pytest.mark.parametrize(
    ("licence_id", "purpose", "verdict"),
    [
        ("cc-by-4.0", "product", "yes"),
        ("odc-by-1.0", "product", "yes"),
        ("cdla-permissive-2.0", "redistribution", "yes"),
        ("apache-2.0", "product", "yes"),
        ("cc-by-sa-4.0", "product", "conditional"),
        ("cc-by-nc-4.0", "product", "no"),
        ("cc-by-nc-4.0", "internal_use", "no"),
        ("cc-by-nc-4.0", "research", "conditional"),
        ("cc-by-nd-4.0", "product", "unsure"),
        ("found-on-the-web", "product", "unsure"),
        ("found-on-the-web", "research", "unsure"),
    ],
)
def test_data_under_an_adapter_on_a_free_base(licence_id, purpose, verdict):
    assert compatibility([model("phi-4-mini"), OWN_ADAPTER, data(licence_id)], purpose, "DE").verdict == verdict


def test_the_reason_names_the_term_the_conditions_and_the_source():
    reason = compatibility([model("phi-4-mini"), OWN_ADAPTER, data("cc-by-nc-4.0")], "product", "DE").reasons[0]
    assert (reason.part, reason.term, reason.value) == ("dataset", "commercial_use", "no")
    assert "does not allow commercial use" in reason.text
    assert "Commercial use needs a separate agreement with the author." in reason.conditions
    assert reason.source.startswith("https://creativecommons.org/licenses/by-nc/4.0/")


def test_nothing_known_is_unsure():
    assert compatibility([], "research", "DE").verdict == "unsure"
    assert compatibility([data("cc-by-4.0")], "research", "DE").verdict == "unsure"
    assert compatibility([LicensedPart(part="base", name="x")], "research", "DE").verdict == "unsure"


def test_an_adapter_of_our_own_needs_its_training_data_recorded():
    found = compatibility([model("phi-4-mini"), OWN_ADAPTER], "product", "DE")
    assert found.verdict == "unsure"
    assert "No training data" in found.reasons[0].text
    assert compatibility([model("phi-4-mini"), OWN_ADAPTER, OWN_DATA], "product", "DE").verdict == "yes"


def test_what_is_changed_needs_leave_to_be_changed():
    plain = [model("gpt-4o-mini")] if "gpt-4o-mini" in {one.id for one in CATALOGUE.models} else None
    base = plain or [LICENCES.part("base", "hosted", "openai-api")]
    assert compatibility(base, "internal_use", "DE").verdict == "yes"
    assert compatibility(base, "internal_use", "DE", quantised=True).verdict == "no"
    assert compatibility(base, "product", "DE").verdict == "no"


def test_outputs_of_an_api_are_no_free_training_data():
    made = LicensedPart(
        part="dataset", name="synthetic", licence_id="openai-api", licence=CATALOGUE.licences["openai-api"]
    )
    found = compatibility([model("phi-4-mini"), OWN_ADAPTER, made], "research", "DE")
    assert restrictiveness(found.verdict) >= restrictiveness("unsure")


def test_share_alike_data_and_a_licence_of_the_makers_own():
    both = [model("llama-3.2-3b"), OWN_ADAPTER, data("cc-by-sa-4.0")]
    assert compatibility(both, "redistribution", "US").verdict == "unsure"
    assert compatibility(both, "internal_use", "US").verdict == "conditional"
    two = [model("phi-4-mini"), OWN_ADAPTER, data("cc-by-sa-4.0"), data("odbl-1.0")]
    assert compatibility(two, "product", "US").verdict == "unsure"


@pytest.mark.parametrize(
    ("region", "verdict"), [("DE", "unsure"), ("EU", "unsure"), ("world", "unsure"), ("US", "conditional")]
)
def test_terms_that_differ_by_region(region, verdict):
    assert compatibility([model("llama-3.2-11b-vision")], "product", region).verdict == verdict
    assert compatibility([model("llama-3.2-3b")], "product", region).verdict == "conditional"


@pytest.mark.parametrize(
    ("users", "verdict"), [(None, "conditional"), (700_000_000, "conditional"), (700_000_001, "no")]
)
def test_more_users_than_the_licence_allows(users, verdict):
    found = compatibility([model("llama-3.2-3b")], "product", "US", users=users)
    assert found.verdict == verdict
    assert found.user_threshold == 700_000_000
    assert "user_threshold" in {one.kind for one in found.obligations}


def test_obligations_are_collected_from_every_part():
    found = compatibility([model("llama-3.2-3b"), OWN_ADAPTER, data("cc-by-4.0")], "product", "US")
    kinds = {(one.name, one.kind) for one in found.obligations}
    assert ("llama-3.2-3b", "attribution") in kinds
    assert ("cc-by-4.0 data", "attribution") in kinds
    assert any("Built with Llama" in one.text for one in found.obligations)
    assert "faq-r16" not in {one.name for one in found.obligations}


@pytest.mark.parametrize("key", sorted(DATA))
def test_every_data_licence_has_a_source(key):
    assert len(DATA[key].source) > 10
    assert DATA[key].attribution
    assert DATA[key].commercial_use == "yes" or DATA[key].conditions


def test_a_licence_that_models_and_data_share_says_the_same_of_both():
    for key in DATA.keys() & CATALOGUE.licences.keys():
        for term in ("name", "spdx", "commercial_use", "redistribution", "modification"):
            assert getattr(DATA[key], term) == getattr(CATALOGUE.licences[key], term)


ANSWERS = ["yes", "no", "conditional", "unsure"]


@given(st.lists(st.sampled_from(ANSWERS)))
def test_the_most_restrictive_answer_wins(values):
    expected = next((one for one in ("no", "unsure", "conditional", "yes") if one in values), "unsure")
    assert worst(values) == expected


@given(st.lists(parts, max_size=4), parts, purposes, regions)
def test_another_part_never_allows_more(some, more, purpose, region):
    base = [model("phi-4-mini"), OWN_DATA, *some]
    before, after = compatibility(base, purpose, region), compatibility([*base, more], purpose, region)
    assert restrictiveness(after.verdict) >= restrictiveness(before.verdict)


@given(st.lists(parts, max_size=4), purposes, regions, st.randoms())
def test_the_order_of_the_parts_does_not_matter(some, purpose, region, random):
    shuffled = list(some)
    random.shuffle(shuffled)
    assert compatibility(shuffled, purpose, region) == compatibility(some, purpose, region)


@given(st.lists(parts, max_size=4), purposes, regions)
def test_unsure_terms_are_never_a_yes(some, purpose, region):
    found = compatibility(some, purpose, region)
    if any(part.licence is None or not part.verified for part in some):
        assert found.verdict in ("unsure", "no")
    assert found.verdict == worst(reason.value for reason in found.reasons)
