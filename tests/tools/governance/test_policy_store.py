"""Policies that are kept in the ledger."""

from typing import Any

import pytest

from edge.kernel.errors import ApprovalNeeded, CallerError, Conflict, InvalidInput, NotAllowed, NotFound
from memory.ledger.governance import StoredPolicy
from tests.fakes.judged import equip, measure, register
from tests.fakes.works import ANN, BOB, Works
from tools.governance.policy_store import PolicyList

STRICT = """\
schema: 1
metrics:
  politeness: {low: 0, high: 1}
policies:
  - id: house
    title: The house's own rule
    rules:
      - id: polite
        require: evaluation.politeness >= 0.9
"""
LAX = """\
schema: 1
policies:
  - id: open
    title: Measured at all
    rules: [{id: measured, require: evaluation.accuracy >= 0}]
"""
WRONG = """\
schema: 1
policies:
  - id: house
    title: The house's own rule
    rules:
      - id: polite
        require: evaluation.acuracy >= 0.9
"""


@pytest.fixture
async def works(works: Works) -> Works:
    await equip(works)
    await register(works, "1")
    await measure(works, "faq@1")
    return works


async def change(works: Works, action: str, name: str, **more: Any) -> PolicyList:
    done = await works.agree(ANN, BOB, "manage_security_policies", action=action, name=name, **more)
    assert isinstance(done, PolicyList)
    return done


async def verdict(works: Works) -> str:
    return (await works.call(ANN, "gate_check", version="faq@1")).model_dump()["verdict"]


async def listed(works: Works) -> dict[str, bool]:
    found = await works.call(ANN, "manage_security_policies", action="list")
    assert isinstance(found, PolicyList)
    assert (await works.call(ANN, "policies_list")) == found
    return {policy.name: policy.active for policy in found.policies}


async def test_the_default_holds_where_a_tenant_has_none(works: Works) -> None:
    assert await listed(works) == {"default": True}
    assert await verdict(works) == "pass"
    shown = await works.call(ANN, "manage_security_policies", action="show", name="default")
    assert "schema: 1" in shown.model_dump()["policies"][0]["text"]


async def test_a_policy_holds_from_when_it_is_active_until_it_is_not(works: Works) -> None:
    put = await change(works, "put", "strict", text=STRICT)
    assert (put.policies[0].active, put.policies[0].rules, put.policies[0].revision) == (False, ["house/polite"], 0)
    assert await verdict(works) == "pass"
    active = await change(works, "activate", "strict")
    assert active.digest != put.digest
    assert await listed(works) == {"default": False, "strict": True}
    assert await verdict(works) == "insufficient evidence"
    await works.call(ANN, "evaluation_record", version="faq@1", metric="politeness", value=0.95, n=9, dataset="d")
    assert await verdict(works) == "pass"
    await change(works, "put", "lax", text=LAX)
    both = await change(works, "activate", "lax")
    assert both.digest not in {active.digest, put.digest}
    await change(works, "deactivate", "strict")
    await change(works, "deactivate", "lax")
    assert await listed(works) == {"default": True, "lax": False, "strict": False}
    again = await change(works, "put", "strict", text=STRICT + "# changed\n")
    assert again.policies[0].revision == 3


async def test_a_change_takes_four_eyes_and_is_bound_to_the_exact_text(works: Works) -> None:
    with pytest.raises(ApprovalNeeded) as caught:
        await works.call(ANN, "manage_security_policies", action="put", name="lax", text=LAX)
    approval = caught.value.approval_id
    with pytest.raises(NotAllowed, match="four eyes"):
        await works.call(ANN, "approval_approve", approval=approval)
    await works.call(BOB, "approval_approve", approval=approval)
    with pytest.raises(ApprovalNeeded):
        await works.call(ANN, "manage_security_policies", action="put", name="lax", text=LAX.replace("0", "1"))
    assert await listed(works) == {"default": True}
    await works.call(ANN, "manage_security_policies", action="put", name="lax", text=LAX)
    assert await listed(works) == {"default": True, "lax": False}
    with pytest.raises(ApprovalNeeded):  # it was good for once
        await works.call(ANN, "manage_security_policies", action="put", name="lax", text=LAX)


async def test_a_policy_that_does_not_load_is_refused_with_its_line(works: Works) -> None:
    with pytest.raises(InvalidInput, match=r"house:7: .*Nearest: evaluation\.accuracy"):
        await works.call(ANN, "manage_security_policies", action="put", name="house", text=WRONG)
    with pytest.raises(InvalidInput, match=r"house:2: not YAML"):
        await works.call(ANN, "manage_security_policies", action="put", name="house", text="a: [\n")
    assert works.outcomes()[-1] == ("ann", "manage_security_policies", "refused")
    with works.ledger.view("default") as unit:
        assert unit.approvals.all() == []  # nobody was asked


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"action": "show"}, InvalidInput, "needs the name"),
        ({"action": "list", "name": "x"}, InvalidInput, "takes no name"),
        ({"action": "put", "name": "x"}, InvalidInput, "needs the text"),
        ({"action": "activate"}, InvalidInput, "needs the name"),
        ({"action": "activate", "name": "strict", "text": LAX}, InvalidInput, "takes no text"),
        ({"action": "list", "text": LAX}, InvalidInput, "takes no text"),
        ({"action": "put", "name": "default", "text": LAX}, InvalidInput, "cannot be changed"),
        ({"action": "deactivate", "name": "strict"}, Conflict, "not active already"),
        ({"action": "delete", "name": "strict"}, InvalidInput, "action: "),
        ({"action": "put", "name": "../x", "text": LAX}, InvalidInput, "name: "),
    ],
)
async def test_bad_usage(works: Works, arguments: dict[str, Any], error: type[CallerError], said: str) -> None:
    await change(works, "put", "strict", text=STRICT)
    with pytest.raises(error, match=said):
        await works.call(ANN, "manage_security_policies", **arguments)


async def test_unknown_names_come_with_the_nearest(works: Works) -> None:
    await change(works, "put", "strict", text=STRICT)
    for action in ("show", "activate", "deactivate"):
        with pytest.raises(NotFound) as caught:
            await works.call(ANN, "manage_security_policies", action=action, name="strickt")
        assert caught.value.nearest == ("strict",)


async def test_a_policy_that_loads_no_more_holds_the_gates_until_it_is_deactivated(works: Works) -> None:
    with works.ledger.unit("default") as unit:
        unit.policies.save(StoredPolicy("old", WRONG, "sha256:0", active=True, updated_at=works.now, updated_by="ann"))
    with pytest.raises(InvalidInput, match="acuracy"):
        await verdict(works)
    found = await works.call(ANN, "policies_list")
    assert isinstance(found, PolicyList)
    assert [("acuracy" in one.problem, one.active) for one in found.policies] == [(False, False), (True, True)]
    assert found.digest == ""
    await change(works, "deactivate", "old")
    assert await verdict(works) == "pass"


async def test_two_active_policies_do_not_share_an_id(works: Works) -> None:
    for name in ("strict", "stricter"):
        await change(works, "put", name, text=STRICT)
    await change(works, "activate", "strict")
    with pytest.raises(Conflict, match="strict has house too"):
        await works.call(ANN, "manage_security_policies", action="activate", name="stricter")
