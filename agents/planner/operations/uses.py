"""What a version is to be used for, and where, as it is said."""

import re
from typing import Any

from agents.planner.parsed_message import ParsedMessage

PURPOSES = {
    "redistribution": r"\bredistribut\w+\b|再分发",
    "internal_use": r"\binternal(?:ly)?(?:[ -]use)?\b|内部使用|内部",
    "research": r"\bresearch\b|研究",
    "api_service": r"\bapi(?: service)?\b|接口服务",
    "product": r"\b(?:products?|ship(?:ped|ping)?|sell|sold|commercial(?:ly)?)\b|产品|商用|商业|出货|销售",
}
REGIONS = {
    "EU": r"\beu\b|\beurope(?:an union)?\b|欧盟|欧洲",
    "world": r"\bworld(?:wide)?\b|\bglobal(?:ly)?\b|全球",
    "CN": r"\bchina\b|中国",
}
USE_WORDS = (*PURPOSES.values(), *REGIONS.values())


def use_in(reading: ParsedMessage, words: str | None = None) -> dict[str, Any]:
    """Purpose and region, where they are said; in a part of the masked text where one is given."""
    searched = reading.masked if words is None else words

    def first(patterns: dict[str, str]) -> str | None:
        return next((name for name, each in patterns.items() if re.search(each, searched, re.IGNORECASE)), None)

    found = {"purpose": first(PURPOSES), "region": first(REGIONS)}
    return {name: value for name, value in found.items() if value is not None}
