"""`chargehand chat` with orders: who acts, and the exit codes of what was refused and of what waits."""

import json
from pathlib import Path

import pytest

from tests.server.cli.conftest import Chargehand

BASE = {"base": "smollm2-135m", "quantisation": "Q4_1"}
RETIRE = "retire crew@1 because crew@2 replaced it"
PROMOTE = "promote crew@2 to champion"


def tool(chargehand: Chargehand, name: str, /, **arguments: object) -> dict[str, object]:
    done = chargehand("tools", "call", name, json.dumps(arguments))
    assert done.code == 0, done.err
    return done.json


@pytest.fixture
def crew(ready: Path, chargehand: Chargehand) -> Chargehand:
    """A home with two versions that nobody has judged."""
    tool(chargehand, "register_model", name="crew", based_on="smollm2-135m")
    for label in ("1", "2"):
        content = {**BASE, "adapter": label}
        tool(chargehand, "register_version", model="crew", label=label, reference="local:x", content=content)
    return chargehand


def test_what_a_gate_refused_is_3_and_what_waits_is_4(crew: Chargehand):
    done = crew("chat", PROMOTE, "--json")
    assert (done.code, done.json["ending"], done.json["exit_code"]) == (3, "gate_refused", 3)
    assert done.json["approvals"] == []
    done = crew("chat", RETIRE, "--json")
    assert (done.code, done.json["ending"], done.json["exit_code"]) == (4, "waiting_for_approval", 4)
    (approval,) = done.json["approvals"]
    assert f"approve {approval}" in done.json["answer"]
    assert crew("chat", PROMOTE).code == 3
    assert crew("chat", RETIRE, "--events").code == 4


def test_an_order_that_cannot_be_accepted_is_bad_usage_and_a_question_back_is_not(crew: Chargehand):
    approval = crew("chat", RETIRE, "--json").json["approvals"][0]
    done = crew("chat", f"approve {approval}", "--json")
    assert (done.code, done.json["ending"]) == (2, "refused")
    assert "it takes four eyes" in done.json["answer"]
    done = crew("chat", "promote crew@2", "--json")
    assert (done.code, done.json["ending"]) == (0, "asked")


def test_what_a_yes_would_do_is_in_the_reply_and_a_yes_does_it(crew: Chargehand):
    issued = crew("tools", "call", "api_key_issue", json.dumps({"principal": "bob", "scopes": ["roster:read"]})).json
    key = issued["view"]["id"]
    done = crew("chat", f"revoke the API key {key}", "--json", "--thread", "t1")
    assert (done.code, done.json["ending"]) == (0, "asked")
    (proposed,) = done.json["proposed"]
    assert (proposed["tool"], proposed["arguments"]) == ("api_key_revoke", {"key": key})
    assert key in proposed["order"]
    assert done.json["tool_calls"] == []
    done = crew("chat", "yes", "--json", "--thread", "t1")
    assert [call["name"] for call in done.json["tool_calls"]] == ["api_key_revoke"]
    assert done.json["proposed"] == []


def test_the_choices_of_a_question_are_in_the_reply(crew: Chargehand):
    done = crew("chat", "retire because it is too old", "--json")
    assert done.json["ending"] == "asked"
    assert set(done.json["choices"]) == {"crew@1", "crew@2"}


def test_with_a_key_it_is_its_holder_who_asks(crew: Chargehand):
    approval = crew("chat", RETIRE, "--json", "--thread", "t1").json["approvals"][0]
    scopes = ["chat:use", "approvals:read", "approvals:decide"]
    key = str(tool(crew, "api_key_issue", principal="bob", scopes=scopes)["key"])
    done = crew("chat", f"approve {approval}", "--json", "--thread", "t1", CHARGEHAND_API_KEY=key)
    assert done.code == 0
    assert "decided by bob" in done.json["answer"]
    assert key not in json.dumps(done.json) + done.err
    done = crew("chat", RETIRE, "--json", "--thread", "t1", CHARGEHAND_API_KEY=key)
    assert done.json["tool_calls"] == [], "bob sees no versions, and retires none"
    assert crew("chat", "hello", "--json", CHARGEHAND_API_KEY="chk_nobody").code == 2


def test_a_file_ends_with_the_worst_of_its_lines(crew: Chargehand, tmp_path: Path):
    texts = tmp_path / "texts.jsonl"

    def answered(*lines: str) -> tuple[int, list[int]]:
        texts.write_text("\n".join(json.dumps({"id": place, "text": line}) for place, line in enumerate(lines)))
        done = crew("chat", "--file", texts)
        return done.code, [line["exit_code"] for line in done.lines]

    assert answered("list the roster", RETIRE) == (4, [0, 4])
    assert answered(RETIRE, PROMOTE, "list the roster") == (3, [4, 3, 0])
