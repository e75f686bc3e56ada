"""Versions with evidence, made by the tools themselves."""

from typing import Any

from server.hub import governance_tools, ledger_tools
from tests.fakes.works import ANN, Works
from tools.calling.approval_tools import approval_tools
from tools.governance.evidence_store import EvidenceSource, open_evidence
from tools.governance.gate import Gates
from tools.registry.catalogue import load_catalogue

__all__ = ["BASE_DIGEST", "CATALOGUE", "GATES", "SOURCE", "equip", "measure", "register"]

CATALOGUE = load_catalogue()
SOURCE: EvidenceSource = open_evidence(CATALOGUE)
GATES = Gates(SOURCE)
BASE_DIGEST = "sha256:" + "a" * 64


async def equip(works: Works) -> None:
    """All tools of the ledger, and a model `faq`."""
    works.add([*ledger_tools(CATALOGUE, GATES.keep_production), *governance_tools(GATES), *approval_tools()])
    await works.call(ANN, "register_model", name="faq", based_on="smollm2-135m", description="answers questions")


async def register(works: Works, label: str, model: str = "faq", **more: Any) -> dict[str, Any]:
    """Each label has a content of its own, unless `content` is given."""
    content = more.pop("content", {})
    content = {"base": "local:smollm2-135m", "base_digest": BASE_DIGEST, "quantisation": f"Q{label}", **content}
    arguments = {"model": model, "label": label, "reference": "local:smollm2-135m", "content": content, **more}
    return (await works.call(ANN, "register_version", **arguments)).model_dump()


async def measure(works: Works, version: str, accuracy: float = 0.8, **more: Any) -> None:
    """Everything that the default policies want for internal use."""
    evaluation = {"metric": "accuracy", "value": accuracy, "lower": accuracy - 0.05, "upper": accuracy + 0.05}
    await works.call(ANN, "evaluation_record", version=version, n=200, dataset="faq 3", **evaluation, **more)
    for check, outcome in (("format", "gguf"), ("signature", "valid"), ("scan", "clean")):
        finding = {"check": check, "outcome": outcome, "source": f"{check} checker"}
        await works.call(ANN, "security_record", version=version, **finding, **more)
