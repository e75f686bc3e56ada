from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.phrases import phrase
from agents.planner.plan import Plan, TeamName, make_plan
from tests.fakes.known import KNOWN
from tools.registry.catalogue import load_catalogue

CATALOGUE = load_catalogue()
TEAMS: tuple[TeamName, ...] = ("evaluation", "deployment", "governance")


def plan(team: TeamName, text: str, language: str | None = None, focus: tuple[str, ...] = ()) -> Plan:
    chinese = any("\u3400" <= letter <= "\u9fff" for letter in text)
    return make_plan(team, text, language or ("zh" if chinese else "en"), CATALOGUE, focus)


def calls(made: Plan) -> list[tuple[str, dict[str, Any]]]:
    return [(call.tool, call.arguments) for call in made.calls]


def licence(model: str) -> tuple[str, dict[str, Any]]:
    return "licence_lookup", {"model": model}


def licences(use: str, tier: str) -> tuple[str, dict[str, Any]]:
    return "licence_list", {"commercial_use": use, "tier": tier}


def profile(model: str) -> tuple[str, dict[str, Any]]:
    return "model_profile", {"model": model}


def evaluations(**arguments: str) -> tuple[str, dict[str, Any]]:
    return "evaluation_list", dict(arguments)


ROSTER = ("roster_list", {})

PLANS = [
    ("governance", "May we ship qwen2.5-3b in a product?", [licence("qwen2.5-3b")]),
    ("governance", "licence phi 4 mini", [licence("phi-4-mini")]),
    (
        "governance",
        "Compare the licences of phi-4-mini and llama 3.2 3b",
        [licence("phi-4-mini"), licence("llama-3.2-3b")],
    ),
    ("governance", "Is Mistral Nemo free for commercial use?", [licence("mistral-nemo-12b")]),
    ("governance", "Which models may we ship on the gateways?", [licences("yes", "edge")]),
    ("governance", "which models are allowed in products", [licences("yes", "any")]),
    ("governance", "List all models that we may not sell", [licences("no", "any")]),
    ("governance", "Which edge models are research only?", [licences("no", "edge")]),
    ("governance", "show the models under 4B that are forbidden for commercial use", [licences("no", "edge")]),
    ("governance", "请问 qwen2.5-3b 能商用吗？", [licence("qwen2.5-3b")]),
    ("governance", "比较qwen3-4b和phi-4-mini的许可证", [licence("qwen3-4b"), licence("phi-4-mini")]),
    ("governance", "哪些模型可以商用？", [licences("yes", "any")]),
    ("governance", "哪些小模型禁止商用？", [licences("no", "edge")]),
    ("governance", "列出可以装到网关上的模型", [licences("yes", "edge")]),
    ("deployment", "Which models can this hub serve now?", [ROSTER]),
    ("deployment", "roster", [ROSTER]),
    ("deployment", "Where is phi-4-mini deployed?", [profile("phi-4-mini"), ROSTER]),
    ("deployment", "is smollm2 135m up, and qwen3-4b?", [profile("smollm2-135m"), profile("qwen3-4b"), ROSTER]),
    ("deployment", "现在部署了哪些模型？", [ROSTER]),
    ("deployment", "phi-4-mini 在哪里提供服务？", [profile("phi-4-mini"), ROSTER]),
    ("deployment", "名册", [ROSTER]),
    ("evaluation", "Which evaluations have been done?", [evaluations()]),
    ("evaluation", "scores of phi-4-mini", [evaluations(subject="phi-4-mini")]),
    (
        "evaluation",
        "phi-4-mini or qwen3-4b, which is better?",
        [evaluations(subject="phi-4-mini"), evaluations(subject="qwen3-4b")],
    ),
    ("evaluation", "How good is the intent router?", [evaluations(task="intent-routing")]),
    ("evaluation", "accuracy of routing last week", [evaluations(task="intent-routing")]),
    ("evaluation", "做过哪些评测？", [evaluations()]),
    ("evaluation", "phi-4-mini 的评测结果", [evaluations(subject="phi-4-mini")]),
    ("evaluation", "意图路由的准确率是多少？", [evaluations(task="intent-routing")]),
    ("evaluation", "Have you run an evaluation?", [evaluations()]),
    ("evaluation", "Was phi-4-mini evaluated?", [evaluations(subject="phi-4-mini")]),
    ("evaluation", "Benchmark results for phi-4-mini", [evaluations(subject="phi-4-mini")]),
    ("evaluation", "test results", [evaluations()]),
    ("evaluation", "评测 phi-4-mini 的结果", [evaluations(subject="phi-4-mini")]),
    ("evaluation", "评测过 phi-4-mini 吗？", [evaluations(subject="phi-4-mini")]),
    ("evaluation", "已经做了哪些评测？", [evaluations()]),
]


@pytest.mark.parametrize(("team", "text", "expected"), PLANS)
def test_calls(team: TeamName, text: str, expected: list[tuple[str, dict[str, Any]]]) -> None:
    made = plan(team, text)
    assert calls(made) == expected
    assert (made.question, made.caveat, made.unknown) == ("", "", ())
    assert list(made.models) == [call[1]["model"] for call in expected if "model" in call[1]] or team == "evaluation"


