"""What can be asked for, as the ledger says it; limits and suspensions; arms made ready; what analyses read."""

import io
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest

from edge.kernel.errors import NotAllowed, NotFound, Unavailable
from memory.artifacts import ArtifactStore, open_artifacts
from memory.home import Home
from memory.ledger import Ledger, open_ledger
from memory.ledger.rollouts import Target
from memory.ledger.versions import Artifact, Model, Version
from tests.fakes.runtime_servers import serve_ollama_store
from tests.tools.serving.test_metering import use
from tools.rollouts.measurements import LedgerMetrics
from tools.rollouts.targets import Arm, TargetState
from tools.rollouts.world import Window
from tools.serving.ledger import LedgerDeployments, LedgerQuotas, LedgerSink
from tools.serving.ollama import OllamaRuntime
from tools.serving.rate_limits import Quotas
from tools.serving.routing import Price
from tools.serving.runtime import ServedVersion
from tools.serving.warm_up import Warmer

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
Open = Callable[..., LedgerDeployments]
BUNDLED = {"local:tiny": ServedVersion("local:tiny", "tiny", Path("/weights/tiny.gguf"))}


def version(label: str, reference: str = "ollama:m", digest: str = "", **serving: object) -> Version:
    content = (reference, "base", digest, "", "", "", label, "production", None, [], "", {"serving": serving})
    return Version(f"m@{label}", "m", *content, NOW, "tester")  # type: ignore[arg-type]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger.sqlite")
    with opened.unit("default") as unit:
        unit.models.add(Model("m", "", "", NOW, "tester"))
        unit.versions.add(version("1", prompt_price=3.0, fallbacks=["m@3"], options={"temperature": 0}))
        unit.versions.add(version("2", system="Be brief."))
        unit.versions.add(version("3", "local:tiny"))
        unit.aliases.point("champion", "m@1", "tester", NOW)
    yield opened
    opened.close()


@pytest.fixture
def store(home: Home) -> ArtifactStore:
    """Elsewhere than on this machine."""
    return open_artifacts(home, f"memory://{uuid.uuid4().hex}")


@pytest.fixture
def deployments(ledger: Ledger, store: ArtifactStore) -> Open:
    def opened(clock: list[float] | None = None) -> LedgerDeployments:
        turned = clock or [0.0]
        return LedgerDeployments(ledger, frozenset({"local", "ollama"}), BUNDLED, store, lambda: turned[0])

    return opened


def split(ledger: Ledger, name: str, state: TargetState) -> None:
    with ledger.unit("default") as unit:
        found = unit.targets.find(name)
        traffic = state.model_dump(mode="json")
        unit.targets.save(replace(found, traffic=traffic) if found else Target(name, "serving", traffic, NOW))


async def test_an_alias_a_version_and_a_runtimes_model_each_have_their_traffic(ledger: Ledger, deployments: Open):
    known = deployments()
    assert [arm.version for arm in (await known.traffic("default", "champion")).arms] == ["m@1"]
    assert (await known.traffic("default", "m@2")).target == "m@2"
    backend = await known.backend("default", "ollama:phi4-mini")
    assert (backend.runtime, backend.version.model) == ("ollama", "phi4-mini")
    assert (await known.backend("default", "m@1")).price == Price(prompt=3.0)
    assert (await known.backend("default", "m@3")).version.weights == Path("/weights/tiny.gguf")
    assert {offer.name for offer in await known.offers("default")} == {"champion", "m@1", "m@2", "m@3", "local:tiny"}


async def test_unknown_names_and_other_tenants_names_are_not_found(ledger: Ledger, deployments: Open):
    with ledger.unit("default") as unit:
        unit.tenants.add(replace(unit.tenants.get("default"), id="other"))
    known = deployments()
    with pytest.raises(NotFound, match="champion"):
        await known.traffic("default", "champoin")
    with pytest.raises(NotFound):
        await known.traffic("other", "champion")
    with pytest.raises(NotFound):
        await known.traffic("default", "local:anything")


