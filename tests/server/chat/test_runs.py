"""Runs: numbered events that any number of clients may follow, resume and leave; cancelled, kept and forgotten."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from edge.kernel.errors import Conflict, NotFound, Unavailable
from memory.store import KnowledgeStore
from server.chat.conversation import open_conversation
from server.chat.runs import ChatRun, Runs
from tests.fakes.chat_models import ScriptedChat, scripted_model
from tests.fakes.dependencies import dependencies_on
from tests.fakes.understandings import ScriptedUnderstanding, helps
from tests.server.chat.protocol import assert_valid
from tools.calling.context import LOCAL_ENGINEER

HEAT = "At what temperature does the SE30 throttle?"
CARRIED = "At 85 °C SoC temperature the gateway lowers its clock from 1.8 to 1.2 GHz. "
ROUTES = {"help": helps(), "boom": ZeroDivisionError("secret")}


def endless() -> ScriptedChat:
    return ScriptedChat(pieces=[CARRIED, "At 95 °C it shuts down. ", *["It "] * 2000], next_token_s=0.01, said=[])


@asynccontextmanager
async def running(store: KnowledgeStore, chat: ScriptedChat | None = None, **settings: Any) -> AsyncGenerator[Runs]:
    model = scripted_model(chat) if chat else None
    dependencies = dependencies_on(store, ScriptedUnderstanding(ROUTES), model, **settings)
    async with open_conversation(dependencies) as conversation:
        runs = Runs(conversation)
        yield runs
        await runs.close()


async def whole(run: ChatRun, after: int = 0) -> list[tuple[int, str]]:
    async with asyncio.timeout(20):
        return [numbered async for numbered in run.follow(after)]


async def until(run: ChatRun, kind: str) -> int:
    """Wait for the first event of a type; returns its id."""
    async with asyncio.timeout(20):
        async for number, event in run.follow(0):
            if f'"{kind}"' in event:
                return number
    raise AssertionError(f"no {kind} came")


async def test_events_are_numbered_from_one_and_end_with_the_run(store: KnowledgeStore):
    async with running(store) as runs:
        events = await whole(runs.start("r1", "t1", HEAT))
    assert [number for number, _ in events] == list(range(1, len(events) + 1))
    parsed = assert_valid([event for _, event in events])
    assert (parsed[0].thread_id, parsed[0].run_id) == ("t1", "r1")
    assert parsed[-1].outcome.type == "success"


async def test_every_follower_gets_everything_after_its_place(store: KnowledgeStore):
    async with running(store) as runs:
        run = runs.start("r1", "t1", HEAT)
        first, second, late = await asyncio.gather(whole(run), whole(run), whole(run, 4))
        assert first == second
        assert late == first[4:]
        assert await whole(run, len(first)) == []
        assert await whole(run, len(first) + 100) == []
        assert await whole(run, -3) == first


async def test_a_busy_thread_and_a_used_id_are_refused(store: KnowledgeStore):
    async with running(store, endless()) as runs:
        run = runs.start("r1", "t1", HEAT)
        assert runs.active_in("t1") == "r1"
        with pytest.raises(Conflict, match="still answering"):
            runs.start("r2", "t1", "help")
        with pytest.raises(Conflict, match="'r1' already"):
            runs.start("r1", "t2", "help")
        await until(run, "TEXT_MESSAGE_CONTENT")
        await runs.cancel("r1")
        assert runs.active_in("t1") is None
        with pytest.raises(Conflict, match="'r1' already"):
            runs.start("r1", "t1", "help")
        assert assert_valid([event for _, event in await whole(runs.start("r3", "t1", "help"))])[-1].outcome.type == (
            "success"
        )


async def test_an_unknown_run_is_not_found(store: KnowledgeStore):
    async with running(store) as runs:
        with pytest.raises(NotFound, match="no run 'r9'"):
            runs.get("r9")
        with pytest.raises(NotFound):
            await runs.cancel("r9")


async def test_cancelling_ends_the_run_for_its_followers_and_stops_the_model(store: KnowledgeStore):
    chat = endless()
    async with running(store, chat) as runs:
        run = runs.start("r1", "t1", HEAT)
        follower = asyncio.create_task(whole(run))
        await until(run, "TEXT_MESSAGE_CONTENT")
        await runs.cancel("r1")
        said = list(chat.said)
        events = assert_valid([event for _, event in await follower])
        assert events[-1].outcome.type == "cancelled"
        await asyncio.sleep(0.1)
        assert chat.said == said
        await runs.cancel("r1")
        assert len(run.events) == len(events)


async def test_a_run_may_be_cancelled_before_it_began(store: KnowledgeStore):
    async with running(store) as runs:
        run = runs.start("r1", "t1", HEAT)
        await runs.cancel("r1")
        events = assert_valid([event for _, event in await whole(run)])
        assert events[-1].outcome.type == "cancelled"
        assert runs.active_in("t1") is None


async def test_cancelling_again_and_again_does_not_lose_what_was_said(store: KnowledgeStore):
    dependencies = dependencies_on(store, ScriptedUnderstanding(ROUTES), scripted_model(endless()))
    async with open_conversation(dependencies) as conversation:
        runs = Runs(conversation)
        run = runs.start("r1", "t1", HEAT)
        await until(run, "TEXT_MESSAGE_CONTENT")
        impatient: list[asyncio.Task[None]] = []
        while run.finished_at is None:
            impatient.append(asyncio.create_task(runs.cancel("r1")))
            await asyncio.sleep(0)
        last = (await conversation.threads.messages("t1", "default"))[-1].message
        assert last.additional_kwargs.get("status") == "cancelled"
        await asyncio.gather(*impatient)


async def test_a_failed_run_ends_with_an_error_and_frees_its_thread(
    store: KnowledgeStore, caplog: pytest.LogCaptureFixture
):
    async with running(store) as runs:
        events = assert_valid([event for _, event in await whole(runs.start("r1", "t1", "boom"))])
        assert (events[-1].type.value, events[-1].code) == ("RUN_ERROR", "internal")
        assert "secret" not in events[-1].message
        assert runs.active_in("t1") is None
        assert assert_valid([event for _, event in await whole(runs.start("r2", "t1", "help"))])
    assert "ZeroDivisionError" in caplog.text


async def test_a_run_past_its_limit_ends_with_out_of_time(store: KnowledgeStore):
    async with running(store, endless(), turn_limit_s=0.5) as runs:
        events = assert_valid([event for _, event in await whole(runs.start("r1", "t1", HEAT))])
    assert events[-1].code == "out_of_time"


async def test_closing_stops_all_runs_and_keeps_what_they_said(store: KnowledgeStore):
    dependencies = dependencies_on(store, ScriptedUnderstanding(ROUTES), scripted_model(endless()))
    async with open_conversation(dependencies) as conversation:
        runs = Runs(conversation)
        started = [runs.start(f"r{number}", f"t{number}", HEAT) for number in range(3)]
        for run in started:
            await until(run, "TEXT_MESSAGE_CONTENT")
        runs.start("r9", "t9", HEAT)
        await runs.close()
        for run in [*started, runs.get("r9")]:
            assert run.finished_at is not None
            assert assert_valid(run.events)[-1].code == "unavailable"
        for run in started:
            last = (await conversation.threads.messages(run.thread_id, "default"))[-1].message
            assert last.additional_kwargs["status"] == "interrupted"
            assert "by the user" not in last.additional_kwargs["notices"][0]["message"]
            assert last.text.startswith(CARRIED.strip())
        with pytest.raises(Unavailable, match="stopping"):
            runs.start("late", "late", HEAT)


async def test_old_finished_runs_are_forgotten_and_running_ones_are_not(store: KnowledgeStore):
    async with running(store, endless()) as runs:
        busy = runs.start("busy", "t0", HEAT)
        await until(busy, "TEXT_MESSAGE_CONTENT")
        for number in range(3):
            await whole(runs.start(f"r{number}", "t1", "help"))
        old = runs.get("r0")
        assert old.finished_at is not None
        old.finished_at -= 601
        runs.start("r3", "t2", "help")
        with pytest.raises(NotFound):
            runs.get("r0")
        assert [runs.get(name).id for name in ("busy", "r1", "r2", "r3")] == ["busy", "r1", "r2", "r3"]


async def test_another_tenant_s_run_and_thread_tell_nothing(store: KnowledgeStore) -> None:
    theirs = replace(LOCAL_ENGINEER, tenant="globex", principal="eve")
    async with running(store) as runs:
        mine = runs.start("r1", "t1", HEAT)
        other = runs.start("r1", "t1", HEAT, theirs)  # neither "there is one" nor "it is answering"
        assert other is not mine
        assert runs.get("r1") is mine
        assert runs.active_in("t1", "nobody") is None
        with pytest.raises(NotFound):
            runs.get("r1", "nobody")
        await whole(mine)
        ended = [event for _, event in await whole(other)]
        assert "in use" not in "".join(ended)


async def test_many_later_runs_do_not_take_the_events_of_one_whose_client_has_yet_to_come_back(store: KnowledgeStore):
    async with running(store) as runs:
        first = await whole(runs.start("first", "t", "help"))
        for number in range(300):  # told, and ended, without a turn
            done = ChatRun(f"d{number}", f"t{number}", "default", events=["{}"], size=2)
            done.finish()
            runs._runs["default", done.id] = done  # pyright: ignore[reportPrivateUsage]
        runs.start("late", "late", "help")
        assert await whole(runs.get("first"), 2) == first[2:]


async def test_events_are_kept_up_to_a_size_and_the_oldest_go_first(
    store: KnowledgeStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("server.chat.runs._KEPT_BYTES", 1)
    async with running(store) as runs:
        await whole(runs.start("old", "t", "help"))
        await whole(runs.start("new", "t", "help"))
        with pytest.raises(NotFound):
            runs.get("old")


async def test_the_next_hub_has_the_events_of_the_runs_that_were_stopped_with_the_one_before(store: KnowledgeStore):
    async with running(store, endless()) as runs:
        run = runs.start("r1", "t1", HEAT)
        await until(run, "TEXT_MESSAGE_CONTENT")
        ended = await whole(runs.start("r2", "t2", "help"))
        await runs.close()
        stopped = await whole(run)
    async with running(store) as runs:
        assert await whole(runs.get("r1", "default"), 3) == stopped[3:]
        assert await whole(runs.get("r2", "default")) == ended
        with pytest.raises(NotFound):
            runs.get("r1", "other")
        runs.get("r2").finished_at = time.monotonic() - 601
    async with running(store) as runs:
        assert runs.get("r1")
        with pytest.raises(NotFound):
            runs.get("r2")


async def test_a_damaged_file_of_events_is_passed_over(store: KnowledgeStore):
    (store.home.cache / "runs.json").write_text("[{", encoding="utf-8")
    async with running(store) as runs:
        assert await whole(runs.start("r1", "t1", "help"))
