"""What a sentence denies, doubts, demands or limits: words that turn its meaning round and that search leaves out."""

import re

_DENIES = re.compile(
    r"\b(?:not|no|never|none|nothing|cannot|without|neither|nor)\b|n['’]t\b|[不没無无未勿莫]|非(?!常)|禁止",
    re.IGNORECASE,
)
_DOUBTS = re.compile(
    r"\b(?:may|might|could|perhaps|possibly|probably|likely|maybe)\b|可能|也许|或许|大概|似乎", re.IGNORECASE
)
_ALLOWS = re.compile(r"\bcan\b|可以|能够", re.IGNORECASE)
_DEMANDS = re.compile(r"\b(?:must|shall|have to|has to|required?|mandatory)\b|必须|务必|应当", re.IGNORECASE)
_DECIDES = re.compile(
    r"\b(?:allowed|permitted|forbidden|prohibited|welcome|possible|free|compulsory|covered|included|excluded|yes|closed"
    r"|open)\b|允许|可|不得|免费",
    re.IGNORECASE,
)
_CONDITIONS = tuple(
    re.compile(condition, re.IGNORECASE)
    for condition in (
        r"\bonly\b|仅|只(?!读)",
        r"\b(?:unless|except)\b|除非|除了",
        r"\b(?:if|when|whenever|once)\b|如果|若|当|时",
    )
)
_BOUNDS = tuple(
    re.compile(bound, re.IGNORECASE)
    for bound in (
        r"\b(?:at most|up to|no more than|maximum)\b|最多|至多|不超过",
        r"\b(?:at least|no less than|minimum)\b|最少|至少|不少于",
    )
)
_CLAUSE = re.compile(r"[,;:，；：。]|\b(?:but|while|whereas|although|and)\b|但|而", re.IGNORECASE)
_QUOTED = re.compile(r"“[^”]*”|\"[^\"]*\"|「[^」]*」")
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules|passages)\b|\bsystem prompt\b"
    r"|\byou are now\b|(?:忽略|无视|忘记).{0,12}(?:指令|指示|提示|规则)|系统提示词",
    re.IGNORECASE,
)


def gives_orders(text: str) -> bool:
    """Whether a text talks to an assistant of its instructions, as an injected prompt does; quoting one is no order."""
    return bool(_ORDERS.search(_QUOTED.sub("", text)))


def difference(claim: str, text: str, start: int, end: int) -> str:
    """How a claim differs in attitude from the sentence that it was taken from; empty where it does not.

    Denials are counted, doubts and bounds looked for, in the clauses of the sentence that the claim repeats; a
    condition counts wherever it stands in the sentence. A demand may be softened but not made.

    Args:
        claim: one sentence.
        text: the sentence of the evidence.
        start: first character of what the claim repeats of it, 0-based offset into `text`.
        end: one past the last character.
    """
    part = _clauses(text, start, end)
    if len(_DENIES.findall(claim)) != len(_DENIES.findall(part)):
        return "the documents say the opposite"
    if not _as_sure(claim, part):
        return "the documents do not say it with this certainty"
    if _DEMANDS.search(claim) and not _DEMANDS.search(text):
        return "the documents do not demand it"
    if not (_alike(_CONDITIONS, claim, text) and _alike(_BOUNDS, claim, part)):
        return "the documents say it under another condition"
    return ""


def _alike(patterns: tuple[re.Pattern[str], ...], one: str, other: str) -> bool:
    return all(bool(pattern.search(one)) == bool(pattern.search(other)) for pattern in patterns)


def _as_sure(one: str, other: str) -> bool:
    """Whether both doubt or neither does; "can" goes with either."""
    either = _ALLOWS.search(one) or _ALLOWS.search(other)
    return bool(either) or bool(_DOUBTS.search(one)) == bool(_DOUBTS.search(other))


def _clauses(text: str, start: int, end: int) -> str:
    """The clauses of `text` that text[start:end] touches."""
    breaks = [0, *(found.start() for found in _CLAUSE.finditer(text)), len(text)]
    first = max(point for point in breaks if point <= start)
    last = min(point for point in breaks if point >= end)
    return text[first:last]


def permits_or_forbids(text: str) -> bool:
    """Whether a text denies, allows, demands or limits something: what decides a question of yes or no."""
    return bool(_DECIDES.search(text)) or any(
        pattern.search(text) for pattern in (_DENIES, _DOUBTS, _ALLOWS, _DEMANDS, *_CONDITIONS[:2])
    )
