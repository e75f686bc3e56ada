"""One operation of the grammar, and what several of them need: which version, which target, which rollout is meant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agents.planner.calls import PlannedCall
from agents.planner.known import KnownRollout
from agents.planner.parsed_message import ParsedMessage
from agents.planner.questions import Question, ask

Built = Sequence[PlannedCall] | Question


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be asked for in words.

    Attributes:
        matches: whether an utterance asks for it.
        build: its calls, or a question back.
        words: patterns of the words that belong to it; what changes something is done only if every word of the
            utterance is a name, a quantity, a filler or one of these. A look that has any matches only then.
        acts: it changes something.
        example: an order for it, for those who ask how.
    """

    name: str
    matches: Callable[[ParsedMessage], bool]
    build: Callable[[ParsedMessage], Built]
    words: tuple[str, ...] = ()
    acts: bool = True
    example: str = ""


def unknown_name(reading: ParsedMessage, words: Sequence[str], *kinds: str) -> Question | None:
    """The question about a name that stands for nothing, or about a word that is nearly a name of these kinds."""
    unknown = reading.names("U")
    if unknown:
        shapes = {"ap-": "approval", "ro-": "rollout"}
        kind = shapes.get(unknown[0][:3].lower(), "version" if "@" in unknown[0] else "model")
        return _unknown(reading, kind, unknown[0], reading.known.nearest(unknown[0], kind))
    for word in reading.unexplained(*words):
        if len(word) > 3 and (nearest := [name for name in reading.known.nearest(word, *kinds) if _alike(word, name)]):
            return _unknown(reading, kinds[0], word, nearest)
    return None


def misspelt_target(reading: ParsedMessage, new: str) -> Question | None:
    """The question about a new target that is nearly named as another one."""
    near = _near_targets(reading, new)
    return _unknown(reading, "target", new, near) if near else None


def on_new_target(reading: ParsedMessage, new: str, calls: Sequence[PlannedCall]) -> Built:
    """The calls that make a target; proposed alone where it may be another one misspelt."""
    if near := _near_targets(reading, new):
        return replace(ask("near_target", reading.language, names=near, target=new), proposed=tuple(calls))
    return calls


def sole_version(  # noqa: C901, PLR0911 - each return asks for something else
    reading: ParsedMessage, names: Sequence[str] | None = None
) -> str | Question | None:
    """The one version that is meant, as an alias where it was named so; None where none is named.

    Args:
        names: versions and aliases to choose from; all that are mentioned where left out.
    """
    known = reading.known
    said = list(reading.names("V", "A") if names is None else names)
    for name in said:
        if name not in known.versions and name not in known.aliases:
            return _unknown(reading, "version", name, known.nearest(name, "version"))
    aliases_first = sorted(said, key=lambda name: name not in known.aliases)
    distinct = {known.version(name): name for name in aliases_first}
    models = reading.names("M") + [
        model for wanted in reading.names("C") for model, based in known.models.items() if based == wanted
    ]
    for model in dict.fromkeys(models):
        if any(version.rpartition("@")[0] == model for version in distinct):
            continue
        versions = known.versions_of(model)
        if not versions:
            return ask("no_version_of", reading.language, model=model)
        if len(versions) > 1:
            return ask("which_version", reading.language, model=model, names=versions)
        distinct[versions[0]] = versions[0]
    if len(distinct) > 1:
        return ask("two_of", reading.language, kind="version", names=list(distinct.values()))
    for version, name in distinct.items():
        if known.versions.get(version) == "retired":
            return ask("retired", reading.language, version=version)
        return name
    if models_unregistered := [name for name in reading.names("C") if name not in known.models.values()]:
        return ask("no_version_of", reading.language, model=models_unregistered[0])
    return None


def sole_rollout(  # noqa: PLR0911 - each return asks for something else
    reading: ParsedMessage, words: Sequence[str], candidates: Sequence[KnownRollout], verb: str, *, by_id: bool = False
) -> str | Question:
    """The rollout that is meant: its id, or the target that it is on.

    Args:
        candidates: those that the operation fits.
        by_id: a target will not do, since the rollout on it is over.
    """
    known, language = reading.known, reading.language
    if question := unknown_name(reading, words, "target", "rollout"):
        return question
    rollouts, targets = reading.names("R"), reading.names("T")
    on = {one.target for one in known.rollouts if one.id in rollouts}
    if len(rollouts) > 1 or len({*targets, *on}) > 1:
        return ask("two_of", language, kind="rollout", names=[*rollouts, *targets])
    if rollouts:
        return rollouts[0]
    if targets:
        fitting = [one for one in candidates if one.target == targets[0]]
        if not fitting:
            return ask("no_rollout", language, verb=verb, target=targets[0], names=_listed(known.open_rollouts()))
        return fitting[0].id if by_id else targets[0]
    named = {known.version(name) for name in reading.names("V", "A")}
    fitting = [one for one in candidates if not named or one.version in named]
    if len(fitting) == 1:
        return fitting[0].id
    if not fitting:
        return ask("name_rollout", language, names=_listed(known.open_rollouts()))
    return ask("which_rollout", language, names=_listed(fitting))


def _listed(rollouts: Sequence[KnownRollout]) -> list[str]:
    return [f"{one.id} ({one.target}, {one.state})" for one in rollouts]


def _near_targets(reading: ParsedMessage, new: str) -> list[str]:
    return [name for name in reading.known.nearest(new, "target") if _alike(new, name)]


def _unknown(reading: ParsedMessage, kind: str, name: str, nearest: Sequence[str]) -> Question:
    chinese = reading.language == "zh"
    close = ("、" if chinese else ", ").join(nearest)
    said = (f"您是指 {close} 吗？" if chinese else f" Did you mean {close}?") if nearest else ""
    return ask("unknown", reading.language, kind=kind, name=name, nearest=said)


def _alike(word: str, name: str) -> bool:
    from rapidfuzz import fuzz

    return fuzz.ratio(word.lower(), name.lower()) >= 75
