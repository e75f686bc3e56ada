"""Two tenants, every tool: whatever one asks for, nothing of the other's comes back or changes."""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.kernel.errors import ChargehandError, NotAllowed
from memory.artifacts import open_artifacts
from memory.home import Home, open_home
from memory.ledger.tables import metadata
from tests.effort import times
from tests.fakes.dependencies import components_on
from tests.fakes.fleet_devices import FakeDevice, FleetWorks, new_signer
from tests.fakes.gguf_files import small_gguf
from tests.fakes.good_calls import GOOD
from tests.fakes.ingesters import open_word_store
from tests.fakes.works import ANN, BOB, Works
from tools.calling.context import SCOPES, ToolContext
from tools.fleet.credentials import Identity
from tools.registry.artifacts import keep

SECRET = "okapi"
"""In every content that the other tenant keeps; no name that an intruder could give has it."""
THEIRS = ["zebra", "zebra@one", "challenger", "globex", "zebra-person", "champion"]
"""The names that the other tenant uses."""
POLICY = f"""\
schema: 1
policies: [{{id: {SECRET}, title: t, rules: [{{id: r, require: evaluation.accuracy > 0}}]}}]
"""
INTRUDER = replace(ANN, tenant="acme", principal="mallory", scopes=SCOPES - {"tenants:admin"})


async def fill(works: Works, home: Home, file: Path) -> list[str]:
    """Give the other tenant something of everything; returns the ids that were made, and the digest of the file."""
    ann, bob = (replace(one, tenant="globex", principal=f"zebra-{one.principal}") for one in (ANN, BOB))
    model, version, alias, _, person, _ = THEIRS
    content = {"base": SECRET}
    await works.call(ann, "register_model", name=model, description=SECRET)
    await works.call(
        ann, "register_version", model=model, label="one", reference=f"local:{SECRET}", content=content,
        card={"use": SECRET}, datasets=[{"name": SECRET}],
    )  # fmt: skip
    await works.call(ann, "set_alias", alias=alias, version=version)
    kept = (await works.call(ann, "artifact_put", path=str(file))).model_dump()
    key = (await works.call(ann, "api_key_issue", principal=person, scopes=["roster:read"])).model_dump()
    measured = {"version": version, "metric": "accuracy", "value": 0.5, "n": 9, "dataset": SECRET}
    evidence = (await works.call(ann, "evaluation_record", **measured)).model_dump()
    await works.call(ann, "gate_check", version=version)
    await works.call(ann, "create_model_factory", name=model, model=model, base=SECRET, reference=f"local:{SECRET}")
    await works.call(ann, "create_deployment_pipeline", name=model, stages=[{"name": "staging", "alias": SECRET}])
    with pytest.raises(ChargehandError) as caught:
        await works.call(ann, "manage_security_policies", action="put", name=model, text=POLICY)
    theirs = await fill_fleet(works, home, ann)
    given_to = (await works.call(bob, "approval_delegate", to=person, hours=9)).model_dump()
    return [evidence["id"], key["view"]["id"], caught.value.approval_id, given_to["id"], kept["digest"], *theirs]  # type: ignore[attr-defined]


async def fill_fleet(works: Works, home: Home, ann: ToolContext) -> list[str]:
    """A device with everything that a device can have."""
    contents = open_artifacts(home)
    device = FakeDevice(FleetWorks(works, Identity(home.identity), contents), "zebra", "globex")
    made: Any = await works.call(ann, "device_enrolment_token", group="zebra")
    await device.enrol(made.token, facts={"site": SECRET})
    with works.ledger.unit("globex") as unit:
        kept = keep(unit, contents, io.BytesIO(SECRET.encode()), "text/plain", works.now)
    await works.call(ann, "device_configure", values={"site": SECRET})
    await works.call(ann, "device_pack_assign", name="zebra", digest=kept.digest, group="zebra")
    action = {"do": "ask", "text": SECRET}
    await works.call(ann, "device_job_put", name="zebra", schedule={"on": "once"}, action=action, device="zebra")
    asked: Any = await works.call(ann, "device_ask", device="zebra", text=SECRET)
    device.record("alert", message=SECRET)
    device.record("answer", id=asked.id, text=SECRET)
    device.record("question", id="1", text=SECRET)
    device.report(version=SECRET)
    await device.settle()
    return ["zebra:1", asked.id, kept.digest, made.token, made.view.id]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return open_home(tmp_path_factory.mktemp("isolation") / "home")


@pytest.fixture(scope="module")
def shared(home: Home) -> Iterator[tuple[Works, list[str]]]:
    """All tools of a hub, over a home in which the other tenant has something of everything."""
    folder, store = home.root.parent, open_word_store(home)
    works = Works(store.ledger)
    works.add(components_on(store).tools.values())
    works.register_tenant("acme")
    works.register_tenant("globex")
    (folder / "zebra.md").write_text(f"# zebra\n\nThe challenger zebra is an {SECRET}.")
    store.ingest([folder / "zebra.md"], "globex", 1_000_000)
    (folder / "zebra.gguf").write_bytes(small_gguf("zebra"))
    ids = asyncio.run(fill(works, home, folder / "zebra.gguf"))
    yield works, ids
    store.close()


