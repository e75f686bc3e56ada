from pathlib import Path

from memory.embedding import MiniLM
from server.hub import open_components
from tests.fakes.offline import offline_settings
from tests.fakes.weights import WEIGHT_CACHE


async def test_each_ledger_keeps_once_how_good_the_shared_classifier_is(tmp_path: Path, minilm: MiniLM) -> None:
    found = []
    for name in ("one", "two"):
        settings = offline_settings(home=tmp_path / name, cache=WEIGHT_CACHE, model="none", intent_threshold=0.5)
        for _ in range(2):
            with open_components(settings) as hub:
                route = await hub.router.route("canary phi-4-mini to 10 percent on the gateways")
                assert (route.intent, route.path) == ("deployment", "classifier")
                with hub.ledger.view("default") as unit:
                    (row,) = unit.evaluations.all("intent-routing")
                assert list(hub.home.cache.iterdir()) == [], "the weights lie in the shared cache"
        found.append(row)
    assert found[0] == found[1]
    assert 0.9 < found[0]["metrics"]["accuracy"] <= 1
