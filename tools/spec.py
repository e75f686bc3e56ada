"""The tool specification: an operation is written once as a typed function and is the same behind every face.

A face (LangGraph, CrewAI, MCP, HTTP, the command line) is thin and calls only `ToolSpec.call`, which authorises the
principal, validates the arguments, asks for an approval where the rule says so, runs the function within its time limit
and appends the audit entry, for a change in the transaction of the change itself.
"""

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeGuard, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from edge.kernel.canonical import digest_of
from edge.kernel.errors import CallerError, InvalidInput, NotAllowed, OutOfTime
from tools.calling.approval import ApprovalRule
from tools.calling.context import LOCAL_ENGINEER, OpenCall, ToolContext, ToolRuntime
from tools.calling.transaction import WriteCall

__all__ = ["LOCAL_ENGINEER", "ApprovalRule", "Effect", "ToolContext", "ToolRuntime", "ToolSpec", "View", "bind", "tool"]

Effect = Literal["read", "write", "destructive"]

_MOST_WRONG = 8
"""Mistakes in the arguments that an error names."""
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class View(BaseModel):
    """What a tool shows of a row of the ledger."""

    @classmethod
    def of(cls, row: object, **other: Any) -> Self:
        """The row's fields of the same names, and `other` ones beside them or instead."""
        taken = {name: getattr(row, name) for name in cls.model_fields if name not in other}
        return cls.model_validate({**taken, **other})


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """One operation.

    Attributes:
        name: snake_case, unique.
        description: first paragraph of the function's docstring, for people and models.
        arguments: pydantic model of the arguments.
        model_parameter: the function's one parameter that takes `arguments` as a whole; None where it takes each field.
        result: pydantic model of the result.
        scopes: all of them are needed.
        effect: "read" changes nothing, "write" can be undone, "destructive" cannot.
        timeout_s: longest run, seconds.
        run: the typed function, plain or async; plain where the effect is not "read".
        ledger: a plain function that reads wants `context.unit`, too.
        approval: when a call needs one; None for never.
        idempotent: a repeat has no further effect, even without an idempotency key.
        shown_once: the result holds a secret that is not kept.
        personal: the arguments are the caller's own affair: the audit log keeps their digest alone.
        grouped: its calls may share a transaction with others of their kind that come at the same time.
        prepare: work that takes long, done before the transaction of a change, with the same context and arguments;
            the function finds what it gave as `context.prepared`. It must be harmless without the change.
        runtime: where calls are done and recorded; see `bind`.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    model_parameter: str | None = None
    result: type[BaseModel]
    scopes: frozenset[str]
    effect: Effect
    timeout_s: float
    run: Callable[..., Any]
    ledger: bool = False
    approval: ApprovalRule | None = None
    idempotent: bool = False
    shown_once: bool = False
    personal: bool = False
    grouped: bool = False
    prepare: Callable[..., Any] | None = None
    runtime: ToolRuntime | None = None

    async def call(self, context: ToolContext, arguments: Mapping[str, Any]) -> BaseModel:
        """Authorise, validate, ask for approval, run, append to the audit log.

        Raises:
            InvalidInput: an argument is missing, unknown or does not fit; the message names it.
            NotAllowed: the principal lacks a scope.
            ApprovalNeeded: nothing was done yet; the error carries the approval's id.
            Conflict: the idempotency key was used for another call.
            OutOfTime: the function took longer than `timeout_s`; nothing was changed.
        """
        try:
            self._authorise(context)
            checked = self.check(arguments)
            as_json = self._as_json(checked) if self.effect != "read" else {}
        except CallerError as error:
            await self._note_refused(context, arguments, error)
            raise
        if self.effect != "read":
            return await self._write(context, as_json, checked)
        try:
            return await self._read(context, self.values(checked))
        except NotAllowed as error:
            await self._note_refused(context, arguments, error)
            raise

    def check(self, arguments: Mapping[str, Any]) -> BaseModel:
        """The validated arguments. Raises InvalidInput: as `call`."""
        try:
            return self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            found = error.errors(include_input=False, include_context=False, include_url=False)
            wrong = "; ".join(
                f"{'.'.join(str(part)[:80] for part in entry['loc']) or 'arguments'}: {_uncapitalised(entry['msg'])}"
                for entry in found[:_MOST_WRONG]
            )
            unknown = any(entry["type"] == "extra_forbidden" and len(entry["loc"]) == 1 for entry in found)
            known = ", ".join(self.arguments.model_fields) or "no arguments"
            advice = f"It takes {known}." if unknown else "Correct the arguments."
            raise InvalidInput(f"{self.name} cannot be called so: {wrong}.", advice) from error

    async def require_rights(self, context: ToolContext) -> None:
        """Before any argument is read: raises NotAllowed, and writes it down, where the caller may not call it."""
        try:
            self._authorise(context)
        except NotAllowed as error:
            await self._note_refused(context, {}, error)
            raise

    def _authorise(self, context: ToolContext) -> None:
        missing = self.scopes - context.scopes
        if missing:
            raise NotAllowed(
                f"{context.principal} may not call {self.name}: it needs {', '.join(sorted(missing))}.",
                "Ask an administrator for the scope.",
            )

    async def _read(self, context: ToolContext, values: Mapping[str, Any]) -> BaseModel:
        limit = asyncio.timeout(self.timeout_s)
        try:
            async with limit:
                if inspect.iscoroutinefunction(self.run):
                    return await self.run(context, **values)
                return await asyncio.to_thread(self._read_plainly, context, values)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise OutOfTime(f"{self.name} took longer than {self.timeout_s:g} s.", "Try again.") from error

    def _read_plainly(self, context: ToolContext, values: Mapping[str, Any]) -> BaseModel:
        if not self.ledger:
            return self.run(context, **values)
        runtime = self._runtime
        with runtime.ledger.view(context.tenant) as unit:
            opened = OpenCall(unit, runtime.clock(), tools=runtime.tools)
            return self.run(replace(context, opened=opened), **values)

    async def _write(self, context: ToolContext, as_json: Mapping[str, Any], checked: BaseModel) -> BaseModel:
        call = WriteCall(
            spec=self,
            runtime=self._runtime,
            context=context,
            checked=checked,
            values=self.values(checked),
            arguments=as_json,
            commit=threading.Lock(),
        )
        work = asyncio.ensure_future(asyncio.to_thread(call.perform))
        await asyncio.wait({work}, timeout=self.timeout_s)
        if not work.done() and call.commit.acquire(blocking=False):
            work.add_done_callback(lambda late: late.exception())
            raise OutOfTime(f"{self.name} took longer than {self.timeout_s:g} s; nothing was changed.", "Try again.")
        return await work

    def values(self, checked: BaseModel) -> dict[str, Any]:
        """What the function is called with beside the context, from its checked arguments."""
        if self.model_parameter is not None:
            return {self.model_parameter: checked}
        return {name: getattr(checked, name) for name in type(checked).model_fields}

    def _as_json(self, checked: BaseModel) -> dict[str, Any]:
        try:
            return checked.model_dump(mode="json")
        except ValueError as error:
            raise InvalidInput(
                f"{self.name} cannot be called so: the arguments are nested too deeply.", "Correct the arguments."
            ) from error

    async def _note_refused(self, context: ToolContext, arguments: Mapping[str, Any], error: CallerError) -> None:
        if self.runtime is None or (self.effect == "read" and not isinstance(error, NotAllowed)):
            return
        try:
            digest = digest_of(dict(arguments))
        except (TypeError, ValueError):  # the arguments are not JSON
            digest = digest_of(repr(arguments))
        await asyncio.to_thread(self.runtime.note, context, self.name, self.effect, digest, "refused", str(error))

    @property
    def _runtime(self) -> ToolRuntime:
        if self.runtime is None:
            raise RuntimeError(f"{self.name} needs the ledger: bind it to a runtime first")
        return self.runtime


def _uncapitalised(message: str) -> str:
    """What pydantic says, as part of a sentence; what it quotes keeps its case."""
    said = message.removeprefix("Value error, ")
    return said[:1].lower() + said[1:]


def bind(specs: Iterable[ToolSpec], runtime: ToolRuntime) -> list[ToolSpec]:
    """The tools, with the runtime in which their calls are done; what was bound before knows the others still."""
    given = list(specs)
    names = {spec.name for spec in given}.union(*(spec.runtime.tools for spec in given if spec.runtime is not None))
    known = replace(runtime, tools=runtime.tools | names)
    return [replace(spec, runtime=known) for spec in given]


def tool(  # noqa: PLR0913 - what an operation is made of
    function: Callable[..., Any],
    *,
    scopes: set[str],
    effect: Effect = "read",
    timeout_s: float = 30.0,
    ledger: bool = False,
    approval: ApprovalRule | None = None,
    idempotent: bool = False,
    shown_once: bool = False,
    personal: bool = False,
    grouped: bool = False,
    prepare: Callable[..., Any] | None = None,
) -> ToolSpec:
    """Make a tool of a typed function whose first parameter is the `ToolContext`.

    Args:
        function: its name, docstring, annotations (with `Annotated[..., Field(...)]`) and defaults say everything;
            it returns a pydantic model. Where its only other parameter is a pydantic model without a default, the
            fields of that model are the arguments, and the function gets the model itself.

    Raises:
        TypeError: the function has no docstring or no context, a parameter lacks an annotation or cannot be named, the
            one model takes unknown fields, the result is not a pydantic model, or what works in a transaction is async.
    """
    hints = get_type_hints(function, include_extras=True)
    result = hints.get("return")
    if not _is_model(result):
        raise TypeError(f"{function.__name__} must return a pydantic model")
    context, *parameters = inspect.signature(function).parameters.values() or (None,)
    if context is None or hints.get(context.name) is not ToolContext:
        raise TypeError(f"{function.__name__}: the first parameter must be the ToolContext")
    for parameter in parameters:
        if parameter.name not in hints or parameter.kind not in _NAMED:
            raise TypeError(f"{function.__name__}: parameter {parameter.name} lacks an annotation or a name")
    if (effect != "read" or ledger) and inspect.iscoroutinefunction(function):
        raise TypeError(f"{function.__name__} works in a transaction, so it must not be async")
    description = inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    if not description:
        raise TypeError(f"{function.__name__} lacks a docstring")
    model = _model_parameter(function, parameters, hints)
    return ToolSpec(
        name=function.__name__,
        description=description,
        arguments=hints[model] if model is not None else _arguments(function, parameters, hints),
        model_parameter=model,
        result=result,
        scopes=frozenset(scopes),
        effect=effect,
        timeout_s=timeout_s,
        run=function,
        ledger=ledger,
        approval=approval,
        idempotent=idempotent,
        shown_once=shown_once,
        personal=personal,
        grouped=grouped,
        prepare=prepare,
    )


def _is_model(hint: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _model_parameter(
    function: Callable[..., Any], parameters: Sequence[inspect.Parameter], hints: Mapping[str, Any]
) -> str | None:
    """Name of the one parameter that takes all arguments as a model; None where each argument is a parameter."""
    if len(parameters) != 1 or parameters[0].default is not inspect.Parameter.empty:
        return None
    name, hint = parameters[0].name, hints[parameters[0].name]
    if not _is_model(hint):
        return None
    if hint.model_config.get("extra") != "forbid":
        raise TypeError(f"{function.__name__}: {hint.__name__} must forbid unknown fields")
    return name


def _arguments(
    function: Callable[..., Any], parameters: Sequence[inspect.Parameter], hints: Mapping[str, Any]
) -> type[BaseModel]:
    """A model with a field for each parameter."""
    fields: dict[str, Any] = {
        one.name: (hints[one.name], ... if one.default is one.empty else one.default) for one in parameters
    }
    title = "".join(part.capitalize() for part in function.__name__.split("_"))
    return create_model(f"{title}Arguments", __config__=ConfigDict(extra="forbid", frozen=True), **fields)
