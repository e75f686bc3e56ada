"""Tools in the hands of agents: what is proposed is validated and recorded, and no thread is left behind."""

import asyncio
import threading
import time
from dataclasses import replace

import pytest

from agents.planner.calls import PlannedCall
from agents.teams.configuration import PROPOSE
from agents.teams.crew_tools import Proposal, audit_look_up, blocking, proposal_tool
from edge.kernel.errors import Cancelled, InvalidInput, NotFound
from memory.store import KnowledgeStore
from tests.fakes.dependencies import components_on
from tools.spec import LOCAL_ENGINEER, ToolSpec

ABORT = {"rollout": "ro-1", "reason": "alarm"}


@pytest.fixture
def tools(sample_store: KnowledgeStore) -> dict[str, ToolSpec]:
    return dict(components_on(sample_store).tools)


async def test_a_proposal_is_recorded_and_not_called(tools: dict[str, ToolSpec]) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError

    proposed: list[PlannedCall] = []
    made = proposal_tool({"rollout_abort": replace(tools["rollout_abort"], run=never)}, proposed.append)
    said = await made.call(LOCAL_ENGINEER, {"tool": "rollout_abort", "arguments": ABORT, "why": "It is late."})
    assert isinstance(said, Proposal)
    assert "Nothing was changed" in said.note
    assert proposed == [PlannedCall("rollout_abort", ABORT)]
    assert (made.name, made.effect, made.scopes) == (PROPOSE, "read", frozenset())


async def test_what_is_no_change_or_does_not_fit_is_refused(tools: dict[str, ToolSpec]) -> None:
    proposed: list[PlannedCall] = []
    made = proposal_tool(tools, proposed.append)
    for name in ("rollout_list", "rollout_stop", PROPOSE):
        with pytest.raises(NotFound, match="no change called"):
            await made.call(LOCAL_ENGINEER, {"tool": name, "arguments": {}})
    with pytest.raises(InvalidInput, match="speed"):
        await made.call(LOCAL_ENGINEER, {"tool": "rollout_abort", "arguments": {**ABORT, "speed": 1}})
    assert proposed == []


@pytest.mark.parametrize(("why", "outcome"), [("", "done"), ("It is not there.", "failed")])
async def test_a_look_up_is_in_the_audit_log(tools: dict[str, ToolSpec], why: str, outcome: str) -> None:
    await audit_look_up(tools["rollout_list"], LOCAL_ENGINEER, {"odd": {1, 2}}, "deployment", why)
    entries = (await tools["audit_list"].call(LOCAL_ENGINEER, {})).model_dump()["entries"]
    assert (entries[0]["tool"], entries[0]["outcome"]) == ("rollout_list", outcome)
    assert entries[0]["detail"] == f"by the deployment crew{f': {why}' if why else ''}"


@pytest.mark.parametrize("closed_before", [True, False])
def test_a_thread_does_not_wait_for_a_loop_that_is_closed(closed_before: bool) -> None:
    loop = asyncio.new_event_loop()
    work = asyncio.sleep(60)
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            blocking(work, loop)
        except Cancelled as error:
            raised.append(error)

    thread = threading.Thread(target=wait)
    if closed_before:
        loop.close()
    thread.start()
    time.sleep(0.2)
    loop.close()
    thread.join(10)
    work.close()
    assert not thread.is_alive()
    assert raised
