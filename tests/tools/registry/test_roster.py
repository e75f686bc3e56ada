from typing import cast

import pytest

from edge.kernel.errors import NotFound
from tests.fakes.serving import ScriptedServing
from tools.registry.catalogue import load_catalogue
from tools.registry.roster import ModelProfile, Roster, RosterEntry, RuntimeReport, ServedModel, roster_tools
from tools.spec import LOCAL_ENGINEER

OLLAMA = RuntimeReport(
    "ollama",
    (
        ServedModel("ollama:phi4-mini:latest", None),
        ServedModel("ollama:qwen2.5:3b-instruct-q4_K_M", 3_000_000_000),
        ServedModel("ollama:halden-line:1.7b", 1_700_000_000),
    ),
    "",
)
LOCAL = RuntimeReport("local", (), "Install the extra.")


async def called(tool: str, reports: list[RuntimeReport], default: str = "none", **arguments: str) -> object:
    specs = roster_tools(load_catalogue(), ScriptedServing(reports), default)
    spec = {spec.name: spec for spec in specs}[tool]
    return await spec.call(LOCAL_ENGINEER, arguments)


async def test_what_is_served_joined_with_what_is_known() -> None:
    roster = cast("Roster", await called("roster_list", [OLLAMA, LOCAL], "ollama:phi4-mini:latest"))
    phi, qwen, own = roster.models
    assert phi == RosterEntry(
        reference="ollama:phi4-mini:latest",
        runtime="ollama",
        default=True,
        catalogue_id="phi-4-mini",
        parameters=3_800_000_000,
        licence="MIT License",
        commercial_use="yes",
    )
    assert (qwen.catalogue_id, qwen.commercial_use, qwen.parameters) == ("qwen2.5-3b", "no", 3_000_000_000)
    assert own == RosterEntry(
        reference="ollama:halden-line:1.7b",
        runtime="ollama",
        default=False,
        catalogue_id=None,
        parameters=1_700_000_000,
        licence=None,
        commercial_use=None,
    )
    assert roster.idle_runtimes == {"local": "Install the extra."}


async def test_nothing_is_served() -> None:
    assert await called("roster_list", []) == Roster(models=[], idle_runtimes={})


async def test_a_profile_says_where_the_model_is_served() -> None:
    profile = cast("ModelProfile", await called("model_profile", [OLLAMA], model="Phi4-mini"))
    assert (profile.model.id, profile.licence_name) == ("phi-4-mini", "MIT License")
    assert profile.served_as == ["ollama:phi4-mini:latest"]
    idle = cast("ModelProfile", await called("model_profile", [OLLAMA], model="phi-4"))
    assert idle.served_as == []


async def test_a_profile_of_an_unknown_model() -> None:
    with pytest.raises(NotFound) as caught:
        await called("model_profile", [OLLAMA], model="halden-line")
    assert "halden-line" in caught.value.message
