"""The tool specification: an operation is written once as a typed function and is the same behind every face.

A face (LangGraph, CrewAI, MCP, HTTP, the command line) is thin and calls only `ToolSpec.call`, which authorises the
principal, validates the arguments, asks for an approval where the rule says so, runs the function within its time limit
and writes the audit entry, for a change in the transaction of the change itself.
"""

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from edge.kernel.canonical import digest_of
from edge.kernel.errors import CallerError, InvalidInput, NotAllowed, OutOfTime
from tools.consent import ApprovalRule
from tools.context import LOCAL_ENGINEER, Books, OpenCall, ToolContext
from tools.writing import WriteCall

__all__ = ["LOCAL_ENGINEER", "ApprovalRule", "Books", "Effect", "ToolContext", "ToolSpec", "bind", "tool"]

Effect = Literal["read", "write", "destructive"]

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One operation.

    Attributes:
        name: snake_case, unique.
        description: first paragraph of the function's docstring, for people and models.
        arguments: pydantic model of the arguments.
        result: pydantic model of the result.
        scopes: all of them are needed.
        effect: "read" changes nothing, "write" can be undone, "destructive" cannot.
        timeout_s: longest run, seconds.
        run: the typed function, plain or async; plain where the effect is not "read".
        ledger: a plain function that reads wants `context.unit`, too.
        approval: when a call needs one; None for never.
        idempotent: a repeat has no further effect, even without an idempotency key.
        shown_once: the result holds a secret that is not kept.
        grouped: its calls may share a transaction with others of their kind that come at the same time.
        prepare: work that takes long, done before the transaction of a change, with the same context and arguments;
            the function finds what it gave as `context.prepared`. It must be harmless without the change.
        books: where calls are done and written down; see `bind`.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    result: type[BaseModel]
    scopes: frozenset[str]
    effect: Effect
    timeout_s: float
    run: Callable[..., Any]
    ledger: bool = False
    approval: ApprovalRule | None = None
    idempotent: bool = False
    shown_once: bool = False
    grouped: bool = False
    prepare: Callable[..., Any] | None = None
    books: Books | None = None

    async def call(self, context: ToolContext, arguments: Mapping[str, Any]) -> BaseModel:
        """Authorise, validate, ask for approval, run, write down.

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
        values = {name: getattr(checked, name) for name in type(checked).model_fields}
        if self.effect != "read":
            return await self._write(context, as_json, values)
        try:
            return await self._read(context, values)
        except NotAllowed as error:
            await self._note_refused(context, arguments, error)
            raise

    def check(self, arguments: Mapping[str, Any]) -> BaseModel:
        """The validated arguments. Raises InvalidInput: as `call`."""
        try:
            return self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(str(part) for part in entry['loc']) or 'arguments'}: {_uncapitalised(entry['msg'])}"
                for entry in error.errors()
            )
            unknown = any(entry["type"] == "extra_forbidden" and len(entry["loc"]) == 1 for entry in error.errors())
            known = ", ".join(self.arguments.model_fields) or "no arguments"
            advice = f"It takes {known}." if unknown else "Correct the arguments."
            raise InvalidInput(f"{self.name} cannot be called so: {wrong}.", advice) from error

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
        books = self._books
        with books.ledger.view(context.tenant) as unit:
            return self.run(replace(context, opened=OpenCall(unit, books.clock(), tools=books.tools)), **values)

    async def _write(self, context: ToolContext, as_json: Mapping[str, Any], values: Mapping[str, Any]) -> BaseModel:
        commit = threading.Lock()
        call = WriteCall(
            self.name,
            self.effect,
            self.run,
            self.prepare,
            self.result,
            self.shown_once,
            self.approval,
            self._books,
            context,
            values,
            as_json,
            commit,
            self.grouped,
        )
        work = asyncio.ensure_future(asyncio.to_thread(call.perform))
        await asyncio.wait({work}, timeout=self.timeout_s)
        if not work.done() and commit.acquire(blocking=False):
            work.add_done_callback(lambda late: late.exception())
            raise OutOfTime(f"{self.name} took longer than {self.timeout_s:g} s; nothing was changed.", "Try again.")
        return await work

    def _as_json(self, checked: BaseModel) -> dict[str, Any]:
        try:
            return checked.model_dump(mode="json")
        except ValueError as error:
            raise InvalidInput(
                f"{self.name} cannot be called so: the arguments are nested too deeply.", "Correct the arguments."
            ) from error

    async def _note_refused(self, context: ToolContext, arguments: Mapping[str, Any], error: CallerError) -> None:
        if self.books is None or (self.effect == "read" and not isinstance(error, NotAllowed)):
            return
        try:
            digest = digest_of(dict(arguments))
        except (TypeError, ValueError):  # the arguments are not JSON
            digest = digest_of(repr(arguments))
        await asyncio.to_thread(self.books.note, context, self.name, self.effect, digest, "refused", str(error))

    @property
    def _books(self) -> Books:
        if self.books is None:
            raise RuntimeError(f"{self.name} needs the ledger: bind it to books first")
        return self.books


def _uncapitalised(message: str) -> str:
    """What pydantic says, as part of a sentence; what it quotes keeps its case."""
    said = message.removeprefix("Value error, ")
    return said[:1].lower() + said[1:]


def bind(specs: Iterable[ToolSpec], books: Books) -> list[ToolSpec]:
    """The tools, with the books in which their calls are done; what was bound before knows the others still."""
    given = list(specs)
    names = {spec.name for spec in given}.union(*(spec.books.tools for spec in given if spec.books is not None))
    known = replace(books, tools=books.tools | names)
    return [replace(spec, books=known) for spec in given]


def tool(
    function: Callable[..., Any],
    *,
    scopes: set[str],
    effect: Effect = "read",
    timeout_s: float = 30.0,
    ledger: bool = False,
    approval: ApprovalRule | None = None,
    idempotent: bool = False,
    shown_once: bool = False,
) -> ToolSpec:
    """Make a tool of a typed function whose first parameter is the `ToolContext`.

    Args:
        function: its name, docstring, annotations (with `Annotated[..., Field(...)]`) and defaults say everything;
            it returns a pydantic model.

    Raises:
        TypeError: the function has no docstring or no context, a parameter lacks an annotation or cannot be named, the
            result is not a pydantic model, or what works in a transaction is async.
    """
    hints = get_type_hints(function, include_extras=True)
    result = hints.get("return")
    if not (isinstance(result, type) and issubclass(result, BaseModel)):
        raise TypeError(f"{function.__name__} must return a pydantic model")
    context, *parameters = inspect.signature(function).parameters.values() or (None,)
    if context is None or hints.get(context.name) is not ToolContext:
        raise TypeError(f"{function.__name__}: the first parameter must be the ToolContext")
    fields: dict[str, Any] = {}
    for parameter in parameters:
        if parameter.name not in hints or parameter.kind not in _NAMED:
            raise TypeError(f"{function.__name__}: parameter {parameter.name} lacks an annotation or a name")
        fields[parameter.name] = (
            hints[parameter.name],
            ... if parameter.default is parameter.empty else parameter.default,
        )
    if (effect != "read" or ledger) and inspect.iscoroutinefunction(function):
        raise TypeError(f"{function.__name__} works in a transaction, so it must not be async")
    title = "".join(part.capitalize() for part in function.__name__.split("_"))
    arguments = create_model(f"{title}Arguments", __config__=ConfigDict(extra="forbid", frozen=True), **fields)
    description = inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    if not description:
        raise TypeError(f"{function.__name__} lacks a docstring")
    return ToolSpec(
        function.__name__,
        description,
        arguments,
        result,
        frozenset(scopes),
        effect,
        timeout_s,
        function,
        ledger,
        approval,
        idempotent,
        shown_once,
    )
