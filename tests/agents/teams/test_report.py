import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agents.teams.report import render_report
from evals.evaluations import Evaluation, EvaluationList
from tests.fakes.serving import ScriptedServing
from tools.governance.licence_tools import LicenceFinding, LicensedModels, licence_tools
from tools.registry.catalogue import load_catalogue
from tools.registry.lifecycle import AliasView
from tools.registry.roster import ModelProfile, Roster, RosterEntry, RuntimeReport, ServedModel, roster_tools
from tools.spec import LOCAL_ENGINEER

CATALOGUE = load_catalogue()
_FIGURE = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?")


async def licence_of(model: str) -> LicenceFinding:
    spec = licence_tools(CATALOGUE)[0]
    result = await spec.call(LOCAL_ENGINEER, {"model": model})
    assert isinstance(result, LicenceFinding)
    return result


def figures_of(result: Any) -> set[str]:
    """Every number of a result, also as the report may write it: how many, rounded, in millions or billions."""
    found: set[str] = set()
    if isinstance(result, BaseModel):
        result = result.model_dump(mode="json")
    if isinstance(result, dict):
        for key, value in result.items():
            found |= figures_of(key) | figures_of(value)
    elif isinstance(result, list):
        found |= {str(len(result))}.union(*(figures_of(value) for value in result))
    elif isinstance(result, str):
        found |= set(_FIGURE.findall(result))
    elif isinstance(result, int | float) and not isinstance(result, bool):
        found |= {f"{result:,}", f"{result:.4g}", f"{result:,.1f}".removesuffix(".0")}
        found |= {f"{result / unit:.3g}" for unit in (1e6, 1e9)}
    return found


@pytest.mark.parametrize(
    ("model", "language", "says"),
    [
        (
            "qwen2.5-3b",
            "en",
            ["is under the **Qwen RESEARCH LICENSE AGREEMENT** (research_only)", "Commercial use: no\n"],
        ),
        ("phi-4-mini", "en", ["**Phi-4-mini-instruct** (Microsoft, 3.8B parameters)", "Commercial use: yes\n"]),
        ("llama-3.2-3b", "en", ["only under conditions", "700 million", "Built with Llama"]),
        ("smollm2-135m", "en", ["135M parameters", "Source: "]),
        ("piper", "en", ["size unknown", "treat it as no", "Not verified: parameters, licence"]),
        ("qwen2.5-3b", "zh", ["的许可证是 **Qwen RESEARCH LICENSE AGREEMENT**", "商业使用：不可以"]),
        ("piper", "zh", ["规模未知", "未经核实", "未核实的信息：parameters, licence"]),
    ],
)
async def test_licences(model: str, language: str, says: list[str]) -> None:
    finding = await licence_of(model)
    text = render_report([finding], language)
    for words in says:
        assert words in text
    for condition in finding.licence.conditions:
        assert condition in text
    assert finding.licence.source in text


@pytest.mark.parametrize(
    ("model", "english", "chinese"),
    [
        ("qwen2.5-3b", "No: research only.", "不可以：仅限研究。"),
        (
            "phi-4-mini",
            "Yes: commercial use and redistribution are allowed; keep to the attribution below.",
            "可以：允许商业使用和再分发；须遵守下列署名要求。",
        ),
        (
            "llama-3.2-3b",
            "Yes, with conditions: keep to the attribution and the conditions below (7); above 700,000,000 monthly active ",
            "可以，但有条件：须遵守下列署名要求和条件（7 项）；月活跃用户超过 700,000,000 时须另行申请许可证。",
        ),
        (
            "gemma-3-4b",
            "Yes, with conditions: keep to the attribution and the conditions below (5).",
            "可以，但有条件：",
        ),
        ("minicpm3-4b", "Not known: the licence is not verified", "不确定：许可证未经核实"),
    ],
)
async def test_a_licence_opens_with_the_verdict(model: str, english: str, chinese: str) -> None:
    finding = await licence_of(model)
    assert render_report([finding], "en").startswith(english)
    assert render_report([finding], "zh").startswith(chinese)
    assert f"**{finding.name}**" in render_report([finding], "en").split("\n")[0]


@pytest.mark.parametrize("model", [model.id for model in CATALOGUE.models])
async def test_yes_is_said_of_no_model_that_its_licence_keeps_back(model: str) -> None:
    finding = await licence_of(model)
    licence = finding.licence
    kept_back = (
        licence.commercial_use in ("no", "unsure") or licence.redistribution == "unsure" or "licence" in finding.unsure
    )
    assert render_report([finding], "en").startswith("Yes") != kept_back
    assert render_report([finding], "zh").startswith("可以") != kept_back


async def test_a_list_of_licences() -> None:
    found = LicensedModels(commercial_use="no", models=[await licence_of("qwen2.5-3b")])
    assert render_report([found], "en") == (
        "Models whose commercial use is “no” (1):\n\n| Model | Size | Licence |\n| --- | --- | --- |\n"
        "| qwen2.5-3b | 3.09B parameters | Qwen RESEARCH LICENSE AGREEMENT |"
    )
    assert render_report([found], "zh").startswith("商业使用“不可以”的模型（1 个）：\n\n| 模型 | 规模 | 许可证 |")


