"""`chargehand tools`: every operation by name, with the exit codes of the contract."""

import json

import pytest

from edge.kernel.errors import InvalidInput
from server.cli.tools import read_arguments
from tests.server.cli.conftest import Chargehand


def test_the_tools_that_the_caller_may_call_are_listed(chargehand: Chargehand) -> None:
    names = [json.loads(line)["name"] for line in chargehand("tools", "list", "--json").out.splitlines()]
    assert {"roster_list", "register_model", "api_key_issue"} <= set(names)
    assert len(set(names)) == len(names)
    assert "register_model " in chargehand("tools", "list").out


def test_a_change_its_repeat_and_its_refusals(chargehand: Chargehand) -> None:
    once = ("tools", "call", "register_model", '{"name": "support"}', "--idempotency-key", "k")
    first, again = chargehand(*once), chargehand(*once)
    assert (first.code, first.json["name"]) == (0, "support")
    assert again.json == first.json
    assert chargehand("tools", "call", "register_model", '{"name": "support"}').code == 1
    assert chargehand("tools", "call", "register_model", '{"nam": "support"}').code == 2
    assert chargehand("tools", "call", "register_modle", "{}").code == 2
    assert [model["name"] for model in chargehand("tools", "call", "models_list").json["models"]] == ["support"]


def test_what_waits_for_an_approval_says_so_and_names_it(chargehand: Chargehand) -> None:
    chargehand("tools", "call", "register_model", '{"name": "support"}')
    waits = chargehand("tools", "call", "retire_model", '{"model": "support", "reason": "never used"}')
    assert waits.code == 4
    assert "ap-" in waits.err
    assert waits.out == ""


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '"{}"'])
def test_arguments_are_a_json_object(text: str) -> None:
    with pytest.raises(InvalidInput, match="not "):
        read_arguments(text)
    assert read_arguments('{"a": [1]}') == {"a": [1]}
