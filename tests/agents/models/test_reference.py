import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.models.reference import ModelReference, parameters_from_name, parse_model
from edge.kernel.errors import InvalidInput
from tools.serving.providers import PROVIDERS

NAMED = sorted(set(PROVIDERS) - {"none", "auto"})
NAMES = st.text(st.characters(codec="ascii", exclude_categories=["C", "Z"]), min_size=1, max_size=80)


@pytest.mark.parametrize(
    ("text", "provider", "name"),
    [
        ("ollama:phi4-mini", "ollama", "phi4-mini"),
        ("ollama:qwen2.5:3b-instruct-q4_K_M", "ollama", "qwen2.5:3b-instruct-q4_K_M"),
        (
            "ollama:hf.co/bartowski/Phi-4-mini-instruct-GGUF:Q4_0",
            "ollama",
            "hf.co/bartowski/Phi-4-mini-instruct-GGUF:Q4_0",
        ),
        ("github:microsoft/phi-4-mini-instruct", "github", "microsoft/phi-4-mini-instruct"),
        (" OpenAI : gpt-4o-mini ", "openai", "gpt-4o-mini"),
        ("none", "none", ""),
        ("auto", "auto", ""),
    ],
)
def test_reads_provider_and_name(text: str, provider: str, name: str) -> None:
    assert parse_model(text) == ModelReference(provider, name)


@given(st.sampled_from(NAMED), NAMES)
def test_a_reference_reads_back_as_itself(provider: str, name: str) -> None:
    reference = ModelReference(provider, name)
    assert parse_model(str(reference)) == reference


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_with_advice(text: str) -> None:
    try:
        reference = parse_model(text)
    except InvalidInput as error:
        refusal = error
    else:
        assert reference.provider in PROVIDERS
        assert bool(reference.name) == (reference.provider not in {"none", "auto"})
        return
    assert refusal.advice


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("olama:phi4-mini", "Did you mean ollama:phi4-mini?"),
        ("antropic:claude-haiku-4-5", "Did you mean anthropic:claude-haiku-4-5?"),
        ("atuo", "Did you mean auto?"),
        ("github", "such as github:microsoft/phi-4-mini-instruct"),
        ("openai:", "such as openai:gpt-4o-mini"),
        ("none:phi", "Write just none."),
        ("", "Providers: ollama, github, openai, local,"),
        ("ollama:two words", "without spaces"),
        (f"ollama:{'x' * 300}", "at most 200"),
    ],
)
def test_refuses_with_advice(text: str, advice: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse_model(text)
    assert advice in raised.value.advice


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("qwen2.5:3b", 3_000_000_000),
        ("smollm2-135m", 135_000_000),
        ("phi3:3.8b-mini-128k-instruct-q4_0", 3_800_000_000),
        ("mixtral-8x7b", 56_000_000_000),
        ("google/gemma-3n-E4B-it", 4_000_000_000),
        ("3.8B", 3_800_000_000),
        ("134.52M", 134_520_000),
        ("gpt-4o-mini", None),
        ("phi-4-mini", None),
        ("llama3.2", None),
    ],
)
def test_reads_the_size_that_a_name_states(name: str, parameters: int | None) -> None:
    assert parameters_from_name(name) == parameters
