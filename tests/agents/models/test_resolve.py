import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from agents.models.reference import ModelReference
from agents.models.resolve import ResolvedModel, resolve_crew_models, resolve_model
from edge.kernel.errors import InvalidInput, NotFound, Unavailable
from tests.fakes.model_servers import ollama_model, serve_ollama
from tests.fakes.offline import offline_settings
from tests.fakes.serving import serving_of
from tools.serving.providers import bundled_is_installed

bundled = pytest.mark.skipif(not bundled_is_installed(), reason="the extra chargehand[local] is not installed")


def resolve(model: str, environment: dict[str, str] | None = None, **values: Any) -> ResolvedModel:
    return resolve_model(offline_settings(model=model, **values), environment or {})


def test_none_has_no_chat_model() -> None:
    model = resolve("none")
    assert model.chat is None
    assert not model.capable


def test_auto_takes_the_largest_chat_model_under_4b_of_ollama() -> None:
    models = [
        ollama_model("nomic-embed-text:latest", "137M", family="nomic-bert", embeds=True),
        ollama_model("qwen2.5:0.5b", "494M"),
        ollama_model("phi4-mini:latest", "3.8B"),
        ollama_model("llama3.1:8b", "8.0B"),
    ]
    with serve_ollama(*models) as server:
        model = resolve("auto", ollama_url=server.url)
    assert model.reference == ModelReference("ollama", "phi4-mini:latest")
    assert (model.parameters, model.capable, model.context_tokens) == (3_800_000_000, True, 8192)
    assert server.url in model.reason


def test_auto_takes_the_smallest_when_all_are_large() -> None:
    with serve_ollama(ollama_model("big:70b", "70B"), ollama_model("mid:8b", "8B")) as server:
        assert resolve("auto", ollama_url=server.url).reference.name == "mid:8b"


def test_auto_passes_over_a_model_that_turns_out_to_embed() -> None:
    models = [ollama_model("secretly-a-vector:2b", "2B", embeds=True), ollama_model("tiny:1b", "1.2B", context=2048)]
    with serve_ollama(*models) as server:
        model = resolve("auto", ollama_url=server.url)
    assert model.reference.name == "tiny:1b"
    assert model.context_tokens == 2048


@bundled
def test_auto_without_ollama_takes_the_bundled_model_and_says_why() -> None:
    model = resolve("auto")
    assert str(model.reference) == "local:smollm2-135m"
    assert "does not answer" in model.reason
    assert (model.parameters, model.capable, model.context_tokens) == (135_000_000, False, 4096)


@bundled
def test_auto_with_an_embedder_only_takes_the_bundled_model() -> None:
    with serve_ollama(ollama_model("all-minilm:latest", "23M", family="bert", embeds=True)) as server:
        model = resolve("auto", ollama_url=server.url)
    assert model.reference.provider == "local"
    assert "has no chat model" in model.reason


def test_a_model_of_ollama_is_found_without_its_tag() -> None:
    with serve_ollama(ollama_model("phi4-mini:latest")) as server:
        model = resolve("ollama:phi4-mini", ollama_url=server.url)
    assert str(model.reference) == "ollama:phi4-mini"
    assert model.capable


def test_an_unknown_model_of_ollama_names_the_nearest() -> None:
    models = [ollama_model("phi4-mini:latest"), ollama_model("qwen2.5:3b")]
    with serve_ollama(*models) as server, pytest.raises(NotFound) as raised:
        resolve("ollama:phi4mini", ollama_url=server.url)
    assert raised.value.nearest[0] == "phi4-mini:latest"
    assert "ollama pull phi4mini" in raised.value.advice


def test_an_embedder_of_ollama_is_refused() -> None:
    embedder = ollama_model("all-minilm:latest", "23M", family="bert", embeds=True)
    with serve_ollama(embedder) as server, pytest.raises(InvalidInput, match="only embeds"):
        resolve("ollama:all-minilm", ollama_url=server.url)


def test_ollama_asked_for_by_name_must_answer() -> None:
    with pytest.raises(Unavailable, match="ollama serve"):
        resolve("ollama:phi4-mini")


def test_a_small_model_of_ollama_is_not_capable() -> None:
    with serve_ollama(ollama_model("smollm2:135m", "134.52M")) as server:
        assert not resolve("ollama:smollm2:135m", ollama_url=server.url).capable


