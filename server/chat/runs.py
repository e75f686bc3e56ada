"""Turns running in the hub: each in a task of its own, so that a lost connection neither stops nor repeats it."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ag_ui.core import BaseEvent

from agents.events import TurnEvent
from edge.kernel.errors import Conflict, NotFound, Unavailable
from server.chat.agui import AguiRun, encode
from server.chat.conversation import Conversation
from tools.calling.context import ToolContext

_INTERRUPTED = Unavailable("The hub was stopped before the answer was complete.", "Ask again when it is up.")
_log = logging.getLogger(__name__)
_KEPT_FINISHED_S = 600.0
_KEPT_BYTES = 16_000_000
"""Events of finished runs, as characters; the oldest go first."""


@dataclass(eq=False)
class ChatRun:
    """One turn and everything that it has sent, so that a client can come back for the rest.

    Attributes:
        tenant: of whoever asked; others do not see it.
        events: AG-UI events as JSON; the SSE id of `events[n]` is n + 1.
        finished_at: monotonic seconds; None while it runs.
    """

    id: str
    thread_id: str
    tenant: str
    events: list[str] = field(default_factory=list[str])
    finished_at: float | None = None
    size: int = 0
    task: asyncio.Task[None] | None = None
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def append(self, event: BaseEvent) -> None:
        self.events.append(encode(event))
        self.size += len(self.events[-1])
        self._wake()

    def finish(self) -> None:
        self.finished_at = time.monotonic()
        self._wake()

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()

    async def follow(self, after: int) -> AsyncIterator[tuple[int, str]]:
        """(id, event) of each event with an id above `after`, as they come, to the end of the run."""
        sent = max(0, after)
        while True:
            more = self._more
            while sent < len(self.events):
                sent += 1
                yield sent, self.events[sent - 1]
            if self.finished_at is not None:
                return
            await more.wait()


class Runs:
    """The runs of this hub: those in progress, and those lately finished, also by the hub before it."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        home = conversation.dependencies.store.home
        self._kept = home.cache / "runs.json"
        # By tenant and id: that another tenant has a run or a thread of the same id must not show.
        self._runs: dict[tuple[str, str], ChatRun] = {(run.tenant, run.id): run for run in _recall(self._kept)}
        self._active: dict[tuple[str, str], ChatRun] = {}

    def start(self, run_id: str, thread_id: str, message: str, caller: ToolContext | None = None) -> ChatRun:
        """Begin a turn; `caller` as of `Conversation.take_turn`.

        Raises:
            Conflict: the thread is answering already, or the id has been used.
            Unavailable: the hub is being stopped.
        """
        if self._conversation.closing:
            raise Unavailable("The hub is stopping.", "Ask again when it is up.")
        caller = caller or self._conversation.dependencies.caller
        run, thread = (caller.tenant, run_id), (caller.tenant, thread_id)
        if thread in self._active:
            raise Conflict("The thread is still answering.", "Wait for the answer, or stop it.")
        if run in self._runs:
            raise Conflict(f"There is a run {run_id!r} already.", "Give each run an id of its own.")
        self._forget_old()
        made = ChatRun(run_id, thread_id, caller.tenant)
        self._runs[run] = self._active[thread] = made
        made.task = asyncio.create_task(self._execute(made, message, caller), name=f"run {run_id}")
        return made

    def get(self, run_id: str, tenant: str | None = None) -> ChatRun:
        """Raises NotFound: no such run of the tenant, by default the hub's own, is in progress or was lately."""
        run = self._runs.get((self._tenant(tenant), run_id))
        if run is None:
            raise NotFound(f"There is no run {run_id!r}.", "Its answer, if it ended, is in its thread.")
        return run

    def active_in(self, thread_id: str, tenant: str | None = None) -> str | None:
        """Id of the run in progress in a thread; `tenant` as of `get`."""
        run = self._active.get((self._tenant(tenant), thread_id))
        return run.id if run else None

    async def cancel(self, run_id: str, tenant: str | None = None) -> None:
        """Stop a run and wait until it has stopped; a finished one is left alone.

        Raises:
            NotFound: as `get`.
        """
        task = self.get(run_id, tenant).task
        if task is None or task.done():
            return
        await asyncio.sleep(0)  # a task that is cancelled before its first step would end without a word
        if not task.cancelling():  # a second cancellation would interrupt the keeping of what was said
            task.cancel()
        await asyncio.wait([task])

    async def close(self) -> None:
        """Stop all runs, for the hub is stopping: none begins any more. The next hub has their events."""
        self._conversation.closing = True
        for run in list(self._active.values()):
            await self.cancel(run.id, run.tenant)
        self._forget_old()
        await asyncio.to_thread(_keep, list(self._runs.values()), self._kept)

    def _tenant(self, given: str | None) -> str:
        return self._conversation.dependencies.caller.tenant if given is None else given

    async def _execute(self, run: ChatRun, message: str, caller: ToolContext) -> None:
        agui = AguiRun(run.thread_id, run.id)

        def emit(event: TurnEvent) -> None:
            for translated in agui.translate(event):
                run.append(translated)

        run.append(agui.started())
        try:
            await self._conversation.take_turn(run.thread_id, message, emit, caller)
        except asyncio.CancelledError:
            ending = agui.failed(_INTERRUPTED) if self._conversation.closing else agui.cancelled()
        except Exception as error:  # noqa: BLE001 - the run's boundary: whoever follows it is told
            _log.info("run %s failed: %s", run.id, error)
            ending = agui.failed(error)
        else:
            ending = agui.finished()
        for event in ending:
            run.append(event)
        del self._active[run.tenant, run.thread_id]
        run.finish()

    def _forget_old(self) -> None:
        now = time.monotonic()
        finished = [run for run in self._runs.values() if run.finished_at is not None]
        kept = 0
        for run in sorted(finished, key=lambda run: run.finished_at or now, reverse=True):
            kept += run.size
            if kept > _KEPT_BYTES or now - (run.finished_at or now) > _KEPT_FINISHED_S:
                del self._runs[run.tenant, run.id]


def _keep(runs: Sequence[ChatRun], path: Path) -> None:
    """Write finished runs for the next hub; without them it says that there is no such run, as after ten minutes."""
    now = time.monotonic()
    ended = [
        {"id": run.id, "thread_id": run.thread_id, "tenant": run.tenant, "events": run.events}
        | {"ended_at": time.time() - (now - run.finished_at)}
        for run in runs
        if run.finished_at is not None
    ]
    new = path.with_suffix(".new")
    try:
        new.touch(0o600)
        new.write_text(json.dumps(ended), encoding="utf-8")
        new.replace(path)
    except OSError as error:
        _log.warning("events of runs could not be kept: %s", error)


def _recall(path: Path) -> list[ChatRun]:
    """What the hub before kept, once. Its clock may have been another one: an age below 0 counts as 0."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        path.unlink()
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        _log.warning("events of runs could not be read: %s", error)
        return []
    now = time.monotonic()
    return [
        ChatRun(
            run["id"],
            run["thread_id"],
            run["tenant"],
            run["events"],
            now - max(0.0, time.time() - run["ended_at"]),
            sum(map(len, run["events"])),
        )
        for run in kept
    ]
