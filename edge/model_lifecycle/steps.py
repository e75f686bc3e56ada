"""What is done with a version: one method for each state, each harmless when it is done twice; and its self-test."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from edge.files import file_digest
from edge.kernel.errors import InvalidInput, ModelMisbehaved, StorageFailed, Untrusted
from edge.kernel.protocol.artifacts import ArtifactRef
from edge.kernel.protocol.desired import SelfTest
from edge.model_lifecycle.store import State, Version, VersionStore
from edge.runtime.port import ChatModel, Message, Runtime, Source


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes that models may take together, and bytes that stay free on the disk whatever they take."""

    models_bytes: int = 8 << 30
    reserve_bytes: int = 256 << 20


@dataclass(frozen=True, slots=True)
class MemoryUsage:
    """Bytes that the machine has, and bytes that a program could take now without anything being pushed out."""

    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """A version does not fit.

    Attributes:
        for_ever: not even if nothing else were on the disk.
    """

    why: str
    for_ever: bool


class Fetch(Protocol):
    """Brings artifacts from the hub."""

    def fetch(self, ref: ArtifactRef) -> Path:
        """The whole content. Blocks; goes on where an earlier call broke off; at once where all of it is here.

        Raises:
            LinkFailed: the hub was not reached, or not to the end: call again.
            Untrusted: what came has another digest; it was thrown away.
            StorageFailed: there is no room.
            HubRefused: the hub does not give it.
        """
        ...

    def forget(self, ref: ArtifactRef) -> None:
        """Remove what was fetched of it. Does nothing where there is nothing."""
        ...


_ANSWER_TOKENS = 48
_SIGN_OF_LIFE_TOKENS = 4


@dataclass(frozen=True, slots=True)
class SelfTestResult:
    """How a self-test went; `wrong` says what was wrong, empty where nothing was."""

    wrong: str
    elapsed_s: float
    tokens: int


def self_test(model: ChatModel, test: SelfTest) -> SelfTestResult:
    """Ask each prompt. Raises ModelUnavailable, OutOfTime, PromptTooLong."""
    elapsed_s, tokens = 0.0, 0
    for prompt in test.prompts:
        reply = model.chat([Message("user", prompt)], max_tokens=_ANSWER_TOKENS, timeout_s=test.at_most_s)
        elapsed_s, tokens = elapsed_s + reply.elapsed_s, tokens + reply.output_tokens
        said = reply.text.strip()
        if not said:
            return SelfTestResult(f"It answered nothing to {prompt[:80]!r}.", elapsed_s, tokens)
        if test.expect and not any(word.casefold() in said.casefold() for word in test.expect):
            return SelfTestResult(f"It answered {said[:80]!r} to {prompt[:80]!r}.", elapsed_s, tokens)
    return SelfTestResult("", elapsed_s, tokens)


def still_answers(model: ChatModel, test: SelfTest) -> None:
    """A sign of life of a model that passed its test before. Raises ModelUnavailable, OutOfTime."""
    prompt = test.prompts[0] if test.prompts else "Hello."
    model.chat([Message("user", prompt)], max_tokens=_SIGN_OF_LIFE_TOKENS, timeout_s=test.at_most_s)


Told = Mapping[str, Any]
"""What the event of a step says of it."""

_MEMORY_FACTOR = 1.3
"""Memory that a loaded model takes, by the size of its files."""
_FETCHED = frozenset[State]({"fetching", "verifying", "creating"})
"""Steps that work with what was fetched."""


