import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.planner.entity_linking import link_models, unknown_models
from tools.registry.catalogue import Catalogue, load_catalogue

CATALOGUE = load_catalogue()


@pytest.fixture
def catalogue() -> Catalogue:
    return CATALOGUE


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Phi 4 mini", ["phi-4-mini"]),
        ("phi4-mini", ["phi-4-mini"]),
        ("PHI-4-MINI!", ["phi-4-mini"]),
        ("microsoft/phi-4-mini-instruct", ["phi-4-mini"]),
        ("phi4-mini:3.8b", ["phi-4-mini"]),
        ("phi-4-mini-v3 on the SE50", ["phi-4-mini"]),
        ("Phi-4-mini (3.8B)", ["phi-4-mini"]),
        ("qwen 2.5 3b", ["qwen2.5-3b"]),
        ("Qwen2.5-3B-Instruct-q4_K_M.gguf", ["qwen2.5-3b"]),
        ("ollama:qwen2.5:3b", ["qwen2.5-3b"]),
        ("qwen 2.5 coder 3b", ["qwen2.5-coder-3b"]),
        ("SmolLM2 1.7B", ["smollm2-1.7b"]),
        ("smollm2-360m-instruct v2", ["smollm2-360m"]),
        ("canary phi4 10%", ["phi-4"]),
        ("mistral 7b", ["mistral-7b"]),
        ("whisper large v3 turbo", ["whisper-large-v3-turbo"]),
        ("qwen3-4b at 8-bit with 128k context", ["qwen3-4b"]),
        ("请问qwen2.5-3b能商用吗", ["qwen2.5-3b"]),
        ("把phi4mini部署到三号车间", ["phi-4-mini"]),
        ("比较qwen3-4b和phi-4-mini。", ["qwen3-4b", "phi-4-mini"]),
    ],
)
def test_spellings(text: str, ids: list[str], catalogue: Catalogue) -> None:
    assert link_models(text, catalogue) == ids
    assert unknown_models(text, catalogue) == []


def test_in_order_of_mention_and_once(catalogue: Catalogue) -> None:
    text = "phi-4-mini vs phi-4, then Phi 4 mini again, phi4-mini/qwen3-4b"
    assert link_models(text, catalogue) == ["phi-4-mini", "phi-4", "qwen3-4b"]


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("deploy qwen9-3b", ["qwen9-3b"]),
        ("qwen9 3b and gemma-7b", ["qwen9 3b", "gemma-7b"]),
        ("smollm2-1", ["smollm2-1"]),
        ("phi-4.5", ["phi-4.5"]),
        ("phi-4-reasoning", ["phi-4-reasoning"]),
        ("gemma3 12b", ["gemma3 12b"]),
        ("Gemma 31B", ["Gemma 31B"]),
        ("llama3.1 70b", ["llama3.1 70b"]),
        ("mistral large", ["mistral large"]),
        ("moondream 3", ["moondream 3"]),
        ("granite 3.3", ["granite 3.3"]),
        ("gpt-4o", ["gpt-4o"]),
        ("qwen2.5-3", ["qwen2.5-3"]),
        ("qwen25-3b", ["qwen25-3b"]),
        ("能用qwen9-3b吗", ["qwen9-3b"]),
    ],
)
def test_names_of_models_that_the_catalogue_lacks(text: str, unknown: list[str], catalogue: Catalogue) -> None:
    assert link_models(text, catalogue) == []
    assert unknown_models(text, catalogue) == unknown


@pytest.mark.parametrize(
    "text",
    [
        "The SE30 and SE50 in hall-3, a Boreal R2, a T1 and a Lyra 5 with E-F071",
        "Which models may we ship? All of them, 3 each.",
        "RMA-26-000001 of Aster 16 Pro, HaldenOS 4.1.2",
        "qwen and gemma",
        "phi, 4 mini fans",
        "三号车间的 SE50 离线了",
        "",
    ],
)
def test_devices_codes_and_families_are_no_models(text: str, catalogue: Catalogue) -> None:
    assert link_models(text, catalogue) == []
    assert unknown_models(text, catalogue) == []


def test_known_beside_unknown(catalogue: Catalogue) -> None:
    text = "compare phi-4-mini with qwen9-3b and mistral large"
    assert link_models(text, catalogue) == ["phi-4-mini"]
    assert unknown_models(text, catalogue) == ["qwen9-3b", "mistral large"]


LINKED = sorted(name for name, _ in CATALOGUE.names() if sum(letter.isalnum() for letter in name) >= 4)
AROUND = st.text(st.sampled_from(" ,;!?()[]\"'*"), max_size=4)


@given(
    name=st.sampled_from(LINKED),
    before=AROUND,
    after=AROUND,
    upper=st.booleans(),
    words=st.sampled_from([("", ""), ("may we ship ", " in hall-3?"), ("请问", "能商用吗")]),
)
def test_every_name_is_linked_wherever_it_stands(
    name: str, before: str, after: str, upper: bool, words: tuple[str, str]
) -> None:
    said = name.upper() if upper else name
    text = f"{words[0]}{before}{said}{after}{words[1]}"
    assert link_models(text, CATALOGUE) == [CATALOGUE.get(name).id]
    assert unknown_models(text, CATALOGUE) == []


@given(st.text(string.ascii_letters + string.digits + " .-:/_三号", max_size=60))
def test_any_text_can_be_linked(text: str) -> None:
    known = {model.id for model in CATALOGUE.models}
    assert set(link_models(text, CATALOGUE)) <= known
    assert all(word in text for word in unknown_models(text, CATALOGUE))
