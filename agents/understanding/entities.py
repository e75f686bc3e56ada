"""Everything with a name that the caller may read: one snapshot of the ledger for each message."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal, cast

from edge.kernel.names import nearest_names
from memory.ledger import Ledger, Unit
from memory.ledger.approvals import Approval
from memory.ledger.rollouts import Rollout
from tools.spec import ToolContext

Kind = Literal[
    "version",
    "alias",
    "model",
    "catalogue_model",
    "target",
    "group",
    "device",
    "rollout",
    "approval",
    "delegation",
    "tenant",
    "stage",
    "policy",
    "factory",
    "pipeline",
    "run",
    "principal",
    "key",
    "job",
    "pack",
    "prompt",
    "question",
    "artifact",
    "licence",
    "tool",
    "dataset",
]

_TAKEN = 200
"""Newest rollouts, approvals and questions that can be named."""
_RUNS_TAKEN = 20
"""Newest runs of each pipeline that can be named."""

RETRYABLE = frozenset({"rolled_back", "aborted", "failed"})
"""States of rollouts that ended without success."""
_OVER = frozenset({"done", "failed", "refused", "cancelled"})
"""States of pipeline runs; those of `tools.pipelines.run`, which is not imported for this alone."""


_OPAQUE = frozenset({"approval", "rollout", "delegation", "run", "key", "artifact", "question", "version", "licence"})
"""Kinds whose names nobody types by heart, or that are put together from other names."""
_LETTERS = 4
_NUMERAL = re.compile(r"\d+|[零〇一二两三四五六七八九十]+")


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing with a name. `note` is what a person sees beside it, such as a rollout's target and state."""

    kind: Kind
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class KnownRollout:
    """A rollout: what it moves, to what, and whether it still does."""

    id: str
    target: str
    state: str
    version: str
    open: bool
    requested_by: str = ""


@dataclass(frozen=True, slots=True)
class KnownApproval:
    """A request for an approval: who asks for what."""

    id: str
    state: str
    requester: str
    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def open(self) -> bool:
        """Whether it waits for a decision."""
        return self.state == "requested"


@dataclass(frozen=True, slots=True)
class KnownDelegation:
    """Whose right to decide somebody else has, and whether it was taken back."""

    id: str
    giver: str
    receiver: str
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class KnownKey:
    """An API key by its public part."""

    id: str
    owner: str
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class KnownItem:
    """A job, pack or prompt of devices; `subject` is the group or device that has it, empty for all."""

    name: str
    scope: str
    subject: str


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question that a device asked and nobody has answered."""

    id: str
    device: str
    text: str


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A version's way through a pipeline."""

    id: str
    pipeline: str
    version: str
    state: str
    open: bool


