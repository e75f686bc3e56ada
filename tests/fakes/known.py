"""The world that the planner's utterances are said in."""

from agents.planner.known import KnownEntities, KnownRollout

__all__ = ["KNOWN"]

KNOWN = KnownEntities(
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
    approvals={"ap-1f2e3d4c5b6a": "requested", "ap-9a8b7c6d5e4f": "requested"},
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
)
