"""The roster: aliases, stages, registering, retiring."""

import re

from agents.planner.calls import PlannedCall
from agents.planner.operations.operation import Built, Operation, sole_version, unknown_name
from agents.planner.parsed_message import ParsedMessage
from agents.planner.questions import Question, ask

_PROMOTE = r"\bpromote\b|晋级|转正|提升"
_ALIAS = r"\balias(?:es)?\b|别名"
_POINT = r"\b(?:point|repoint|assign|set|make|name|call|let|swap|switch)\b|成为|指向|设为|作为|换成"
_ALIAS_LAST = r"\bmake\b|\bas\b|\bbecomes?\b|\bcall\b|\bname\b(?! <)|成为|设为|作为"
_MOVE = r"\b(?:move|stage|put|transition|set|mark|make|transfer)\b|转到|转入|转为|移到|改为|标记|放到|设为|进入"
_REMOVE = r"\b(?:remove|delete|drop|unset)\b|删除|移除|去掉"
_RETIRE = r"\b(?:retire|decommission|deprecate)\b|退役|弃用|淘汰"
_REGISTER = r"\b(?:register|add)\b|登记|注册"
_PLAIN = r"\b(?:stage|version|model|point|points|become|be)\b|阶段|版本|模型|环境"
_NEW_ALIAS = re.compile(
    r"(?:\balias\b|别名)\s*(?:called|named|名为|叫)?\s*[\"“']?(?P<name>[a-z0-9][a-z0-9._-]*)", re.IGNORECASE
)
_NEW_MODEL = re.compile(
    r"(?:\bmodel\b|模型)\s*(?:called|named|名为|叫做?)?\s*[\"“']?(?P<name>[a-z0-9][a-z0-9._-]*)", re.IGNORECASE
)
_REFERENCE = re.compile(r"\b[a-z]+:[a-z0-9][\w./:-]*", re.IGNORECASE)
_QUANTISATION = re.compile(r"(?<![\w@.-])(?:i?q\d\w*|int[48]|fp16|bf16|fp32)(?![\w@.-])", re.IGNORECASE)
_VERSION_WORDS = (
    r"\bdigest\b|摘要",
    _REGISTER,
    r"\b[a-z]+:\S+",
    r"(?<![\w@.-])(?:i?q\d\w*|int[48]|fp16|bf16|fp32)(?![\w@.-])",
    r"\b(?:version|served|serve|serving|base|based|quanti[sz](?:ed|ation)|reference|parent)\b|版本|基于|量化|由|提供服务",
)


def _promote(reading: ParsedMessage) -> Built:  # noqa: C901, PLR0911 - each return asks for something else
    language, known = reading.language, reading.known
    if question := unknown_name(reading, (_PROMOTE, _PLAIN), "version"):
        return question
    versions, stages = reading.names("V", "A"), reading.names("G")
    if len(stages) > 1:
        return ask("two_of", language, kind="stage", names=stages)
    to_champion = "champion" in versions and (len(versions) > 1 or bool(reading.names("M")))
    if to_champion and stages:
        return ask("two_of", language, kind="stage", names=["champion", *stages])
    version = sole_version(reading, [name for name in versions if not (to_champion and name == "champion")])
    if isinstance(version, Question):
        return version
    if version is None:
        return ask("name_version", language, names=[*known.aliases, *known.versions])
    if stages:
        return [PlannedCall("set_stage", {"version": version, "stage": stages[0]})]
    if known.aliases.get("champion") == known.version(version):
        return ask("same", language, alias="champion", version=known.version(version))
    if not to_champion:
        moving = [one for one in known.open_rollouts() if one.version == known.version(version)]
        if moving:
            return ask("promote_which", language, version=version, rollout=moving[0].id)
        if version != "challenger":
            return ask("promote_to", language, version=version)
    return [PlannedCall("set_alias", {"alias": "champion", "version": version})]


def _points(reading: ParsedMessage) -> bool:
    return reading.says(_POINT) and (reading.says(_ALIAS) or bool(reading.names("A"))) and not reading.names("G", "N")


def _point(reading: ParsedMessage) -> Built:
    language, known = reading.language, reading.known
    new = None if reading.names("A") and not reading.says(_ALIAS) else _NEW_ALIAS.search(reading.masked)
    named = {new["name"].lower()} if new else set[str]()
    words = (_POINT, _ALIAS, _PLAIN, *(re.escape(name) for name in named))
    if question := unknown_name(reading, words, "version"):
        return question
    said = [one.name for one in reading.mentions if one.kind in {"V", "A"}]
    aliases = [name for name in said if name not in known.versions]
    alias = new["name"].lower() if new else None
    if alias is None and aliases:
        alias = aliases[-1] if reading.says(_ALIAS_LAST) else aliases[0]
    if alias is None:
        return ask("name_alias", language, names=list(known.aliases))
    version = sole_version(reading, [name for name in dict.fromkeys(said) if name != alias])
    if isinstance(version, Question):
        return version
    if version is None:
        return ask("name_version", language, names=list(known.versions))
    if known.aliases.get(alias) == known.version(version):
        return ask("same", language, alias=alias, version=known.version(version))
    return [PlannedCall("set_alias", {"alias": alias, "version": version})]


