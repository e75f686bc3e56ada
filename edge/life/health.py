"""Looks at whether the running model still answers, and goes back to the last good one where it does not."""

from collections.abc import Callable, Mapping

from edge.kernel.errors import ModelUnavailable, OutOfTime, PromptTooLong
from edge.life.limits import LifeLimits
from edge.life.store import LifeStore, Version
from edge.life.trying import still_answers
from edge.runtime.port import Runtime

__all__ = ["Health"]


class Health:
    """The looks, and what follows from them."""

    def __init__(
        self,
        store: LifeStore,
        runtimes: Mapping[str, Runtime],
        limits: LifeLimits,
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
