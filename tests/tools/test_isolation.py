"""Two tenants, every tool: whatever one asks for, nothing of the other's comes back or changes."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphs.toolbox import all_tools
from memory.errors import ChargehandError
from memory.home import open_home
from memory.ledger.schema import metadata
from tests.fakes.good_calls import GOOD
from tests.fakes.ingesters import open_word_store
from tests.fakes.offline import offline_settings
from tests.fakes.works import ANN, BOB, Works
from tools.catalogue import load_catalogue
from tools.context import SCOPES

SECRET = "okapi"
"""In every content that the other tenant keeps; no name that an intruder could give has it."""
THEIRS = ["zebra", "zebra@one", "challenger", "globex", "zebra-person", "champion"]
"""The names that the other tenant uses."""
POLICY = f"""\
schema: 1
policies: [{{id: {SECRET}, title: t, rules: [{{id: r, require: evaluation.accuracy > 0}}]}}]
"""
INTRUDER = replace(ANN, tenant="acme", principal="mallory", scopes=SCOPES - {"tenants:admin"})


async def fill(works: Works, file: Path) -> list[str]:
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
    with pytest.raises(ChargehandError) as caught:
        await works.call(ann, "retire_version", version=version, reason=SECRET)
    measured = {"version": version, "metric": "accuracy", "value": 0.5, "n": 9, "dataset": SECRET}
    evidence = (await works.call(ann, "evaluation_record", **measured)).model_dump()
    await works.call(ann, "gate_check", version=version)
    await works.call(ann, "create_model_factory", name=model, model=model, base=SECRET, reference=f"local:{SECRET}")
    await works.call(ann, "create_deployment_pipeline", name=model, stages=[{"name": "staging", "alias": SECRET}])
    with pytest.raises(ChargehandError):
        await works.call(ann, "manage_security_policies", action="put", name=model, text=POLICY)
    given_to = (await works.call(bob, "approval_delegate", to="mallory", hours=9)).model_dump()
    return [evidence["id"], key["view"]["id"], caught.value.approval_id, given_to["id"], kept["digest"]]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Works, list[str]]]:
    """All tools of a hub, over a home in which the other tenant has something of everything."""
    folder = tmp_path_factory.mktemp("isolation")
    store = open_word_store(open_home(folder / "home"))
    works = Works(store.ledger)
    works.add(all_tools(offline_settings(home=store.home.root), store, load_catalogue(), "none").values())
    works.register_tenant("acme")
    works.register_tenant("globex")
    (folder / "zebra.md").write_text(f"# zebra\n\nThe challenger zebra is an {SECRET}.")
    store.ingest([folder / "zebra.md"], "globex", 1_000_000)
    (folder / "zebra.gguf").write_bytes(b"GGUF zebra")
    ids = asyncio.run(fill(works, folder / "zebra.gguf"))
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


@pytest.mark.parametrize("name", GOOD)
def test_no_tool_reaches_across(name: str, shared: tuple[Works, list[str]]) -> None:
    works, ids = shared
    schema = works.tools[name].arguments.model_json_schema()["properties"]
    names = [*THEIRS, *ids]
    before = everything(works)

    @settings(max_examples=12, suppress_health_check=list(HealthCheck), database=None)
    @given(arguments=st.fixed_dictionaries({field: values_of(part, names) for field, part in schema.items()}))
    def tries(arguments: dict[str, Any]) -> None:
        try:
            said = asyncio.run(works.tools[name].call(INTRUDER, arguments)).model_dump_json()
        except ChargehandError as error:
            said = str(error)
        assert SECRET not in said

    tries()
    assert everything(works) == before


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
    ):
        assert SECRET not in asyncio.run(works.call(other, name)).model_dump_json()
