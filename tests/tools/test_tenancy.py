"""API keys: shown once, kept as hashes, good for what both the key and its principal may."""

from dataclasses import replace
from typing import Any

import pytest

from edge.kernel.errors import ApprovalNeeded, CallerError, Conflict, InvalidInput, NotAllowed
from server.authentication import resolve_caller
from tests.fakes.works import ANN, BOB, Works
from tools.calling.approval_tools import approval_tools
from tools.calling.context import LOCAL_ENGINEER, SCOPES, ToolContext
from tools.tenancy import ApiKeyList, NewApiKey, find_caller, key_tools, tenant_tools

CAROL = replace(BOB, principal="cleo")


@pytest.fixture
def works(works: Works) -> Works:
    works.add([*key_tools(), *tenant_tools(), *approval_tools()])
    return works


async def issue(works: Works, caller: ToolContext = ANN, **more: Any) -> NewApiKey:
    arguments = {"principal": "carol", "scopes": ["roster:read", "approvals:decide"], **more}
    made = await works.agree(caller, CAROL, "api_key_issue", **arguments)
    assert isinstance(made, NewApiKey)
    return made


async def test_a_key_says_who_calls(works: Works) -> None:
    made = await issue(works)
    caller = find_caller(works.ledger, made.key, works.now)
    assert caller == ToolContext("carol", "default", frozenset({"roster:read", "approvals:decide"}))
    assert len(made.key) > 43


async def test_a_key_is_kept_nowhere(works: Works) -> None:
    made = await issue(works, replace(ANN, idempotency_key="k"))
    with works.ledger.database.read() as connection:
        dump = "\n".join(connection.connection.iterdump())  # type: ignore[attr-defined]
    assert made.key not in dump
    assert made.view.id in dump
    with pytest.raises(Conflict, match="only once"):
        await issue(works, replace(ANN, idempotency_key="k"))


async def test_a_key_ends_when_it_is_revoked_or_expires(works: Works) -> None:
    revoked, short = await issue(works), await issue(works, days=1)
    await works.call(ANN, "api_key_revoke", key=revoked.view.id)
    await works.call(ANN, "api_key_revoke", key=revoked.view.id)
    assert find_caller(works.ledger, short.key, works.now).principal == "carol"
    works.wait(days=1)
    for made in (revoked, short):
        with pytest.raises(NotAllowed, match="not valid"):
            find_caller(works.ledger, made.key, works.now)
    listed = await works.call(ANN, "api_keys_list")
    assert isinstance(listed, ApiKeyList)
    assert {key.id: key.revoked for key in listed.keys} == {revoked.view.id: True, short.view.id: False}


async def test_a_suspended_tenant_s_keys_are_not_valid(works: Works) -> None:
    await works.call(ANN, "register_tenant", name="acme")
    made = await issue(works, tenant="acme")
    assert find_caller(works.ledger, made.key, works.now).tenant == "acme"
    await works.call(ANN, "manage_tenant_resources", tenant="acme", state="suspended")
    with pytest.raises(NotAllowed):
        find_caller(works.ledger, made.key, works.now)


async def test_nobody_gives_away_what_they_do_not_have(works: Works) -> None:
    lesser = replace(BOB, scopes=frozenset({"keys:admin", "roster:read"}))
    with pytest.raises(NotAllowed, match="approvals:decide"):
        await issue(works, lesser)
    with pytest.raises(NotAllowed, match="administer the tenant"):
        await issue(works, lesser, scopes=["roster:read"], tenant="acme")
    with pytest.raises(NotAllowed, match="themselves"):
        await issue(works, ANN, principal="ann")
    with pytest.raises(InvalidInput, match="no scope roster:own"):
        await issue(works, scopes=["roster:own"])
    assert (await issue(works, lesser, scopes=["*"])).view.scopes == ["keys:admin", "roster:read"]