def values_of(schema: dict[str, Any], names: list[str]) -> st.SearchStrategy[Any]:
    """What an intruder would try: names of the other tenant wherever a text fits, anything that fits elsewhere."""
    if "anyOf" in schema:
        return st.one_of(*(values_of(part, names) for part in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    by_type: dict[str, st.SearchStrategy[Any]] = {
        "string": st.sampled_from(names),
        "integer": st.integers(1, 50),
        "number": st.integers(1, 50),
        "array": st.lists(st.sampled_from([*names, "roster:read"]), max_size=2),
        "null": st.none(),
        "object": st.just({}),
    }
    return by_type.get(schema.get("type", ""), st.just({"base": "x"}))


def everything(works: Works) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """All rows of the other tenant."""
    with works.ledger.database.read() as connection:
        return [
            (table.name, [tuple(row) for row in connection.execute(sa.select(table).where(table.c.tenant == "globex"))])
            for table in metadata.sorted_tables
            if "tenant" in table.c
        ]


def test_every_tool_of_a_hub_is_tried(shared: tuple[Works, list[str]]) -> None:
    assert set(shared[0].tools) == set(GOOD)


@pytest.mark.repeated
@pytest.mark.parametrize("name", GOOD)
def test_no_tool_reaches_across(name: str, shared: tuple[Works, list[str]]) -> None:
    works, ids = shared
    schema = works.tools[name].arguments.model_json_schema()["properties"]
    names = [*THEIRS, *ids]
    before = everything(works)

    @settings(max_examples=times(4, 12), suppress_health_check=list(HealthCheck), database=None)
    @given(arguments=st.fixed_dictionaries({field: values_of(part, names) for field, part in schema.items()}))
    def tries(arguments: dict[str, Any]) -> None:
        try:
            said = asyncio.run(works.tools[name].call(INTRUDER, arguments)).model_dump_json()
        except ChargehandError as error:
            said = str(error)
        assert SECRET not in said

    tries()
    assert everything(works) == before


@pytest.mark.parametrize("name", ["edge_sync", "edge_artifact", "edge_enroll"])
@pytest.mark.parametrize("principal", ["device:zebra", "device:nobody", "enrolment:zebra"])
def test_no_device_reaches_across(name: str, principal: str, shared: tuple[Works, list[str]]) -> None:
    works, ids = shared
    before = everything(works)
    intruder = replace(INTRUDER, principal=principal, scopes=frozenset({"edge:sync", "edge:enrol"}))
    key = new_signer()
    arguments: dict[str, dict[str, Any]] = {
        "edge_sync": {"stream": "a" * 32, "after": 0, "through": 0, "whole": True},
        "edge_artifact": {"digest": ids[-3]},
        "edge_enroll": {"device": "zebra", "public_key": key.public_key, "proof": key.sign(b"x")},
    }
    with pytest.raises(NotAllowed):
        asyncio.run(works.tools[name].call(intruder, arguments[name]))
    assert everything(works) == before


def test_a_device_has_nothing_of_the_same_name_in_another_tenant(shared: tuple[Works, list[str]], home: Home) -> None:
    works, ids = shared

    async def meet() -> None:
        hub = FleetWorks(works, Identity(home.identity), open_artifacts(home))
        ours: Any = await works.call(replace(INTRUDER, principal="ann"), "device_enrolment_token", group="zebra")
        device = FakeDevice(hub, "zebra", "acme")
        with pytest.raises(NotAllowed):
            await FakeDevice(hub, "zebra", "globex").enrol(ours.token)
        with pytest.raises(NotAllowed):
            await device.enrol(ids[-2])
        await device.enrol(ours.token)
        before = everything(works)
        await device.settle()
        assert SECRET not in str(device.items)
        with pytest.raises(NotAllowed):
            await device.fetch(ids[-3])
        assert everything(works) == before

    asyncio.run(meet())


def test_nothing_of_the_other_tenant_is_listed(shared: tuple[Works, list[str]]) -> None:
    works, _ = shared
    other = replace(INTRUDER, principal="stranger")
    for name in (
        "models_list",
        "approvals_list",
        "api_keys_list",
        "audit_list",
        "audit_verify",
        "tenant_usage",
        "policies_list",
        "artifact_list",
        "evaluation_list",
        "factories_list",
        "pipeline_status",
        "device_list",
        "device_groups",
        "device_health",
        "device_events",
        "device_job_list",
        "device_answers",
        "device_questions",
        "device_tokens",
    ):
        assert SECRET not in asyncio.run(works.call(other, name)).model_dump_json()
