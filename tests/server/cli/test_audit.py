"""`chargehand audit`."""

import sqlite3
from pathlib import Path

from memory.ledger import open_ledger
from tests.fakes.audit_entries import append_entries
from tests.server.cli.conftest import Chargehand


def test_a_whole_log(chargehand: Chargehand, tmp_path: Path) -> None:
    assert chargehand("audit", "verify").code == 0
    append_entries(tmp_path / "home" / "ledger.sqlite", 3)
    done = chargehand("audit", "verify", "--json")
    assert (done.code, done.json["whole"], done.json["checked"], done.json["bad_sequence"]) == (0, True, 3, None)
    assert "3 entries of default" in chargehand("audit", "verify").out
    assert chargehand("audit", "verify", "--noted", done.json["head"]).code == 0
    assert chargehand("audit", "verify", "--noted", "5:" + "0" * 64).code == 1
    assert chargehand("audit", "verify", "--noted", "nonsense").code == 2


def test_a_broken_log(chargehand: Chargehand, tmp_path: Path) -> None:
    append_entries(tmp_path / "home" / "ledger.sqlite", 3)
    with sqlite3.connect(tmp_path / "home" / "ledger.sqlite") as connection:
        connection.execute("UPDATE audit SET principal = 'eve' WHERE sequence = 2")
    connection.close()
    done = chargehand("audit", "verify", "--json")
    assert (done.code, done.json["whole"], done.json["bad_sequence"]) == (1, False, 2)
    assert "Entry 2 was altered" in chargehand("audit", "verify").out
    assert "eve" in chargehand("audit", "list").out


def test_opening_a_home_keeps_the_log(chargehand: Chargehand, tmp_path: Path) -> None:
    append_entries(tmp_path / "home" / "ledger.sqlite", 1)
    open_ledger(tmp_path / "home" / "ledger.sqlite").close()
    assert chargehand("audit", "list", "--json").json["sequence"] == 1
