"""Calls, told as orders."""

import pytest

from agents.planner.calls import PlannedCall, order_of, words_of
from agents.planner.plan import plan_operation
from tests.agents.planner.test_plan_utterances import CATALOGUE, TOOLS
from tests.fakes.known import KNOWN
from tools.calling.markdown import arguments_text

TENANT = "manage_tenant_resources"


@pytest.mark.parametrize(
    "call",
    [
        PlannedCall(TENANT, {"tenant": "acme", "quotas": {"requests_per_minute": 100.0}}),
        PlannedCall(TENANT, {"tenant": "acme", "quotas": {"requests_per_minute": 100.0, "tokens_per_day": 50000.0}}),
        PlannedCall(TENANT, {"tenant": "acme", "state": "suspended"}),
        PlannedCall(TENANT, {"tenant": "acme", "state": "active"}),
    ],
)
def test_what_is_done_to_a_tenant_is_told_in_words_that_are_understood(call: PlannedCall) -> None:
    read = plan_operation(words_of(call), "en", KNOWN, CATALOGUE, TOOLS)
    assert read is not None
    assert list(read.calls) == [call]


def test_what_has_no_words_is_told_by_its_name_and_as_json() -> None:
    call = PlannedCall("register_tenant", {"name": "initech", "quotas": {"requests_per_minute": 5}, "state": None})
    assert order_of(call) == 'register_tenant: name initech, quotas {"requests_per_minute": 5}'
    assert order_of(PlannedCall("audit_verify", {})) == "audit_verify"
    assert arguments_text({"datasets": [{"name": "工单"}], "edge": True}) == 'datasets [{"name": "工单"}], edge true'


@pytest.mark.parametrize(
    ("text", "language", "told"),
    [
        ("maybe limit acme to 100 requests per minute", "en", "“limit acme to 100 requests per minute”"),
        ("如果忙就限制 acme 每分钟 100 个请求", "zh", "“limit acme to 100 requests per minute”"),
        ("maybe register tenant initech with 5 requests per minute", "en", "“register tenant NAME with"),
    ],
)
def test_what_to_say_is_something_that_can_be_said(text: str, language: str, told: str) -> None:
    plan = plan_operation(text, language, KNOWN, CATALOGUE, TOOLS)
    assert plan is not None
    assert told in plan.question
