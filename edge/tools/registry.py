"""The registry of the device's tools: the policy, the audit trail, and the box through which alone tools are called.

A call is checked against the device's policy (the desired item of the kind "policy"), its arguments are validated, it
is written down, rate limited, limited in time, and its result in size. What a tool reads (logs, documents, answers of
machines) is data: nothing in a result is ever carried out here. A device that was told nothing may look at itself, take
notes and raise alerts; it runs diagnostics only when the hub named them.

The audit trail of a call has the kind "audit" and these bodies:

    {"step": "refused", "tool", "by", "effect"?, "arguments", "code", "message"}     nothing was done
    {"step": "started", "tool", "by", "arguments"}                                   a write is about to be done
    {"step": "done",    "tool", "by", "arguments" | "started", "elapsed_ms", "result_digest"}
    {"step": "failed",  "tool", "by", "arguments" | "started", "elapsed_ms", "code", "message"}
    {"step": "unwritten", "calls"}        so many reads were given while the disk was full, and are not written down

`started` is the sequence number of the event that told of the beginning. A beginning without an end means that the
device stopped in between, or had no room for more: whether the write was done is then not known.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.kernel.canonical import canonical_json, digest_of
from edge.kernel.errors import (
    ChargehandError,
    NotAllowed,
    NotFound,
    OutboxFull,
    OutOfTime,
    StorageFailed,
    ToolFailed,
)
from edge.outbox import Journal
from edge.tools.deadline import LimitedRun, caller
from edge.tools.tool import DeviceTool, bounded, plain

DEFAULT_TOOLS = frozenset(
    "alert_raise knowledge_search log_search note_take reminder_list reminder_remove reminder_set sensor_history"
    " sensor_list sensor_read sensor_sample system_health watch_list watch_remove watch_set".split()
)
"""What may be called where no policy was ever received."""

_Name = Annotated[str, Field(min_length=1, max_length=100)]


class Policy(BaseModel):
    """A device's policy.

    Attributes:
        tools: which may be called.
        diagnostics: which `diagnostic_run` may run; they must also be known to the device.
        limits: narrow what the device would do by itself, never widen it: `timeout_s` of a call, `result_bytes`,
            `calls_per_minute`; others are for other parts of the device.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    tools: frozenset[_Name] = DEFAULT_TOOLS
    diagnostics: frozenset[_Name] = frozenset()
    limits: dict[_Name, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}

    def narrowed(self, name: str, limit: float) -> float:
        """The limit of this name, at most `limit`."""
        return min(limit, self.limits.get(name, limit))


def read_policy(body: Mapping[str, Any] | None) -> Policy:
    """The policy of a desired item's body; None where the device was told nothing.

    Raises:
        NotAllowed: it cannot be understood (it may be newer than this release): nothing is allowed by it.
    """
    if body is None:
        return Policy()
    try:
        return Policy.model_validate(dict(body))
    except ValidationError as error:
        fields = ", ".join(".".join(str(part) for part in entry["loc"]) for entry in error.errors())
        raise NotAllowed(
            f"This device does not understand its policy ({fields}), so nothing is allowed.",
            "Correct the policy on the hub, or update the device.",
        ) from error


LONGEST_ARGUMENTS = 2_048
"""Bytes of arguments that are written down as they are; of longer ones only the digest is."""


