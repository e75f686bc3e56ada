"""Nodes as steps that the user can follow, and the run context that they read."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast

from langgraph.runtime import Runtime
from typing_extensions import TypedDict

from agents.events import StepFinished, StepStarted
from agents.models.reference import parse_model
from edge.kernel.errors import ChargehandError, InvalidInput, NotAllowed
from graphs.dependencies import Dependencies
from tools.calling.context import ToolContext

Node = Callable[[Dependencies, Any, Runtime[Any]], Awaitable[dict[str, Any]]]
"""A function of what the run works with, the state, and the run, whose stream takes turn events; gives what it changes
in the state."""


@dataclass(frozen=True, slots=True)
class TurnContext:
    """The run context of a turn in this process: in whose name its tools are called.

    Such a run is never interrupted: the thread's next message is what continues it, and its one durable write is the
    checkpoint at its end.
    """

    caller: ToolContext


class RunContext(TypedDict, total=False):
    """The run context of a run from outside this process, such as Studio's; a field that is left out is as usual."""

    tenant: str
    """In which the run works: the caller's own, or any for whoever administers all."""

    model: str
    """Chat model as `provider:name`, as the setting has it."""


async def dependencies_of(runtime: Runtime[Any], dependencies: Dependencies) -> Dependencies:
    """What a run works with: its own caller, tenant and model where it gives them.

    Raises:
        InvalidInput: the tenant or the model is no text, or there is no such provider.
        NotAllowed: the caller may not act in the tenant.
        NotFound, Unavailable: there is no such tenant or model, or it cannot be reached.
    """
    context = runtime.context
    if isinstance(context, TurnContext):
        return replace(dependencies, caller=context.caller)
    if not isinstance(context, Mapping):
        return dependencies
    given = cast("Mapping[str, Any]", context)
    tenant, model = _text(given, "tenant"), _text(given, "model")
    if not tenant and not model:
        return dependencies
    return await asyncio.to_thread(_chosen, dependencies, tenant, model)


def _text(context: Mapping[str, Any], name: str) -> str:
    value = context.get(name) or ""
    if not isinstance(value, str):
        raise InvalidInput(f"The {name} of the run is not text.", f"Give its name, or leave {name} out.")
    return value.strip()


def _chosen(dependencies: Dependencies, tenant: str, model: str) -> Dependencies:
    caller = dependencies.caller
    if tenant and tenant != caller.tenant:
        caller = replace(caller, tenant=_other_tenant(dependencies, tenant))
    if model:
        reference = parse_model(model)
        if dependencies.with_model is None:
            raise InvalidInput("The model of a run cannot be chosen here.", "Leave model out.")
        dependencies = dependencies.with_model(str(reference))
    return replace(dependencies, caller=caller)


def _other_tenant(dependencies: Dependencies, tenant: str) -> str:
    """The tenant, if the caller administers all of them and it is active."""
    caller = dependencies.caller
    if "tenants:admin" not in caller.scopes:
        raise NotAllowed(f"{caller.principal} may not act in the tenant {tenant!r}.", f"Use {caller.tenant}.")
    with dependencies.store.ledger.view(caller.tenant) as unit:
        if unit.tenants.get(tenant).state != "active":
            raise NotAllowed(f"The tenant {tenant!r} is suspended.", "Use one that is active.")
    return tenant


def told_outside(error: ChargehandError) -> ChargehandError:
    """The same error as a `ValueError`, too: of other errors LangGraph's server tells the name alone."""
    kind = _as_value_error(type(error))
    told = kind.__new__(kind, *error.args)
    vars(told).update(vars(error))
    return told


@cache
def _as_value_error(kind: type[ChargehandError]) -> type[ChargehandError]:
    return type(kind.__name__, (kind, ValueError), {"__module__": kind.__module__})


def step(name: str, dependencies: Dependencies, node: Node) -> Any:
    """Make a LangGraph node that writes to the run's custom stream when it begins and when it ends."""

    async def run(state: Mapping[str, Any], runtime: Runtime[Any]) -> dict[str, Any]:
        runtime.stream_writer(StepStarted(name))
        try:
            update = await node(await dependencies_of(runtime, dependencies), state, runtime)
        except ChargehandError as error:
            if isinstance(runtime.context, TurnContext):
                raise
            raise told_outside(error) from error
        runtime.stream_writer(StepFinished(name))
        return update

    return run
