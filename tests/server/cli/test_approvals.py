"""`chargehand approvals`."""

import asyncio
from pathlib import Path

import pytest

from edge.kernel.errors import ApprovalNeeded
from server.hub import ledger_tools
from tests.fakes.works import ANN, Works, open_works, require_passed_gate
from tests.server.cli.conftest import Chargehand
from tools.calling.context import LOCAL_ENGINEER, ToolRuntime
from tools.registry.catalogue import load_catalogue
from tools.spec import bind


@pytest.fixture
def works(tmp_path: Path) -> Works:
    """The works of the command's own home, with the real clock."""
    (tmp_path / "home").mkdir(exist_ok=True)
    opened = open_works(tmp_path / "home")
    opened.tools.update(
        {
            spec.name: spec
            for spec in bind(ledger_tools(load_catalogue(), require_passed_gate), ToolRuntime(opened.ledger))
        }
    )
    return opened


def ask(works: Works, reason: str) -> str:
    with pytest.raises(ApprovalNeeded) as caught:
        asyncio.run(works.call(LOCAL_ENGINEER, "retire_model", model="m", reason=reason))
    return caught.value.approval_id


def test_the_way_of_an_approval(chargehand: Chargehand, works: Works) -> None:
    assert chargehand("approvals", "list").out == "No approvals.\n"
    asyncio.run(works.call(LOCAL_ENGINEER, "register_model", name="m"))
    approval, other = ask(works, "too old"), ask(works, "too slow")
    listed = chargehand("approvals", "list").out
    assert approval in listed
    assert "too old" in listed

    mine = chargehand("approvals", "approve", approval)
    assert mine.code == 2
    assert "four eyes" in mine.err

    key = asyncio.run(
        works.call(ANN, "api_key_issue", principal="carol", scopes=["approvals:read", "approvals:decide"])
    )
    carols = {"CHARGEHAND_API_KEY": key.model_dump()["key"]}
    decided = chargehand("approvals", "approve", approval, "-m", "seen", "--json", **carols)
    assert (decided.code, decided.json["state"], decided.json["decided_by"]) == (0, "approved", "carol")
    assert chargehand("approvals", "reject", other, **carols).code == 0
    assert chargehand("approvals", "approve", approval, **carols).code == 1
    assert chargehand("approvals", "approve", "ap-none", **carols).code == 2
    assert chargehand("approvals", "list", "--state", "rejected", "--json", **carols).json["id"] == other
    assert chargehand("approvals", "list", CHARGEHAND_API_KEY="chk_wrong").code == 2
    works.ledger.close()
