"""From the model a device has to the one it is to have, and back."""

import json

import pytest

from edge.kernel.errors import ModelUnavailable
from edge.kernel.protocol.desired import SelfTest
from edge.model_lifecycle.lifecycle import CurrentModel, LifecycleLimits
from edge.model_lifecycle.steps import Budget, MemoryUsage
from edge.model_lifecycle.store import name_of
from edge.runtime.port import Message
from tests.fakes.model_lifecycles import DiskRuntime, World, open_world


@pytest.fixture
def world(tmp_path):
    with open_world(tmp_path) as world:
        yield world


def test_a_first_model_takes_every_step_and_each_is_told(world: World):
    first = world.target("v1", adapter="GGUF adapter")

    assert world.settle(first) == {"version": "v1", "model": {"step": "good", "why": ""}}
    assert world.steps() == ["wanted", "fetched", "verified", "created", "warmed", "tested", "switched"]
    assert [model.name for model in world.life.models()] == [name_of(first)]
    assert world.fetch.kept() == []


def test_the_running_version_answers_until_the_next_one_has_passed_its_test(world: World):
    first, second = world.target("v1"), world.target("v2")
    world.settle(first)

    seen = list[str | None]()
    while (report := world.life.step(second)).moved:
        seen.append(report.version)

    assert seen[-1] == "v2"
    assert set(seen[:-1]) == {"v1"}
    assert [model.name for model in world.life.models()] == [name_of(second), name_of(first)]


@pytest.mark.parametrize("content", ["GGUF silent", "GGUF wrong", "no gguf"])
def test_a_version_that_cannot_be_used_fails_once_and_is_not_tried_again(world: World, content: str):
    good, bad = world.target("v1"), world.target("v2", content)
    world.settle(good)

    report = world.settle(bad)
    world.now += 1e6
    world.settle(bad)
    world.restarted()
    world.settle(bad)

    assert (report["version"], report["failed"]) == ("v1", "v2")
    assert world.steps().count("failed") == 1
    assert [model.name for model in world.runtime.models()] == [name_of(good)]
    assert world.fetch.kept() == []


def test_a_failed_version_is_begun_anew_when_the_target_comes_back(world: World):
    good, bad = world.target("v1"), world.target("v2", "GGUF silent")
    world.settle(good)
    world.settle(bad)
    world.settle(good)
    world.settle(bad)

    assert world.steps().count("failed") == 2


@pytest.mark.parametrize("content", ["GGUF dead", "GGUF slow", "GGUF heavy"])
def test_what_may_pass_is_tried_again_later_each_time_later_and_then_given_up(world: World, content: str):
    world.settle(world.target("v1"))
    bad = world.target("v2", content)

    pauses = list[float]()
    while not (report := world.life.step(bad)).failed:
        if not report.moved:
            began = world.now
            while world.life._rests(world.life._store.version(name_of(bad))):
                world.now += 1
            pauses.append(world.now - began)

    assert pauses == [30, 60, 120, 240]
    assert report.version == "v1"
    assert world.life.models()[0].chat([Message("user", "?")]).text == "I am ready."


def test_without_a_link_the_device_waits_for_days_and_goes_on_where_it_was(world: World):
    first = world.target("v1")
    world.life.step(first)
    world.fetch.fetch(first.base)
    world.fetch.forget(first.base)
    world.fetch.pieces, world.fetch.link = 0, False

    for _ in range(1000):
        world.now += 3600
        assert world.life.step(first).failed is None
    world.fetch.link = True
    world.now += 3600

    assert world.settle(first)["version"] == "v1"
    assert world.steps().count("put_off") == 1


def test_content_with_another_digest_is_refused_recorded_and_given_up(world: World):
    world.settle(world.target("v1"))
    world.fetch.altered = True
    bad = world.target("v2")

    for _ in range(20):
        world.now += 1e5
        report = world.settle(bad)

    assert (report["version"], report["failed"]) == ("v1", "v2")
    assert len(world.outbox.recent("refused")) == world.limits.most_tries


def test_without_a_runtime_the_device_waits(world: World):
    world.runtime.up = False
    first = world.target("v1")
    for _ in range(50):
        world.now += 3600
        report = world.settle(first)
    assert (report["version"], report.get("failed")) == (None, None)
    world.runtime.up = True
    world.now += 3600
    assert world.settle(first)["version"] == "v1"


