"""Calls that change something: one transaction, one audit entry, whatever happens."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from edge.kernel.errors import ApprovalNeeded, Conflict, InvalidInput, NotAllowed, NotFound, OutOfTime, Unavailable
from memory.ledger.versions import Model
from tests.fakes.works import ANN, BOB, START, Works
from tools.calling.approval import ApprovalRule
from tools.calling.approval_tools import approval_tools
from tools.spec import ToolContext, tool


class Named(BaseModel):
    name: str
    serial: int


def names(works: Works, tenant: str = "default") -> list[str]:
    with works.ledger.view(tenant) as unit:
        return [model.name for model in unit.models.all()]


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Ends the waiting of `add_slowly`."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def works(works: Works, released: threading.Event) -> Works:
    count = iter(range(1000))

    def add(context: ToolContext, name: str) -> Named:
        """Add a model."""
        context.unit.models.add(Model(name, None, "", context.now, context.principal))
        return Named(name=name, serial=next(count))

    def add_and_fail(context: ToolContext, name: str, error: str) -> Named:
        """Add a model and fail."""
        add(context, name)
        raise {"caller": NotFound("No such thing."), "world": Unavailable("It is off."), "bug": KeyError("x")}[error]

    def add_slowly(context: ToolContext, name: str) -> Named:
        """Add a model and wait."""
        done = add(context, name)
        released.wait(60)
        return done

    def count_models(context: ToolContext) -> Named:
        """Count the models."""
        return Named(name=context.tenant, serial=len(context.unit.models.all()))

    def steal(context: ToolContext) -> Named:
        """Ask for what is another tenant's."""
        raise NotAllowed("That is theirs.")

    works.add(
        [
            tool(add, scopes={"roster:write"}, effect="write"),
            tool(add_and_fail, scopes={"roster:write"}, effect="write"),
            tool(add_slowly, scopes={"roster:write"}, effect="write", timeout_s=0.1),
            tool(count_models, scopes={"roster:read"}, ledger=True),
            tool(steal, scopes={"roster:read"}, ledger=True),
        ]
    )
    return works


async def test_a_change_and_its_entry_are_one(works: Works) -> None:
    result = await works.call(ANN, "add", name="one")
    assert result == Named(name="one", serial=0)
    (entry,) = works.audit()
    assert (entry.principal, entry.tool, entry.effect, entry.outcome) == ("ann", "add", "write", "done")
    assert entry.at == START
    assert names(works) == ["one"]


@pytest.mark.parametrize(
    ("error", "kind", "outcome"),
    [("caller", NotFound, "refused"), ("world", Unavailable, "failed"), ("bug", KeyError, "failed")],
)
async def test_what_fails_changes_nothing_and_is_written_down(
    works: Works, error: str, kind: type[Exception], outcome: str
) -> None:
    with pytest.raises(kind):
        await works.call(ANN, "add_and_fail", name="one", error=error)
    assert names(works) == []
    assert works.outcomes() == [("ann", "add_and_fail", outcome)]


async def test_what_is_refused_at_the_door_is_written_down(works: Works) -> None:
    with pytest.raises(NotAllowed):
        await works.call(replace(ANN, scopes=frozenset()), "add", name="one")
    with pytest.raises(InvalidInput):
        await works.call(ANN, "add", name=5)
    with pytest.raises(InvalidInput):
        await works.call(ANN, "add", name=object())
    assert works.outcomes() == [("ann", "add", "refused")] * 3
    assert "roster:write" in works.audit()[0].detail


async def test_reading_is_written_down_only_where_it_is_not_allowed(works: Works) -> None:
    assert await works.call(ANN, "count_models") == Named(name="default", serial=0)
    with pytest.raises(InvalidInput):
        await works.call(ANN, "count_models", extra=1)
    assert works.outcomes() == []
    with pytest.raises(NotAllowed):
        await works.call(replace(ANN, scopes=frozenset()), "count_models")
    with pytest.raises(NotAllowed):
        await works.call(ANN, "steal")
    assert works.outcomes() == [("ann", "count_models", "refused"), ("ann", "steal", "refused")]


