"""Every tool through every face: the same outcome, and the same entry in the audit log.

A short run tries every tool as its specification, and every face with a tool of each kind.
"""

import asyncio
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from edge.kernel.canonical import digest_of
from edge.kernel.errors import InvalidInput, Unavailable
from memory.store import KnowledgeStore
from tests.fakes.dependencies import components_on
from tests.fakes.faces import FACES, Asked, Said
from tests.fakes.good_calls import GOOD
from tests.fakes.memory_stores import FreezingStore
from tests.fakes.stocked_works import PACK, copied, stock
from tests.fakes.works import ANN, Works, open_works
from tools.calling.context import ToolContext
from tools.spec import ApprovalRule, ToolSpec

CALLERS = {
    "edge_enroll": replace(ANN, principal="enrolment:stocked"),
    "edge_sync": replace(ANN, principal="device:press-1"),
    "edge_artifact": replace(ANN, principal="device:press-1"),
}
"""Who calls what is not for people."""
WRONG: list[Any] = [7, "§ §", {"§": 1}, ["§"], None, True]


@dataclass
class Stocked:
    """The ledger that every case starts from, and what the specification itself said of each tool."""

    works: Works
    file: Path
    specs: dict[str, ToolSpec]
    ids: dict[str, str]
    reference: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])

    def arguments(self, name: str) -> dict[str, Any]:
        return {
            key: self.ids[value[1:-1]] if isinstance(value, str) and value.startswith("<") else value
            for key, value in GOOD[name].items()
        }


@pytest.fixture(scope="module")
def stocked(sample_store: KnowledgeStore, tmp_path_factory: pytest.TempPathFactory) -> Stocked:
    folder = tmp_path_factory.mktemp("stocked")
    components = components_on(sample_store, artifacts=str(folder / "artifacts"))
    components.memories = memories = FreezingStore()  # type: ignore[assignment]
    specs = components.tools
    works = open_works(folder)
    works.add(specs.values())
    ids = asyncio.run(stock(works, folder))
    memories.frozen = True
    works.ledger.close()
    components.artifacts.put(io.BytesIO(PACK))
    return Stocked(works, folder / "ledger.sqlite", specs, ids)


def test_every_tool_is_in_the_table(stocked: Stocked) -> None:
    assert set(stocked.specs) == set(GOOD)


