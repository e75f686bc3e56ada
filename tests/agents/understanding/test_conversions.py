import pytest

from agents.understanding.conversions import entities_for, shown_name
from agents.understanding.entities import Entity, Kind
from tests.fakes.entities import SHOP_FLOOR


def named(kind: Kind, name: str) -> Entity:
    entity = SHOP_FLOOR.entity(kind, name)
    assert entity is not None
    return entity


@pytest.mark.parametrize(
    ("kinds", "said", "meant"),
    [
        (("version", "alias"), ("alias", "champion"), ["champion"]),
        (("version", "alias"), ("model", "smollm2"), ["smollm2@1", "smollm2@2"]),
        (("model",), ("version", "smollm2@2"), ["smollm2"]),
        (("model",), ("alias", "champion"), ["phi-4-mini"]),
        (("catalogue_model",), ("version", "smollm2@2"), ["smollm2-135m"]),
        (("rollout",), ("version", "qwen-support@v3"), ["ro-1111aaaa2222"]),
        (("rollout",), ("model", "smollm2"), ["ro-3333bbbb4444"]),
        (("approval",), ("version", "smollm2@2"), ["ap-9a8b7c6d5e4f"]),
        (("approval",), ("principal", "bob"), ["ap-1f2e3d4c5b6a", "ap-9a8b7c6d5e4f"]),
        (("key",), ("principal", "carol"), ["1f2e3d4c"]),
        (("delegation",), ("principal", "ann"), ["dl-1f2e3d4c5b6a"]),
        (("question",), ("device", "press-1"), ["press-1:1"]),
        (("tenant",), ("device", "press-1"), []),
        (("rollout",), ("version", "smollm2@1"), []),
    ],
)
def test_what_a_mention_stands_for(kinds: tuple[Kind, ...], said: tuple[Kind, str], meant: list[str]) -> None:
    assert [one.name for one in entities_for(kinds, [named(*said)], SHOP_FLOOR)] == meant


def test_the_best_kind_that_was_said_counts_alone() -> None:
    said = [named("alias", "champion"), named("version", "phi-4-mini@q8")]
    assert [one.name for one in entities_for(("version", "alias"), said, SHOP_FLOOR)] == ["phi-4-mini@q8"]


def test_a_name_is_shown_with_its_note() -> None:
    assert shown_name(Entity("target", "support", "serving")) == "support (serving)"
    assert shown_name(Entity("tenant", "acme", "")) == "acme"
