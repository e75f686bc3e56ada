"""What an exchange costs the hub: a device that comes every minute pays it every minute."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from edge.kernel.protocol.events import FIRST_CHAIN, chain
from tests.fakes.simulation.ledger_hubs import LedgerHub


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[tuple[LedgerHub, list[str]]]:
    """A hub with some devices and wants, and the statements that it makes from now on."""
    hub = LedgerHub(tmp_path)
    for name in ("a", "b", "c"):
        hub.enrolled(name)
    hub.want("b", 1, "of another")
    made: list[str] = []
    with hub.ledger.database.read() as connection:
        sa.event.listen(connection.engine, "before_cursor_execute", lambda *given: made.append(given[2]))
    yield hub, made
    hub.close()


def request(after: int, through: int, **given: Any) -> dict[str, Any]:
    chains, events = [FIRST_CHAIN], list[dict[str, Any]]()
    for seq in range(1, through + 1):
        values: tuple[Any, ...] = (seq, "note", "", "boot", 1.0, {"n": seq})
        chains.append(chain(chains[-1], *values))
        names = ("seq", "kind", "at", "boot", "uptime_s", "body")
        events.append({**dict(zip(names, values, strict=True)), "chain": chains[-1]})
    places = {"after_chain": chains[after], "through_chain": chains[through]}
    return {"stream": "a" * 32, "after": after, "through": through, "events": events[after:], **places, **given}


def test_few_statements_whatever_comes(fleet: tuple[LedgerHub, list[str]]) -> None:
    hub, made = fleet
    hub.handle("a", "edge_sync", request(0, 3), 0.0)
    made.clear()
    hub.handle("a", "edge_sync", request(3, 9, have_revision=1), 1.0)
    assert [statement.split()[0] for statement in made] == ["BEGIN", "SELECT", "INSERT", "UPDATE", "UPDATE"]
    made.clear()
    hub.handle("a", "edge_sync", request(9, 9, have_revision=1), 2.0)
    assert [statement.split()[0] for statement in made] == ["BEGIN", "SELECT", "UPDATE"], "nothing to tell"
