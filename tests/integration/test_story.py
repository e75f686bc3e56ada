"""The whole story as one conversation on the command line, with a real hub, the bundled model and real traffic."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from server.demos.factory.faulty import faulty_server
from server.demos.hub import Hub, start_hub
from tests.fakes.commands import run_process
from tests.fakes.story import hire, play
from tools.serving.providers import BUNDLED, bundled_version

pytestmark = [pytest.mark.integration, pytest.mark.long]


@dataclass(frozen=True)
class CommandLine:
    """`chargehand chat --thread story`, as whoever's key it is."""

    home: Path
    hub: Hub

    def say(self, who: str, text: str) -> str:
        settings = {"CHARGEHAND_API_KEY": self.hub.keys[who]}
        return run_process(self.home, "chat", text, "--thread", "story", settings=settings).out

    def approve(self, who: str, approval: str) -> str:
        return self.say(who, f"approve {approval}")


@pytest.mark.timeout(900)
def test_one_conversation_on_the_command_line_takes_a_version_into_service_and_a_bad_one_back(ready: Path):
    if bundled_version() is None:
        pytest.skip("the extra chargehand[local] is not installed")
    with (
        faulty_server(BUNDLED) as faulty,
        start_hub(ready, {"CHARGEHAND_MODEL": "none", "CHARGEHAND_OPENAI_BASE_URL": faulty}) as hub,
    ):
        hire(hub)
        play(CommandLine(ready, hub), hub)
    verified = run_process(ready, "audit", "verify", "--json")
    assert (verified.code, verified.json["whole"]) == (0, True)