@dataclass(frozen=True)
class KnownEntities:
    """Everything that has a name. What the caller may not read is empty.

    Attributes:
        models: registered model -> its id in the catalogue, empty where it is not from there; without retired ones.
        versions: id -> stage, oldest first; retired ones, too.
        bases: version -> reference of its base weights.
        aliases: alias -> version.
        previous: alias -> the version that it named before.
        targets: name -> kind; groups of devices are targets, too.
        serving: target -> versions in its traffic, the largest share first.
        rollouts, approvals, questions: newest first.
        devices: name -> group; revoked ones, too.
        stages: all that a version can be moved to, but "retired".
        principals: of the tenant, and those who asked for approvals or have delegations.
        runs: of pipelines, each pipeline's newest first.
        artifacts: digest -> media type.
        datasets: that versions were trained on.
        tools: names of operations; the caller says which.
    """

    models: Mapping[str, str] = field(default_factory=dict[str, str])
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    bases: Mapping[str, str] = field(default_factory=dict[str, str])
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    previous: Mapping[str, str] = field(default_factory=dict[str, str])
    targets: Mapping[str, str] = field(default_factory=dict[str, str])
    serving: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    rollouts: tuple[KnownRollout, ...] = ()
    approvals: tuple[KnownApproval, ...] = ()
    delegations: tuple[KnownDelegation, ...] = ()
    tenants: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    factories: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()
    runs: tuple[KnownRun, ...] = ()
    stages: tuple[str, ...] = ("candidate", "staging", "production")
    devices: Mapping[str, str] = field(default_factory=dict[str, str])
    principals: tuple[str, ...] = ()
    keys: tuple[KnownKey, ...] = ()
    jobs: tuple[KnownItem, ...] = ()
    packs: tuple[KnownItem, ...] = ()
    prompts: tuple[KnownItem, ...] = ()
    questions: tuple[KnownQuestion, ...] = ()
    artifacts: Mapping[str, str] = field(default_factory=dict[str, str])
    datasets: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Of devices, by name; the empty one is none."""
        return tuple(sorted({group for group in self.devices.values() if group}))

    @cached_property
    def entities(self) -> tuple[Entity, ...]:
        """All, each once; where a name has several kinds, the likelier kind first."""
        return tuple(_entities(self))

    @cached_property
    def by_name(self) -> Mapping[str, tuple[Entity, ...]]:
        """Exact name -> what has it."""
        found: dict[str, tuple[Entity, ...]] = {}
        for one in self.entities:
            found[one.name] = (*found.get(one.name, ()), one)
        return found

    @cached_property
    def spellings(self) -> Mapping[str, tuple[Entity, ...]]:
        """Letters and digits of each name -> what has such a name, the longest first."""
        found: dict[str, list[Entity]] = {}
        for one in self.entities:
            found.setdefault(squeezed(one.name), []).append(one)
        return {key: tuple(found[key]) for key in sorted(found, key=len, reverse=True) if key}

    @cached_property
    def said_by_letters(self) -> Mapping[str, tuple[Entity, ...]]:
        """Those of `spellings` that a person types, with four letters at least: what can be misspelt."""
        found: dict[str, tuple[Entity, ...]] = {}
        for spelling, entities in self.spellings.items():
            spoken = tuple(one for one in entities if one.kind not in _OPAQUE)
            if spoken and letter_count(spelling) >= _LETTERS:
                found[spelling] = spoken
        return found

    @cached_property
    def said_by_length(self) -> Mapping[int, list[str]]:
        """The spellings of `said_by_letters`, by their length."""
        found: dict[int, list[str]] = {}
        for spelling in self.said_by_letters:
            found.setdefault(len(spelling), []).append(spelling)
        return found

    @cached_property
    def device_prefixes(self) -> Mapping[str, tuple[str, ...]]:
        """Spelling of a device's name without its last part, where a number is in it -> the devices; no known name."""
        found: dict[str, list[str]] = {}
        for name in self.devices:
            prefix = squeezed(name.rpartition("-")[0])
            if (
                letter_count(prefix) >= _LETTERS - 1
                and letter_count(prefix) < len(prefix)
                and prefix not in self.spellings
            ):
                found.setdefault(prefix, []).append(name)
        return {prefix: tuple(names) for prefix, names in found.items()}

    @cached_property
    def shapes(self) -> Mapping[str, tuple[Kind, ...]]:
        """Spelling with `#` for each number in it -> kinds of such names, such as "press#" -> device."""
        found: dict[str, list[Kind]] = {}
        for one in self.entities:
            if one.kind not in _OPAQUE and one.kind != "model" and "#" in (shape := shape_of(one.name)):
                found.setdefault(shape, []).append(one.kind)
        return {shape: tuple(dict.fromkeys(kinds)) for shape, kinds in found.items()}

    def entity(self, kind: Kind, name: str) -> Entity | None:
        """The one of this kind and exact name."""
        return next((one for one in self.by_name.get(name, ()) if one.kind == kind), None)

    def of_kind(self, kind: Kind) -> list[Entity]:
        """All of one kind."""
        return [one for one in self.entities if one.kind == kind]

    def open_rollouts(self, target: str | None = None) -> list[KnownRollout]:
        """Those that are not over."""
        return [one for one in self.rollouts if one.open and target in {None, one.target}]

    def retryable(self, target: str | None = None) -> list[KnownRollout]:
        """Those that ended without success, newest first."""
        return [one for one in self.rollouts if one.state in RETRYABLE and target in {None, one.target}]

    def rollout(self, name: str) -> KnownRollout | None:
        """The rollout of this id."""
        return next((one for one in self.rollouts if one.id == name), None)

    def approval(self, name: str) -> KnownApproval | None:
        """The request of this id."""
        return next((one for one in self.approvals if one.id == name), None)

    def versions_of(self, model: str) -> list[str]:
        """Versions of a registered model that are not retired, oldest first."""
        return [name for name, stage in self.versions.items() if model_of(name) == model and stage != "retired"]

    def version(self, name: str) -> str:
        """The id behind a version or an alias."""
        return self.aliases.get(name, name)

    def nearest(self, wrong: str, *kinds: Kind) -> list[str]:
        """The names of these kinds that are most like a wrong one."""
        wanted = set(kinds)
        return nearest_names(wrong, [one.name for one in self.entities if one.kind in wanted])


