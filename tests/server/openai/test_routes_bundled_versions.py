"""The bundled model really running as two versions side by side, with traffic moved between them through the ledger."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import openai
import pytest
from fastapi import FastAPI

from memory.artifacts import open_artifacts
from memory.home import open_home
from memory.ledger import Ledger, open_ledger
from memory.ledger.rollouts import Target
from memory.ledger.versions import Model, Version
from memory.settings import Settings
from server.openai.routes import openai_routes
from tools.rollouts.targets import Arm, TargetState
from tools.rollouts.world import Window
from tools.serving.assembly import Serving, open_serving
from tools.serving.llamacpp import LlamaRuntime
from tools.serving.metering import Caller
from tools.serving.providers import bundled_version

pytestmark = pytest.mark.integration

NOW = datetime.now(UTC)
TARGET = "support"
HELLO = [{"role": "user", "content": "Say hello."}]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    if bundled_version() is None:
        pytest.skip("the extra chargehand[local] is not installed")
    return open_ledger(tmp_path / "ledger.sqlite")


def version(label: str, **serving: object) -> Version:
    card = {"serving": {"context_tokens": 512, "slots": 1, "options": {"max_tokens": 4, "temperature": 0}, **serving}}
    return Version(
        id=f"smollm2@{label}",
        model="smollm2",
        reference="local:smollm2-135m",
        base="smollm2-135m",
        base_digest="",
        adapter="",
        adapter_digest="",
        quantisation="Q4_1",
        digest=label * 8,
        stage="production",
        parent=None,
        datasets=[],
        licence="Apache-2.0",
        card=card,
        created_at=NOW,
        created_by="tester",
    )


def serve(ledger: Ledger, *arms: Arm) -> None:
    """Let the target have these arms from now on."""
    with ledger.unit("default") as unit:
        found = unit.targets.find(TARGET)
        traffic = TargetState(arms=arms).model_dump(mode="json")
        unit.targets.save(replace(found, traffic=traffic) if found else Target(TARGET, "serving", traffic, NOW))


@asynccontextmanager
async def client_of(opened: Serving) -> AsyncGenerator[openai.AsyncOpenAI]:
    app = FastAPI()
    app.include_router(openai_routes(opened.gateway, lambda _: Caller("default", "tester")))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as http:
        yield openai.AsyncOpenAI(base_url="http://hub/v1", api_key="any", max_retries=0, http_client=http)


async def ask(client: openai.AsyncOpenAI, user: str) -> str:
    answer = await client.chat.completions.create(model=TARGET, messages=HELLO, user=user)  # type: ignore[arg-type]
    assert answer.usage is not None
    assert answer.usage.completion_tokens <= 4
    return answer.model


@pytest.mark.long
async def test_a_canary_moves_traffic_between_two_running_versions_and_a_bad_one_shows(ledger: Ledger, tmp_path: Path):
    with ledger.unit("default") as unit:
        unit.models.add(Model("smollm2", "smollm2-135m", "", NOW, "tester"))
        unit.versions.add(version("1", system="Be brief."))
        unit.versions.add(version("2", system="You are a pirate.", context_tokens=1024))
    settings = Settings(_env_file=None, home=tmp_path)
    stable, canary = Arm(version="smollm2@1", weight=100), Arm(version="smollm2@2", weight=0)
    callers = [f"caller {number}" for number in range(12)]
    serve(ledger, stable, canary)
    artifacts = open_artifacts(open_home(settings.home), settings.artifacts_address)
    async with open_serving(settings, ledger, artifacts) as opened, opened.warming(), client_of(opened) as client:
        llama = opened.gateway.runtimes["local"]
        assert isinstance(llama, LlamaRuntime)
        await opened.warmer.look()
        assert opened.warmer.not_ready("default", TARGET, canary) == ""
        processes = [llama.process_of(f"smollm2@{label}") for label in "12"]
        assert len({process.pid for process in processes if process}) == 2
        assert {await ask(client, caller) for caller in callers} == {"smollm2@1"}

        await moved(opened, ledger, stable.model_copy(update={"weight": 50}), canary.model_copy(update={"weight": 50}))
        half = {caller: await ask(client, caller) for caller in callers}
        assert set(half.values()) == {"smollm2@1", "smollm2@2"}
        await moved(opened, ledger, stable.model_copy(update={"weight": 20}), canary.model_copy(update={"weight": 80}))
        most = {caller: await ask(client, caller) for caller in callers}
        assert all(most[caller] == "smollm2@2" for caller in callers if half[caller] == "smollm2@2")

        # The canary's process is killed: whoever is sent to it meanwhile gets the stable version instead.
        canary_process = processes[1]
        assert canary_process is not None
        assert canary_process.pid is not None
        os.kill(canary_process.pid, signal.SIGKILL)
        on_canary = next(caller for caller in callers if most[caller] == "smollm2@2")
        assert await ask(client, on_canary) == "smollm2@1"
        window = Window(TARGET, canary, NOW, datetime.max.replace(tzinfo=UTC))
        async with asyncio.timeout(20):  # usage is written every second
            while True:
                (seen,) = opened.metrics.observed("default", [window])
                if seen.errors and seen.requests > 1:
                    break
                await asyncio.sleep(0.1)
        assert seen.errors == 1
    with ledger.view("default") as unit:
        counted = {row.version: row for row in unit.usage.of(target=TARGET, version="smollm2@2")}
        assert counted["smollm2@2"].errors == 1
        assert sum(row.requests for row in unit.usage.of(target=TARGET)) == 3 * len(callers) + 2
    ledger.close()


async def moved(opened: Serving, ledger: Ledger, *arms: Arm) -> None:
    """Change the weights, and let the gateway read them at once instead of within a second."""
    serve(ledger, *arms)
    deployments = opened.gateway.deployments
    deployments.clock = lambda clock=deployments.clock: clock() + 10  # type: ignore[attr-defined]
