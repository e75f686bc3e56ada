"""Approvals: bound to the exact call, good for one use, by four eyes, until they expire."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from edge.kernel.errors import ApprovalNeeded, CallerError, Conflict, InvalidInput, LimitReached, NotAllowed, NotFound
from memory.ledger.tenants import Principal
from memory.ledger.versions import Model
from tests.fakes.works import ANN, BOB, Works
from tools.calling.approval import MAY_DECIDE, MOST_REQUESTED, ApprovalRule
from tools.calling.approval_tools import ApprovalList, ApprovalView, DelegationView, approval_tools
from tools.calling.context import SCOPES
from tools.spec import ToolContext, tool

PLAIN = frozenset(SCOPES - {MAY_DECIDE})
EVE = replace(ANN, principal="eve", scopes=PLAIN)


class Done(BaseModel):
    name: str


def existing(context: ToolContext, name: str, stage: str) -> dict[str, Any]:
    return {"name": name, "models": len(context.unit.models.all())}


@pytest.fixture
def works(works: Works) -> Works:
    def ship(context: ToolContext, name: str, stage: str = "production") -> Done:
        """Ship a model."""
        context.unit.models.add(Model(name, None, stage, context.now, context.principal))
        return Done(name=name)

    rule = ApprovalRule(when={"stage": ("production",)}, lasts_s=3600.0, plan=existing)
    works.add([tool(ship, scopes={"roster:write"}, effect="write", approval=rule), *approval_tools()])
    with works.ledger.unit("default") as unit:
        unit.principals.save(Principal("eve", "person", [], True, works.now))
        unit.principals.save(Principal("old", "person", [], False, works.now))
    return works


async def ask(works: Works, caller: ToolContext = ANN, **arguments: Any) -> str:
    with pytest.raises(ApprovalNeeded) as caught:
        await works.call(caller, "ship", **{"name": "one", **arguments})
    return caught.value.approval_id


async def state_of(works: Works, approval: str) -> str:
    found = await works.call(ANN, "approvals_list")
    assert isinstance(found, ApprovalList)
    return next(one.state for one in found.approvals if one.id == approval)


async def test_the_whole_way(works: Works) -> None:
    approval = await ask(works)
    assert await ask(works) == approval  # asking again asks for the same
    decided = await works.call(BOB, "approval_approve", approval=approval, comment="seen")
    assert isinstance(decided, ApprovalView)
    assert (decided.state, decided.decided_by, decided.plan) == ("approved", "bob", {"name": "one", "models": 0})
    assert await works.call(ANN, "ship", name="one") == Done(name="one")
    assert await state_of(works, approval) == "used"
    assert works.outcomes() == [
        ("ann", "ship", "waiting"),
        ("ann", "ship", "waiting"),
        ("bob", "approval_approve", "done"),
        ("ann", "ship", "done"),
    ]


async def test_what_the_rule_does_not_name_needs_none(works: Works) -> None:
    assert await works.call(ANN, "ship", name="one", stage="staging") == Done(name="one")


async def test_whoever_asked_cannot_agree(works: Works) -> None:
    approval = await ask(works)
    for decide in ("approval_approve", "approval_reject"):
        with pytest.raises(NotAllowed, match="four eyes"):
            await works.call(ANN, decide, approval=approval)
    assert await state_of(works, approval) == "requested"


async def test_who_may_not_decide_does_not(works: Works) -> None:
    approval = await ask(works)
    with pytest.raises(NotAllowed, match=MAY_DECIDE):
        await works.call(EVE, "approval_approve", approval=approval)


async def test_an_approval_is_good_once(works: Works) -> None:
    approval = await ask(works)
    await works.call(BOB, "approval_approve", approval=approval)
    await works.call(ANN, "ship", name="one")
    with pytest.raises(Conflict, match="used"):
        await works.call(replace(ANN, approval_id=approval), "ship", name="one")
    assert await ask(works) != approval


@pytest.mark.parametrize("change", ["arguments", "plan", "caller"])
async def test_an_approval_is_of_exactly_one_call(works: Works, change: str) -> None:
    approval = await ask(works)
    await works.call(BOB, "approval_approve", approval=approval)
    caller, name = replace(ANN, approval_id=approval), "one"
    if change == "arguments":
        name = "two"
    elif change == "plan":
        await works.call(ANN, "ship", name="other", stage="staging")
    else:
        caller = replace(BOB, approval_id=approval)
    with pytest.raises(NotAllowed):
        await works.call(caller, "ship", name=name)
    assert await state_of(works, approval) == "approved"
    assert await ask(works, replace(caller, approval_id=None), name=name) != approval


async def test_what_is_not_used_in_time_expires(works: Works) -> None:
    undecided, decided = await ask(works), await ask(works, name="two")
    await works.call(BOB, "approval_approve", approval=decided)
    works.wait(hours=1)
    with pytest.raises(Conflict, match="expired"):
        await works.call(BOB, "approval_approve", approval=undecided)
    with pytest.raises(Conflict, match="expired"):
        await works.call(replace(ANN, approval_id=decided), "ship", name="two")
    assert await ask(works, name="two") != decided
    assert await state_of(works, decided) == "expired"


async def test_what_was_rejected_or_revoked_is_over(works: Works) -> None:
    rejected, revoked, taken_back = await ask(works), await ask(works, name="two"), await ask(works, name="three")
    await works.call(BOB, "approval_reject", approval=rejected, comment="not now")
    await works.call(BOB, "approval_approve", approval=revoked)
    await works.call(BOB, "approval_revoke", approval=revoked)
    await works.call(ANN, "approval_revoke", approval=taken_back)
    for approval, name in ((rejected, "one"), (revoked, "two"), (taken_back, "three")):
        with pytest.raises(Conflict):
            await works.call(replace(ANN, approval_id=approval), "ship", name=name)
        for decide in ("approval_approve", "approval_reject", "approval_revoke"):
            with pytest.raises(Conflict):
                await works.call(BOB, decide, approval=approval)
        assert await ask(works, name=name) != approval


async def test_others_may_not_revoke(works: Works) -> None:
    approval = await ask(works)
    with pytest.raises(NotAllowed):
        await works.call(EVE, "approval_revoke", approval=approval)


async def test_a_call_that_fails_leaves_its_approval_unused(works: Works) -> None:
    approval = await ask(works)
    await works.call(BOB, "approval_approve", approval=approval)
    with works.ledger.unit("other") as unit:
        unit.models.add(Model("one", None, "", works.now, "x"))
    taken = await ask(works, name="two")
    await works.call(BOB, "approval_approve", approval=taken)
    assert await works.call(ANN, "ship", name="one") == Done(name="one")
    with pytest.raises(ApprovalNeeded):  # the plan counts the models, and there is one more now
        await works.call(ANN, "ship", name="two")


class TestDelegation:
    async def delegated(self, works: Works, giver: ToolContext, **more: Any) -> DelegationView:
        given = await works.call(giver, "approval_delegate", to="eve", hours=0.5, **more)
        assert isinstance(given, DelegationView)
        return given

    async def test_a_delegate_decides_in_the_giver_s_place(self, works: Works) -> None:
        approval = await ask(works)
        await self.delegated(works, BOB)
        decided = await works.call(EVE, "approval_approve", approval=approval)
        assert isinstance(decided, ApprovalView)
        assert (decided.decided_by, decided.on_behalf_of) == ("eve", "bob")

    async def test_the_requester_does_not_agree_through_a_delegate(self, works: Works) -> None:
        approval = await ask(works)
        await self.delegated(works, ANN)
        with pytest.raises(NotAllowed):
            await works.call(EVE, "approval_approve", approval=approval)

    async def test_a_delegate_does_not_decide_its_own_request(self, works: Works) -> None:
        approval = await ask(works, EVE)
        await self.delegated(works, BOB)
        with pytest.raises(NotAllowed, match="four eyes"):
            await works.call(EVE, "approval_approve", approval=approval)

    async def test_it_ends_with_its_time_its_revocation_and_its_tools(self, works: Works) -> None:
        approval = await ask(works)
        await self.delegated(works, BOB, tools=["approval_revoke"])
        revoked = await self.delegated(works, BOB)
        with pytest.raises(NotAllowed):
            await works.call(EVE, "delegation_revoke", delegation=revoked.id)
        await works.call(BOB, "delegation_revoke", delegation=revoked.id)
        with pytest.raises(NotAllowed):
            await works.call(EVE, "approval_approve", approval=approval)
        await self.delegated(works, BOB)
        works.wait(minutes=30)
        with pytest.raises(NotAllowed):
            await works.call(EVE, "approval_approve", approval=approval)

    async def test_a_right_is_given_on_by_who_has_it_and_to_others_alone(self, works: Works) -> None:
        with pytest.raises(NotAllowed):
            await self.delegated(works, replace(EVE, principal="mallory"))
        with pytest.raises(InvalidInput, match="oneself"):
            await self.delegated(works, replace(ANN, principal="eve"))

    async def test_the_tools_that_it_is_for_must_be_there(self, works: Works) -> None:
        with pytest.raises(NotFound, match="no tool 'shipp'") as caught:
            await works.call(BOB, "approval_delegate", to="eve", hours=1, tools=["ship", "shipp"])
        assert caught.value.nearest[0] == "ship"
        found = await works.call(BOB, "approvals_list")
        assert isinstance(found, ApprovalList)
        assert found.delegations == []

    async def test_who_is_to_decide_must_be_there(self, works: Works) -> None:
        with pytest.raises(NotFound) as caught:
            await works.call(BOB, "approval_delegate", to="evee", hours=1)
        assert caught.value.nearest == ("eve",)
        with pytest.raises(Conflict, match="not active"):
            await works.call(BOB, "approval_delegate", to="old", hours=1)
        await works.call(BOB, "approval_delegate", to="local", hours=1)


async def test_an_unknown_approval_comes_with_the_nearest(works: Works) -> None:
    approval = await ask(works)
    with pytest.raises(NotFound) as caught:
        await works.call(BOB, "approval_approve", approval=approval[:-1])
    assert caught.value.nearest == (approval,)


async def test_approvals_of_another_tenant_are_not_there(works: Works) -> None:
    approval = await ask(works)
    works.register_tenant("other")
    stranger = replace(BOB, tenant="other")
    found = await works.call(stranger, "approvals_list")
    assert isinstance(found, ApprovalList)
    assert found.approvals == []
    with pytest.raises(CallerError):
        await works.call(stranger, "approval_approve", approval=approval)


async def test_the_list_is_filtered_before_it_is_cut(works: Works) -> None:
    first = await ask(works, name="first")
    for number in range(5):
        works.wait(seconds=1)
        await works.call(BOB, "approval_reject", approval=await ask(works, name=f"other {number}"))
    found = await works.call(BOB, "approvals_list", state="requested", limit=2)
    assert isinstance(found, ApprovalList)
    assert ([one.id for one in found.approvals], found.more) == ([first], False)


async def test_more_than_two_hundred_are_read_page_by_page(works: Works) -> None:
    asked = [await ask(works, replace(ANN, principal=f"ann{n % 3}"), name=f"n{n}") for n in range(205)]
    works.wait(seconds=1)
    seen, before = list[str](), None
    while True:
        found = await works.call(BOB, "approvals_list", limit=90, before=before)
        assert isinstance(found, ApprovalList)
        seen += [one.id for one in found.approvals]
        if not found.more:
            break
        before = seen[-1]
    assert sorted(seen) == sorted(asked)


async def test_what_expired_is_found_as_expired(works: Works) -> None:
    approval = await ask(works)
    works.wait(hours=2)
    for state, wanted in (("requested", []), ("expired", [approval])):
        found = await works.call(BOB, "approvals_list", state=state)
        assert isinstance(found, ApprovalList)
        assert [one.id for one in found.approvals] == wanted


async def test_one_principal_cannot_flood_who_decides(works: Works) -> None:
    for number in range(MOST_REQUESTED):
        await ask(works, name=f"n{number}")
    with pytest.raises(LimitReached, match="wait for a decision"):
        await works.call(ANN, "ship", name="one too many")
    await ask(works, BOB, name="another's")
    await ask(works, name="n0")  # what was asked for already is still told
    works.wait(hours=2)
    await ask(works, name="later")