class AuditTrail:
    """Of one call."""

    def __init__(
        self, journal: Journal, tool: str, by: str, arguments: Mapping[str, Any], monotonic: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._call: dict[str, Any] = {"tool": plain(tool[:100]), "by": plain(by[:200])}
        self._what = _written(arguments)
        self._monotonic = monotonic
        self._began = monotonic()
        self._began_with: int | None = None

    def refused(self, error: ChargehandError) -> None:
        """Nothing was done. Raises OutboxFull, StorageFailed: this could not be written down."""
        self._journal.record("audit", {"step": "refused", **self._call, **self._what, **_told(error)})

    def started(self) -> None:
        """A write is about to be done. Raises OutboxFull, StorageFailed: do not."""
        self._began_with = self._journal.record("audit", {"step": "started", **self._call, **self._what})

    def done(self, result_digest: str) -> None:
        """It was done. Raises OutboxFull, StorageFailed: a read could not be written down."""
        self._ended({"step": "done", "result_digest": result_digest})

    def failed(self, error: ChargehandError, *, still_running: bool) -> None:
        """It was not done, or not to the end."""
        self._ended({"step": "failed", **_told(error), **({"still_running": True} if still_running else {})})

    def _ended(self, body: dict[str, Any]) -> None:
        elapsed_ms = round((self._monotonic() - self._began) * 1000, 1)
        if self._began_with is None:
            self._journal.record("audit", {**body, **self._call, **self._what, "elapsed_ms": elapsed_ms})
            return
        with suppress(OutboxFull, StorageFailed):  # that it began is written down
            self._journal.record("audit", {**body, **self._call, "started": self._began_with, "elapsed_ms": elapsed_ms})


def _told(error: ChargehandError) -> dict[str, str]:
    return {"code": type(error).__name__, "message": plain(error.message[:500])}


def _written(arguments: Any) -> dict[str, Any]:
    try:
        value = plain(arguments)
        if len(canonical_json(value)) <= LONGEST_ARGUMENTS:
            return {"arguments": value}
    except TypeError:
        value = plain(repr(arguments))
    return {"arguments_digest": digest_of(value)}


RESULT_BYTES = 16_384
CALLS_PER_MINUTE = 120
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Toolbox:
    """The device's tools under its policy. Any thread may call.

    Attributes:
        tools: names are unique.
        journal: gets an "audit" event of each call: of one that writes before it acts, and again when it has ended.
        policy: the body of the desired policy, None where there is none; asked at each call.
        monotonic: seconds, by a clock that does not jump.
    """

    tools: Iterable[DeviceTool]
    journal: Journal
    policy: Callable[[], Mapping[str, Any] | None] = lambda: None
    monotonic: Callable[[], float] = time.monotonic
    _tools: dict[str, DeviceTool] = field(init=False, repr=False)
    _late: dict[str, list[LimitedRun]] = field(init=False, repr=False, default_factory=dict[str, list[LimitedRun]])
    _lately: deque[float] = field(init=False, repr=False, default_factory=deque[float])
    _unwritten: int = field(init=False, repr=False, default=0)
    _crowded: bool = field(init=False, repr=False, default=False)
    _lock: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        tools = list(self.tools)
        self._tools = {tool.name: tool for tool in tools}
        if len(self._tools) != len(tools):
            raise ValueError("two tools have the same name")

    @property
    def names(self) -> tuple[str, ...]:
        """The tools that the policy allows, in alphabetical order; none where the policy is not understood."""
        try:
            return tuple(sorted(self._tools.keys() & read_policy(self.policy()).tools))
        except (NotAllowed, StorageFailed):
            return ()

    @property
    def all_names(self) -> tuple[str, ...]:
        """Those that the policy forbids, too, in alphabetical order."""
        return tuple(sorted(self._tools))

    def tool(self, name: str) -> DeviceTool:
        """The tool of this name, allowed or not. Raises NotFound."""
        if name not in self._tools:
            raise NotFound(f"This device has no tool {name[:64]!r}.", f"It has {', '.join(self.names) or 'none'}.")
        return self._tools[name]

    def call(self, name: str, arguments: Mapping[str, Any], *, by: str) -> dict[str, Any]:
        """Check, write down, run, bound.

        Args:
            by: who asks, such as "person:anna", "job:nightly" or "assistant".

        Raises:
            NotFound, NotAllowed, InvalidInput: nothing was done, and that was written down.
            OutboxFull: the call cannot be written down: a write was not done, what was read is not given.
            OutOfTime: it took too long, and was ended.
            ToolFailed: it could not do its work.
        """
        trail = AuditTrail(self.journal, name, by, arguments, self.monotonic)
        try:
            policy = self._counted(trail)
            tool = self.tool(name)
            if name not in policy.tools:
                raise NotAllowed(f"This device's policy does not allow {name}.", "Ask the hub's engineers for it.")
            checked = tool.check(arguments)
        except _Crowded:
            raise
        except ChargehandError as error:
            trail.refused(error)
            raise
        if tool.effect == "write":
            trail.started()
        try:
            result = self._run(tool, checked, policy, by)
        except ChargehandError as error:
            with suppress(StorageFailed):  # what went wrong is told all the same
                trail.failed(error, still_running=bool(self._late.get(name)))
            raise
        self._written_down(trail, digest_of(result), name)
        return result

    def _written_down(self, trail: AuditTrail, digest: str, name: str) -> None:
        """A read on a disk that is full or failing is given; how many were, is told once it can be written again.

        Raises:
            OutboxFull: there is room, but not for this: what was read is not given.
        """
        try:
            trail.done(digest)
            with self._lock:
                missed, self._unwritten = self._unwritten, 0
            if missed:
                body = {"step": "unwritten", "tool": name, "by": "device", "calls": missed}
                with suppress(OutboxFull, StorageFailed):
                    self.journal.record("audit", body)
        except StorageFailed as error:
            _logger.warning("A read is not written down: %s", error)
            with self._lock:
                self._unwritten += 1

    def _counted(self, trail: AuditTrail) -> Policy:
        """The policy under which a call is made, which counts from here on. Raises NotAllowed, StorageFailed."""
        try:
            policy = read_policy(self.policy())
        except NotAllowed:
            self._count(CALLS_PER_MINUTE, trail)
            raise
        self._count(policy.narrowed("calls_per_minute", CALLS_PER_MINUTE), trail)
        return policy

    def _count(self, most: float, trail: AuditTrail) -> None:
        """Raises NotAllowed: too many calls lately. Only the first that is refused so is written down."""
        now = self.monotonic()
        with self._lock:
            while self._lately and self._lately[0] <= now - 60:
                self._lately.popleft()
            known, self._crowded = self._crowded, len(self._lately) >= most
            if not self._crowded:
                self._lately.append(now)
                return
        error = _Crowded("Too many calls of tools within a minute.", "Wait a minute.")
        if not known:
            trail.refused(error)
        raise error

    def _run(self, tool: DeviceTool, checked: BaseModel, policy: Policy, by: str) -> dict[str, Any]:
        with self._lock:
            self._late[tool.name] = late = [run for run in self._late.get(tool.name, ()) if run.running]
        if late:
            raise ToolFailed(f"{tool.name} is still at work for a call whose time is over.", "Try again later.")
        limit_s = policy.narrowed("timeout_s", tool.timeout_s)
        known = caller.set(by)
        stoppable = tool.effect == "read" and not tool.ends_itself
        run = LimitedRun(lambda: tool.run(checked), limit_s, stoppable=stoppable)  # it copies the context
        caller.reset(known)
        try:
            return bounded(run.result(), int(policy.narrowed("result_bytes", RESULT_BYTES)))
        except OutOfTime as error:
            if run.running:
                with self._lock:
                    self._late[tool.name].append(run)
            raise OutOfTime(f"{tool.name} took longer than {limit_s:g} s.", "Ask for less of it.") from error
        except ChargehandError:
            raise
        except Exception as error:
            _logger.exception("%s failed", tool.name)
            raise ToolFailed(f"{tool.name} failed: {type(error).__name__}.", "The device's log says more.") from error


class _Crowded(NotAllowed):
    """Too many calls."""
