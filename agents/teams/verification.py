"""The guardrail: of what a crew says, only the sentences stay whose figures, names and states are in the evidence."""

import re

from agents.grounding.claims import check_claim
from agents.grounding.places import sentences
from edge.kernel.grounding import codes, figures, plain

_STATES = re.compile(
    r"\b(?:pass(?:es|ed)?|fail(?:s|ed|ure)?|approved?|rejected|promoted"
    r"|rolled back|aborted|paused|insufficient|allowed|forbidden"
    r"|commercial|research only|safe|verified|whole|intact|tampered"
    r"|unlimited|waiting|champion|challenger|production|staging"
    r"|retired|canary|healthy|better"
    r"|worse|ready|done|complete[d]?)\b"
    r"|通过|失败|批准|驳回|晋级|回滚|中止|暂停|不足|允许|禁止|商用|完整|篡改|生产|退役|更好|更差|安全|完成",
    re.IGNORECASE,
)
_NAMES = re.compile(r"[\w.-]+@[\w.-]*\w|\b(?:ap|ro|run|gate)-[\w-]*\w")
_MARKS = re.compile(r"^[\s>*#-]+|\*\*|`")


def keep_supported(said: str, evidence: str) -> tuple[str, int]:
    """The sentences that stand, in order, and how many do not.

    A sentence stands if every code, name and word of a state in it is in the evidence; one with figures only if the
    evidence says it so (`agents.grounding.claims`), since a right figure of the wrong thing is false, too.

    Args:
        said: Markdown of a model.
        evidence: the rendered results of the tools.
    """
    known = plain(evidence)
    there = {code for _, _, code in codes(known)}, known.lower()
    kept: list[str] = []
    dropped = 0
    for start, end in sentences(said):
        sentence = _MARKS.sub("", said[start:end]).strip()
        if not any(letter.isalnum() for letter in sentence):
            continue
        carried = not figures(plain(sentence)) or check_claim(sentence, [evidence]).passage is not None
        if carried and _stands(plain(sentence), *there):
            kept.append(sentence)
        else:
            dropped += 1
    chinese = any("\u3400" <= letter <= "\u9fff" for letter in said)
    return ("" if chinese else " ").join(dict.fromkeys(kept)), dropped


def _stands(sentence: str, known_codes: set[str], evidence: str) -> bool:
    words = {match[0].lower() for pattern in (_STATES, _NAMES) for match in pattern.finditer(sentence)}
    return {code for _, _, code in codes(sentence)} <= known_codes and all(word in evidence for word in words)
