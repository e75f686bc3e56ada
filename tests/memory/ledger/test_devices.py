"""What an exchange begins with is read at once, and is the same as read one by one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from edge.kernel.errors import NotAllowed
from memory.ledger import Ledger
from memory.ledger.desired import DesiredHead, DesiredItem
from memory.ledger.device_events import Rejected
from memory.ledger.devices import Device, Stream, Uplink, devices
from memory.ledger.scope import JoinedRow, TenantScope
from memory.ledger.tenants import tenants
from memory.ledger.unit import ADMINISTRATIVE

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STREAM = "a" * 32


def stored(ledger: Ledger, tenant: str, group: str) -> None:
    """A device `d` with a stream, and much else beside it."""
    with ledger.unit(tenant) as unit:
        for name in ("d", "e"):
            unit.devices.add(Device(name, group, "enrolled", NOW))
            unit.uplinks.save(Uplink(name, f"key of {name} of {tenant}", {"cores": 4}, seen_at=NOW))
            unit.streams.add(Stream(name, STREAM, 1, 7, "c" * 64, NOW, {"telemetry": 2}))
            unit.streams.add(Stream(name, "b" * 32, 2, 9, "d" * 64, NOW))


def test_all_of_it_is_what_is_read_one_by_one(ledger: Ledger) -> None:
    stored(ledger, "acme", "hall")
    with ledger.unit("acme") as unit:
        for name in ("one", "two"):
            unit.desired.put(DesiredItem("device", "d", "prompt", name, 3, {"text": name}, NOW, "ann"))
            unit.device_events.set_aside(Rejected("d", name, STREAM, 1, "why", "{}", NOW))
        unit.desired.set_head(DesiredHead(5, 4, 2))
        found = unit.device_sessions.find("d", STREAM)
        assert found is not None
        assert (found.group, found.state) == ("hall", "enrolled")
        assert (found.uplink, found.stream) == (unit.uplinks.find("d"), unit.streams.find("d", STREAM))
        assert (found.head, found.has_own, found.has_rejected) == (unit.desired.head(), True, True)
        other = unit.device_sessions.find("e", "f" * 32)
        assert other is not None
        assert (other.stream, other.has_own, other.has_rejected) == (None, False, False)


def test_who_is_not_there_or_never_had_a_key_is_not_found(ledger: Ledger) -> None:
    with ledger.unit("acme") as unit:
        unit.devices.add(Device("keyless", "hall", "enrolled", NOW))
        assert unit.device_sessions.find("keyless", STREAM) is None
        assert unit.device_sessions.find("nobody", STREAM) is None


def test_another_tenant_s_rows_are_not_read(ledger: Ledger) -> None:
    stored(ledger, "acme", "hall")
    with ledger.unit("globex") as unit:
        unit.devices.add(Device("d", "yard", "revoked", NOW))
        unit.uplinks.save(Uplink("d", "key of globex"))
        found = unit.device_sessions.find("d", STREAM)
        assert found is not None
        assert (found.group, found.state, found.uplink, found.stream) == (
            "yard",
            "revoked",
            Uplink("d", "key of globex"),
            None,
        )
        assert found.head == DesiredHead()
    with ledger.unit("acme") as unit:
        met = unit.device_sessions.find("d", STREAM)
        assert met is not None
        assert replace(met.uplink, seen_at=None).public_key == "key of d of acme"


def test_tables_without_a_tenant_are_not_joined(ledger: Ledger) -> None:
    parts = (JoinedRow(devices, ("id",)), JoinedRow(tenants, ("id",)))
    with ledger.database.read() as connection, pytest.raises(NotAllowed):
        TenantScope(connection, "acme", ADMINISTRATIVE).find_joined(parts, {})


def test_it_is_one_statement(ledger: Ledger) -> None:
    stored(ledger, "acme", "hall")
    with ledger.database.read() as connection:
        made: list[str] = []
        sa.event.listen(connection, "before_cursor_execute", lambda *given: made.append(given[2]))
        names = ("id", "group")
        (found,) = TenantScope(connection, "acme").find_joined(
            (JoinedRow(devices, names, (("id", "device"),)),), {"device": "d"}
        ) or (None,)
    assert found == {"id": "d", "group": "hall"}
    assert len(made) == 1
