"""Callers that come together share a transaction, and each gets what is its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from edge.kernel.errors import StorageFailed
from memory.ledger import Ledger, Unit
from memory.ledger.tenants import Tenant
from memory.ledger.unit import GroupCommit
from tests.memory.ledger.test_repository import NOW


def add(name: str) -> Callable[[Unit], str]:
    def work(unit: Unit) -> str:
        unit.tenants.add(Tenant(name, name, "shared", {}, "active", NOW))
        if name.startswith("bad"):
            raise ValueError(name)
        return name

    return work


def test_those_that_wait_go_together_and_one_that_fails_is_undone_alone(ledger: Ledger) -> None:
    opened: list[str] = []
    first, go_on = threading.Event(), threading.Event()

    @contextmanager
    def unit(tenant: str) -> Any:
        opened.append(tenant)
        with ledger.unit(tenant) as found:
            yield found

    commits = GroupCommit(unit)

    def slow(_: Unit) -> str:
        first.set()
        assert go_on.wait(30)
        return "slow"

    names = ["a", "bad 1", "b", "c", "bad 2", "d"]
    with ThreadPoolExecutor(8) as pool:
        leading = pool.submit(commits.run, "default", slow)
        assert first.wait(30)
        others = {name: pool.submit(commits.run, "default", add(name)) for name in names}
        while len(commits._queues["default"]) < len(names):  # pyright: ignore[reportPrivateUsage]
            threading.Event().wait(0.005)
        go_on.set()
        assert leading.result() == "slow"
        for name, future in others.items():
            if name.startswith("bad"):
                with pytest.raises(ValueError, match=name):
                    future.result()
            else:
                assert future.result() == name
    assert opened == ["default", "default"], "one for the slow one, one for all others"
    with ledger.view("default") as found:
        assert [tenant.id for tenant in found.tenants.all()] == ["a", "b", "c", "d", "default"]


def test_many_callers_of_several_tenants_all_come_through(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(ledger.grouped, f"t{n % 3}", add(f"n{n}")) for n in range(60)]
        assert [future.result() for future in done] == [f"n{n}" for n in range(60)]


def test_when_the_transaction_fails_all_are_told_and_the_next_one_works(ledger: Ledger) -> None:
    broken = [True]

    @contextmanager
    def unit(tenant: str) -> Any:
        with ledger.unit(tenant) as found:
            yield found
            if broken:
                broken.pop()
                raise StorageFailed("The disk is full.")

    commits = GroupCommit(unit)
    with pytest.raises(StorageFailed):
        commits.run("default", add("a"))
    assert commits.run("default", add("a")) == "a"