@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("github:microsoft/phi-4-mini-instruct", "CHARGEHAND_GITHUB_TOKEN"),
        ("openai:gpt-4o-mini", "CHARGEHAND_OPENAI_API_KEY"),
        ("anthropic:claude-haiku-4-5", "ANTHROPIC_API_KEY"),
        ("groq:llama-3.1-8b-instant", "GROQ_API_KEY"),
    ],
)
def test_a_missing_key_is_named_before_anything_is_sent(model: str, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        remote = {"github_base_url": url, "openai_base_url": "https://api.openai.com/v1", "ollama_url": url}
        with pytest.raises(InvalidInput, match=variable):
            resolve(model, {variable: "  "}, **remote)
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize(
    ("model", "from_file"),
    [
        ("github:microsoft/phi-4-mini-instruct", True),
        ("openai:gpt-4o-mini", True),
        ("anthropic:claude-haiku-4-5", False),
        ("groq:llama-3.1-8b-instant", False),
    ],
)
def test_the_advice_names_the_file_only_where_it_is_read(model: str, from_file: bool) -> None:
    with pytest.raises(InvalidInput) as raised:
        resolve(model, openai_base_url="https://api.openai.com/v1")
    assert ("or in .env" in raised.value.advice) == from_file
    assert raised.value.advice.startswith("Export ") != from_file


def test_a_service_needs_nothing_but_its_key() -> None:
    assert resolve("cohere:command-r7b-12-2024", {"COHERE_API_KEY": "k"}).capable


def test_a_service_of_unknown_size_is_capable_and_a_small_one_is_not() -> None:
    assert resolve("github:microsoft/phi-4-mini-instruct", github_token="t").capable
    assert not resolve("github:someone/tiny-500m", github_token="t").capable


def test_a_keyless_server_on_this_machine_is_taken_and_of_unknown_size_for_capable() -> None:
    model = resolve("openai:whatever", openai_base_url="http://127.0.0.1:9/v1")
    assert (model.parameters, model.capable) == (None, True)
    assert model.judged_by == "Nobody states its size, and a service counts as capable."
    assert resolve("openai:qwen2.5-3b", openai_base_url="http://localhost:9/v1").capable


def test_the_setting_decides_what_is_capable_and_says_so() -> None:
    small = resolve("openai:tiny-500m", openai_base_url="http://127.0.0.1:9/v1", model_capable=True)
    large = resolve("github:someone/big-70b", github_token="t", model_capable=False)
    assert (small.capable, large.capable) == (True, False)
    assert small.judged_by == "CHARGEHAND_MODEL_CAPABLE says that it is capable."
    assert large.judged_by == "CHARGEHAND_MODEL_CAPABLE says that it is not capable."
    assert not resolve("none", model_capable=True).capable


def test_the_models_of_the_crews_are_named_in_a_setting_each_once() -> None:
    names = "openai:gpt-5, github:microsoft/phi-4-mini-instruct,,openai:gpt-5"
    settings = offline_settings(crew_models=names, openai_api_key="k", github_token="t")
    models = resolve_crew_models(settings, {})
    assert [str(model.reference) for model in models] == ["openai:gpt-5", "github:microsoft/phi-4-mini-instruct"]
    assert resolve_crew_models(offline_settings(), {}) == []


@pytest.mark.parametrize(("name", "why"), [("none", "not capable"), ("skynet:t800", "no known provider")])
def test_a_model_that_can_do_no_crew_s_work_is_refused(name: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        resolve_crew_models(offline_settings(crew_models=name), {})


def test_an_unknown_bundled_model_names_the_one_there_is() -> None:
    with pytest.raises(NotFound, match="local:smollm2-135m"):
        resolve("local:smollm2-360m")


async def test_a_key_never_shows() -> None:
    settings = offline_settings(model="github:microsoft/phi-4-mini-instruct", github_token="ghp_hidden")
    async with serving_of(settings) as serving:
        model = resolve_model(settings, {}).over(serving)  # pyright: ignore[reportArgumentType]  # a fake
        assert "ghp_hidden" not in repr(model)
        assert "ghp_hidden" not in repr(model.chat)
        assert "ghp_hidden" not in repr(serving)


def test_resolving_is_quick_and_imports_no_client() -> None:
    code = (
        "import sys\n"
        "from agents.models.resolve import resolve_model\n"
        "from tests.fakes.offline import offline_settings\n"
        "heavy = {'langchain', 'langchain_core', 'openai', 'ollama', 'httpx', 'xllamacpp', 'aiohttp', 'sqlalchemy'}\n"
        "for name in ('none', 'auto', 'github:a/b', 'openai:c'):\n"
        "    resolve_model(offline_settings(model=name, github_token='t', openai_api_key='k'), {})\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert done.stdout.strip() == "[]"
    start = time.monotonic()
    resolve("auto")
    assert time.monotonic() - start < 0.3
