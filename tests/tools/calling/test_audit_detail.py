"""Audit entries of changes say on what they acted, without what is secret."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from tools.calling.audit_detail import done_in_words


class Made(BaseModel):
    id: str = "thing-1"


class Nothing(BaseModel):
    pass


def said(arguments: dict[str, Any], result: BaseModel | None = None) -> dict[str, Any]:
    return json.loads(done_in_words(arguments, result or Nothing()))


def test_what_it_acted_on_and_what_it_made() -> None:
    assert said({"target": "support", "percent": 10, "reason": None}, Made()) == {
        "target": "support",
        "percent": 10,
        "->": "thing-1",
    }


@pytest.mark.parametrize(
    "arguments",
    [
        {"token": "che_0123456789abcdef"},
        {"settings": {"password": "0123456789abcdef"}},
        {"headers": [{"authorization": "0123456789abcdef"}]},
        {"text": "my key is chk_0123456789abcdef, thanks"},
        {"note": "Bearer 0123456789abcdef"},
    ],
)
def test_secrets_are_masked(arguments: dict[str, Any]) -> None:
    assert "0123456789abcdef" not in done_in_words(arguments, Nothing())


def test_large_arguments_are_counted_not_told() -> None:
    line = done_in_words({"events": [{"n": n} for n in range(10_000)], "text": "x" * 1_000_000}, Nothing())
    assert len(line) < 300
    assert "10000 entries" in line


def test_a_list_of_few_is_told() -> None:
    assert said({"scopes": ["roster:read", "audit:read"]}) == {"scopes": ["roster:read", "audit:read"]}