def test_any_takes_the_first_runtime_that_is_there(tmp_path):
    with open_world(tmp_path) as world:
        ollama = DiskRuntime(tmp_path / "ollama", name="ollama")
        world.runtimes.insert(0, ollama)
        ollama.up = False
        world.restarted()
        world.settle(world.target("v1"))
        ollama.up = True
        world.settle(world.target("v2", runtime="ollama"))
        assert [len(runtime.models()) for runtime in (ollama, world.runtime)] == [1, 1]
        world.settle(world.target("v3"))
        assert len(ollama.models()) == 2


def test_a_base_that_the_runtime_has_is_not_fetched_again(world: World):
    world.settle(world.target("v1", "GGUF good of all", adapter="GGUF one"))
    world.fetch.pieces = 0

    world.settle(world.target("v2", "GGUF good of all", adapter="GGUF two"))

    assert world.fetch.pieces == 1


def test_a_running_model_that_falls_silent_gives_way_to_the_last_good_one(world: World):
    first, second = world.target("v1"), world.target("v2")
    world.settle(first)
    world.settle(second)
    world.runtime.dead.add(name_of(second))

    versions = list[str | None]()
    for _ in range(world.limits.most_silent + 2):
        world.now += world.limits.look_every_s
        versions.append(world.life.step(second).version)

    assert versions == ["v2", "v2", "v1", "v1", "v1"]
    report = world.settle(second)
    assert (report["version"], report["failed"]) == ("v1", "v2")
    assert world.steps().count("fell_back") == 1
    assert [model.name for model in world.runtime.models()] == [name_of(first)]


def test_a_silent_model_without_another_one_stays_and_that_is_told_once(world: World):
    first = world.target("v1")
    world.settle(first)
    world.runtime.dead.add(name_of(first))

    for _ in range(20):
        world.now += world.limits.look_every_s
        report = world.life.step(first)

    assert report.version == "v1"
    assert world.steps().count("unhealthy") == 1


def test_a_runtime_that_is_down_is_no_fault_of_the_model(world: World):
    first, second = world.target("v1"), world.target("v2")
    world.settle(first)
    world.settle(second)
    world.runtime.up = False
    for _ in range(20):
        world.now += world.limits.look_every_s
        assert world.life.step(second).version == "v2"
    assert world.steps().count("unhealthy") == 1


def test_a_model_that_the_runtime_lost_is_made_anew_while_the_last_good_one_answers(world: World):
    first, second = world.target("v1"), world.target("v2")
    world.settle(first)
    world.settle(second)
    world.runtime.remove(name_of(second))

    versions = list[str | None]()
    for _ in range(20):
        world.now += world.limits.look_every_s
        versions.append(world.life.step(second).version)

    assert "v1" in versions
    assert versions[-1] == "v2"


def test_old_versions_give_way_and_the_last_good_one_never_does(tmp_path):
    limits = LifecycleLimits(budget=Budget(models_bytes=40, reserve_bytes=0))
    with open_world(tmp_path, limits) as world:
        for n in range(1, 6):
            report = world.settle(world.target(f"v{n}"))
            assert report["version"] == f"v{n}"
            kept = [model.name for model in world.life.models()]
            assert len(world.runtime.models()) <= 2
            assert kept[0] == name_of(world.target(f"v{n}"))


def test_a_model_that_can_never_fit_is_refused_and_reported(tmp_path):
    limits = LifecycleLimits(budget=Budget(models_bytes=20, reserve_bytes=0))
    with open_world(tmp_path, limits) as world:
        world.settle(world.target("v1"))
        report = world.settle(world.target("v2", "GGUF good and much too long for this device of v2"))
        assert (report["version"], report["failed"]) == ("v1", "v2")
        assert "does not fit" in report["model"]["why"]
        assert world.fetch.pieces == 2


def test_a_model_that_does_not_fit_now_waits_for_room(world: World):
    world.settle(world.target("v1"))
    world.free = 10
    second = world.target("v2")
    for _ in range(10):
        world.now += 3600
        report = world.settle(second)
    assert (report["version"], report.get("failed")) == ("v1", None)
    assert world.steps().count("put_off") == 1
    world.free = 1000
    world.now += 3600
    assert world.settle(second)["version"] == "v2"


