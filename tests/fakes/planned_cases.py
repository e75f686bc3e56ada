"""Messages in people's own words on tools of every slice, and what a capable model plans for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.planner_servers import plan

__all__ = ["PLANNED", "PlannedCase"]

Expected = tuple[tuple[str, Mapping[str, Any]], ...]


@dataclass(frozen=True)
class PlannedCase:
    """A message, the plan for it, and the calls that it must come to, made or proposed, with at least these arguments."""

    message: str
    plan: Mapping[str, Any]
    expected: Expected


def _case(message: str, *calls: tuple[str, Mapping[str, Any], Mapping[str, str]], mood: str = "order") -> PlannedCase:
    return PlannedCase(message, plan(*calls, mood=mood), tuple((tool, arguments) for tool, arguments, _ in calls))


PLANNED = (
    _case(
        "Keep in mind that I look after the kilns in hall 3.",
        ("memory_remember", {"fact": "I look after the kilns in hall 3"}, {"fact": "I look after the kilns in hall 3"}),
    ),
    _case(
        "Which of our models came out best when they were tested on chatting?",
        ("evaluation_list", {"task": "chat"}, {"task": "chatting"}),
        mood="question",
    ),
    _case(
        "Am I allowed to sell something made with phi-4-mini?",
        ("licence_lookup", {"model": "phi-4-mini"}, {"model": "phi-4-mini"}),
        mood="question",
    ),
    _case(
        "Does the licence of summariser@v1 fit commercial use in Germany?",
        (
            "licence_compatibility",
            {"purpose": "product", "version": "summariser@v1", "region": "DE"},
            {"purpose": "commercial use", "version": "summariser@v1", "region": "in Germany"},
        ),
        mood="question",
    ),
    _case(
        "Give me the facts on smollm2-135m, then everything that runs here.",
        ("model_profile", {"model": "smollm2-135m"}, {"model": "smollm2-135m"}),
        ("roster_list", {}, {}),
    ),
    _case(
        "Please add a model called menu-reader built on phi-4-mini.",
        (
            "register_model",
            {"name": "menu-reader", "based_on": "phi-4-mini"},
            {"name": "menu-reader", "based_on": "phi-4-mini"},
        ),
    ),
    _case(
        "Put support-bot@v2 and support-bot@v3 side by side.",
        (
            "version_compare",
            {"first": "support-bot@v2", "second": "support-bot@v3"},
            {"first": "support-bot@v2", "second": "support-bot@v3"},
        ),
    ),
    _case("How much disk do the model files take?", ("artifact_list", {}, {}), mood="question"),
    _case(
        "Point the challenger alias at support-bot@v3.",
        (
            "set_alias",
            {"alias": "challenger", "version": "support-bot@v3"},
            {"alias": "challenger", "version": "support-bot@v3"},
        ),
    ),
    _case(
        "Get rid of triage@r8, since r9 took over.",
        (
            "retire_version",
            {"version": "triage@r8", "reason": "r9 took over"},
            {"version": "triage@r8", "reason": "r9 took over"},
        ),
    ),
    _case(
        "Sign off on ap-9a8b7c6d5e4f, then tell me what else waits for a decision.",
        ("approval_approve", {"approval": "ap-9a8b7c6d5e4f"}, {"approval": "ap-9a8b7c6d5e4f"}),
        ("approvals_list", {"state": "requested"}, {"state": "waits for a decision"}),
    ),
    _case(
        "Hand my right to decide to carol for 8 hours.",
        ("approval_delegate", {"to": "carol", "hours": 8}, {"to": "carol", "hours": "for 8 hours"}),
    ),
    _case("Has anyone tampered with the log of who did what?", ("audit_verify", {}, {}), mood="question"),
    _case(
        "Sign up a new customer called initech, on dedicated hardware.",
        (
            "register_tenant",
            {"name": "initech", "isolation": "dedicated"},
            {"name": "initech", "isolation": "on dedicated hardware"},
        ),
    ),
    _case(
        "Cap globex at 20 requests per minute.",
        (
            "manage_tenant_resources",
            {"tenant": "globex", "quotas": {"requests_per_minute": 20}},
            {"tenant": "globex", "quotas": "20 requests per minute"},
        ),
    ),
    _case(
        "Switch support to support-bot@v3 blue-green and keep the old one warm for 30 minutes.",
        (
            "execute_blue_green_deployment",
            {"target": "support", "version": "support-bot@v3", "hold_s": 1800},
            {"target": "support", "version": "support-bot@v3", "hold_s": "30 minutes"},
        ),
    ),
    _case(
        "Move support to the challenger in steps of 5 %, 20 % and 60 %.",
        (
            "rollout_start",
            {"target": "support", "version": "challenger", "percentages": [5, 20, 60]},
            {"target": "support", "version": "the challenger", "percentages": "5 %, 20 % and 60 %"},
        ),
    ),
    _case(
        "Freeze what is going on at returns, and show me where it stands.",
        ("rollout_pause", {"rollout": "returns"}, {"rollout": "returns"}),
        ("rollout_status", {"rollout": "returns"}, {"rollout": "it"}),
    ),
    _case(
        "Note down that support-bot@v2 reached an accuracy of 0.81 on faq with 400 samples.",
        (
            "evaluation_record",
            {"version": "support-bot@v2", "metric": "accuracy", "value": 0.81, "dataset": "faq", "n": 400},
            {
                "version": "support-bot@v2",
                "metric": "accuracy",
                "value": "0.81",
                "dataset": "faq",
                "n": "400 samples",
            },
        ),
    ),
    _case(
        "Write down that the scan of triage@r9 by trivy came out clean.",
        (
            "security_record",
            {"version": "triage@r9", "check": "scan", "outcome": "clean", "source": "trivy"},
            {"version": "triage@r9", "check": "scan", "outcome": "clean", "source": "by trivy"},
        ),
    ),
    _case("What rules do we ship by?", ("policies_list", {}, {}), mood="question"),
    _case(
        "Put triage@r9 through the gate for production.",
        (
            "gate_check",
            {"version": "triage@r9", "stage": "production"},
            {"version": "triage@r9", "stage": "production"},
        ),
    ),
    _case(
        "What stopped triage@r9 at the gate?",
        ("gate_history", {"version": "triage@r9"}, {"version": "triage@r9"}),
        mood="question",
    ),
    _case(
        "I need a bill of materials of support-bot@v2 and its model card.",
        ("bom_export", {"version": "support-bot@v2"}, {"version": "support-bot@v2"}),
        ("model_card_export", {"version": "support-bot@v2"}, {"version": "its"}),
    ),
    _case(
        "Let edge-support make a version labelled v7 for the Lyon gateways.",
        (
            "deploy_model_via_factory",
            {"factory": "edge-support", "target": "lyon", "label": "v7"},
            {"factory": "edge-support", "target": "the Lyon gateways", "label": "v7"},
        ),
    ),
    _case(
        "Send support-bot@v3 down the weekly pipeline, and tell me how that pipeline does.",
        (
            "pipeline_run",
            {"pipeline": "weekly", "version": "support-bot@v3"},
            {"pipeline": "weekly", "version": "support-bot@v3"},
        ),
        ("pipeline_status", {"pipeline": "weekly"}, {"pipeline": "that pipeline"}),
    ),
    _case(
        "I want to hook up another gateway in shenzhen; give me a token good for 4 hours.",
        ("device_enrolment_token", {"group": "shenzhen", "hours": 4}, {"group": "shenzhen", "hours": "4 hours"}),
    ),
    _case(
        "Shift press-2 over to lyon.",
        ("device_move", {"device": "press-2", "group": "lyon"}, {"device": "press-2", "group": "lyon"}),
    ),
    _case(
        "Which gateways in shenzhen have gone quiet, and what happened on press-1?",
        ("device_health", {"group": "shenzhen"}, {"group": "shenzhen"}),
        ("device_events", {"device": "press-1"}, {"device": "press-1"}),
        mood="question",
    ),
    _case(
        "Stop nightly-report from running.",
        ("device_job_remove", {"name": "nightly-report"}, {"name": "nightly-report"}),
    ),
    _case(
        "Have press-1 run triage@r9.",
        (
            "device_model_assign",
            {"version": "triage@r9", "device": "press-1"},
            {"version": "triage@r9", "device": "press-1"},
        ),
    ),
    _case(
        "Ask press-1 why it is hot and show me what it answered before.",
        ("device_ask", {"device": "press-1", "text": "why it is hot"}, {"device": "press-1", "text": "why it is hot"}),
        ("device_answers", {"device": "press-1"}, {"device": "it"}),
    ),
    _case(
        "Pack the document pumps.md into a bundle named pumps for the devices.",
        (
            "pack_build",
            {"name": "pumps", "documents": ["pumps.md"]},
            {"name": "a bundle named pumps", "documents": "pumps.md"},
        ),
    ),
    _case(
        "把 lyon-1 挪到 shenzhen 组。",
        ("device_move", {"device": "lyon-1", "group": "shenzhen"}, {"device": "lyon-1", "group": "shenzhen 组"}),
    ),
    _case(
        "先暂停 returns 的发布，再看看它的状态。",
        ("rollout_pause", {"rollout": "returns"}, {"rollout": "returns 的发布"}),
        ("rollout_status", {"rollout": "returns"}, {"rollout": "它"}),
    ),
    _case(
        "Bring support-bot@v2 up to staging, then have it judged by the gate, and after that show its gate history.",
        (
            "set_stage",
            {"version": "support-bot@v2", "stage": "staging"},
            {"version": "support-bot@v2", "stage": "staging"},
        ),
        ("gate_check", {"version": "support-bot@v2"}, {"version": "it"}),
        ("gate_history", {"version": "support-bot@v2"}, {"version": "its"}),
    ),
)
