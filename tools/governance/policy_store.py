"""Policies in the ledger: which are active, and how they change; a change takes an approval by another."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, cast

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import Conflict, InvalidInput
from memory.ledger import Unit
from memory.ledger.governance import StoredPolicy
from memory.ledger.versions import STAGES
from memory.yaml_text import parse_yaml
from tools.governance.evidence import unordered_digest
from tools.governance.policy import PolicySet, default_text, read_policies
from tools.spec import ApprovalRule, ToolContext, ToolSpec, View, tool

DEFAULT = "default"
"""Name of the policies that hold where a tenant has no active ones of its own."""

PolicyName = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$",
        description="name of a policy file",
        json_schema_extra={"names": ["policy"]},
    ),
]
PolicyText = Annotated[str, Field(min_length=1, max_length=100_000, description="YAML; the language: docs/policies.md")]
Action = Literal["list", "show", "put", "activate", "deactivate"]


class PolicyView(View):
    """One policy file. `rules` are `policy/rule`; `text` is left out in lists.

    `problem` says why a policy that was put by another release does not load any more: gates then refuse to judge until
    it is mended or deactivated.
    """

    name: str
    active: bool
    digest: str
    revision: int
    updated_at: AwareDatetime | None
    updated_by: str
    rules: list[str]
    problem: str = ""
    text: str | None = None


class PolicyList(BaseModel):
    """Policy files by name. `digest` is of all that hold together (gate results name it); empty where one is broken."""

    policies: list[PolicyView]
    digest: str


class _Digests(BaseModel):
    files: list[str]


def active_policies(unit: Unit) -> PolicySet:
    """What holds in the tenant now: its active policies together, the default ones where it has none."""
    stored = unit.policies.all(active=True)
    if not stored:
        return _read(default_text(), DEFAULT)
    sets = [_read(policy.text, policy.name) for policy in stored]
    if len(sets) == 1:
        return sets[0]
    together = tuple(policy for one in sets for policy in one.policies)
    freezes = tuple(freeze for one in sets for freeze in one.freezes)
    return PolicySet(together, unordered_digest(_Digests(files=[one.digest for one in sets])), freezes)


def declared_metrics(unit: Unit) -> dict[str, tuple[float | None, float | None]]:
    """Metrics that the tenant's policies declare, active or not, with their least and greatest values."""
    found: dict[str, tuple[float | None, float | None]] = {}
    for content in _contents(unit):
        for name, entry in cast("Mapping[str, Any]", content.get("metrics") or {}).items():
            bounds: Mapping[str, Any] = entry or {}
            found[name] = (bounds.get("low"), bounds.get("high"))
    return found


def known_stages(unit: Unit) -> set[str]:
    """Stages that a gate may be asked for: everybody's, those that the policies declare, and those in use."""
    declared = {str(name) for content in _contents(unit) for name in content.get("stages") or ()}
    return {*STAGES, *declared, *(version.stage for version in unit.versions.all())} - {"retired"}


def declared_attributes(unit: Unit) -> set[str]:
    """Attributes of bias that the tenant's policies declare, active or not."""
    return {str(name) for content in _contents(unit) for name in content.get("attributes") or ()}


def policies_list(
    context: ToolContext,
    name: Annotated[
        str | None,
        Field(max_length=64, description="only this, with its text", json_schema_extra={"names": ["policy"]}),
    ] = None,
) -> PolicyList:
    """List the policies by which gates decide, which of them are active, or show the text of one."""
    return _listed(context.unit, name)


def manage_security_policies(
    context: ToolContext,
    action: Annotated[Action, Field(description="what to do; all but list and show are changes")],
    name: PolicyName | None = None,
    text: PolicyText | None = None,
) -> PolicyList:
    """List, show, put, activate or deactivate the policies by which gates decide; a change needs an approval."""
    unit = context.unit
    if action in {"list", "show"}:
        _refuse_text(action, text)
        if (action == "show") != (name is not None):
            raise InvalidInput(f"{action} {'needs the' if action == 'show' else 'takes no'} name of a policy.")
        return _listed(unit, name)
    changed = _changed(context, action, name, text)
    unit.policies.save(changed)
    return _listed(unit, changed.name)