async def test_a_call_that_is_out_of_time_has_changed_nothing(works: Works, released: threading.Event) -> None:
    with pytest.raises(OutOfTime, match="nothing was changed"):
        await works.call(ANN, "add_slowly", name="one")
    released.set()
    await works.call(ANN, "add", name="two")  # waits for the transaction of the other to end
    assert names(works) == ["two"]
    assert ("ann", "add_slowly", "done") not in works.outcomes()


async def test_a_repeat_with_the_same_key_gives_the_first_result(works: Works) -> None:
    keyed = replace(ANN, idempotency_key="k1")
    first = await works.call(keyed, "add", name="one")
    assert await works.call(keyed, "add", name="one") == first
    assert names(works) == ["one"]
    assert works.outcomes() == [("ann", "add", "done")]


async def test_a_key_is_for_one_call_of_one_principal(works: Works) -> None:
    await works.call(replace(ANN, idempotency_key="k1"), "add", name="one")
    with pytest.raises(Conflict, match="another call"):
        await works.call(replace(ANN, idempotency_key="k1"), "add", name="two")
    await works.call(replace(BOB, idempotency_key="k1"), "add", name="three")
    assert names(works) == ["one", "three"]


async def test_a_call_that_failed_may_be_repeated_with_its_key(works: Works) -> None:
    keyed = replace(ANN, idempotency_key="k1")
    with pytest.raises(Unavailable):
        await works.call(keyed, "add_and_fail", name="one", error="world")
    with pytest.raises(Unavailable):
        await works.call(keyed, "add_and_fail", name="one", error="world")


async def test_nobody_acts_for_a_tenant_that_is_not_there(works: Works) -> None:
    with pytest.raises(NotAllowed, match="no tenant"):
        await works.call(replace(ANN, tenant="nowhere"), "add", name="one")
    assert names(works, "nowhere") == []


def test_what_works_in_a_transaction_is_not_async() -> None:
    async def add(context: ToolContext) -> Named:
        """Add."""
        return Named(name="", serial=0)

    for wrong in ({"effect": "write"}, {"ledger": True}):
        arguments: dict[str, Any] = wrong
        with pytest.raises(TypeError, match="must not be async"):
            tool(add, scopes=set(), **arguments)


async def test_a_tool_without_books_does_not_write() -> None:
    def add(context: ToolContext) -> Named:
        """Add."""
        return Named(name="", serial=0)

    with pytest.raises(RuntimeError, match="bind it to a runtime"):
        await tool(add, scopes=set(), effect="write").call(ANN, {})
    with pytest.raises(RuntimeError, match="no transaction"):
        _ = ANN.unit


async def test_a_model_of_all_arguments_reaches_function_preparation_and_approval(works: Works) -> None:
    class Order(BaseModel):
        model_config = ConfigDict(extra="forbid", frozen=True)

        name: str
        stage: str = "staging"

    def make(context: ToolContext, order: Order) -> Named:
        """Make a model."""
        context.unit.models.add(Model(order.name, None, context.prepared, context.now, context.principal))
        return Named(name=order.name, serial=0)

    def prepare(context: ToolContext, order: Order) -> str:
        return f"for {order.stage}"

    def plan(context: ToolContext, order: Order) -> dict[str, str]:
        return {"makes": order.name}

    rule = ApprovalRule(when={"stage": ("production",)}, plan=plan)
    works.add([tool(make, scopes=set(), effect="write", approval=rule, prepare=prepare), *approval_tools()])
    keyed = replace(ANN, idempotency_key="k1")
    assert await works.call(keyed, "make", name="one") == await works.call(keyed, "make", name="one", stage="staging")
    with pytest.raises(ApprovalNeeded) as asked:
        await works.call(ANN, "make", name="two", stage="production")
    agreed = await works.call(BOB, "approval_approve", approval=asked.value.approval_id)
    assert agreed.model_dump()["plan"] == {"makes": "two"}
    await works.call(ANN, "make", name="two", stage="production")
    assert names(works) == ["one", "two"]
