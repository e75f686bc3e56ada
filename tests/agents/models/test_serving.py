import pytest

from agents.models.resolve import bundled_is_installed
from agents.models.serving import Runtimes
from tests.fakes.model_servers import ollama_model, serve_ollama
from tests.fakes.offline import offline_settings
from tools.registry.roster import RuntimeReport, ServedModel, Serving


async def reported(**settings: str) -> dict[str, RuntimeReport]:
    serving: Serving = Runtimes(offline_settings(**settings))
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
