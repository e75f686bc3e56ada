"""The whole story as one conversation: the real ledger, tools, planner, teams and reconciler on a temporary home."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from agents.teams.turn import Teams
from agents.understanding.candidates import Operations
from agents.understanding.examples import load_talk
from agents.understanding.understanding import ExampleUnderstanding
from evals.evaluations import evaluation_tools
from graphs.dependencies import Dependencies
from graphs.supervisor import build_supervisor
from memory.ledger.rollouts import Target
from memory.store import KnowledgeStore
from tests.fakes.dependencies import copy_store, dependencies_on
from tests.fakes.judged import CATALOGUE, GATES, equip, measure, register
from tests.fakes.rollouts import ScriptedWorld
from tests.fakes.works import ANN, BOB, Works
from tests.graphs.turns import Turn, take_turn
from tools.governance.licence_tools import licence_tools
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.rollout import Rollout
from tools.rollouts.store import LedgerRolloutStore
from tools.rollouts.targets import Arm, TargetState
from tools.rollouts.world import EvidenceGate, LedgerApprovals
from tools.runs import Worker
from tools.spec import bind

pytestmark = pytest.mark.integration


@dataclass
class Story:
    """One thread that two people talk in, and a reconciler that is run by hand."""

    works: Works
    dependencies: Dependencies
    reconciler: Worker[Rollout]
    saver: InMemorySaver

    def graph(self, caller: Any) -> Any:
        return build_supervisor(replace(self.dependencies, caller=caller), self.saver)

    async def say(self, text: str, caller: Any = ANN) -> Turn:
        return await take_turn(self.graph(caller), text)

    def reconcile(self) -> None:
        self.works.wait(seconds=10)
        self.reconciler.run_once()


@pytest.fixture
async def story(sample_store: KnowledgeStore, operations: Operations, tmp_path: Path):
    store = copy_store(sample_store, tmp_path / "home")
    works = Works(store.ledger, now=datetime.now(UTC))
    await equip(works)
    works.add([*licence_tools(CATALOGUE), *evaluation_tools(store.ledger)])
    await register(works, "1")
    await register(works, "2")
    with works.ledger.unit("default") as unit:
        serving = TargetState(arms=(Arm(version="faq@1"),)).model_dump(mode="json")
        unit.targets.save(Target("support-chat", "serving", serving, works.now))
    base = dependencies_on(store)
    tools = {**{spec.name: spec for spec in bind(base.tools.values(), works.runtime)}, **works.tools}
    talk = load_talk(tools)
    understanding = ExampleUnderstanding(replace(operations, tools=tools, talk=talk))
    base = replace(base, understanding=understanding, spoken=frozenset(talk))
    teams = Teams(tools, talk)
    world = ScriptedWorld()
    reconciler = Worker(
        rollout_work(
            LedgerRolloutStore(store.ledger),
            replace(
                world.world(),
                gate=EvidenceGate(store.ledger, lambda: works.now, GATES),
                approvals=LedgerApprovals(store.ledger, lambda: works.now),
            ),
        ),
        holder="test",
        clock=lambda: works.now,
    )
    yield Story(works, replace(base, tools=tools, teams=teams), reconciler, InMemorySaver())
    store.close()


async def test_the_whole_story(story: Story) -> None:
    works = story.works
    turn = await story.say("which versions are registered?")
    assert "faq@1" in turn.message.text
    assert "faq@2" in turn.message.text

    turn = await story.say("may we ship smollm2-135m in a product?")
    assert "Commercial use: yes" in turn.message.text

    turn = await story.say("canary faq@2 on suport-chat at 10%")
    assert "Did you mean `support-chat`?" in turn.message.text
    turn = await story.say("canary faq@2 on support-chat at 10%")
    assert "from faq@1 to faq@2 (canary)" in turn.message.text
    rollout = turn.message.additional_kwargs["tool_calls"][0]["result"]["id"]

    story.reconcile()
    turn = await story.say("how is the rollout on support-chat?")
    assert "paused" in turn.message.text
    assert "there is no accuracy" in turn.message.text

    await measure(works, "faq@2")
    await story.say("resume support-chat")
    story.reconcile()
    turn = await story.say("status of the rollout on support-chat")
    assert "waiting_for_approval" in turn.message.text
    assert f"approve ap-{rollout}" in turn.message.text

    turn = await story.say(f"approve ap-{rollout}")
    assert "it takes four eyes" in turn.message.text
    turn = await story.say(f"approve ap-{rollout}", BOB)
    assert f"**ap-{rollout}** is **approved**, decided by bob" in turn.message.text

    story.reconcile()
    turn = await story.say("status of the rollout on support-chat")
    assert "faq@1 90 %, faq@2 10 %" in turn.message.text

    turn = await story.say("verify the audit chain")
    assert "The audit chain is **whole**" in turn.message.text
    assert ("ann", "rollout_start", "done") in works.outcomes()
    assert ("ann", "approval_approve", "refused") in works.outcomes()


async def test_what_waits_for_an_approval_is_gone_on_with_in_a_later_turn(story: Story) -> None:
    await measure(story.works, "faq@2")
    turn = await story.say("promote faq@2 to champion")
    assert "Waiting for an approval" in turn.message.text
    (approval,) = turn.state["waits_for"]
    turn = await story.say("go on")
    assert "Waiting for an approval" in turn.message.text
    turn = await story.say(f"approve {approval}", BOB)
    assert "**approved**" in turn.message.text
    turn = await story.say("go on", BOB)
    assert "Nothing of yours waits" in turn.message.text
    turn = await story.say("go on")
    assert "**champion** names **faq@2**" in turn.message.text
    assert turn.state["pending"] == []


async def test_the_run_is_interrupted_with_the_approval_and_resumes_once_it_is_given(story: Story) -> None:
    await measure(story.works, "faq@2")
    turn = await story.say("promote faq@2 to champion")
    graph, config = story.graph(ANN), {"configurable": {"thread_id": "t1"}}
    (interrupted,) = (await graph.aget_state(config)).interrupts
    (approval,) = interrupted.value["approvals"]
    assert [approval] == turn.state["waits_for"]
    await story.works.call(BOB, "approval_approve", approval=approval)
    after = await graph.ainvoke(Command(resume=True), config)
    assert after["messages"][-1].text == "**champion** names **faq@2**."
    assert not (await graph.aget_state(config)).interrupts


async def test_a_gate_that_refuses_is_an_answer_with_its_reasons(story: Story) -> None:
    turn = await story.say("promote faq@2 to champion")
    assert "**Refused**: `let the alias champion name faq@2` was not done. The gate's reasons:" in turn.message.text
    assert "there is no accuracy" in turn.message.text
    assert turn.message.additional_kwargs["tool_calls"][0]["status"] == "failed"


async def test_an_order_and_a_question_to_the_documents_go_where_they_belong(story: Story) -> None:
    turn = await story.say("point challenger at faq@2")
    assert "**challenger** names **faq@2**" in turn.message.text
    assert (turn.state["route"]["path"], turn.state["route"]["operations"]) == ("operation", ["set_alias"])
    turn = await story.say("At what temperature does the SE30 throttle?")
    assert (turn.state["route"]["intent"], turn.state["route"]["path"]) == ("knowledge", "documents")
    assert "85 °C" in turn.message.text


async def test_undo_goes_back_to_what_there_was_before(story: Story) -> None:
    await story.say("move faq@2 to staging")
    undone = await story.say("undo that")
    assert "candidate" in undone.message.text
    done = await story.say("yes")
    assert [(call["name"], call["arguments"]) for call in done.message.additional_kwargs["tool_calls"]] == [
        ("set_stage", {"version": "faq@2", "stage": "candidate"})
    ]