def entry(reference: str, *, default: bool = False, licence: str | None = "MIT License") -> RosterEntry:
    return RosterEntry(
        reference=reference,
        runtime="ollama",
        default=default,
        catalogue_id=None,
        parameters=None,
        licence=licence,
        commercial_use=None,
    )


def test_a_roster() -> None:
    roster = Roster(
        models=[entry("ollama:a|b", default=True), entry("ollama:c", licence=None)],
        idle_runtimes={"local": "Install the extra."},
    )
    assert render_report([roster], "en") == (
        "Models that can be served now (2):\n\n| Model | Size | Licence | Answers the chat |\n| --- | --- | --- | --- |\n"
        "| ollama:a\\|b | size unknown | MIT License | yes |\n| ollama:c | size unknown | not in the catalogue |  |\n\n"
        "Runtimes that serve nothing:\n\n- local: Install the extra."
    )
    assert "（2 个）" in render_report([roster], "zh")
    assert render_report([Roster(models=[], idle_runtimes={})], "en") == "Models that can be served now (0):"


def test_a_profile() -> None:
    model = CATALOGUE.get("phi-4-mini")
    served = ModelProfile(model=model, licence_name="MIT License", served_as=["ollama:phi4-mini"])
    text = render_report([served], "en")
    assert text.startswith("**Phi-4-mini-instruct** is served now as ollama:phi4-mini.\n\n- Maker: Microsoft")
    assert "- Context: 131,072 tokens\n" in text
    idle = ModelProfile(model=CATALOGUE.get("whisper-tiny"), licence_name="MIT License", served_as=[])
    assert "not served by any runtime now" in render_report([idle], "en")
    assert "Context: unknown tokens" in render_report([idle], "en")
    assert "没有在任何运行时上提供服务" in render_report([idle], "zh")


def evaluation(metrics: dict[str, float], subject: str = "router 2", samples: int = 612) -> Evaluation:
    return Evaluation(
        id="x",
        task="intent-routing",
        subject=subject,
        dataset="held-out",
        samples=samples,
        metrics=metrics,
        finished_at=datetime(2026, 11, 3, tzinfo=UTC),
    )


def test_evaluations() -> None:
    found = EvaluationList(evaluations=[evaluation({"accuracy": 0.93712, "p95_ms": 12345.678, "seed": 7.0})])
    assert render_report([found], "en").endswith(
        "| intent-routing | router 2 | held-out | 612 | accuracy 0.9371, p95_ms 12,345.7, seed 7 | 2026-11-03 |"
    )
    assert render_report([EvaluationList(evaluations=[])], "en") == "No such evaluation is on record."
    assert render_report([EvaluationList(evaluations=[])], "zh") == "没有记录过这样的评测。"


async def test_the_results_come_in_order() -> None:
    results = [await licence_of("phi-4"), EvaluationList(evaluations=[])]
    first, *_, last = render_report(results, "en").split("\n\n")
    assert first.startswith("Yes: ")
    assert "**Phi-4**" in first
    assert last == "No such evaluation is on record."


def test_a_result_without_a_renderer_is_shown_field_by_field() -> None:
    text = render_report([CATALOGUE.get("phi-4")], "en")
    assert "- id: phi-4" in text
    assert "- maker: Microsoft" in text


@pytest.mark.parametrize(("language", "said"), [("en", "already; nothing was changed"), ("zh", "没有改动")])
def test_an_alias_that_names_the_version_already_is_said_to_be_as_it_was(language: str, said: str) -> None:
    view = AliasView(name="champion", version="faq@1", previous="faq@0", changed=False)
    assert said in render_report([view], language)
    assert said not in render_report([view.model_copy(update={"changed": True})], language)


NUMBERS = st.floats(0, 1e7, allow_nan=False).map(lambda value: round(value, 4))
SERVED = st.builds(
    ServedModel,
    st.sampled_from(["ollama:phi4-mini", "ollama:halden-line", "ollama:qwen2.5:3b"]),
    st.one_of(st.none(), st.integers(10**6, 10**11)),
)


@given(
    model=st.sampled_from([model.id for model in CATALOGUE.models]),
    metrics=st.dictionaries(st.sampled_from(["accuracy", "p95_ms", "f1"]), NUMBERS, max_size=3),
    samples=st.integers(1, 10**6),
    served=st.lists(SERVED, max_size=4),
    language=st.sampled_from(["en", "zh"]),
)
async def test_every_figure_is_the_tools_own(
    model: str, metrics: dict[str, float], samples: int, served: list[ServedModel], language: str
) -> None:
    serving = ScriptedServing([RuntimeReport("ollama", tuple(served), "Start it.")])
    roster_list, model_profile = roster_tools(CATALOGUE, serving, "ollama:phi4-mini")
    finding = await licence_of(model)
    results = [
        finding,
        LicensedModels(commercial_use="yes", models=[finding]),
        await roster_list.call(LOCAL_ENGINEER, {}),
        await model_profile.call(LOCAL_ENGINEER, {"model": model}),
        EvaluationList(evaluations=[evaluation(metrics, samples=samples)] if metrics else []),
    ]
    shown = set(_FIGURE.findall(render_report(results, language)))
    known = set().union(*(figures_of(result) for result in results))
    assert shown <= known
