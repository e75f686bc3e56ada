import pytest

from agents.models.probe import ProviderStatus, Runtimes, probe_models
from tests.fakes.model_servers import ollama_model, serve_ollama, serve_openai
from tests.fakes.offline import offline_settings
from tools.registry.roster import RuntimeProbe, RuntimeReport, ServedModel
from tools.serving.providers import bundled_is_installed


def probe(environment: dict[str, str] | None = None, **values: str | None) -> dict[str, ProviderStatus]:
    statuses = probe_models(offline_settings(**values), environment or {})
    return {status.provider: status for status in statuses}


def test_says_what_is_missing() -> None:
    statuses = probe()
    assert statuses["ollama"].reachable is False
    assert "ollama serve" in " ".join(statuses["ollama"].missing)
    assert statuses["github"].missing == ("Set CHARGEHAND_GITHUB_TOKEN.",)
    assert statuses["openai"].missing == ("Set CHARGEHAND_OPENAI_API_KEY.",)
    assert "Set ANTHROPIC_API_KEY." in statuses["anthropic"].missing
    assert "groq" not in statuses


def test_lists_the_chat_models_of_ollama() -> None:
    with serve_ollama(ollama_model("phi4-mini:latest"), ollama_model("all-minilm", "23M", family="bert")) as server:
        status = probe(ollama_url=server.url)["ollama"]
    assert (status.configured, status.reachable, status.models) == (True, True, ("phi4-mini:latest",))


def test_an_ollama_without_chat_models_says_what_to_fetch() -> None:
    with serve_ollama() as server:
        assert "ollama pull phi4-mini" in probe(ollama_url=server.url)["ollama"].missing[0]


def test_an_unreadable_address_is_reported_not_raised() -> None:
    assert "CHARGEHAND_OLLAMA_URL" in probe(ollama_url="ftp://x")["ollama"].missing[0]


@pytest.mark.skipif(not bundled_is_installed(), reason="the extra chargehand[local] is not installed")
def test_finds_the_bundled_model() -> None:
    assert probe()["local"] == ProviderStatus("local", True, True, ("smollm2-135m",))


def test_a_server_on_this_machine_needs_no_key_and_is_looked_for() -> None:
    with serve_openai() as server:
        status = probe(openai_base_url=f"{server.url}/v1")["openai"]
        assert (status.configured, status.reachable, status.missing) == (True, True, ())
        assert server.received == []
    assert probe(openai_base_url=f"{server.url}/v1")["openai"].reachable is False


def test_never_shows_a_secret() -> None:
    statuses = probe({"ANTHROPIC_API_KEY": "sk-hidden"}, github_token="ghp_hidden", openai_api_key="sk-hidden")
    assert statuses["github"] == ProviderStatus("github", True, None)
    assert "hidden" not in repr(statuses)


async def reported(**settings: str) -> dict[str, RuntimeReport]:
    serving: RuntimeProbe = Runtimes(offline_settings(**settings))
    return {report.runtime: report for report in await serving.runtimes()}


async def test_the_chat_models_of_ollama_with_their_size() -> None:
    models = [ollama_model("qwen2.5:3b"), ollama_model("phi4-mini:latest")]
    with serve_ollama(*models) as server:
        report = (await reported(ollama_url=server.url))["ollama"]
    assert set(report.models) == {
        ServedModel("ollama:qwen2.5:3b", 3_000_000_000),
        ServedModel("ollama:phi4-mini:latest", None),
    }


async def test_a_runtime_that_serves_nothing_says_why() -> None:
    with serve_ollama() as server:
        idle = (await reported(ollama_url=server.url))["ollama"]
    gone = (await reported())["ollama"]
    assert idle.models == gone.models == ()
    assert "ollama pull" in idle.detail
    assert "ollama serve" in gone.detail


@pytest.mark.skipif(not bundled_is_installed(), reason="the extra chargehand[local] is not installed")
async def test_the_bundled_model_runs_in_this_process() -> None:
    assert (await reported())["local"].models == (ServedModel("local:smollm2-135m", 135_000_000),)


async def test_services_elsewhere_are_no_runtimes_of_this_hub() -> None:
    assert set(await reported(openai_api_key="sk-x", github_token="x")) == {"ollama", "local"}
