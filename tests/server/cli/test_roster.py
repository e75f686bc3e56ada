"""`chargehand roster`."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.fakes.judged import equip, measure, register
from tests.fakes.works import ANN, open_works
from tests.server.cli.conftest import Chargehand


@pytest.fixture
def filled(tmp_path: Path, chargehand: Chargehand) -> Chargehand:
    """The command, on a home with a version that passed the gate and one that nobody measured."""

    async def fill() -> None:
        await equip(works)
        await register(works, "1", content={"adapter": "tone", "quantisation": "Q4_1"})
        await register(works, "2", parent="faq@1")
        await works.call(ANN, "set_alias", alias="challenger", version="faq@2")
        await measure(works, "faq@2")
        for name in ("faq@1", "faq@2"):
            await works.call(ANN, "gate_check", version=name)

    works = open_works(tmp_path / "home")
    asyncio.run(fill())
    works.ledger.close()
    return chargehand


def test_an_empty_roster(chargehand: Chargehand) -> None:
    done = chargehand("roster", "list")
    assert (done.code, "No models are registered" in done.err) == (0, True)
    assert chargehand("roster", "list", "--json").json["models"] == []


def test_models_are_listed_with_their_versions(filled: Chargehand) -> None:
    listed = filled("roster", "list").out
    assert "faq  (smollm2-135m)" in listed
    assert "faq@2  candidate  challenger  served as local:smollm2-135m" in listed
    (model,) = filled("roster", "list", "--json").json["models"]
    assert [version["id"] for version in model["versions"]] == ["faq@1", "faq@2"]


def test_a_version_is_shown_with_what_is_known_of_it(filled: Chargehand) -> None:
    shown = filled("roster", "show", "challenger").out
    for line in ("made from: faq@1", "licence: apache-2.0", "accuracy 0.8 on faq 3, n 200", "internal_use/world: pass"):
        assert line in shown
    missing = filled("roster", "show", "faq@1").out
    assert "insufficient evidence" in missing
    assert "there is no accuracy" in missing
    assert filled("roster", "show", "faq@2", "--json").json["gates"][0]["verdict"] == "pass"


def test_cards_and_bills_of_materials_are_written(filled: Chargehand, tmp_path: Path) -> None:
    assert filled("roster", "card", "challenger").out.startswith("# faq 2\n")
    assert filled("roster", "card", "faq@2", "--json").json["version"] == "faq@2"
    assert json.loads(filled("roster", "bom", "faq@2").out)["bomFormat"] == "CycloneDX"
    done = filled("roster", "bom", "faq@2", "-o", tmp_path / "bom.json")
    assert (done.code, done.out) == (0, "")
    assert json.loads((tmp_path / "bom.json").read_text(encoding="utf-8"))["specVersion"] == "1.6"


def test_bad_usage_is_exit_code_2(filled: Chargehand, tmp_path: Path) -> None:
    unknown = filled("roster", "show", "faq@22")
    assert (unknown.code, "faq@2" in unknown.err) == (2, True)
    assert filled("roster", "card", "faq@2", "-o", tmp_path / "nowhere" / "card.md").code == 2
    assert filled("roster", "remove", "faq@2").code == 2
