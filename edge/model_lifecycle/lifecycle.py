"""The lifecycle of the device's model, one small step at a time.

wanted -> fetching -> verifying -> creating -> warming -> testing -> switching -> good

Each step is written down when it is done, and does no harm when it is done twice. So the device may be switched off at
any instruction: what was under way is begun again, and until the switch the version before it answers. Once it runs,
health checks fall back to the last good version where it does not answer any more.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edge.database import Database
from edge.kernel.errors import (
    ChargehandError,
    HubRefused,
    InvalidInput,
    LinkFailed,
    ModelMisbehaved,
    ModelUnavailable,
    NotFound,
    OutOfTime,
    PromptTooLong,
    StorageFailed,
    Untrusted,
)
from edge.kernel.protocol.desired import ModelTarget
from edge.model_lifecycle.steps import Budget, Fetch, MemoryUsage, Steps, still_answers
from edge.model_lifecycle.store import State, Version, VersionStore, name_of
from edge.outbox import Journal
from edge.runtime.port import ChatModel, Message, Reply, Runtime


@dataclass(frozen=True, slots=True)
class LifecycleLimits:
    """The limits.

    Attributes:
        budget: of the disk.
        most_tries: failures in a row of one step after which the version has failed. Waiting for the hub, for the
            runtime or for room does not count; a runtime that dies while it creates, loads or tests the version does.
        most_interrupted: how often creating, warming or testing may be cut short by the device going down before the
            version is blamed for it.
        first_rest_s, longest_rest_s: pause after a failure, doubled with each.
        look_every_s: between two looks at whether the running model answers.
        most_silent: looks in a row without an answer before the last good version takes over.
    """

    budget: Budget = field(default_factory=Budget)
    most_tries: int = 5
    most_interrupted: int = 8
    first_rest_s: float = 30.0
    longest_rest_s: float = 3600.0
    look_every_s: float = 300.0
    most_silent: int = 3


class HealthCheck:
    """Health checks of the running model, and the fall back to the last good version where it does not answer."""

    def __init__(
        self,
        store: VersionStore,
        runtimes: Mapping[str, Runtime],
        limits: LifecycleLimits,
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._runtimes = runtimes
        self._limits = limits
        self._monotonic = monotonic
        self._looked_at: float | None = None
        self._silent = 0
        self._complained = False

    def is_fresh(self) -> None:
        """The running version has just proved that it answers."""
        self._looked_at, self._silent, self._complained = self._monotonic(), 0, False

    def look(self) -> bool:
        """Look, if it is time to. Returns whether another version runs now, or must be made anew."""
        running = self._store.version(self._store.place().running)
        now = self._monotonic()
        if running is None or (self._looked_at is not None and now - self._looked_at < self._limits.look_every_s):
            return False
        self._looked_at = now
        runtime = self._runtimes.get(running.runtime)
        if runtime is None or not runtime.available():
            self._complain(running, f"{running.runtime} does not answer.")
            return False
        try:
            still_answers(runtime.chat_model(running.name), running.target.self_test)
        except (ModelUnavailable, OutOfTime, PromptTooLong) as error:
            self._silent += 1
            return self._silent >= self._limits.most_silent and self._replace(running, runtime, str(error))
        self._silent, self._complained = 0, False
        return False

    def _replace(self, bad: Version, runtime: Runtime, why: str) -> bool:
        good = self._store.version(self._store.place().fallback)
        if all(model.name != bad.name for model in runtime.models()):
            self._store.lose(bad, "The runtime has it no more.")
        elif good is not None and self._revives(good):
            self._store.fall_back(bad, good, why)
        else:
            self._complain(bad, why)
            return False
        self.is_fresh()
        return True

    def _revives(self, good: Version) -> bool:
        runtime = self._runtimes.get(good.runtime)
        if runtime is None or not runtime.available():
            return False
        try:
            runtime.warm(good.name)
            still_answers(runtime.chat_model(good.name), good.target.self_test)
        except (ModelUnavailable, OutOfTime, PromptTooLong):
            return False
        return True

    def _complain(self, version: Version, why: str) -> None:
        if not self._complained:
            self._complained = True
            self._store.complain(version, why)


_RISKY = frozenset[State]({"creating", "warming", "testing"})
"""Steps in which a bad model may bring the device down."""


@dataclass(frozen=True, slots=True)
class ModelReport:
    """Where the device's model stands.

    Attributes:
        version: key of the one that answers; None where none does.
        failed: key of the wanted one, where it could not be used.
        step: what is next for the wanted one: "good" where it runs, "failed" where it is not tried again.
        moved: whether this step changed anything; where it did, the next may follow at once.
    """

    version: str | None
    failed: str | None
    step: str
    why: str
    moved: bool = False

    def as_reported(self) -> dict[str, Any]:
        """The part of the device's reported state that tells of the model."""
        told = {"version": self.version, "model": {"step": self.step, "why": self.why}}
        return told | ({"failed": self.failed} if self.failed else {})


