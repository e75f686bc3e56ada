"""A row's fields are its table's columns, with the types that are annotated there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from memory.ledger.tables import BigInt, Instant, Key, Max16, Name, columns_of
from memory.ledger.tenants import tenants
from memory.ledger.versions import models


@dataclass(frozen=True, slots=True)
class Row:
    id: Key[Name]
    kind: Max16[Literal["a", "b"]]
    note: str
    size_bytes: BigInt
    at: datetime
    body: Mapping[str, Any]
    parent: Name | None = None
    answer: Mapping[str, Any] | None = None


COLUMNS = {column.name: column for column in columns_of(Row)}


def test_types_lengths_and_nulls_are_those_of_the_annotations() -> None:
    found = {
        name: (type(column.type), getattr(column.type, "length", None), column.nullable)
        for name, column in COLUMNS.items()
    }
    assert found == {
        "id": (sa.String, 200, False),
        "kind": (sa.String, 16, False),
        "note": (sa.Text, None, False),
        "size_bytes": (sa.BigInteger, None, False),
        "at": (Instant, None, False),
        "body": (sa.JSON, None, False),
        "parent": (sa.String, 200, True),
        "answer": (sa.JSON, None, True),
    }


def test_the_key_is_what_is_marked_and_no_json_is_null_where_it_may_be_null() -> None:
    assert [name for name, column in COLUMNS.items() if column.primary_key] == ["id"]
    nulls = {name: column.type.none_as_null for name, column in COLUMNS.items() if isinstance(column.type, sa.JSON)}
    assert nulls == {"body": False, "answer": True}


def test_a_table_has_its_tenant_first_in_the_key_unless_it_is_nobody_s() -> None:
    assert [column.name for column in models.primary_key.columns] == ["tenant", "name"]
    assert [column.name for column in tenants.primary_key.columns] == ["id"]
