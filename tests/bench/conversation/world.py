"""The factory that the cases of the score board speak of: models, targets, rollouts, requests, tenants, devices."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from edge.kernel.errors import ApprovalNeeded
from memory.ledger.devices import Device, Uplink
from memory.ledger.rollouts import Target
from server.hub import Components, open_components
from tests.fakes.fleet_devices import new_signer
from tests.fakes.offline import offline_settings
from tests.fakes.rollouts import ScriptedWorld, serving
from tests.fakes.weights import WEIGHT_CACHE
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.store import LedgerRolloutStore
from tools.runs import Worker
from tools.spec import LOCAL_ENGINEER, ToolContext

__all__ = ["SAMPLES", "build_world"]

SAMPLES = Path("memory/samples")
ANN, BOB = replace(LOCAL_ENGINEER, principal="ann"), replace(LOCAL_ENGINEER, principal="bob")
VERSIONS = {
    "support-bot": ("v1", "v2", "v3"),
    "triage": ("r8", "r9"),
    "summariser": ("v1", "v2"),
    "warranty-qa": ("a",),
}
DEVICES = {"lyon-1": "lyon", "lyon-2": "lyon", "press-1": "shenzhen", "press-2": "shenzhen", "hall-3-gw": "austin"}


class Building:
    """Calls tools on the world that is being built."""

    def __init__(self, hub: Components) -> None:
        self.hub = hub

    async def __call__(self, name: str, caller: ToolContext = ANN, /, **arguments: Any) -> Any:
        return await self.hub.ledger_tools[name].call(caller, arguments)

    async def request(self, name: str, caller: ToolContext, /, **arguments: Any) -> str:
        """Ask for an approval; its id."""
        try:
            await self(name, caller, **arguments)
        except ApprovalNeeded as needed:
            return needed.approval_id
        raise AssertionError(f"{name} needs no approval")


async def build_world(home: Path) -> dict[str, str]:
    """Seed a home; returns the ids by which cases name what is in it, such as PENDING0."""
    with open_components(offline_settings(home=home, cache=WEIGHT_CACHE)) as hub:
        hub.store.ingest([SAMPLES], LOCAL_ENGINEER.tenant, hub.settings.document_limit_bytes)
        call = Building(hub)
        await _models(call)
        await _rollouts(call)
        await _rest(call)
        ids = {
            f"PENDING{number}": await call.request(
                "retire_version", BOB, version=f"summariser@v{number + 1}", reason="not used"
            )
            for number in range(2)
        }
        hub.close()
    return ids


async def _models(call: Building) -> None:
    for model, labels in VERSIONS.items():
        base = "phi-4-mini" if model == "summariser" else "smollm2-135m"
        await call("register_model", name=model, based_on=base)
        for number, label in enumerate(labels):
            digest = "sha256:" + f"{number}{len(model)}"[:2] * 32
            content = {"base": base, "base_digest": digest, "quantisation": "Q4_1", "adapter": f"{model} {label}"}
            await call("register_version", model=model, label=label, reference=f"local:{base}", content=content)
    for model in ("support-bot", "triage"):
        for label in VERSIONS[model]:
            version = f"{model}@{label}"
            await call(
                "evaluation_record",
                version=version,
                metric="accuracy",
                value=0.78,
                lower=0.74,
                upper=0.82,
                n=400,
                dataset="faq",
            )
            for check, outcome in (("format", "gguf"), ("signature", "valid"), ("scan", "clean")):
                await call("security_record", version=version, check=check, outcome=outcome, source=f"{check} checker")
    with call.hub.ledger.unit("default") as unit:
        unit.versions.save(replace(unit.versions.get("support-bot@v1"), stage="production"))
        for alias, label in (("champion", "v1"), ("challenger", "v2")):
            unit.aliases.point(alias, f"support-bot@{label}", "ann", call.hub.runtime.clock())


async def _rollouts(call: Building) -> None:
    now = call.hub.runtime.clock()
    serves = {"support": "support-bot@v1", "returns": "support-bot@v1", "triage-eu": "triage@r8"}
    with call.hub.ledger.unit("default") as unit:
        for target, version in serves.items():
            unit.targets.save(Target(target, "serving", serving(version).model_dump(mode="json"), now))
    await call("rollout_start", target="returns", version="support-bot@v2", hold_s=86_400.0, limit_s=864_000.0)
    await call("rollout_start", target="triage-eu", version="triage@r9")
    clock = [now]

    def reconcile() -> None:
        world = ScriptedWorld().world()
        worker = Worker(
            rollout_work(LedgerRolloutStore(call.hub.ledger), world), holder="world", clock=lambda: clock[0]
        )
        for _ in range(6):
            worker.run_once()
            clock[0] += timedelta(seconds=5)

    reconcile()
    await call("rollout_abort", rollout="triage-eu", reason="alarm at night")
    reconcile()


async def _rest(call: Building) -> None:
    await call("register_tenant", name="acme", title="Acme", isolation="shared")
    await call("register_tenant", name="globex", title="Globex", isolation="dedicated")
    await call("api_key_issue", principal="carol", scopes=["roster:read"])
    stages = [{"name": "staging", "gate": {}}, {"name": "production", "gate": {}, "approval": True}]
    await call("create_deployment_pipeline", name="weekly", stages=stages)
    await call(
        "create_model_factory",
        name="edge-support",
        model="support-bot",
        base="smollm2-135m",
        reference="local:smollm2-135m",
    )
    now = call.hub.runtime.clock()
    with call.hub.ledger.unit("default") as unit:
        for device, group in DEVICES.items():
            unit.devices.add(Device(device, group, "enrolled", now))
            unit.uplinks.save(Uplink(device, new_signer(device.encode().ljust(32, b"-")).public_key))
