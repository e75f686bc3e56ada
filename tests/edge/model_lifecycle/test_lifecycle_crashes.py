"""The life of a model is killed with -9 at every place that can matter, and in between, and always ends well."""

import json
import random
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from edge.kernel.protocol.desired import ModelTarget
from edge.kernel.protocol.events import FIRST_CHAIN, chain
from edge.model_lifecycle.store import name_of
from tests.effort import times
from tests.fakes.forks import Forks
from tests.fakes.model_lifecycles import Hub, dying_lives, open_world, target

pytestmark = [pytest.mark.integration, pytest.mark.repeated, pytest.mark.timeout(300)]


EVERY = times(20, 4)
"""Of some 500 places one in so many is tried."""


@pytest.fixture(params=["GGUF good", "GGUF silent"])
def begun(tmp_path, request) -> tuple[Path, ModelTarget]:
    """A device that had two versions and is to have a third; that is good, or fails its test."""
    folder = tmp_path / "begun"
    with open_world(folder) as world:
        for key in ("v0", "v1"):
            world.settle(world.target(key, adapter=f"GGUF adapter of {key}"))
    third = target(Hub(folder / "hub"), "v2", request.param, adapter="GGUF adapter of v2")
    (folder / "wanted.json").write_text(third.model_dump_json())
    return folder, third


def test_killed_at_each_place_it_always_has_a_working_model_and_ends_where_it_would_have(begun, tmp_path):
    prepared, third = begun
    folder, kills = tmp_path / "device", 0
    with dying_lives(folder) as forks:
        for place in range(1, 100_000, EVERY):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(prepared, folder)
            forks.start(str(place))
            ended = forks.wait()
            has_a_working_model(folder)
            if ended == 0:
                break
            assert ended == -signal.SIGKILL
            kills += 1
            ends_well(forks, folder, third)
    assert kills >= 400 // EVERY
    ended_well(folder, third)


def test_killed_again_and_again_at_random_it_comes_to_its_end(begun):
    folder, third = begun
    chance = random.Random(7)
    with dying_lives(folder) as forks:
        for _ in range(times(20, 60)):
            forks.start(str(chance.randint(1, 60)))
            if forks.wait() == 0:
                break
            has_a_working_model(folder)
        ends_well(forks, folder, third)


def test_killed_from_outside_at_any_moment(begun, tmp_path):
    prepared, third = begun
    folder, chance, kills, tries = tmp_path / "device", random.Random(11), 0, times(10, 40)
    with dying_lives(folder) as forks:
        for _ in range(tries):
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(prepared, folder)
            process = forks.start("0")
            time.sleep(chance.uniform(0.0, 0.08))
            kills += forks.kill(process)
            has_a_working_model(folder)
            ends_well(forks, folder, third)
    assert kills >= tries // 4


def has_a_working_model(folder: Path) -> None:
    """What the database names as running is a model that passed its test and is there."""
    rows = sqlite3.connect(folder / "edge.db")
    name, state = rows.execute(
        "SELECT running, state FROM model_place JOIN model_versions ON name = running"
    ).fetchone()
    rows.close()
    assert state == "good"
    model = json.loads((folder / "runtime" / f"{name}.model").read_text())
    assert model["contents"][0].startswith("GGUF good")


def ends_well(forks: Forks, folder: Path, third: ModelTarget) -> None:
    forks.start("0")
    assert forks.wait() == 0
    ended_well(folder, third)


def ended_well(folder: Path, third: ModelTarget) -> None:
    """The third version runs, or failed once while the second runs; nothing is left over; every event is there once."""
    has_a_working_model(folder)
    rows = sqlite3.connect(folder / "edge.db")
    keys = dict(rows.execute("SELECT name, key FROM model_versions").fetchall())
    running, fallback = rows.execute("SELECT running, fallback FROM model_place").fetchone()
    events = rows.execute("SELECT seq, kind, at, boot, uptime_s, body, chain FROM outbox ORDER BY seq").fetchall()
    rows.close()
    told = [json.loads(event[5]) for event in events if event[1] == "model"]
    of_third = [body["step"] for body in told if body["version"] == "v2"]
    good = (folder / "hub" / third.base.digest).read_text().startswith("GGUF good")
    end = "switched" if good else "failed"
    assert of_third == ["wanted", "fetched", "verified", "created", "warmed", *(["tested"] if good else []), end]
    assert keys[running] == ("v2" if good else "v1")
    assert keys.get(fallback) == ("v1" if good else "v0")
    assert {path.stem for path in (folder / "runtime").glob("*.model")} == {running, fallback}
    assert list((folder / "fetched").iterdir()) == []
    assert name_of(third) in keys
    before = FIRST_CHAIN
    for seq, kind, at, boot, uptime_s, body, after in events:
        before = chain(before, seq, kind, at, boot, uptime_s, json.loads(body))
        assert before == after