@lru_cache(20_000)
def squeezed(name: str) -> str:
    """Letters and digits in lower case."""
    return "".join(letter.lower()[:1] for letter in name if letter.isalnum())


@lru_cache(20_000)
def letter_count(name: str) -> int:
    """How many of its characters are letters."""
    return sum(map(str.isalpha, name))


@lru_cache(20_000)
def shape_of(name: str) -> str:
    """Letters of the name in lower case with `#` for each number, in digits or in Chinese."""
    return "".join(letter for letter in _NUMERAL.sub("#", name.lower()) if letter.isalnum() or letter == "#")


def model_of(version: str) -> str:
    """The model in a version's id."""
    return version.rpartition("@")[0]


def label_of(version: str) -> str:
    """The label in a version's id."""
    return version.rpartition("@")[2]


def read_entities(ledger: Ledger, context: ToolContext, tools: Sequence[str] = ()) -> KnownEntities:
    """What the caller's tenant has, of that what the caller's scopes let it read."""
    may = context.scopes
    with ledger.view(context.tenant) as unit:
        known: dict[str, Any] = {"tools": tuple(tools)}
        people = [context.principal]
        for scope, read in _READERS.items():
            if scope in may:
                known |= read(unit)
        devices = unit.devices.groups_by_id() if may & {"rollouts:read", "fleet:read"} else {}
        if "fleet:read" in may:
            known["devices"] = devices
        if "rollouts:read" in may:
            known |= _rollouts(unit, devices)
    people += [one.requester for one in known.get("approvals", ())]
    people += [name for one in known.get("delegations", ()) for name in (one.giver, one.receiver)]
    known["principals"] = tuple(dict.fromkeys([*known.get("principals", ()), *people]))
    return KnownEntities(**known)


def _roster(unit: Unit) -> dict[str, Any]:
    aliases, versions = unit.aliases.all(), unit.versions.all()
    stages = dict.fromkeys([*KnownEntities().stages, *(version.stage for version in versions)])
    trained = [str(data.get("name") or "") for one in versions for data in one.datasets]
    return {
        "models": {one.name: one.catalogue_id or "" for one in unit.models.all() if one.retired_at is None},
        "versions": {one.id: one.stage for one in versions},
        "bases": {one.id: one.base for one in versions},
        "aliases": {one.name: one.version for one in aliases},
        "previous": {one.name: one.previous for one in aliases if one.previous},
        "stages": tuple(stage for stage in stages if stage != "retired"),
        "artifacts": {one.digest: one.media_type for one in unit.artifacts.all()},
        "datasets": tuple(dict.fromkeys(name for name in trained if name)),
    }


def _approvals(unit: Unit) -> dict[str, Any]:
    return {
        "approvals": tuple(_approval(one) for one in unit.approvals.all(limit=_TAKEN)),
        "delegations": tuple(
            KnownDelegation(one.id, one.giver, one.receiver, one.revoked) for one in unit.delegations.all()
        ),
    }


def _approval(row: Approval) -> KnownApproval:
    return KnownApproval(row.id, row.state, row.requester, row.tool, row.arguments)


def _tenants(unit: Unit) -> dict[str, Any]:
    return {"tenants": tuple(one.id for one in unit.tenants.all())}


def _policies(unit: Unit) -> dict[str, Any]:
    return {"policies": tuple(one.name for one in unit.policies.all())}


def _factories(unit: Unit) -> dict[str, Any]:
    pipelines = unit.pipelines.all()
    return {
        "factories": tuple(one.name for one in unit.factories.all()),
        "pipelines": tuple(one.name for one in pipelines),
        "runs": tuple(
            KnownRun(run["id"], one.name, run["version"], run["state"], run["state"] not in _OVER)
            for one in pipelines
            for run in one.state.get("runs", [])[:_RUNS_TAKEN]
        ),
    }


def _keys(unit: Unit) -> dict[str, Any]:
    return {
        "principals": tuple(one.id for one in unit.principals.all()),
        "keys": tuple(KnownKey(one.id, one.principal, one.revoked) for one in unit.keys.all()),
    }


def _fleet(unit: Unit) -> dict[str, Any]:
    items: dict[str, list[KnownItem]] = {"job": [], "pack": [], "prompt": []}
    for one in unit.desired.all():
        if one.kind in items:
            items[one.kind].append(KnownItem(one.name, one.scope, one.subject))
    asked = unit.device_questions.all("device", open_only=True, limit=_TAKEN)
    return {
        "jobs": tuple(items["job"]),
        "packs": tuple(items["pack"]),
        "prompts": tuple(items["prompt"]),
        "questions": tuple(KnownQuestion(one.id, one.device, one.text) for one in asked),
    }