@pytest.mark.parametrize(
    ("team", "text", "caveat"),
    [
        ("deployment", "promote phi-4-mini to champion", "no_changes"),
        ("deployment", "canary phi4 10%", "no_changes"),
        ("deployment", "roll back hall 3", "no_changes"),
        ("deployment", "pause the rollout", "no_changes"),
        ("deployment", "把 phi-4-mini 部署到三号车间", "no_changes"),
        ("deployment", "回滚到上一版", "no_changes"),
        ("evaluation", "run the support set on phi-4-mini", "no_runs"),
        ("evaluation", "benchmark qwen3-4b", "no_runs"),
        ("evaluation", "please rerun it", "no_runs"),
        ("evaluation", "Run an evaluation", "no_runs"),
        ("evaluation", "Can you evaluate qwen3-4b?", "no_runs"),
        ("evaluation", "I want to evaluate phi-4-mini", "no_runs"),
        ("evaluation", "I'd like to run an evaluation of phi-4-mini", "no_runs"),
        ("evaluation", "Let's benchmark qwen3-4b", "no_runs"),
        ("evaluation", "How do I evaluate a model?", "no_runs"),
        ("evaluation", "Evaluate the router", "no_runs"),
        ("evaluation", "给 phi-4-mini 跑一遍客服评测", "no_runs"),
        ("evaluation", "运行一次评测", "no_runs"),
        ("evaluation", "请评测 phi-4-mini", "no_runs"),
        ("evaluation", "评估qwen3-4b", "no_runs"),
        ("evaluation", "帮我评估一下 qwen3-4b", "no_runs"),
        ("evaluation", "对 phi-4-mini 做一次评测", "no_runs"),
        ("evaluation", "怎么跑评测？", "no_runs"),
        ("governance", "approve phi-4-mini for production", "no_approvals"),
        ("governance", "批准 phi-4-mini 上线", "no_approvals"),
    ],
)
def test_what_is_asked_for_and_not_done_is_said(team: TeamName, text: str, caveat: str) -> None:
    made = plan(team, text)
    chinese = any("\u3400" <= letter <= "\u9fff" for letter in text)
    assert made.caveat == phrase(caveat, "zh" if chinese else "en")
    assert made.calls


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Is it allowed?", "Which model's licence do you mean?"),
        ("May we ship gemma?", "Which model's licence do you mean?"),
        ("Who approved the last release?", "I do not understand what of approvals"),
        ("show the audit log", "I do not understand what of approvals"),
        ("Did it pass the quality gate?", "I do not understand what of approvals"),
        ("许可证是什么", "您想查哪个模型的许可证？"),
        ("审批到哪一步了？", "我没有听懂您指的是审批"),
    ],
)
def test_a_question_back_where_the_model_is_not_said(text: str, question: str) -> None:
    made = plan("governance", text)
    assert made.question.startswith(question)
    assert made.calls == ()


@pytest.mark.parametrize("team", TEAMS)
def test_an_unknown_model_is_never_called_with(team: TeamName) -> None:
    made = plan(team, "deploy or check qwen9-3b")
    assert made == Plan(
        question="The catalogue has no qwen9-3b. Did you mean qwen3-4b, qwen2.5-3b, qwen3-0.6b?", unknown=("qwen9-3b",)
    )
    assert plan(team, "qwen9-3b 可以吗").question == "目录里没有 qwen9-3b。您是指 qwen3-4b、qwen2.5-3b、qwen3-0.6b 吗？"
    assert plan(team, "yi 99999").question.startswith("The catalogue has no yi 99999. ")


@pytest.mark.parametrize("team", TEAMS)
def test_an_unknown_model_beside_a_known_one_is_said(team: TeamName) -> None:
    made = plan(team, "compare phi-4-mini with mistral large")
    assert made.models == ("phi-4-mini",)
    assert made.unknown == ("mistral large",)
    assert made.caveat.startswith("The catalogue has no mistral large. Did you mean mistral-7b")
    assert "mistral" not in str(made.calls)


def test_the_turn_before_says_which_model_is_meant() -> None:
    focus = ("phi-4-mini",)
    assert calls(plan("governance", "And may we sell it?", focus=focus)) == [licence("phi-4-mini")]
    assert calls(plan("governance", "它能商用吗？", focus=focus)) == [licence("phi-4-mini")]
    assert calls(plan("evaluation", "and its scores?", focus=focus)) == [evaluations(subject="phi-4-mini")]
    assert calls(plan("governance", "and qwen3-4b?", focus=focus)) == [licence("qwen3-4b")]
    assert calls(plan("governance", "Which models may we sell?", focus=focus)) == [licences("yes", "any")]
    assert plan("governance", "And may we sell it?").question


WORDS = "phi-4-mini qwen9-3b 商用 license deploy it gate 哪些 模型 list models not edge run intent promote SE30 mistral large"


@given(
    team=st.sampled_from(TEAMS),
    words=st.lists(st.sampled_from(WORDS.split(" ")), max_size=8),
    language=st.sampled_from(["en", "zh"]),
    focus=st.sampled_from([(), ("phi-4-mini",)]),
)
def test_calls_or_a_question_and_known_models_alone(
    team: TeamName, words: list[str], language: str, focus: tuple[str, ...]
) -> None:
    made = plan(team, " ".join(words), language, focus)
    assert bool(made.calls) != bool(made.question)
    assert {model for call in made.calls for key, model in call.arguments.items() if key in {"model", "subject"}} <= {
        model.id for model in CATALOGUE.models
    }
    assert len({str(call) for call in made.calls}) == len(made.calls)


def test_a_new_target_that_may_be_another_one_misspelt_is_made_after_a_yes() -> None:
    def planned(text: str) -> Plan:
        tools = {"rollout_start"}
        return make_plan("deployment", text, "en", CATALOGUE, (), KNOWN, tools)

    asked = planned("recreate new target suport-chat with smollm2@2")
    assert "There is support-chat already" in asked.question
    assert (asked.calls, [call.arguments["target"] for call in asked.proposed]) == ((), ["suport-chat"])
    doubted = planned("recreate new target suport-chat with smollm2@2 unless it rains")
    assert (doubted.calls, doubted.proposed) == ((), ())
