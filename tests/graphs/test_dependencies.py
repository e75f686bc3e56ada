from pathlib import Path

from agents.models.resolve import resolve_model
from graphs.dependencies import open_router
from memory.embedding import MiniLM
from memory.home import open_home
from memory.ledger import open_ledger
from tests.fakes.offline import offline_settings
from tests.fakes.weights import WEIGHT_CACHE


async def test_each_ledger_keeps_once_how_good_the_shared_classifier_is(tmp_path: Path, minilm: MiniLM) -> None:
    settings = offline_settings(model="none", intent_threshold=0.5)
    model = resolve_model(settings, {})
    found = []
    for name in ("one", "two"):
        home = open_home(tmp_path / name, WEIGHT_CACHE)
        ledger = open_ledger(home.ledger)
        for _ in range(2):
            router = open_router(settings, home, minilm, model, ledger)
        route = await router.route("canary phi-4-mini to 10 percent on the gateways")
        assert (route.intent, route.path) == ("deployment", "classifier")
        with ledger.view("default") as unit:
            (row,) = unit.evaluations.all("intent-routing")
        found.append(row)
        ledger.close()
        assert list(home.cache.iterdir()) == [], "the weights lie in the shared cache"
    assert found[0] == found[1]
    assert 0.9 < found[0]["metrics"]["accuracy"] <= 1
