"""The operations that work in the ledger alone, put together."""

from tools.artifacts import artifact_tools
from tools.auditing import auditing_tools
from tools.calling.approval_tools import approval_tools
from tools.cards import card_tools
from tools.catalogue import Catalogue
from tools.compatibility import compatibility_tools
from tools.factories.tools import factory_tools
from tools.files import ModelFiles
from tools.gates import Gates, gate_tools
from tools.keys import key_tools
from tools.lifecycle import Gatekeeper, lifecycle_tools, require_passed_gate
from tools.lineage import lineage_tools
from tools.pipelines.tools import pipeline_tools
from tools.policies import policy_tools
from tools.recording import recording_tools
from tools.registering import registering_tools
from tools.rollouts.tools import rollout_tools
from tools.spec import ToolSpec
from tools.tenants import tenant_tools

__all__ = ["governance_tools", "ledger_tools"]


def ledger_tools(
    catalogue: Catalogue, gatekeeper: Gatekeeper = require_passed_gate, files: ModelFiles | None = None
) -> list[ToolSpec]:
    """All of them; `tools.spec.bind` gives them the ledger.

    Args:
        files: where files of models are kept; None leaves out what needs them.
    """
    return [
        *registering_tools(catalogue, files),
        *(artifact_tools(files) if files is not None else ()),
        *lifecycle_tools(gatekeeper),
        *lineage_tools(),
        *approval_tools(),
        *auditing_tools(),
        *tenant_tools(),
        *key_tools(),
        *rollout_tools(),
    ]


def governance_tools(gates: Gates) -> list[ToolSpec]:
    """What judges versions by evidence, and what deploys by that: gates, policies, exports, factories, pipelines."""
    return [
        *recording_tools(),
        *policy_tools(),
        *gate_tools(gates),
        *compatibility_tools(gates.source),
        *card_tools(gates.source),
        *factory_tools(gates),
        *pipeline_tools(gates),
    ]
