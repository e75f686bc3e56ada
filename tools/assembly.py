"""The tools that work in the ledger, put together."""

from tools.calling.approval_tools import approval_tools
from tools.factories.tools import factory_tools
from tools.governance.audit import audit_tools
from tools.governance.bill_of_materials import bill_of_materials_tools
from tools.governance.evidence_store import evidence_tools
from tools.governance.gate import Gates, gate_tools
from tools.governance.licence_tools import compatibility_tools
from tools.governance.model_card import model_card_tools
from tools.governance.policy_store import policy_tools
from tools.pipelines.tools import pipeline_tools
from tools.registry.artifacts import ModelFiles, artifact_tools
from tools.registry.catalogue import Catalogue
from tools.registry.lifecycle import Gatekeeper, lifecycle_tools
from tools.registry.versions import registering_tools, version_tools
from tools.rollouts.tools import rollout_tools
from tools.spec import ToolSpec
from tools.tenancy.api_keys import key_tools
from tools.tenancy.tenants import tenant_tools

__all__ = ["governance_tools", "ledger_tools"]


def ledger_tools(catalogue: Catalogue, gatekeeper: Gatekeeper, files: ModelFiles | None = None) -> list[ToolSpec]:
    """All of them; `tools.spec.bind` gives them the ledger.

    Args:
        files: where files of models are kept; None leaves out what needs them.
    """
    return [
        *registering_tools(catalogue, files),
        *(artifact_tools(files) if files is not None else ()),
        *lifecycle_tools(gatekeeper),
        *version_tools(),
        *approval_tools(),
        *audit_tools(),
        *tenant_tools(),
        *key_tools(),
        *rollout_tools(),
    ]


def governance_tools(gates: Gates) -> list[ToolSpec]:
    """What judges versions by evidence, and what deploys by that: gates, policies, exports, factories, pipelines."""
    return [
        *evidence_tools(),
        *policy_tools(),
        *gate_tools(gates),
        *compatibility_tools(gates.source),
        *model_card_tools(gates.source),
        *bill_of_materials_tools(gates.source),
        *factory_tools(gates),
        *pipeline_tools(gates),
    ]
