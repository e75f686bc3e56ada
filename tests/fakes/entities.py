"""Two factories as snapshots of names, without a ledger: that of the score board, and a shop floor."""

from agents.understanding.entities import (
    KnownApproval,
    KnownDelegation,
    KnownEntities,
    KnownItem,
    KnownKey,
    KnownQuestion,
    KnownRollout,
    KnownRun,
)

__all__ = ["ENTITIES", "SHOP_FLOOR"]

_RETIRE = "retire_version"

ENTITIES = KnownEntities(
    models={"support-bot": "smollm2-135m", "triage": "smollm2-135m", "summariser": "phi-4-mini", "warranty-qa": ""},
    versions={
        "support-bot@v1": "production",
        "support-bot@v2": "candidate",
        "support-bot@v3": "candidate",
        "triage@r8": "candidate",
        "triage@r9": "candidate",
        "summariser@v1": "candidate",
        "summariser@v2": "candidate",
        "warranty-qa@a": "candidate",
    },
    bases={"summariser@v1": "phi-4-mini", "warranty-qa@a": "qwen2.5-1.5b"},
    aliases={"champion": "support-bot@v1", "challenger": "support-bot@v2"},
    previous={"challenger": "support-bot@v3"},
    targets={
        "support": "serving",
        "returns": "serving",
        "triage-eu": "serving",
        "lyon": "devices",
        "三号车间": "devices",
    },
    serving={"support": ("support-bot@v1",)},
    rollouts=(
        KnownRollout("ro-3333bbbb4444", "triage-eu", "aborted", "triage@r9", open=False),
        KnownRollout("ro-1111aaaa2222", "returns", "holding", "support-bot@v2", open=True, requested_by="ann"),
    ),
    approvals=(
        KnownApproval("ap-1f2e3d4c5b6a", "requested", "bob", _RETIRE, {"version": "summariser@v2", "reason": "old"}),
        KnownApproval("ap-9a8b7c6d5e4f", "requested", "bob", _RETIRE, {"version": "summariser@v1", "reason": "old"}),
        KnownApproval("ap-0a0b0c0d0e0f", "approved", "bob", _RETIRE, {"version": "triage@r8", "reason": "old"}),
    ),
    delegations=(KnownDelegation("dl-0123456789ab", "ann", "bob"),),
    tenants=("default", "acme", "globex"),
    policies=("shipping",),
    factories=("edge-support",),
    pipelines=("weekly",),
    runs=(KnownRun("run-0123456789ab", "weekly", "triage@r9", "waiting_for_approval", open=True),),
    devices={
        "lyon-1": "lyon",
        "lyon-2": "lyon",
        "press-1": "shenzhen",
        "press-2": "shenzhen",
        "hall-3-gw": "austin",
        "se30-9": "三号车间",
    },
    principals=("ann", "bob", "carol", "local"),
    keys=(KnownKey("1a2b3c4d", "carol"), KnownKey("99aa88bb", "carol", revoked=True)),
    jobs=(KnownItem("nightly-report", "all", ""),),
    packs=(KnownItem("manuals", "group", "lyon"),),
    prompts=(KnownItem("greeting", "all", ""),),
    questions=(KnownQuestion("q-0011aabbccdd", "press-1", "Is the pump meant to be hot?"),),
    artifacts={f"sha256:{'a' * 64}": "application/x-gguf"},
    datasets=("faq",),
    tools=("rollout_start", "search"),
)

SHOP_FLOOR = KnownEntities(
    models={"phi-4-mini": "phi-4-mini", "smollm2": "smollm2-135m", "qwen-support": "qwen2.5-3b"},
    versions={
        "phi-4-mini@q2": "retired",
        "phi-4-mini@q4": "production",
        "phi-4-mini@q8": "staging",
        "smollm2@1": "candidate",
        "smollm2@2": "candidate",
        "qwen-support@v3": "production",
    },
    aliases={"champion": "phi-4-mini@q4", "challenger": "phi-4-mini@q8", "edge-champion": "smollm2@1"},
    previous={"champion": "qwen-support@v3"},
    targets={
        "support-chat": "serving",
        "code-assist": "serving",
        "hall-3": "devices",
        "line-7": "devices",
        "三号车间": "devices",
    },
    rollouts=(
        KnownRollout("ro-5555cccc6666", "line-7", "rolled_back", "smollm2@2", open=False),
        KnownRollout("ro-3333bbbb4444", "hall-3", "paused", "smollm2@2", open=True),
        KnownRollout("ro-1111aaaa2222", "code-assist", "analysing", "qwen-support@v3", open=True),
    ),
    approvals=(
        KnownApproval("ap-1f2e3d4c5b6a", "requested", "bob", _RETIRE, {"version": "smollm2@1", "reason": "old"}),
        KnownApproval("ap-9a8b7c6d5e4f", "requested", "bob", _RETIRE, {"version": "smollm2@2", "reason": "old"}),
    ),
    delegations=(KnownDelegation("dl-1f2e3d4c5b6a", "ann", "bob"),),
    tenants=("default", "acme", "globex"),
    policies=("shipping",),
    factories=("edge-support",),
    pipelines=("nightly",),
    devices={
        "mixer-4": "line-7",
        "press-1": "hall-3",
        "press-2": "hall-3",
        "se30-2": "line-7",
        "se30-7": "hall-3",
        "se30-9": "三号车间",
    },
    principals=("ann", "bob", "carol", "local"),
    keys=(KnownKey("1f2e3d4c", "carol"),),
    questions=(
        KnownQuestion("press-1:1", "press-1", "Which filter do I need?"),
        KnownQuestion("press-2:a7", "press-2", "Does the valve leak?"),
    ),
)
"""The world that tests/agents/understanding/utterances.yaml is said in."""
