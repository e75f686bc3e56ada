"""One device, put together from its settings: what the daemon, the command line and jobs work with."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from edge.configuration import Configuration
from edge.home import Parts, boot_id, facts, utc_now
from edge.kernel.errors import NotAllowed, OutboxFull, StorageFailed
from edge.kernel.protocol.desired import KnowledgePack, ModelTarget
from edge.settings import SMALL_BELOW_MB, EdgeSettings, load_settings
from edge.sync.artifacts import Artifacts, BlockingFetch
from edge.sync.exchange import Exchange, RoundReport

if TYPE_CHECKING:
    from edge.agent.assistant import Assistant
    from edge.agent.entity_linking import Names
    from edge.jobs.runner import Jobs
    from edge.knowledge.pack_store import PackStore
    from edge.model_lifecycle.lifecycle import ModelLifecycle
    from edge.model_lifecycle.steps import MemoryUsage
    from edge.reminders import Reminders
    from edge.runtime.port import ChatModel, Runtime
    from edge.sensors.board import History, SensorBoard
    from edge.sensors.watches import Watches
    from edge.tools.diagnostics import Diagnostic
    from edge.tools.health import Machine
    from edge.tools.registry import Toolbox


_MIB = 1 << 20
_DAY_S = 86_400
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_SHOWN_ALERTS = 20
_URGENT = ("alert", "answer", "question", "job", "refused", "model")


class Device:
    """Everything of a device that runs; the parts are made when they are needed. Use `open_device`."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._exchange = Exchange(parts)

    @property
    def settings(self) -> EdgeSettings:
        return self.parts.settings

    # -- the hub

    async def exchange(self) -> RoundReport:
        """As `Exchange.run`."""
        return await self._exchange.run()

    def chosen_s(self, key: str, otherwise_s: float) -> float:
        """Seconds that the configuration gives under this key; `otherwise_s` where it gives none that make sense."""
        value = Configuration(self.parts.database).values().get(key)
        sensible = isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= _DAY_S
        return float(value) if sensible and value is not None else otherwise_s

    def something_urgent(self) -> bool:
        """Whether an event waits that should not wait for the next regular exchange."""
        outbox = self.parts.outbox
        after = outbox.status().acknowledged
        return any(outbox.since(after, kind, limit=1) for kind in _URGENT)

    # -- models

    @cached_property
    def runtimes(self) -> list[Runtime]:
        """In the order of preference."""
        from edge.runtime.llama import LlamaRuntime
        from edge.runtime.ollama import OllamaRuntime

        wanted = self.settings.models
        found: list[Runtime] = [OllamaRuntime(wanted.ollama), LlamaRuntime(self.parts.home.models)]
        return [runtime for runtime in found if wanted.runtime in {"any", runtime.name}]

    @cached_property
    def artifacts(self) -> Artifacts:
        return Artifacts(
            self.parts.home.artifacts, self.parts.outbox, budget_bytes=self.settings.models.budget_mb * _MIB
        )

    @cached_property
    def life(self) -> ModelLifecycle:
        from edge.model_lifecycle.lifecycle import LifecycleLimits, ModelLifecycle
        from edge.model_lifecycle.steps import Budget

        home, budget = self.parts.home, Budget(models_bytes=self.settings.models.budget_mb * _MIB)
        return ModelLifecycle(
            self.parts.database,
            self.parts.outbox,
            BlockingFetch(self.artifacts, self._exchange.open_link, self._kept),
            self.runtimes,
            free_bytes=lambda: shutil.disk_usage(home.root).free,
            monotonic=time.monotonic,
            memory=self.memory_of,
            limits=LifecycleLimits(budget=budget),
        )

    def memory_of(self, runtime: str) -> MemoryUsage | None:
        """Where this runtime loads its models; None for an Ollama that is on another machine."""
        from edge.model_lifecycle.steps import MemoryUsage

        here = runtime != "ollama" or urlsplit(self.settings.models.ollama).hostname in _THIS_MACHINE
        found = self._machine.memory_bytes() if here else None
        return MemoryUsage(*found) if found is not None else None

    def step_model(self) -> bool:
        """Do the next thing for the model that the hub wants; whether anything moved. Raises StorageFailed."""
        item = self.parts.desired.find("model", "model")
        report = self.life.step(ModelTarget.model_validate(item.body) if item and item.body else None)
        told = report.as_reported()
        for part in ("version", "failed", "model"):
            self.parts.reported.put(part, told.get(part))
        return report.moved

    def models(self) -> list[ChatModel]:
        """What the assistant may ask, the small one first."""
        from edge.model_lifecycle.lifecycle import CurrentModel

        wanted = self.settings.models
        small = CurrentModel(self.life) if self.life.models() else self._own_model(wanted.small)
        return [model for model in (small, self._own_model(wanted.larger)) if model is not None]

    def models_for_people(self) -> list[ChatModel]:
        """Those of `models` that answer people: not the small ones, unless the settings say so."""
        models = self.models()
        if self.settings.models.small_answers_people or not models:
            return models
        return [model for model in models if self._size_bytes(model) >= SMALL_BELOW_MB * _MIB]

    def _size_bytes(self, model: ChatModel) -> int:
        """Of its files; 0 where that is not known."""
        running = self.life.running()
        if running is not None and model.name == running.target.version:
            return running.size_bytes
        sizes = [
            known.size_bytes
            for runtime in self.runtimes
            if runtime.available()
            for known in runtime.models()
            if known.name.removesuffix(":latest") == model.name.removesuffix(":latest")
        ]
        return max(sizes, default=0)

    def _own_model(self, name: str | None) -> ChatModel | None:
        """A model that the settings name: a GGUF file, or one of Ollama's; None where it is not there."""
        if name is None:
            return None
        by_name = {runtime.name: runtime for runtime in self.runtimes if runtime.available()}
        path = Path(name)
        if path.suffix == ".gguf":
            runtime = by_name.get("llama") or by_name.get("ollama")
            if runtime is None or not path.is_file():
                return None
            own = f"own-{path.stem.lower()}"[:64]
            if own not in {model.name for model in runtime.models()}:
                runtime.create(own, path, None, {})
            return runtime.chat_model(own)
        runtime = by_name.get("ollama")
        return runtime.chat_model(name) if runtime is not None else None

    # -- knowledge

    @cached_property
    def pack_store(self) -> PackStore:
        from edge.knowledge.pack_store import PackStore

        return PackStore(self._packs, self.artifacts.find, self.parts.outbox)

    def fetch_packs(self) -> None:
        """Bring the packs that lack. Raises as `Artifacts.fetch`."""
        try:
            for pack in self._packs():
                if self.artifacts.find(pack.content) is None:
                    asyncio.run(self._fetch_pack(pack))
        finally:
            missing = self.pack_store.missing()
            here = {pack.name: pack.content.digest for pack in self._packs() if pack.name not in missing}
            self.parts.reported.put("packs", here)

    def _packs(self) -> list[KnowledgePack]:
        items = self.parts.desired.items("pack")
        return [KnowledgePack.model_validate(item.body) for item in items if item.body]

    async def _fetch_pack(self, pack: KnowledgePack) -> None:
        async with self._exchange.open_link() as link:
            await self.artifacts.fetch(pack.content, link, self._kept())

    def _kept(self) -> set[str]:
        """Digests that must not give way."""
        packs = {pack.content.digest for pack in self._packs()}
        item = self.parts.desired.find("model", "model")
        if item is None or item.body is None:
            return packs
        target = ModelTarget.model_validate(item.body)
        return packs | {ref.digest for ref in (target.base, target.adapter) if ref is not None}

    # -- work

    @cached_property
    def toolbox(self) -> Toolbox:
        from edge.jobs.schedule import local_zone
        from edge.knowledge.pack_store import knowledge_tools
        from edge.reminders import reminder_tools
        from edge.sensors.board import sensor_tools
        from edge.sensors.watches import watch_tools
        from edge.tools.diagnostics import diagnostic_tools
        from edge.tools.evaluation import evaluation_tools
        from edge.tools.health import health_tools
        from edge.tools.logs import log_tools
        from edge.tools.registry import Toolbox
        from edge.tools.reports import report_tools

        outbox, zone = self.parts.outbox, local_zone()
        tools = [
            *health_tools(self._machine),
            *report_tools(outbox),
            *reminder_tools(self._reminders, utc_now, zone),
            *watch_tools(self._watches, self.board),
            *diagnostic_tools(self._policy, self.diagnostics),
            *sensor_tools(self.board, outbox, self._history, lambda: utc_now().astimezone(zone)),
            *(log_tools(self.settings.logs) if self.settings.logs else ()),
            *knowledge_tools(self.pack_store),
            *evaluation_tools(lambda: next(iter(self.models()), None), outbox),
        ]
        return Toolbox(tools, outbox, self._policy)

    @cached_property
    def assistant(self) -> Assistant:
        from edge.agent.assistant import Assistant

        return Assistant(
            self.toolbox,
            self.models,
            self.parts.outbox,
            for_people=self.models_for_people,
            names=self.names,
            instructions=self._instructions,
        )

    @cached_property
    def board(self) -> SensorBoard:
        from edge.sensors.board import SensorBoard

        return SensorBoard(self.settings.sensors)

    @cached_property
    def diagnostics(self) -> list[Diagnostic]:
        """Those that every device knows, and this one's own."""
        from edge.tools.diagnostics import KNOWN_DIAGNOSTICS, Diagnostic

        own = [Diagnostic(one.name, one.description, one.argv, one.timeout_s) for one in self.settings.diagnostics]
        names = {one.name for one in own}
        return [*(one for one in KNOWN_DIAGNOSTICS if one.name not in names), *own]

    def names(self) -> Names:
        """What can be named in a command."""
        from edge.agent.entity_linking import Names

        return Names(
            sensors={sensor.name: (sensor.description, *sensor.aliases) for sensor in self.board.sensors},
            diagnostics={one.name: (one.description,) for one in self.diagnostics},
        )

    @cached_property
    def jobs(self) -> Jobs:
        from edge.jobs.runner import JobParts, Jobs
        from edge.jobs.schedule import local_zone

        outbox = self.parts.outbox
        parts = JobParts(
            hub_key=lambda: hub.hub_key if (hub := self.parts.enrolled) else None,
            folder=self.parts.home.root,
            toolbox="edge.device:open_toolbox",
            ask=self._ask_for_job,
            clock=utc_now,
            monotonic=time.monotonic,
            boot=boot_id(),
            zone=local_zone(),
        )
        return Jobs(self.parts.database, outbox, parts)

    def take_jobs(self) -> None:
        """Take the jobs of the desired state. Raises StorageFailed."""
        self.jobs.replace(self.parts.desired.items("job"))
        self.parts.reported.put("jobs", self.jobs.names())

    def answer_questions(self) -> None:
        """Answer what the hub asked. Raises OutboxFull, StorageFailed."""
        from edge.questions import RemoteQuestions

        remote = RemoteQuestions(self.parts.database, self.parts.outbox, lambda: self.assistant)
        for question in remote.open():
            remote.answer(question)

    def measure(self) -> None:
        """Write down health and sensors, and report whether the device is well. Raises StorageFailed."""
        from edge.tools.health import health_tools

        (tool,) = health_tools(self._machine)
        health = dict(tool.run(tool.check({})))
        readings = [self.board.read(sensor.name) for sensor in self.board.sensors]
        self._history.keep(readings)
        self._watches.look(readings)
        told = {one.sensor: [one.value, one.state] for one in readings}
        self.parts.outbox.record("telemetry", {"health": health, "sensors": told})
        problems = [*health["problems"], *(f"{one.sensor} is {one.state}" for one in readings if one.state != "good")]
        self.parts.reported.put("health", {"ok": not problems, "problems": problems})
        self.parts.reported.put("facts", facts())

    @cached_property
    def _machine(self) -> Machine:
        from edge.tools.health import Machine

        return Machine(disk=self.parts.home.root)

    def page_state(self) -> dict[str, Any]:
        """What the device's page shows. Raises StorageFailed."""
        from edge.status import device_status

        alerts = self.parts.outbox.recent("alert", _SHOWN_ALERTS)
        told = [{"at": one.at, **json.loads(one.body)} for one in reversed(alerts)]
        rows = [{"at": one["at"], "severity": one.get("severity"), "message": one.get("message")} for one in told]
        status = device_status(self.parts)
        return {"device": status["device"], "status": status, "alarms": rows}

    def remind(self) -> None:
        """Say the reminders that are due. Raises StorageFailed, OutboxFull."""
        self._reminders.remind()

    @cached_property
    def _reminders(self) -> Reminders:
        from edge.reminders import Reminders

        return Reminders(self.parts.database, self.parts.outbox, utc_now)

    @cached_property
    def _watches(self) -> Watches:
        from edge.sensors.watches import Watches

        return Watches(self.parts.database, self.parts.outbox)

    @cached_property
    def _history(self) -> History:
        from edge.sensors.board import History

        return History(self.parts.database, utc_now)

    def _policy(self) -> Mapping[str, Any] | None:
        """The policy, shown at each use to be what the hub signed; None, for the least, where nothing shows it.

        Raises:
            NotAllowed: what is stored was altered; the whole is asked for again.
            StorageFailed.
        """
        item, hub = self.parts.desired.find("policy", "policy"), self.parts.enrolled
        if hub is None:
            return None
        proved = self.parts.desired.proved(hub.hub_key)
        if proved is False:
            self._tell_of_altered_state()
            raise NotAllowed(
                "The policy on this device is not what the hub signed, so nothing is allowed.",
                "It is fetched again at the next exchange.",
            )
        return item.body if item is not None and proved else None

    def _tell_of_altered_state(self) -> None:
        """Once: it is the same until the whole was fetched again."""
        with suppress(StorageFailed, OutboxFull):
            if not self.parts.desired.standing().whole:
                self.parts.desired.ask_for_whole()
                self.parts.outbox.record("refused", {"what": "policy", "why": "It is not what the hub signed."})

    def _instructions(self) -> str:
        item = self.parts.desired.find("prompt", "system")
        return str((item.body or {}).get("text", "")) if item is not None else ""

    def _ask_for_job(self, text: str, by: str, limit_s: float) -> Mapping[str, Any]:
        from edge.questions import answer_body

        return answer_body(self.assistant.ask(text, by=by, may_queue=False, limit_s=limit_s))

    def close(self) -> None:
        """Stop the runtimes that run, and close the database."""
        if "runtimes" in self.__dict__:
            for runtime in self.runtimes:
                runtime.close()
        self.parts.database.close()


@contextmanager
def open_device(settings: EdgeSettings, *, reading: bool = False) -> Generator[Device]:
    """The device of these settings; as `Parts.of`. Raises StorageFailed."""
    device = Device(Parts.of(settings, reading=reading))
    try:
        yield device
    finally:
        device.close()


def open_toolbox(folder: Path) -> Toolbox:
    """The tools of the device in this folder, for a process of its own that ends after one call."""
    return Device(Parts.of(load_settings(folder))).toolbox