class Steps:
    """The work. Methods raise what fetching and the runtime raise.

    Args:
        free_bytes: on the disk where models are kept.
        memory: where a runtime of this name loads its models; None where that is not known.
    """

    def __init__(
        self,
        store: VersionStore,
        fetch: Fetch,
        runtimes: Mapping[str, Runtime],
        budget: Budget,
        monotonic: Callable[[], float],
        free_bytes: Callable[[], int],
        memory: Callable[[str], MemoryUsage | None],
    ) -> None:
        self._store = store
        self._fetch = fetch
        self._runtimes = runtimes
        self._budget = budget
        self._monotonic = monotonic
        self._free_bytes = free_bytes
        self._memory = memory
        self._by_state: Mapping[State, Callable[[Version, Runtime], tuple[State, Told]]] = {
            "fetching": self._fetch_contents,
            "verifying": self._verify,
            "creating": self._create,
            "warming": self._warm,
            "testing": self._test,
        }

    def take(self, version: Version, runtime: Runtime) -> tuple[State, Told]:
        """Do what is next for the version; returns what is next then.

        Raises:
            ModelMisbehaved: it failed its self-test.
            InvalidInput: it can never fit, or the runtime cannot make a model of it.
            Untrusted: what was fetched has another digest.
        """
        return self._by_state[version.state](version, runtime)

    def remove(self, version: Version) -> None:
        """Take a version's files and forget it. Raises ModelUnavailable."""
        self._store.retire(version)
        self.strip(version)
        self._store.drop(version)

    def strip(self, version: Version) -> None:
        """Take a version's files, but those that another one waits for. Raises ModelUnavailable."""
        waiting = (v for v in self._store.versions() if v.name != version.name and v.state in _FETCHED)
        awaited = {ref.digest for other in waiting for ref in other.contents}
        for ref in version.contents:
            if ref.digest not in awaited:
                self._fetch.forget(ref)
        if version.runtime in self._runtimes:
            self._runtimes[version.runtime].remove(version.name)
        self._store.stripped(version)

    def _fetch_contents(self, version: Version, runtime: Runtime) -> tuple[State, Told]:
        memory, needed = self._memory(runtime.name), _loaded_bytes(version)
        if memory is not None and memory.total_bytes < needed:
            raise InvalidInput(
                f"It does not fit the memory. It takes about {needed} bytes; this device has {memory.total_bytes}."
            )
        missing = [ref for ref in version.contents if not runtime.has(ref.digest)]
        if missing:
            self._make_room(version)
        for ref in missing:
            self._fetch.fetch(ref)
        return "verifying", {"bytes": sum(ref.size_bytes for ref in missing)}

    def _verify(self, version: Version, runtime: Runtime) -> tuple[State, Told]:
        """Look at what lies on the disk now, whatever fetching it said."""
        for ref in version.contents:
            if not runtime.has(ref.digest) and not _holds(self._fetch.fetch(ref), ref):
                self._fetch.forget(ref)
                raise Untrusted(f"What lies here as {ref.digest} has another digest or size.")
        return "creating", {}

    def _create(self, version: Version, runtime: Runtime) -> tuple[State, Told]:
        adapter = version.target.adapter
        sources = self._source(version.target.base, runtime), adapter and self._source(adapter, runtime)
        begun = self._monotonic()
        runtime.create(version.name, *sources, version.target.configuration)
        for ref in version.contents:
            self._fetch.forget(ref)
        return "warming", {"runtime": runtime.name, "elapsed_s": round(self._monotonic() - begun, 3)}

    def _warm(self, version: Version, runtime: Runtime) -> tuple[State, Told]:
        begun = self._monotonic()
        self._make_memory(version, runtime)
        runtime.warm(version.name)
        return "testing", {"elapsed_s": round(self._monotonic() - begun, 3)}

    def _test(self, version: Version, runtime: Runtime) -> tuple[State, Told]:
        result = self_test(runtime.chat_model(version.name), version.target.self_test)
        if result.wrong:
            raise ModelMisbehaved(f"It failed its self-test. {result.wrong}")
        return "switching", {"elapsed_s": round(result.elapsed_s, 3), "tokens": result.tokens}

    def _source(self, ref: ArtifactRef, runtime: Runtime) -> Source:
        return ref.digest if runtime.has(ref.digest) else self._fetch.fetch(ref)

    def _make_room(self, version: Version) -> None:
        place = self._store.place()
        kept = [v for v in self._store.versions() if v.state not in {"fetching", "verifying", "failed"}]
        pinned = {place.running or place.fallback or ""}
        leaving = select_evictions(version, kept, pinned, self._free_bytes(), self._budget)
        if isinstance(leaving, Shortage):
            if leaving.for_ever:
                raise InvalidInput(f"It does not fit. {leaving.why}")
            raise StorageFailed(f"It does not fit now. {leaving.why}", "Free space on the disk.")
        for old in leaving:
            self.remove(old)

    def _make_memory(self, version: Version, runtime: Runtime) -> None:
        """Unload the running version where both do not fit. Raises ModelUnavailable, StorageFailed."""
        needed = _loaded_bytes(version)
        if not self._lacks(runtime, needed):
            return
        running = self._store.version(self._store.place().running)
        if running is not None and running.runtime in self._runtimes:  # it is loaded again when it is asked
            self._runtimes[running.runtime].unload(running.name)
        runtime.unload(version.name)  # loaded before the device went down, it would stand in its own way
        if lacking := self._lacks(runtime, needed):
            raise StorageFailed(
                f"It does not fit the memory now. It takes about {needed} bytes, {lacking} too many.",
                "End what else takes memory.",
            )

    def _lacks(self, runtime: Runtime, needed: int) -> int:
        """Bytes of memory that a model of so many bytes would have too few, as far as is known."""
        memory = self._memory(runtime.name)
        return max(0, needed - memory.free_bytes) if memory is not None else 0


def _loaded_bytes(version: Version) -> int:
    return int(version.size_bytes * _MEMORY_FACTOR)


def _holds(path: Path, ref: ArtifactRef) -> bool:
    try:
        return path.stat().st_size == ref.size_bytes and file_digest(path) == ref.digest
    except OSError as error:
        raise StorageFailed(f"{path} cannot be read: {error.strerror}.") from error


def select_evictions(
    new: Version, kept: Sequence[Version], pinned: AbstractSet[str], free_bytes: int, budget: Budget, copies: int = 2
) -> list[Version] | Shortage:
    """The versions to remove so that the new one fits, the oldest first; as few as that takes.

    Args:
        kept: all versions whose contents are on the disk; contents that two share count once.
        pinned: names that must stay: what runs, and what is fallen back on.
        copies: how often new content is on the disk at worst: as fetched, and as the runtime keeps it.
    """
    sizes = {ref.digest: ref.size_bytes for ref in new.contents}
    whole = sum(sizes.values())
    if whole > budget.models_bytes:
        return Shortage(f"It takes {whole} bytes; models may take {budget.models_bytes}.", for_ever=True)
    staying = [version for version in kept if version.name != new.name]
    leaving = list[Version]()
    removable = [version for version in staying if version.name not in pinned]
    while True:
        present = {ref.digest: ref.size_bytes for version in staying for ref in version.contents}
        coming = sum(size for digest, size in sizes.items() if digest not in present)
        gone = {ref.digest: ref.size_bytes for version in leaving for ref in version.contents}
        won = sum(size for digest, size in gone.items() if digest not in present)
        over = sum(present.values()) + coming - budget.models_bytes
        short = coming * copies + budget.reserve_bytes - free_bytes - won
        if over <= 0 and (short <= 0 or not coming):
            return leaving
        if not removable:
            return Shortage("The versions that must stay leave too little room.", for_ever=False)
        leaving.append(removable.pop(0))
        staying.remove(leaving[-1])