class ModelLifecycle:
    """Takes the device from the model it has to the one it is to have, and back where that one fails.

    Args:
        runtimes: in the order of preference.
        free_bytes: on the disk where models are kept.
        monotonic: seconds, of a clock that does not jump.
        memory: where a runtime of this name loads its models; None where that is not known. What could never be loaded
            is not fetched; where a new version and the running one do not fit both, the running one is unloaded while
            the new one is tested; where it does not fit even so, it waits.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        fetch: Fetch,
        runtimes: Sequence[Runtime],
        *,
        free_bytes: Callable[[], int],
        monotonic: Callable[[], float],
        memory: Callable[[str], MemoryUsage | None] = lambda _: None,
        limits: LifecycleLimits | None = None,
    ) -> None:
        self._limits = limits or LifecycleLimits()
        self._store = VersionStore(database, journal)
        self._runtimes = {str(runtime.name): runtime for runtime in runtimes}
        self._monotonic = monotonic
        self._steps = Steps(self._store, fetch, self._runtimes, self._limits.budget, monotonic, free_bytes, memory)
        self._health = HealthCheck(self._store, self._runtimes, self._limits, monotonic)
        self._lock = threading.Lock()
        self._rest_until: tuple[str, float] = ("", 0.0)

    def step(self, desired: ModelTarget | None) -> ModelReport:
        """Do the next thing, if there is one and its time has come. Blocks as long as that thing takes.

        Args:
            desired: None where the hub names no model; the device keeps the one that it has.

        Raises:
            StorageFailed: the device's database cannot be written.
            OutboxFull: an event could not be written.
        """
        with self._lock:
            place = self._store.place()
            wanted = self._store.version(place.wanted)
            name = name_of(desired) if desired is not None else None
            if name != place.wanted:
                self._store.want(desired)
                self._rest_until = ("", 0.0)
                moved = True
            elif wanted is not None and wanted.state not in {"good", "failed"} and not self._rests(wanted):
                moved = self._advance(wanted)
            else:
                moved = self._clear_away() or self._health.look()
            return self._report(moved=moved)

    def models(self) -> list[ChatModel]:
        """What may be asked now: the running version, then the one that is fallen back on. Raises StorageFailed."""
        return [model for _, model in self.known_models()]

    def known_models(self) -> list[tuple[str, ChatModel]]:
        """`models`, each behind what the hub and people call it, such as "support@3". Raises StorageFailed."""
        place = self._store.place()
        versions = (self._store.version(name) for name in (place.running, place.fallback))
        return [
            (version.target.version, self._runtimes[version.runtime].chat_model(version.name))
            for version in versions
            if version is not None and version.runtime in self._runtimes
        ]

    def running(self) -> Version | None:
        """The version that answers; None where none does. Raises StorageFailed."""
        return self._store.version(self._store.place().running)

    def _report(self, *, moved: bool) -> ModelReport:
        place = self._store.place()
        running, wanted = self._store.version(place.running), self._store.version(place.wanted)
        failed = wanted.key if wanted is not None and wanted.state == "failed" else None
        step, why = (wanted.state, wanted.why) if wanted is not None else ("none", "")
        return ModelReport(running.key if running is not None else None, failed, step, why, moved)

    def _advance(self, version: Version) -> bool:
        """One step of the wanted version. Returns whether it got further."""
        if version.state == "switching":
            return self._switch(version)
        runtime = self._choose(version)
        if runtime is None:
            return self._put_off(version, f"No runtime is there: {version.target.runtime}.", counts=False)
        if version.state in _RISKY and version.interrupted >= self._limits.most_interrupted:
            return self._fail(version, f"The device went down {version.interrupted} times while {version.state}.")
        self._store.begin(version, runtime.name)
        try:
            state, told = self._steps.take(version, runtime)
        except ChargehandError as error:
            return self._explain(version, runtime, error)
        self._store.advance(version, state, told)
        return True

    def _explain(self, version: Version, runtime: Runtime, error: ChargehandError) -> bool:
        """What a failure means for the version: wait, try again, or give it up."""
        if isinstance(error, Untrusted):
            self._store.refuse(version, str(error))
        if isinstance(error, (ModelMisbehaved, InvalidInput, PromptTooLong)):
            return self._fail(version, str(error))
        if isinstance(error, (LinkFailed, StorageFailed)):
            return self._put_off(version, str(error), counts=False)
        if isinstance(error, (ModelUnavailable, OutOfTime)):
            # it was there when the step began: gone now, the model may have brought it down
            return self._put_off(version, str(error), counts=runtime.available() or version.state in _RISKY)
        if isinstance(error, (Untrusted, HubRefused, NotFound)):
            return self._put_off(version, str(error), counts=True)
        raise error

    def _choose(self, version: Version) -> Runtime | None:
        """The runtime that the version is made for; chosen anew until it was created there."""
        if version.state in {"warming", "testing"}:
            runtime = self._runtimes.get(version.runtime)
            return runtime if runtime is not None and runtime.available() else None
        asked = version.target.runtime
        fitting = (runtime for runtime in self._runtimes.values() if asked in {"any", runtime.name})
        return next((runtime for runtime in fitting if runtime.available()), None)

    def _switch(self, version: Version) -> bool:
        before = self._store.version(self._store.place().running)
        self._store.switch(version, {"before": before.key if before is not None else None})
        self._health.is_fresh()
        if before is not None and before.name != version.name and before.runtime in self._runtimes:
            self._tidy(lambda: self._runtimes[before.runtime].unload(before.name))
        return True

    def _clear_away(self) -> bool:
        """Remove one model that nobody needs any more."""
        place = self._store.place()
        for version in self._store.versions():
            if version.name not in {place.wanted, place.running, place.fallback}:
                return self._tidy(lambda old=version: self._steps.remove(old))
            if version.state == "failed" and version.runtime and version.name != place.running:
                return self._tidy(lambda old=version: self._steps.strip(old))
        return False

    def _rests(self, version: Version) -> bool:
        name, until = self._rest_until
        return name == version.name and self._monotonic() < until

    def _fail(self, version: Version, why: str) -> bool:
        self._store.fail(version, why)
        return True

    def _put_off(self, version: Version, why: str, *, counts: bool) -> bool:
        tries = version.tries + counts
        if tries >= self._limits.most_tries:
            return self._fail(version, why)
        self._store.put_off(version, why, counts=counts)
        pause_s = min(self._limits.longest_rest_s, self._limits.first_rest_s * 2.0 ** max(0, tries - 1))
        self._rest_until = (version.name, self._monotonic() + pause_s)
        return False

    def _tidy(self, work: Callable[[], None]) -> bool:
        """Do what may as well be done later; returns whether it was done."""
        try:
            work()
        except (ModelUnavailable, StorageFailed):
            return False
        return True


class CurrentModel:
    """Implements `edge.runtime.port.ChatModel`: the running version, and the last good one where that does not answer.

    Its name is the version's, as the hub and people know it, not the runtime's.

    Every method raises ModelUnavailable where the device has no model yet.
    """

    def __init__(self, life: ModelLifecycle) -> None:
        self._life = life

    @property
    def name(self) -> str:
        return self._first()[0]

    @property
    def context_tokens(self) -> int:
        return self._first()[1].context_tokens

    def count_tokens(self, messages: Sequence[Message]) -> int:
        return self._first()[1].count_tokens(messages)

    def chat(self, messages: Sequence[Message], **options: Any) -> Reply:
        failure: ModelUnavailable | None = None
        for version, model in self._life.known_models():
            try:
                return model.chat(messages, **options)
            except ModelUnavailable as error:
                failure = failure or _as_known(error, model.name, version)
        raise failure or _none_yet()

    def _first(self) -> tuple[str, ChatModel]:
        models = self._life.known_models()
        if not models:
            raise _none_yet()
        return models[0]


def _as_known(error: ModelUnavailable, name: str, version: str) -> ModelUnavailable:
    """The error with the version's name where it says the runtime's."""
    known = ModelUnavailable(error.message.replace(name, version), error.advice)
    known.__cause__ = error
    return known


def _none_yet() -> ModelUnavailable:
    return ModelUnavailable("The device has no model yet.", "It comes with the next sync.")
