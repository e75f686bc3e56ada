"""Model card and bill of materials: what they say is what the description says."""

import json
from datetime import timedelta

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import times
from tests.tools.governance.strategies import NOW, OTHER, OURS, evaluation, evaluations, findings, good, parts
from tools.governance.bill_of_materials import ml_bom, ml_bom_json
from tools.governance.evidence import BiasMeasurement
from tools.governance.model_card import model_card
from tools.governance.policy import default_policies
from tools.governance.verdict import decide
from tools.governance.version_description import VersionDescription, VersionFile

RESULT = decide(default_policies(), good(), NOW)


def described(**fields) -> VersionDescription:
    evidence = good()
    given_fields = {
        "name": "faq",
        "version": "3",
        "digest": OURS,
        "description": "Answers questions about our gateways.",
        "supplier": "Hardware maker",
        "task": "chat",
        "architecture": "Phi-4-mini",
        "parameters": 3_800_000_000,
        "context_tokens": 131072,
        "modalities": ("text",),
        "output_modalities": ("text",),
        "languages": ("en", "de"),
        "quantisation": "q4_k_m",
        "parts": evidence.licences,
        "dataset_digests": {"tickets": OTHER},
        "artifacts": (
            VersionFile(name="faq.gguf", role="base", format="gguf", digest=OTHER, size_bytes=2_300_000_000),
        ),
        "evaluations": evidence.evaluations,
        "bias": evidence.bias,
        "security": evidence.security,
        "intended_uses": ("Questions of customers.",),
        "limitations": ("No medical advice.",),
        "gates": (RESULT,),
        "described_at": NOW,
    }
    return VersionDescription(**{**given_fields, **fields})


BARE = VersionDescription(name="x", version="1", digest=OURS, described_at=NOW)


def test_the_card_says_what_is_known():
    card = model_card(described())
    for said in (
        "# faq 3\n",
        f"| Digest | `{OURS}` |",
        "| accuracy | 0.9 | 0.88 to 0.92 | 400 | faq | 2026-11-17 |  |",
        "| language | accuracy | 0.04 | pl |",
        "| base | phi-4-mini | MIT License |",
        "| signature | valid | weights.gguf |",
        "- No medical advice.",
        f"- **pass** for product in DE, 2026-11-20, `{RESULT.digest}`",
        "MIT permission notice",
    ):
        assert said in card


def test_the_card_says_what_is_not_known():
    card = model_card(BARE)
    for said in (
        "No description is recorded.",
        "Nothing was measured.",
        "No gate has decided",
        "| Parameters | not recorded |",
    ):
        assert said in card


def test_a_result_of_another_version_is_marked():
    card = model_card(described(evaluations=(evaluation(digest=OTHER),)))
    assert "| of another version |" in card


def test_text_of_people_is_no_markup():
    card = model_card(
        described(name="<script>", description="# One\n\n| a | b |\n![x](http://y)", limitations=("`a` | b",))
    )
    assert "<script>" not in card
    assert "\n# One" not in card
    assert "![x](" not in card
    assert "- \\`a\\` \\| b" in card


def test_the_bill_has_the_card_the_parts_and_the_files():
    bom = json.loads(ml_bom_json(described()))
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    root = bom["metadata"]["component"]
    assert root["type"] == "machine-learning-model"
    assert root["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    card = root["modelCard"]
    assert card["modelParameters"]["datasets"] == [{"ref": "dataset:tickets"}]
    assert card["quantitativeAnalysis"]["performanceMetrics"] == [
        {
            "type": "accuracy",
            "value": "0.9",
            "slice": "faq",
            "confidenceInterval": {"lowerBound": "0.88", "upperBound": "0.92"},
        }
    ]
    assert card["considerations"]["technicalLimitations"] == ["No medical advice."]
    by_ref = {component["bom-ref"]: component for component in bom["components"]}
    assert set(by_ref) == {"base:phi-4-mini", "adapter:faq-r16", "dataset:tickets", "file:faq.gguf"}
    assert by_ref["base:phi-4-mini"]["licenses"] == [{"license": {"id": "MIT"}}]
    assert by_ref["dataset:tickets"]["type"] == "data"
    assert by_ref["dataset:tickets"]["hashes"] == [{"alg": "SHA-256", "content": "b" * 64}]
    assert sorted(bom["dependencies"][0]["dependsOn"]) == sorted(by_ref)
    assert {"name": "chargehand:gate", "value": f"pass for product in DE: {RESULT.digest}"} in root["properties"]


def test_a_result_of_another_version_is_not_in_the_bill():
    card = ml_bom(described(evaluations=(evaluation(digest=OTHER),)))["metadata"]["component"]["modelCard"]
    assert "quantitativeAnalysis" not in card


def test_the_same_description_gives_the_same_bill():
    assert ml_bom_json(described()) == ml_bom_json(described())
    later = described(described_at=NOW + timedelta(days=1))
    assert ml_bom(later)["serialNumber"] != ml_bom(described())["serialNumber"]


VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)


def test_a_bare_version_can_be_written():
    assert VALIDATOR.validate_str(ml_bom_json(BARE)) is None


def test_the_schema_would_find_a_mistake():
    broken = ml_bom(described())
    broken["metadata"]["component"]["modelCard"]["accuracy"] = 1
    assert VALIDATOR.validate_str(json.dumps(broken)) is not None


described_versions = st.builds(
    described,
    name=st.text(min_size=1, max_size=20),
    description=st.text(max_size=40),
    parts=st.lists(parts, max_size=3).map(tuple),
    evaluations=st.lists(evaluations, max_size=3).map(tuple),
    bias=st.just(())
    | st.just((BiasMeasurement(attribute="site", metric="f1", gap=0.2, dataset="faq", finished_at=NOW, digest=OURS),)),
    security=st.lists(findings, max_size=2).map(tuple),
    intended_uses=st.lists(st.text(max_size=20), max_size=2).map(tuple),
    modalities=st.lists(st.text(max_size=8), max_size=2).map(tuple),
)


@settings(max_examples=times(7, 30))
@given(described_versions)
def test_any_description_can_be_written_as_both(version):
    assert VALIDATOR.validate_str(json.dumps(ml_bom(version))) is None
    card = model_card(version)
    assert [line for line in card.splitlines() if line.startswith("## ")] == [
        f"## {title}"
        for title in (
            "Details",
            "Made of",
            "Intended use",
            "Limitations",
            "Evaluation",
            "Fairness",
            "Security",
            "Licences and obligations",
            "Gates",
        )
    ]


@pytest.mark.parametrize("digest", ["", "sha256:xyz", "md5:" + "a" * 64])
def test_a_digest_is_a_digest(digest):
    with pytest.raises(ValueError, match="digest"):
        described(digest=digest)