def _unpoint(reading: ParsedMessage) -> Built:
    if question := unknown_name(reading, (_REMOVE, _ALIAS), "version"):
        return question
    aliases = reading.names("A")
    if len(aliases) != 1:
        question = "two_of" if aliases else "name_alias"
        return ask(question, reading.language, kind="alias", names=aliases or list(reading.known.aliases))
    return [PlannedCall("remove_alias", {"alias": aliases[0]})]


def _move(reading: ParsedMessage) -> Built:
    if question := unknown_name(reading, (_MOVE, _PLAIN), "version"):
        return question
    stages = reading.names("G")
    if len(stages) > 1:
        return ask("two_of", reading.language, kind="stage", names=stages)
    version = sole_version(reading)
    if isinstance(version, Question):
        return version
    if version is None:
        return ask("name_version", reading.language, names=[*reading.known.aliases, *reading.known.versions])
    return [PlannedCall("set_stage", {"version": version, "stage": stages[0]})]


def _retire(reading: ParsedMessage) -> Built:
    if question := unknown_name(reading, (_RETIRE, _PLAIN), "version", "model"):
        return question
    models = reading.names("M")
    whole = models and reading.says(r"\b(?:the|whole|entire) model\b|\bmodel <|模型") and not reading.names("V", "A")
    version = models[0] if whole else sole_version(reading)
    if isinstance(version, Question):
        return version
    if version is None:
        return ask("name_version", reading.language, names=list(reading.known.versions))
    if len(reading.reason) < 3 and not (reading.language == "zh" and reading.reason):
        return ask("name_reason", reading.language)
    if whole:
        return [PlannedCall("retire_model", {"model": version, "reason": reading.reason})]
    return [PlannedCall("retire_version", {"version": version, "reason": reading.reason})]


def _registers_model(reading: ParsedMessage) -> bool:
    return reading.says(_REGISTER) and reading.says(r"\bmodel\b|模型") and "@" not in reading.text


def _register_model(reading: ParsedMessage) -> Built:
    named = _NEW_MODEL.search(reading.masked)
    if named is None or named["name"].lower() in {"based", "called", "named", "on"}:
        return ask("name_new", reading.language)
    based = reading.names("C")
    if len(based) > 1:
        return ask("two_of", reading.language, kind="model", names=based)
    given = {"based_on": based[0]} if based else {}
    return [PlannedCall("register_model", {"name": named["name"].lower(), **given})]


def _registers_version(reading: ParsedMessage) -> bool:
    return reading.says(_REGISTER) and any("@" in name for name in reading.names("U", "V"))


def _register_version(reading: ParsedMessage) -> Built:
    name = next(name for name in reading.names("U", "V") if "@" in name)
    model, _, label = name.lower().partition("@")
    if model not in reading.known.models:
        return ask("unknown", reading.language, kind="model", name=model, nearest="")
    reference = _REFERENCE.search(reading.text)
    behind = reading.text.lower().find("base") if "base" in reading.text.lower() else reading.text.find("基于")
    bases = [one.name for one in reading.mentions if one.kind == "C" and 0 <= behind <= one.start]
    missing = [what for what, there in (("reference", reference), ("base", bases)) if not there]
    if reference is None or missing:
        return ask("version_parts", reading.language, names=missing)
    quantisation = _QUANTISATION.search(reading.text)
    content = {"base": bases[0], **({"quantisation": quantisation[0].upper()} if quantisation else {})}
    if len(digests := reading.names("H")) > 1:
        return ask("two_of", reading.language, kind="digest", names=digests)
    content |= {"base_digest": digests[0]} if digests else {}
    arguments = {"model": model, "label": label, "reference": reference[0], "content": content}
    return [PlannedCall("register_version", arguments)]


def _delete(reading: ParsedMessage) -> Question:
    named = reading.names("V", "M")[0]
    return ask("delete", reading.language, version=named)


ROSTER_ORDERS = (
    Operation(
        "register_version",
        _registers_version,
        _register_version,
        _VERSION_WORDS,
        example="register version MODEL@LABEL served by ollama:NAME from base CATALOGUE-NAME",
    ),
    Operation(
        "register_model",
        _registers_model,
        _register_model,
        (_REGISTER, _NEW_MODEL.pattern, r"\b(?:based|called|named)\b|基于|名为|叫做?"),
        example="register a model called NAME based on CATALOGUE-NAME",
    ),
    Operation(
        "retire",
        lambda reading: reading.says(_RETIRE),
        _retire,
        (_RETIRE, _PLAIN, r"\b(?:whole|entire)\b"),
        example="retire VERSION because …",
    ),
    Operation(
        "promote",
        lambda reading: reading.says(_PROMOTE),
        _promote,
        (_PROMOTE, _PLAIN, r"→|->|成为"),
        example="promote VERSION to champion",
    ),
    Operation(
        "remove_alias",
        lambda reading: reading.says(_REMOVE) and (reading.says(_ALIAS) or bool(reading.names("A"))),
        _unpoint,
        (_REMOVE, _ALIAS),
        example="remove alias NAME",
    ),
    Operation("delete", lambda reading: reading.says(_REMOVE) and bool(reading.names("V", "M")), _delete),
    Operation(
        "set_alias", _points, _point, (_POINT, _NEW_ALIAS.pattern, _ALIAS, _PLAIN), example="point ALIAS at VERSION"
    ),
    Operation(
        "set_stage",
        lambda reading: reading.says(_MOVE) and bool(reading.names("G")) and not reading.names("N"),
        _move,
        (_MOVE, _PLAIN),
        example="move VERSION to staging",
    ),
)