@pytest.mark.parametrize(("held", "unloaded"), [(0, 0), (995, 1)])
def test_where_memory_is_short_the_running_model_is_unloaded_while_the_next_is_tested(
    world: World, held: int, unloaded: int
):
    first = world.target("v1")
    world.settle(first)
    world.memory, world.held = MemoryUsage(1000, 1000), held
    second = world.target("v2", "GGUF silent")
    world.settle(second)
    assert world.runtime.unloaded == [name_of(first), name_of(second)][: 2 * unloaded]
    assert world.life.models()[0].chat([Message("user", "?")]).text == "I am ready."


def test_a_model_that_could_never_be_loaded_is_refused_before_it_is_fetched(world: World):
    first = world.target("v1")
    world.settle(first)
    pieces = world.fetch.pieces
    world.memory = MemoryUsage(total_bytes=len("GGUF good v2"), free_bytes=1 << 40)
    report = world.settle(world.target("v2"))
    assert (report["version"], report["failed"]) == ("v1", "v2")
    assert "does not fit the memory" in report["model"]["why"]
    assert world.fetch.pieces == pieces
    assert world.runtime.unloaded == []


def test_a_model_that_cannot_be_loaded_now_waits_for_memory_and_is_never_started(world: World):
    world.settle(world.target("v1"))
    world.memory = MemoryUsage(total_bytes=1000, free_bytes=5)
    second = world.target("v2")
    for _ in range(10):
        world.now += 3600
        report = world.settle(second)
    assert (report["version"], report.get("failed"), report["model"]["step"]) == ("v1", None, "warming")
    assert "does not fit the memory now" in report["model"]["why"]
    assert world.runtime.warmed == [name_of(world.target("v1"))]
    world.memory = MemoryUsage(1000, 1000)
    world.now += 3600
    assert world.settle(second)["version"] == "v2"


def test_where_the_memory_is_not_known_the_runtime_sees_to_it(world: World):
    world.memory = None
    assert world.settle(world.target("v1"))["version"] == "v1"
    assert world.runtime.unloaded == []


def test_a_version_that_brings_the_device_down_is_blamed_in_the_end(world: World):
    world.settle(world.target("v1"))
    bad = world.target("v2")
    while world.life.step(bad).step != "warming":
        pass
    version = world.life._store.version(name_of(bad))
    assert version is not None
    for _ in range(world.limits.most_interrupted):
        world.life._store.begin(version, "llama")  # and the power goes
    report = world.restarted().step(bad)
    assert (report.version, report.failed) == ("v1", "v2")


def test_no_target_leaves_what_runs(world: World):
    world.settle(world.target("v1"))
    assert world.settle(None)["version"] == "v1"


def test_the_current_model_is_the_running_one_and_the_last_good_one_in_its_stead(world: World):
    current = CurrentModel(world.life)
    with pytest.raises(ModelUnavailable, match="no model yet"):
        current.chat([Message("user", "?")])
    first, second = world.target("v1"), world.target("v2")
    world.settle(first)
    world.settle(second)
    assert current.name == "v2"  # what people know it as, and not what the runtime calls it
    world.runtime.dead.add(name_of(second))
    assert current.chat([Message("user", "?")]).text == "I am ready."
    world.runtime.dead.add(name_of(first))
    with pytest.raises(ModelUnavailable, match="v2 died"):
        current.chat([Message("user", "?")])


def test_the_self_test_asks_every_prompt(world: World):
    test = SelfTest(prompts=("One?", "Two?"), expect=())
    world.settle(world.target("v1", self_test=test))
    (tested,) = (json.loads(event.body) for event in world.outbox.recent("model") if '"tested"' in event.body)
    assert tested["tokens"] == 6


def test_a_runtime_that_dies_whenever_it_creates_the_version_ends_in_failed(world: World):
    good, bad = world.target("v1"), world.target("v2", "GGUF fatal")
    world.settle(good)
    create = world.runtime.create

    def dies(name, base, adapter, configuration):  # type: ignore[no-untyped-def]
        if name == name_of(bad):
            world.runtime.up = False
            raise ModelUnavailable("The runtime went away.")
        create(name, base, adapter, configuration)

    world.runtime.create = dies  # type: ignore[method-assign]
    tries = 0
    for _ in range(50):
        world.now += 1e5
        tries += not world.runtime.up
        world.runtime.up = True  # systemd starts it again
        if (report := world.settle(bad)).get("failed"):
            break

    assert (report["version"], report["failed"]) == ("v1", "v2")
    assert tries == world.limits.most_tries - 1
