"""Whether there is anything for a crew to think about."""

from functools import partial

from langgraph.store.memory import InMemoryStore

from agents.teams.turn import Teams
from agents.understanding.examples import load_talk
from agents.understanding.interpretation import PlannedCall
from memory.memories import Memories
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tools.memories import memory_tools

REMEMBER = PlannedCall("memory_remember", {"fact": "I work in hall 3"})
LOOK_UP = PlannedCall("licence_lookup", {"model": "phi-4-mini"})


def test_no_crew_thinks_about_what_says_all() -> None:
    tools = {spec.name: spec for spec in memory_tools(partial(Memories, InMemoryStore()))}
    teams = Teams(tools, load_talk(tools), scripted_model(ScriptedChat(pieces=[])))
    assert not teams.deliberates("governance", [REMEMBER])
    assert teams.deliberates("governance", [REMEMBER, LOOK_UP])
    assert not Teams(tools, load_talk(tools)).deliberates("governance", [LOOK_UP])
