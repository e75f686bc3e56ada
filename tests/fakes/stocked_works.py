"""A ledger with something of everything, so that every tool has something to work on."""

import hashlib
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edge.kernel.errors import ApprovalNeeded
from memory.ledger.device_events import DeviceQuestion
from memory.ledger.devices import Device, EnrolmentToken, Uplink
from memory.ledger.rollouts import Target
from memory.ledger.tenants import Principal
from memory.ledger.versions import Artifact
from tests.fakes.fleet_devices import new_signer
from tests.fakes.gguf_files import small_gguf
from tests.fakes.rollouts import ScriptedWorld, serving
from tests.fakes.works import ANN, BOB, Works, open_works
from tools.fleet.credentials import hash_of
from tools.rollouts.reconciler import rollout_work
from tools.rollouts.store import LedgerRolloutStore
from tools.runs import Worker
from tools.spec import ToolSpec

__all__ = ["FLEET_SIGNER", "PACK", "TOKEN", "copied", "stock"]

TOKEN = "che_stocked_token"
PACK = b"a knowledge pack"
FLEET_SIGNER = new_signer(b"stocked" * 5)
"""The key of a device."""
DIGEST = "sha256:" + "a" * 64
TARGETS = ("assistant", "paused", "aborted", "running")


async def stock(works: Works, folder: Path) -> dict[str, str]:
    """Fill a ledger whose tools are all there; returns the ids that were made, by what they are for.

    Args:
        folder: for files of models.
    """
    file, unused = folder / "model.gguf", folder / "unused.gguf"
    file.write_bytes(small_gguf("and so on"))
    unused.write_bytes(small_gguf("that no version is made of"))
    kept: Any = await works.call(ANN, "artifact_put", path=str(unused))
    works.register_tenant("globex")
    await works.call(ANN, "register_model", name="support", based_on="SmolLM2-135M")
    await works.call(ANN, "register_model", name="unused")
    content = {"base": "smollm2-135m", "base_digest": DIGEST, "quantisation": "Q4_1"}
    for label in ("one", "two", "old"):
        await works.call(
            ANN, "register_version", model="support", label=label, reference="local:smollm2-135m", content=content
        )
        content = {**content, "adapter": label}
    await works.call(ANN, "set_alias", alias="challenger", version="support@two")
    works.judge("support@two", "pass")
    with works.ledger.unit("default") as unit:
        for person in ("carol", "dora"):
            unit.principals.save(Principal(person, "person", [], True, works.now))
        for name in TARGETS:
            unit.targets.save(Target(name, "serving", serving("support@one").model_dump(mode="json"), works.now))
    rollouts = {name: await _start(works, name) for name in TARGETS[1:]}
    _reconcile(works)
    await works.call(ANN, "rollout_pause", rollout="paused")
    await works.call(ANN, "rollout_abort", rollout="aborted")
    _reconcile(works)
    await works.call(
        ANN, "create_model_factory", name="small", model="support", base="smollm2-135m", reference="local:smollm2-135m"
    )
    await works.call(ANN, "create_deployment_pipeline", name="release", stages=[{"name": "staging", "approval": True}])
    await works.call(ANN, "pipeline_run", pipeline="release", version="support@one")
    with pytest.raises(ApprovalNeeded) as needed:
        await works.call(BOB, "retire_version", version="support@old", reason="for the approvals")
    await works.call(ANN, "memory_remember", fact="the bakery is closed on Mondays")
    question = await _fleet(works)
    delegation: Any = await works.call(ANN, "approval_delegate", to="carol", hours=9)
    key: Any = await works.agree(ANN, BOB, "api_key_issue", principal="dora", scopes=["roster:read"])
    works.now += timedelta(minutes=1)
    return {
        "approval": needed.value.approval_id,
        "delegation": delegation.id,
        "key": key.view.id,
        "question": question,
        "file": str(file),
        "artifact": kept.digest,
        **{f"rollout {name}": id_ for name, id_ in rollouts.items()},
    }


async def _fleet(works: Works) -> str:
    """A device in a group, with a pack, a job and a question; returns the question's id."""
    digest = f"sha256:{hashlib.sha256(PACK).hexdigest()}"
    with works.ledger.unit("default") as unit:
        for name, size in ((digest, len(PACK)), (DIGEST, 7)):
            unit.artifacts.save(Artifact(name, "application/octet-stream", size, f"file:///{name}", works.now))
        unit.devices.add(Device("press-1", "hall-3", "enrolled", works.now))
        unit.device_questions.save(
            DeviceQuestion("press-1:1", "press-1", "Who mends me?", "operator", works.now, origin="device")
        )
        unit.uplinks.save(Uplink("press-1", FLEET_SIGNER.public_key))
        until = works.now + timedelta(days=9)
        unit.enrolments.save(EnrolmentToken("stocked", hash_of(TOKEN), "hall-3", None, works.now, "ann", until))
    await works.call(ANN, "device_pack_assign", name="manual", digest=digest, device="press-1")
    every = {"on": "interval", "every_s": 60}
    await works.call(ANN, "device_job_put", name="watch", schedule=every, action={"do": "ask", "text": "Are you well?"})
    asked: Any = await works.call(ANN, "device_ask", device="press-1", text="Why are you hot?")
    return asked.id


async def _start(works: Works, target: str) -> str:
    started: Any = await works.call(ANN, "rollout_start", target=target, version="support@two")
    return started.id


def _reconcile(works: Works) -> None:
    """Drive the rollouts in a world where gates pass and everybody agrees, and no traffic says anything yet."""
    world = ScriptedWorld().world()
    reconciler = Worker(rollout_work(LedgerRolloutStore(works.ledger), world), holder="stock", clock=lambda: works.now)
    for _ in range(6):
        reconciler.run_once()
        works.now += timedelta(seconds=5)


def copied(works: Works, file: Path, to: Path, specs: list[ToolSpec]) -> Works:
    """A ledger of its own with the same content, at the same moment; close it."""
    to.mkdir()
    shutil.copy(file, to / file.name)
    made = open_works(to)
    made.now = works.now
    made.add(specs)
    return made