def _parts(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return schema.get("anyOf", [schema])


def _out_of_range(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Values of the right type that the schema excludes."""
    for part in _parts(schema):
        if "maximum" in part:
            yield part["maximum"] + 1
        if "minimum" in part:
            yield part["minimum"] - 1
        if "exclusiveMinimum" in part:
            yield part["exclusiveMinimum"]
        if part.get("maxLength", 1 << 20) < 1 << 20:
            yield "x" * (part["maxLength"] + 1)
        if part.get("minLength"):
            yield ""
        if "pattern" in part or "enum" in part:
            yield "§ §"
        if part.get("minItems"):
            yield []


def bad_arguments(spec: ToolSpec, good: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each way in which a call can be wrong, with the kind's name."""
    schema = spec.arguments.model_json_schema()
    yield "unknown", {**good, "nonsense": 1}
    yield "unknown", {**good, "config": {}, "tenant": "globex"}
    for name in schema.get("required", ()):
        yield "missing", {key: value for key, value in good.items() if key != name}
    for name, part in schema.get("properties", {}).items():
        wrong = (value for value in WRONG if _refused(spec, {**good, name: value}))
        yield "type", {**good, name: next(wrong)}
        for value in _out_of_range(part):
            yield "range", {**good, name: value}


def _refused(spec: ToolSpec, arguments: Mapping[str, Any]) -> bool:
    try:
        spec.check(arguments)
    except InvalidInput:
        return True
    return False


def _upstream(context: ToolContext, **arguments: Any) -> Any:
    raise Unavailable("The runtime does not answer.", "Start it.")


def _bug(context: ToolContext, **arguments: Any) -> Any:
    raise ZeroDivisionError("secret")


def _blank(text: str) -> str:
    """Ids that chance made are blanked."""
    return re.sub(r"[0-9a-f]{8,}", "#", text)


class Trial:
    """One tool through one face, case by case, each with what the audit log says of it."""

    def __init__(self, stocked: Stocked, name: str, face: str, folder: Path) -> None:
        self.spec = stocked.specs[name]
        self.good = stocked.arguments(name)
        self.caller = CALLERS.get(name, ANN)
        self.face = FACES[face]
        self.stocked = stocked
        self.folder = folder
        self.found: list[Any] = []
        self.seen: dict[str, int] = {}

    async def run(self) -> list[Any]:
        with_rest = self._ledger("rest")
        spec = with_rest.tools[self.spec.name]
        for kind, arguments in bad_arguments(self.spec, self.good):
            await self._try(with_rest, kind, spec, self.caller, arguments)
        lesser = replace(ANN, principal="eve", scopes=ANN.scopes - spec.scopes)
        await self._try(with_rest, "unauthorised", spec, lesser)
        await self._try(with_rest, "upstream", replace(spec, run=_upstream, approval=None), self.caller)
        await self._try(with_rest, "bug", replace(spec, run=_bug, approval=None), self.caller)
        if spec.effect != "read":
            await self._try_with_approval(with_rest, spec)
        await self._try(with_rest, "other tenant", spec, replace(ANN, tenant="globex", principal="zoe"))
        with_rest.ledger.close()
        alone = self._ledger("alone")
        await self._try(alone, "good", replace(alone.tools[self.spec.name], approval=None), self.caller)
        alone.ledger.close()
        return self.found

    def _ledger(self, name: str) -> Works:
        works = copied(self.stocked.works, self.stocked.file, self.folder / name, [self.spec])
        self.seen = {tenant: len(works.audit(tenant)) for tenant in ("default", "globex")}
        return works

    async def _try_with_approval(self, works: Works, spec: ToolSpec) -> None:
        checked = spec.check(self.good)
        asks = spec.approval is not None and spec.approval.unless is None and spec.approval.asks(checked)
        always = spec if asks else replace(spec, approval=ApprovalRule())
        said = await self._try(works, "approval", always, self.caller)
        if not said.approval:  # what the model is not told is found in the ledger
            with works.ledger.view("default") as unit:
                said = replace(said, approval=unit.audit.entries(limit=1)[0].detail)
        with works.ledger.unit("default") as unit:
            asked = unit.approvals.get(said.approval)
            unit.approvals.save(replace(asked, state="approved", decided_by="bob", decided_at=works.now))
        await self._try(works, "approved", always, self.caller, approval=said.approval)

    async def _try(
        self,
        works: Works,
        case: str,
        spec: ToolSpec,
        caller: ToolContext,
        arguments: Mapping[str, Any] | None = None,
        approval: str | None = None,
    ) -> Said:
        given = self.good if arguments is None else arguments
        said = await self.face(Asked(works, spec, caller, given, approval))
        if said.code == "done":
            spec.result.model_validate(said.result)
        self.found.append((case, given, said.code, _blank(said.text), self._new_entries(works)))
        return said

    def _new_entries(self, works: Works) -> list[Any]:
        """What the audit log says since this was last asked, but for when."""
        found: list[Any] = []
        for tenant in ("default", "globex"):
            with works.ledger.view(tenant) as unit:
                newest = unit.audit.entries(limit=5)
            for one in reversed([one for one in newest if one.sequence > self.seen[tenant]]):
                detail = _blank(one.detail)
                found.append((tenant, one.principal, one.tool, one.effect, one.arguments_digest, one.outcome, detail))
            self.seen[tenant] = newest[0].sequence if newest else 0
        return found


EXPECTED = {
    "unknown": {"invalid_input"},
    "missing": {"invalid_input"},
    "type": {"invalid_input"},
    "range": {"invalid_input"},
    "unauthorised": {"not_allowed"},
    "upstream": {"unavailable"},
    "bug": {"internal"},
    "approval": {"approval_needed"},
    "approved": {"done"},
    "good": {"done"},
}


async def reference(stocked: Stocked, name: str, folder: Path) -> list[Any]:
    if name not in stocked.reference:
        stocked.reference[name] = await Trial(stocked, name, "specification", folder / "reference").run()
    return stocked.reference[name]


@pytest.mark.parametrize("name", GOOD)
async def test_the_specification_itself_does_as_it_should(name: str, stocked: Stocked, tmp_path: Path) -> None:
    (tmp_path / "reference").mkdir()
    found = await reference(stocked, name, tmp_path)
    spec = stocked.specs[name]
    for case, arguments, code, _, entries in found:
        assert code in EXPECTED.get(case, {code}), (case, arguments, code)
        if spec.effect == "read" and code != "not_allowed":
            assert entries == [], (case, arguments)
        else:
            (entry,) = entries
            assert entry[0] == ("globex" if case == "other tenant" else "default")
            assert entry[5] == _outcome(code), (case, entry)


def _outcome(code: str) -> str:
    if code == "approval_needed":
        return "waiting"
    if code in {"unavailable", "internal"}:
        return "failed"
    return "done" if code == "done" else "refused"


REPRESENTATIVES = ("licence_list", "register_model", "retire_version", "edge_sync")
"""Tools of each kind: one that reads, one that writes, one that destroys, one for devices alone."""


@pytest.mark.parametrize("face", [name for name in FACES if name != "specification"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in REPRESENTATIVES else pytest.mark.long) for name in GOOD]
)
async def test_each_face_gives_the_same_outcome_and_audit_entry(
    name: str, face: str, stocked: Stocked, tmp_path: Path
) -> None:
    (tmp_path / "reference").mkdir()
    expected = await reference(stocked, name, tmp_path)
    found = await Trial(stocked, name, face, tmp_path).run()
    assert len(found) == len(expected)
    for (case, arguments, code, text, written), wanted in zip(found, expected, strict=True):
        assert (case, arguments) == wanted[:2]
        assert code == wanted[2], (case, arguments)
        assert text == wanted[3], (case, arguments)
        unread = (face, case) == ("http", "unauthorised")  # rights come before the body is read
        entries = [(*one[:4], digest_of({}), *one[5:]) for one in wanted[4]] if unread else wanted[4]
        assert written == entries, (case, arguments)


def test_the_representatives_are_of_every_kind(stocked: Stocked) -> None:
    kinds = [stocked.specs[name] for name in REPRESENTATIVES]
    assert {spec.effect for spec in stocked.specs.values()} == {spec.effect for spec in kinds}
    assert any(spec.approval for spec in kinds)
    assert any(scope.startswith("edge:") for spec in kinds for scope in spec.scopes)
