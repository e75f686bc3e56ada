"""Words that linking judges by: which say a kind, which are ordinary, which stand around names."""

import re
from functools import lru_cache

from agents.understanding.entities import Kind
from edge.kernel.errors import Unavailable

KIND_WORDS: dict[Kind, str] = {
    "rollout": r"rollouts?|roll-outs?|canar(?:y|ies)|shadows?|deployments?"
    r"|发布|灰度(?:发布)?|金丝雀(?:发布)?|上线|部署",
    "target": r"(?:serving )?targets?|endpoints?|目标",
    "group": r"groups?|(?:设备)?分?组",
    "device": r"devices?|gateways?|machines?|设备|网关",
    "version": r"versions?|builds?|版本",
    "model": r"models?|模型",
    "alias": r"alias(?:es)?|别名",
    "approval": r"approvals?|(?:approval |pending |open )?requests?|审批|申请|请求",
    "delegation": r"delegations?|委托|授权",
    "tenant": r"tenants?|租户",
    "stage": r"stages?|阶段",
    "policy": r"polic(?:y|ies)|策略",
    "factory": r"factor(?:y|ies)|工厂",
    "pipeline": r"pipelines?|流水线|管道",
    "run": r"(?:pipeline )?runs?",
    "principal": r"users?|principals?|accounts?|用户",
    "key": r"(?:api[ -])?keys?|(?:API\s*)?密钥",
    "job": r"jobs?|任务|作业",
    "pack": r"(?:knowledge )?packs?|知识包",
    "prompt": r"prompts?|提示词",
    "question": r"questions?|问题|提问",
    "artifact": r"artifacts?|制品|工件",
    "licence": r"licen[cs]es?|许可证?",
    "tool": r"tools?|operations?|工具",
    "dataset": r"data ?sets?|数据集",
}
"""Patterns of the nouns that say a kind, English and Chinese."""

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN_NAME = re.compile(r"[a-z][a-z0-9._-]*", re.IGNORECASE)
_SHORTEST_NAME = 3


@lru_cache(1)
def _kind_words() -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<{kind}>{words})" for kind, words in KIND_WORDS.items()), re.IGNORECASE)


def kind_pattern(*kinds: Kind) -> str:
    """A group that matches the nouns of these kinds; of all kinds where none is named."""
    return f"(?:{'|'.join(KIND_WORDS[kind] for kind in kinds or KIND_WORDS)})"


def kind_said(noun: str) -> Kind | None:
    """The kind that a noun says."""
    match = _kind_words().fullmatch(noun.strip())
    return match.lastgroup if match else None  # pyright: ignore[reportReturnType]


FUNCTION_WORDS = frozenset(
    """
    a an the this that these those it its he she we you they i me my our your their his her him them us who whom
    whose which what when where why how is are was were be been being am do does did done has have had having will
    would shall should can could may might must not no nor and or but if then than so as at by for from in into of
    off on onto out over to up down with without under until till about after before between during per via versus
    vs again also always another any all both each either every few more most much neither never none now once only
    other same some such too very just please yes ok okay one ones there here back away instead still yet already
    first last next new
    """.split()
)
"""English words that are no names by themselves."""

PREPOSITIONS = frozenset(
    "on to at of for from in into onto against with by via under over between through about within".split()
)
AUXILIARIES = frozenset(
    """
    do does did don't doesn't didn't can can't cannot could couldn't will won't would wouldn't shall should
    shouldn't may might must not never always also we you they i who that which it he she to n't gonna wanna fully
    only still models model gateway system api endpoint device devices server function call
    """.split()
)
"""Behind one of these an ordinary word is likely a verb."""
DETERMINERS = frozenset(
    "a an the our my your their his her its any no all both some many several every each nothing everything".split()
)
ORDERS = frozenset(
    """
    pause abort stop resume cancel halt hold continue promote retry restart start roll rollback revert undo show
    list check explain watch inspect describe compare evaluate retire register revoke approve reject grant set put
    move point give take make use run advance update change configure remove delete assign send ask open close
    finish raise lower cap limit limits freeze unfreeze suspend rename serve switch canary shadow deploy release
    ship reduce increase quit status history
    """.split()
)
"""Verbs of orders, behind which a name may stand."""
NEUTRAL_NOUNS = frozenset(
    """
    status state traffic history health events event error errors rate metrics usage quota quotas limit limits
    configuration config settings log logs details progress plan split now today tomorrow please gradually again
    back completely fully immediately entirely anyway instead too slowly quickly first only alone percent per while
    because unless until if when since there here yet already
    """.split()
)
"""Words behind a name that do not make it part of an ordinary phrase."""


@lru_cache(1)
def _vocabulary() -> frozenset[str]:
    """English words that people use; few where the embedder is not installed."""
    from tools.knowledge.word_vectors import general_words

    try:
        return frozenset(general_words(30_000)) | FUNCTION_WORDS | _OURS
    except Unavailable:
        return FUNCTION_WORDS | ORDERS | NEUTRAL_NOUNS | DETERMINERS | _OURS


_OURS = frozenset(
    "rollout rollouts canary canaries rollback approvals config dataset datasets api llm gpu cpu ok".split()
)


def vocabulary_is_known() -> bool:
    """Whether ordinary words can be told from misspelt ones."""
    return len(_vocabulary()) > 5000


@lru_cache(4096)
def is_ordinary(word: str) -> bool:
    """Whether it is a common English word, or an inflected form of one."""
    low = word.lower().replace("’", "'")
    words = _vocabulary()
    for spelling in {low, low.replace("is", "iz"), low.replace("our", "or")}:
        if spelling in words:
            return True
        for ending in ("'s", "s", "es", "ed", "d", "ing", "ly", "ers", "er", "n't"):
            stem = spelling.removesuffix(ending)
            if (
                stem != spelling
                and len(stem) > 2
                and (stem in words or f"{stem}e" in words or _undoubled(stem) in words)
            ):
                return True
        if spelling.endswith("ies") and f"{spelling[:-3]}y" in words:
            return True
    return False


def is_no_word(text: str) -> bool:
    """Whether it is in Latin letters and no common English word, so that it is a name if anything."""
    return len(text) >= _SHORTEST_NAME and _LATIN_NAME.fullmatch(text) is not None and not is_ordinary(text)


def _undoubled(stem: str) -> str:
    """Of "stopp", "stop"."""
    return stem[:-1] if stem[-1:] == stem[-2:-1] else stem


def has_han(text: str) -> bool:
    """Whether a Chinese letter is in it."""
    return _HAN.search(text) is not None