async def test_nobody_alone_makes_a_key_for_somebody_who_is_there_already(works: Works) -> None:
    await issue(works)
    with pytest.raises(ApprovalNeeded) as needed:
        await works.call(ANN, "api_key_issue", principal="carol", scopes=["audit:read"])
    with works.ledger.view("default") as unit:
        (asked,) = unit.approvals.all("requested", at=works.now)
    assert (asked.plan["exists"], asked.plan["adds"]) == (True, ["audit:read"])
    with pytest.raises(NotAllowed, match="four eyes"):
        await works.call(ANN, "approval_approve", approval=needed.value.approval_id)
    await works.call(BOB, "approval_approve", approval=needed.value.approval_id)
    made = await works.call(ANN, "api_key_issue", principal="carol", scopes=["audit:read"])
    assert isinstance(made, NewApiKey)
    assert find_caller(works.ledger, made.key, works.now).scopes == {"audit:read"}


@pytest.mark.parametrize("name", ["local", "hub"])
@pytest.mark.parametrize("tenant", [None, "acme"])
async def test_nobody_gets_a_key_in_the_name_of_who_acts_without_one(works: Works, name: str, tenant: str | None):
    works.register_tenant("acme")
    with pytest.raises(NotAllowed, match="acts without one"):
        await issue(works, principal=name, tenant=tenant)


async def test_nobody_alone_makes_a_second_self_who_could_agree(works: Works) -> None:
    await works.call(LOCAL_ENGINEER, "api_key_issue", principal="first", scopes=["approvals:decide"])
    for scopes in (["approvals:decide"], ["keys:admin"], ["*"]):
        with pytest.raises(ApprovalNeeded):
            await works.call(ANN, "api_key_issue", principal="puppet", scopes=scopes)
    await works.call(ANN, "api_key_issue", principal="reader", scopes=["roster:read"])


async def test_the_audit_says_whose_key_was_made_and_not_the_key(works: Works) -> None:
    made = await issue(works)
    (entry,) = works.audit()
    assert (entry.tool, entry.outcome) == ("api_key_issue", "done")
    assert '"principal":"carol"' in entry.detail
    assert made.view.id in entry.detail
    assert made.key not in entry.detail


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer chk_wrong", "chk_wrong", "Bearer \udcff"]
)
def test_headers_that_prove_nothing(works: Works, header: str) -> None:
    with pytest.raises(NotAllowed):
        resolve_caller(works.ledger, header, works.now, ANN)


async def test_headers(works: Works) -> None:
    made = await issue(works)
    for header in (f"Bearer {made.key}", f"bearer  {made.key} "):
        assert resolve_caller(works.ledger, header, works.now, None).principal == "carol"
    assert resolve_caller(works.ledger, None, works.now, ANN) == ANN
    with pytest.raises(NotAllowed, match="only to API keys"):
        resolve_caller(works.ledger, None, works.now, None)


async def test_every_scope_is_known(works: Works) -> None:
    assert all(spec.scopes <= SCOPES for spec in works.tools.values())


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "ACME"},
        {"name": "default"},
        {"name": "a", "quotas": {"wishes": 3}},
        {"name": "a", "quotas": {"requests_per_minute": -1}},
        {"name": "a", "isolation": "none"},
        {"name": ""},
    ],
)
async def test_tenants_that_cannot_be_registered(works: Works, arguments: dict[str, Any]) -> None:
    with pytest.raises(CallerError):
        await works.call(ANN, "register_tenant", **arguments)


async def test_quotas_are_set_lifted_and_kept(works: Works) -> None:
    await works.call(ANN, "register_tenant", name="acme", isolation="hybrid", quotas={"requests_per_minute": 60})
    change = {"tokens_per_day": 1000, "requests_per_minute": None}
    changed = (await works.call(ANN, "manage_tenant_resources", tenant="acme", quotas=change)).model_dump()
    assert (changed["quotas"], changed["isolation"]) == ({"tokens_per_day": 1000}, "hybrid")
    for wrong in ({}, {"quotas": {"wishes": None}}, {"state": "suspended", "tenant": "default"}):
        with pytest.raises(InvalidInput):
            await works.call(ANN, "manage_tenant_resources", **{"tenant": "acme", **wrong})
