"""Tenants are kept apart in one place, whatever a repository asks for."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.kernel.errors import NotAllowed
from memory.home import open_home
from memory.ledger import Ledger, open_ledger
from memory.ledger.audit import audit
from memory.ledger.documents import documents, outbox, watermarks
from memory.ledger.governance import evaluations
from memory.ledger.scope import TenantScope
from memory.ledger.tables import metadata
from memory.ledger.tenants import tenants
from memory.ledger.threads import threads
from memory.ledger.unit import ADMINISTRATIVE
from memory.ledger.versions import Model, aliases, models, versions
from tests.effort import times

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TENANTS = ("acme", "globex")
NAMES = st.sampled_from(["one", "two", "three"])


def model(name: str, by: str) -> Model:
    return Model(name, None, f"of {by}", NOW, by)


def test_a_tenant_sees_and_changes_its_own_rows_alone(ledger: Ledger) -> None:
    for tenant in TENANTS:
        with ledger.unit(tenant) as unit:
            unit.models.add(model("same", tenant))
    with ledger.database.write() as connection:
        scope = TenantScope(connection, "acme")
        assert [row["created_by"] for row in scope.rows(sa.select(models))] == ["acme"]
        assert scope.update(models, {"description": "mine"}, models.c.name == "same") == 1
        scope.upsert(models, {**vars_of(model("same", "acme")), "description": "mine too"})
        assert scope.delete(models) == 1
        assert [row["description"] for row in TenantScope(connection, "globex").rows(sa.select(models))] == [
            "of globex"
        ]


def vars_of(item: Model) -> dict[str, object]:
    return {name: getattr(item, name) for name in Model.__dataclass_fields__}


def test_rows_of_another_tenant_are_not_written(ledger: Ledger) -> None:
    with ledger.database.write() as connection:
        scope = TenantScope(connection, "acme")
        theirs = {**vars_of(model("m", "x")), "tenant": "globex"}
        for write in (scope.insert, scope.upsert, scope.update):
            with pytest.raises(NotAllowed, match="another tenant"):
                write(models, theirs)


def test_tables_without_a_tenant_are_refused_unless_they_are_named(ledger: Ledger) -> None:
    with ledger.database.write() as connection:
        scope = TenantScope(connection, "acme")
        for table in (tenants, watermarks):
            with pytest.raises(NotAllowed, match="belongs to no tenant"):
                scope.rows(sa.select(table))
            with pytest.raises(NotAllowed):
                scope.delete(table)
        assert len(TenantScope(connection, "acme", ADMINISTRATIVE).rows(sa.select(tenants))) == 1


QUERIES = {
    "a subquery": sa.select(sa.select(models).subquery()),
    "an alias": sa.select(models.alias()),
    "a table expression": sa.select(sa.select(models).cte()),
    "an inner query of the condition": sa.select(models).where(models.c.name.in_(sa.select(versions.c.model))),
    "a scalar": sa.select(sa.select(sa.func.count()).select_from(versions).scalar_subquery()).select_from(models),
    "a condition that exists elsewhere": sa.select(models).where(sa.exists(sa.select(versions))),
    "text": sa.select(models).where(sa.text("1 = 1")),
    "text for a table": sa.select(sa.text("*")).select_from(sa.text("models")),
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_queries_that_could_read_past_the_tenant_are_refused(ledger: Ledger, query: sa.Select[object]) -> None:
    with ledger.database.read() as connection, pytest.raises(NotAllowed, match="whole tables"):
        TenantScope(connection, "acme").rows(query)


def test_conditions_that_could_reach_past_the_tenant_are_refused(ledger: Ledger) -> None:
    with ledger.database.write() as connection:
        scope = TenantScope(connection, "acme")
        for condition in (aliases.c.name == "x", models.c.name.in_(sa.select(aliases.c.name)), sa.text("1 = 1")):
            with pytest.raises(NotAllowed, match="whole tables"):
                scope.update(models, {"description": "x"}, condition)  # type: ignore[arg-type]
            with pytest.raises(NotAllowed, match="whole tables"):
                scope.delete(models, condition)  # type: ignore[arg-type]


def test_joins_are_narrowed_on_both_sides(ledger: Ledger) -> None:
    for tenant in TENANTS:
        with ledger.unit(tenant) as unit:
            unit.models.add(model("same", tenant))
    query = sa.select(models.c.created_by).select_from(models.outerjoin(versions, models.c.name == versions.c.model))
    with ledger.database.read() as connection:
        compiled = str(TenantScope(connection, "acme")._narrowed(query))
        assert "models.tenant = " in compiled
        assert "versions.tenant = " in compiled


def test_every_table_has_a_tenant_or_is_known_not_to_have_one() -> None:
    without = {table.name for table in metadata.tables.values() if "tenant" not in table.c}
    assert without == {tenants.name, watermarks.name, "chunks", "questions"}  # the last two by their parent
    shared_keys = {
        table.name
        for table in metadata.tables.values()
        if "tenant" in table.c and "tenant" not in table.primary_key.columns
    }
    assert shared_keys == {documents.name, threads.name, outbox.name}
    assert "tenant" in evaluations.primary_key.columns
    assert "tenant" in audit.primary_key.columns


@settings(max_examples=times(4, 15))
@given(st.lists(st.tuples(st.sampled_from(TENANTS), NAMES, st.sampled_from(["put", "drop"])), max_size=12))
def test_whatever_two_tenants_do_neither_notices(steps: list[tuple[str, str, str]]) -> None:
    """Against a model: a dictionary for each tenant."""
    expected: dict[str, dict[str, str]] = {tenant: {} for tenant in TENANTS}
    ledger = SHARED.get()
    for tenant in TENANTS:
        with ledger.database.write() as connection:
            TenantScope(connection, tenant).delete(models)
    for number, (tenant, name, step) in enumerate(steps):
        with ledger.database.write() as connection:
            scope = TenantScope(connection, tenant)
            if step == "put":
                scope.upsert(models, vars_of(model(name, str(number))))
                expected[tenant][name] = str(number)
            else:
                scope.delete(models, models.c.name == name)
                expected[tenant].pop(name, None)
    for tenant in TENANTS:
        with ledger.view(tenant) as unit:
            assert {found.name: found.created_by for found in unit.models.all()} == expected[tenant]


class _Shared:
    """One ledger for all examples of a property: opening one for each would take longer than the property."""

    def __init__(self) -> None:
        self._ledger: Ledger | None = None

    def get(self) -> Ledger:
        assert self._ledger is not None
        return self._ledger

    def use(self, ledger: Ledger | None) -> None:
        self._ledger = ledger


SHARED = _Shared()


@pytest.fixture(autouse=True, scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory):
    ledger = open_ledger(open_home(tmp_path_factory.mktemp("scope")).ledger)
    SHARED.use(ledger)
    yield
    ledger.close()
    SHARED.use(None)