_READERS: Mapping[str, Callable[[Unit], dict[str, Any]]] = {
    "roster:read": _roster,
    "approvals:read": _approvals,
    "tenants:admin": _tenants,
    "policies:read": _policies,
    "factories:read": _factories,
    "keys:admin": _keys,
    "fleet:read": _fleet,
}


def _rollouts(unit: Unit, devices: Mapping[str, str]) -> dict[str, Any]:
    groups = {group: "devices" for group in devices.values() if group}
    targets = unit.targets.all()
    return {
        "targets": groups | {one.name: one.kind for one in targets},
        "serving": {one.name: _served(one.traffic) for one in targets},
        "rollouts": tuple(_rollout(one) for one in unit.rollouts.all(limit=_TAKEN)),
    }


def _rollout(row: Rollout) -> KnownRollout:
    version = _candidate(row.plan, row.progress)
    return KnownRollout(row.id, row.target, row.state, version, row.ended_at is None, row.requested_by)


def _served(traffic: Mapping[str, Any]) -> tuple[str, ...]:
    arms = cast("list[dict[str, Any]]", traffic.get("arms") or [])
    ordered = sorted(arms, key=lambda arm: -float(arm.get("weight") or 0))
    return tuple(str(arm["version"]) for arm in ordered if arm.get("version"))


def _candidate(*bodies: Mapping[str, object]) -> str:
    for body in bodies:
        candidate = body.get("candidate")
        if isinstance(candidate, Mapping):
            return str(cast("Mapping[str, object]", candidate).get("version", ""))
    return ""


def _entities(known: KnownEntities) -> list[Entity]:
    """In the order in which kinds are likelier where they share a name."""
    named: dict[str, list[str]] = {}
    for alias, version in known.aliases.items():
        named.setdefault(version, []).append(alias)
    rows = [Entity("version", name, _joined(stage, *named.get(name, ()))) for name, stage in known.versions.items()]
    rows += [Entity("alias", name, version) for name, version in known.aliases.items()]
    rows += [Entity("rollout", one.id, _joined(one.target, one.version, one.state)) for one in known.rollouts]
    rows += [
        Entity("approval", one.id, _joined(one.tool, *_shown(one.arguments), f"by {one.requester}", one.state))
        for one in known.approvals
    ]
    rows += [Entity("delegation", one.id, f"{one.giver} → {one.receiver}") for one in known.delegations]
    serving, devices = known.serving, Counter(known.devices.values())
    rows += [Entity("target", name, _joined(kind, *serving.get(name, ()))) for name, kind in known.targets.items()]
    rows += [Entity("group", name, f"{devices[name]} devices") for name in known.groups]
    rows += [Entity("model", name, base) for name, base in known.models.items()]
    rows += [Entity("tenant", name) for name in known.tenants]
    rows += [Entity("policy", name) for name in known.policies]
    rows += [Entity("pipeline", name) for name in known.pipelines]
    rows += [Entity("factory", name) for name in known.factories]
    rows += [Entity("run", one.id, _joined(one.pipeline, one.version, one.state)) for one in known.runs]
    rows += [Entity("stage", name) for name in known.stages]
    rows += [Entity("device", name, group) for name, group in known.devices.items()]
    rows += [Entity("principal", name) for name in known.principals]
    rows += [Entity("key", one.id, _joined(f"of {one.owner}", "revoked" * one.revoked)) for one in known.keys]
    rows += [Entity("job", name, note) for name, note in _placed(known.jobs)]
    rows += [Entity("pack", name, note) for name, note in _placed(known.packs)]
    rows += [Entity("prompt", name, note) for name, note in _placed(known.prompts)]
    rows += [Entity("question", one.id, f"{one.device}: {one.text[:80]}") for one in known.questions]
    rows += [Entity("artifact", digest, media_type) for digest, media_type in known.artifacts.items()]
    rows += [Entity("dataset", name) for name in known.datasets]
    return rows + [Entity("tool", name) for name in known.tools]


def _placed(items: Sequence[KnownItem]) -> list[tuple[str, str]]:
    """Each name once, and who has it."""
    places: dict[str, list[str]] = {}
    for one in items:
        places.setdefault(one.name, []).append(one.subject or "all")
    return [(name, ", ".join(subjects[:3])) for name, subjects in places.items()]


def _shown(arguments: Mapping[str, Any]) -> list[str]:
    return [str(value) for value in list(arguments.values())[:2] if isinstance(value, str) and len(value) <= 60]


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
