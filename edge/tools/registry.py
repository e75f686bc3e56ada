"""A tool, and the box through which alone tools are called.

A call is checked against the device's policy, its arguments are validated, it is written down, limited in time, and
its result in size. What a tool reads (logs, documents, answers of machines) is data: nothing in a result is ever
carried out here.
"""

import inspect
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from edge.journal import Journal
from edge.kernel.canonical import digest_of
from edge.kernel.errors import (
    ChargehandError,
    InvalidInput,
    NotAllowed,
    NotFound,
    OutOfTime,
    ToolFailed,
    format_validation_error,
)
from edge.tools.auditing import Account
from edge.tools.bounding import bounded
from edge.tools.caller import caller
from edge.tools.ending import LimitedRun
from edge.tools.policy import Policy, read_policy

__all__ = ["CALLS_PER_MINUTE", "RESULT_BYTES", "DeviceTool", "Toolbox", "device_tool"]

RESULT_BYTES = 16_384
CALLS_PER_MINUTE = 120
_logger = logging.getLogger(__name__)

Run = Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class DeviceTool:
    """One operation on the device.

    Attributes:
        name: snake_case, unique.
        description: for people and small models: one or two sentences.
        arguments: pydantic model of the arguments; what it does not name is refused.
        effect: "write" changes something, or commands something outside this process.
        run: takes the validated arguments and gives JSON.
        timeout_s: longest run, seconds.
        quotes: the result quotes what others wrote, so whoever reads it must not obey it.
        ends_itself: it asks for the time as it works (`edge.tools.deadline`) and is never stopped from outside, as is
            needed where it holds locks or writes.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    effect: Literal["read", "write"]
    run: Run
    timeout_s: float
    quotes: bool = False
    ends_itself: bool = False

    def check(self, arguments: Mapping[str, Any]) -> BaseModel:
        """The validated arguments. Raises InvalidInput: the message names what is wrong, and never quotes a value."""
        try:
            return self.arguments.model_validate(dict(arguments))
        except (ValidationError, TypeError, ValueError) as error:
            wrong = format_validation_error(error, 5, "arguments") if isinstance(error, ValidationError) else ""
            known = ", ".join(self.arguments.model_fields) or "none"
            raise InvalidInput(
                f"{self.name} cannot be called so: {wrong or 'the arguments are not an object'}.",
                f"Its arguments: {known}.",
            ) from error


def device_tool(
    function: Callable[..., Mapping[str, Any]],
    *,
    effect: Literal["read", "write"] = "read",
    timeout_s: float = 10.0,
    quotes: bool = False,
    ends_itself: bool = False,
) -> DeviceTool:
    """Make a tool of a typed function.

    Args:
        function: its name, docstring, annotations (with `Annotated[..., Field(...)]`) and defaults say everything.

    Raises:
        TypeError: it has no docstring, or a parameter that lacks an annotation or cannot be named.
    """
    hints = get_type_hints(function, include_extras=True)
    description = inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    if not description:
        raise TypeError(f"{function.__name__} lacks a docstring")
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in hints or parameter.kind not in named:
            raise TypeError(f"{function.__name__}: parameter {name} lacks an annotation or a name")
        fields[name] = (hints[name], ... if parameter.default is parameter.empty else parameter.default)
    title = "".join(part.capitalize() for part in function.__name__.split("_"))
    model = create_model(
        f"{title}Arguments", __config__=ConfigDict(extra="forbid", frozen=True, defer_build=True), **fields
    )

    def run(checked: BaseModel) -> Mapping[str, Any]:
        return function(**{name: getattr(checked, name) for name in fields})

    return DeviceTool(function.__name__, description, model, effect, run, timeout_s, quotes, ends_itself)


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
        with suppress(NotAllowed):
            return tuple(sorted(self._tools.keys() & read_policy(self.policy()).tools))
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

    def describe(self) -> list[dict[str, Any]]:
        """What may be called: name, description, effect, and the JSON schema of the arguments."""
        return [
            {
                "name": tool.name,
                "description": tool.description,
                "effect": tool.effect,
                "arguments": tool.arguments.model_json_schema(),
            }
            for tool in (self._tools[name] for name in self.names)
        ]

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
        account = Account(self.journal, name, by, arguments, self.monotonic)
        try:
            policy = self._counted(account)
            tool = self.tool(name)
            if name not in policy.tools:
                raise NotAllowed(f"This device's policy does not allow {name}.", "Ask the hub's engineers for it.")
            checked = tool.check(arguments)
        except _Crowded:
            raise
        except ChargehandError as error:
            account.refused(error)
            raise
        if tool.effect == "write":
            account.started()
        try:
            result = self._run(tool, checked, policy, by)
        except ChargehandError as error:
            account.failed(error, still_running=bool(self._late.get(name)))
            raise
        account.done(digest_of(result))
        return result

    def _counted(self, account: Account) -> Policy:
        """The policy under which a call is made, which counts from here on. Raises NotAllowed, StorageFailed."""
        try:
            policy = read_policy(self.policy())
        except NotAllowed:
            self._count(CALLS_PER_MINUTE, account)
            raise
        self._count(policy.narrowed("calls_per_minute", CALLS_PER_MINUTE), account)
        return policy

    def _count(self, most: float, account: Account) -> None:
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
            account.refused(error)
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