async def test_a_target_of_an_aliass_name_wins_and_is_followed_within_a_second(ledger: Ledger, deployments: Open):
    clock = [0.0]
    known = deployments(clock)
    await known.traffic("default", "champion")
    arms = (Arm(version="m@1", weight=90), Arm(version="m@2", weight=10, configuration={"temperature": 1}))
    split(ledger, "champion", TargetState(arms=arms, shadow=Arm(version="m@3", weight=20)))
    assert len((await known.traffic("default", "champion")).arms) == 1
    clock[0] += 1.0
    traffic = await known.traffic("default", "champion")
    assert [(arm.version, arm.weight, arm.key) for arm in traffic.arms] == [
        ("m@1", 90, "m@1"),
        ("m@2", 10, arms[1].key),
    ]
    assert traffic.fallbacks == ("m@3",)
    assert traffic.shadow is not None
    assert (traffic.shadow.version, traffic.shadow.weight) == ("m@3", 20)


async def test_weights_come_from_the_artifact_of_their_digest(ledger: Ledger, deployments: Open):
    digest = "sha256:" + "ab" * 32
    with ledger.unit("default") as unit:
        unit.artifacts.save(Artifact(digest, "application/gguf", 3, "file:///store/a%20b.gguf", NOW))
        unit.versions.add(version("4", "local:mine", digest))
    assert (await deployments().backend("default", "m@4")).version.weights == Path("/store/a b.gguf")


async def test_weights_of_the_artifact_store_are_fetched_when_they_are_wanted(
    ledger: Ledger, deployments: Open, store: ArtifactStore
):
    stored = store.put(io.BytesIO(b"GGUF"))
    with ledger.unit("default") as unit:
        unit.artifacts.save(Artifact(stored.digest, "application/gguf", 4, stored.url, NOW))
        unit.versions.add(version("4", "local:mine", stored.digest))
    assert not store.path_of(stored.digest).exists()
    backend = await deployments().backend("default", "m@4")
    assert backend.version.weights == store.path_of(stored.digest)
    assert backend.version.weights.read_bytes() == b"GGUF"


async def test_altered_weights_are_not_served(ledger: Ledger, deployments: Open, store: ArtifactStore):
    stored = store.put(io.BytesIO(b"GGUF"))
    with ledger.unit("default") as unit:
        unit.artifacts.save(Artifact(stored.digest, "application/gguf", 4, stored.url, NOW))
        unit.versions.add(version("4", "ollama:mine", stored.digest))
    split(ledger, "support", TargetState(arms=(Arm(version="m@4", weight=100),)))
    with fsspec.open(stored.url, "wb") as file:
        file.write(b"?GUF")
    warmer = Warmer(deployments(), {})
    await warmer.look()
    assert "was altered" in warmer.not_ready("default", "support", Arm(version="m@4"))


async def test_another_tenants_weights_are_not_for_this_one(ledger: Ledger, deployments: Open, store: ArtifactStore):
    stored = store.put(io.BytesIO(b"GGUF"))
    with ledger.unit("default") as unit:
        unit.artifacts.save(Artifact(stored.digest, "application/gguf", 4, stored.url, NOW))
        unit.tenants.add(replace(unit.tenants.get("default"), id="globex"))
    with ledger.unit("globex") as unit:
        unit.models.add(Model("m", "", "", NOW, "tester"))
        unit.versions.add(version("4", "local:mine", stored.digest))
    assert (await deployments().backend("globex", "m@4")).version.weights is None


async def test_quotas_are_read_by_their_names_and_a_suspended_tenant_may_not_ask(ledger: Ledger):
    clock = [0.0]
    quotas = LedgerQuotas(ledger, lambda: clock[0])
    assert await quotas.quotas("default") == Quotas()
    with ledger.unit("default") as unit:
        tenant = unit.tenants.get("default")
        unit.tenants.save(replace(tenant, quotas={"requests_per_minute": 5, "tokens_per_day": 10.0}))
    clock[0] += 1
    assert await quotas.quotas("default") == Quotas(requests_per_minute=5, tokens_per_day=10)
    with ledger.unit("default") as unit:
        unit.tenants.save(replace(tenant, state="suspended"))
    clock[0] += 1
    with pytest.raises(NotAllowed, match="suspended"):
        await quotas.quotas("default")