def _plan(context: ToolContext, action: Action, name: str | None, text: str | None) -> dict[str, Any]:
    """What is shown to whoever decides; nobody is asked about a policy that does not load."""
    changed = _changed(context, action, name, text)
    former = context.unit.policies.find(changed.name)
    return {
        "policy": changed.name,
        "from": {"digest": former.digest, "active": former.active, "revision": former.revision} if former else None,
        "to": {"digest": changed.digest, "active": changed.active},
        "rules": _rules(changed.text, changed.name)[0],
    }


def _changed(context: ToolContext, action: Action, name: str | None, text: str | None) -> StoredPolicy:
    if name is None:
        raise InvalidInput(f"{action} needs the name of a policy.", "Name one.")
    if name == DEFAULT:
        raise InvalidInput(
            "The default policies hold where no other is active; they cannot be changed.",
            "Put a policy of your own and activate it.",
        )
    unit = context.unit
    former = unit.policies.find(name) if action == "put" else unit.policies.get(name)
    if action == "put":
        if text is None:
            raise InvalidInput("put needs the text of the policy.", "Give it as YAML.")
        active = former.active if former else False
    else:
        _refuse_text(action, text)
        text, active = unit.policies.get(name).text, action == "activate"
        if former is not None and former.active == active:
            raise Conflict(
                f"The policy {name!r} is {'' if active else 'not '}active already.", "Nothing is to be done."
            )
    if action != "deactivate":
        policies = read_policies(text, name) if action == "put" else _read(text, name)
        if active:
            _require_own_ids(unit, name, policies)
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    return StoredPolicy(name, text, digest, active, context.now, context.principal)


def _refuse_text(action: str, text: str | None) -> None:
    if text is not None:
        raise InvalidInput(f"{action} takes no text.", "Use put to change what a policy says.")


def _require_own_ids(unit: Unit, name: str, policies: PolicySet) -> None:
    """A reason of a gate names its rule, so that two active rules must not have one name."""
    mine = {policy.id for policy in policies.policies}
    for other in unit.policies.all(active=True):
        shared = mine & {policy.id for policy in _read(other.text, other.name).policies}
        if other.name != name and shared:
            raise Conflict(f"{other.name} has {', '.join(sorted(shared))} too.", "Choose another id, or deactivate it.")


def _listed(unit: Unit, name: str | None) -> PolicyList:
    stored = unit.policies.all(active=None)
    default = PolicyView(
        name=DEFAULT,
        active=not any(policy.active for policy in stored),
        digest=f"sha256:{hashlib.sha256(default_text().encode()).hexdigest()}",
        revision=0,
        updated_at=None,
        updated_by="",
        rules=_rules(default_text(), DEFAULT)[0],
        text=default_text() if name == DEFAULT else None,
    )
    if name not in {None, DEFAULT}:
        views = [_view(unit.policies.get(str(name)), with_text=True)]
    else:
        views = [default, *(_view(policy) for policy in stored if name is None)]
    broken = any(_rules(policy.text, policy.name)[1] for policy in stored if policy.active)
    return PolicyList(policies=views, digest="" if broken else active_policies(unit).digest)


def _view(policy: StoredPolicy, *, with_text: bool = False) -> PolicyView:
    rules, problem = _rules(policy.text, policy.name)
    return PolicyView.of(policy, rules=rules, problem=problem, text=policy.text if with_text else None)


def _rules(text: str, name: str) -> tuple[list[str], str]:
    """The rules, and why there are none where the text does not load."""
    try:
        policies = _read(text, name)
    except InvalidInput as error:
        return [], error.message
    return policies.rules, ""


def _contents(unit: Unit) -> list[Mapping[str, Any]]:
    return [cast("Mapping[str, Any]", parse_yaml(policy.text)) for policy in unit.policies.all(active=None)]


@lru_cache(maxsize=64)
def _read(text: str, name: str) -> PolicySet:
    """What was put once is read whatever stages it names; what is put now is checked."""
    return read_policies(text, name, any_stage=True)


def policy_tools() -> list[ToolSpec]:
    """The operations on policies."""
    changes = ApprovalRule(when={"action": ("put", "activate", "deactivate")}, plan=_plan)
    return [
        tool(policies_list, scopes={"policies:read"}, ledger=True),
        tool(manage_security_policies, scopes={"policies:write"}, effect="write", approval=changes),
    ]
