"""What a mention stands for where a slot wants another kind: a model for its version, a person for their key."""

from collections.abc import Sequence

from agents.understanding.entities import Entity, Kind, KnownEntities, model_of


def entities_for(kinds: Sequence[Kind], said: Sequence[Entity], known: KnownEntities) -> list[Entity]:
    """The things of these kinds that a mention may mean, best first; empty where it means none.

    Args:
        kinds: that the slot takes, the best first.
        said: what the mention was linked with.
    """
    direct = direct_entities(kinds, said)
    if direct:
        return direct
    found: list[Entity] = []
    for one in said:
        for kind in kinds:
            found.extend(_converted(kind, one, known))
    return list(dict.fromkeys(found))


def direct_entities(kinds: Sequence[str], said: Sequence[Entity]) -> list[Entity]:
    """Those of the best of these kinds that there is."""
    direct = [one for one in said if one.kind in kinds]
    best = min((kinds.index(one.kind) for one in direct), default=0)
    return [one for one in direct if kinds.index(one.kind) == best]


def _converted(kind: Kind, said: Entity, known: KnownEntities) -> list[Entity]:  # noqa: C901, PLR0912 - one case for each pair
    match kind, said.kind:
        case "version", "model":
            names = known.versions_of(said.name)
        case "version", "catalogue_model":
            models = [model for model, based in known.models.items() if based == said.name]
            names = [name for model in models for name in known.versions_of(model)]
        case "model", "version":
            names = [model_of(said.name)]
        case "model", "alias":
            names = [model_of(known.version(said.name))]
        case "catalogue_model", "model":
            names = [known.models.get(said.name, "")]
        case "catalogue_model", "version" | "alias":
            names = [known.models.get(model_of(known.version(said.name)), "")]
        case "rollout", "version" | "alias":
            names = [one.id for one in known.open_rollouts() if one.version == known.version(said.name)]
        case "rollout", "model":
            names = [one.id for one in known.open_rollouts() if model_of(one.version) == said.name]
        case "key", "principal":
            names = [one.id for one in known.keys if one.owner == said.name and not one.revoked]
        case "approval", "principal":
            names = [one.id for one in known.approvals if one.open and one.requester == said.name]
        case "approval", _:
            names = [one.id for one in known.approvals if one.open and said.name in map(str, one.arguments.values())]
        case "delegation", "principal":
            names = [one.id for one in known.delegations if said.name in {one.giver, one.receiver} and not one.revoked]
        case "pipeline", "run":
            names = [one.pipeline for one in known.runs if one.id == said.name]
        case "question", "device":
            names = [one.id for one in known.questions if one.device == said.name]
        case _:
            names = []
    return [found for name in names if name and (found := known.entity(kind, name) or _outside(kind, name))]


def _outside(kind: Kind, name: str) -> Entity | None:
    """Models of the catalogue are no rows of the ledger."""
    return Entity("catalogue_model", name) if kind == "catalogue_model" else None


def shown_name(entity: Entity) -> str:
    """A name with what a person sees beside it."""
    return f"{entity.name} ({entity.note})" if entity.note else entity.name