async def test_arms_are_made_ready_before_they_have_weight_and_unloaded_when_no_target_names_them(
    ledger: Ledger, deployments: Open
):
    clock, canary = [0.0], Arm(version="m@2", weight=0)
    split(ledger, "support", TargetState(arms=(Arm(version="m@3", weight=100), canary)))
    with serve_ollama_store() as server:
        runtime = OllamaRuntime(server.url)
        warmer = Warmer(deployments(clock), {"ollama": runtime})
        assert "being loaded" in warmer.not_ready("default", "support", canary)
        await warmer.look()
        assert warmer.not_ready("default", "support", canary) == ""
        assert "no runtime local" in warmer.not_ready("default", "support", Arm(version="m@3"))
        assert [model.loaded for model in await runtime.models()] == [True]
        split(ledger, "support", TargetState(arms=(Arm(version="m@3"),)))
        clock[0] += 1
        await warmer.look()
        assert [model.loaded for model in await runtime.models()] == [False]
        await runtime.close()


async def test_an_analysis_sees_what_ended_in_its_time_and_speaks_of_the_version(ledger: Ledger):
    row = use()
    failed, left = replace(row, failed=True, outcome="interrupted"), replace(row, outcome="cancelled")
    tries = [replace(one, id=f"u{place}") for place, one in enumerate((row, failed, left, replace(row, version="m@2")))]
    sink = LedgerSink(ledger, lambda: row.started_at)
    await sink.write(tries)
    await sink.write(tries)  # once more, as after a failure: nothing is counted twice
    ended = (row.started_at + timedelta(seconds=row.latency_s)).replace(microsecond=0)
    arm, second = Arm(version="m@1"), timedelta(seconds=1)
    metrics = LedgerMetrics(ledger)
    during, before = Window(row.target, arm, ended, ended + second), Window(row.target, arm, ended - second, ended)
    found, none = metrics.observed("default", [during, before])
    assert (found.requests, found.errors, found.left, found.took("answer").count) == (2, 1, 1, 1)
    assert none.requests == 0


async def test_a_prompt_that_fails_everywhere_counts_against_the_arm_that_was_asked_first(ledger: Ledger):
    row = use()
    first = replace(row, id="a", version="m@1", failed=True, outcome="interrupted")
    stood_in = replace(first, id="b", version="m@2", attempt=2)
    await LedgerSink(ledger, lambda: row.started_at).write([first, stood_in])
    ended = (row.started_at + timedelta(seconds=row.latency_s)).replace(microsecond=0)
    windows = [Window(row.target, Arm(version=arm), ended, ended + timedelta(seconds=1)) for arm in ("m@1", "m@2")]
    stable, canary = LedgerMetrics(ledger).observed("default", windows)
    assert (stable.requests, stable.errors) == (1, 1)
    assert (canary.requests, canary.errors, canary.retries, canary.retry_errors) == (0, 0, 1, 1)


async def test_a_card_that_is_malformed_stops_its_own_version_alone(ledger: Ledger, deployments: Open):
    with ledger.unit("default") as unit:
        unit.versions.add(version("4", contex_tokens=5))
    known = deployments()
    assert [arm.version for arm in (await known.traffic("default", "champion")).arms] == ["m@1"]
    await known.traffic("default", "m@4")
    with pytest.raises(Unavailable, match="contex_tokens"):
        await known.backend("default", "m@4")


async def test_what_is_retired_is_offered_and_asked_for_no_more(ledger: Ledger, deployments: Open):
    with ledger.unit("default") as unit:
        unit.versions.save(replace(unit.versions.get("m@2"), stage="retired", retired_reason="too old"))
    known = deployments()
    assert "m@2" not in {offer.name for offer in await known.offers("default")}
    with pytest.raises(NotFound, match="retired: too old"):
        await known.traffic("default", "m@2")
