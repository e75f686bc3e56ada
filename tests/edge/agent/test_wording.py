"""Results as sentences."""

import re

from edge.agent.wording import worded
from edge.tools.health import problems_of


def test_passages_are_quoted_with_where_they_stand() -> None:
    where = {"document": "se30.md", "title": "SE30", "heading": "Throttling", "start": 40, "end": 64}
    other = {"document": "faq.md", "title": "", "heading": "", "start": 7, "end": 20, "score": 0.98}
    passages = [{"text": "At 85 °C it throttles.\nThen it stops.\n", **where}, {"text": "Keep it cool.", **other}]
    shown = worded("knowledge_search", {"passages": passages}, "en")
    first = "> At 85 °C it throttles.\n> Then it stops.\n[1] SE30 > Throttling (se30.md, 40-64)"
    assert shown == f"{first}\n\n> Keep it cool.\n[2] faq.md (faq.md, 7-20)"
    assert worded("knowledge_search", {"passages": []}, "zh") == "没有找到。"


def test_what_is_wrong_with_the_device_is_told_in_the_language_of_the_answer() -> None:
    cpu = {"cores": 2, "busy_percent": 99.0, "load_1m": 9.0, "load_5m": 9.0, "load_15m": 9.5}
    memory = {"used_percent": 95.1, "available_mb": 99}
    health = {"cpu": cpu, "memory": memory, "disk": {"used_percent": 97.5, "free_mb": 12}}
    health |= {"temperature": {"celsius": 91.2}, "uptime_s": None}
    result = {"problems": problems_of(health), **health}
    assert worded("system_health", result, "en").startswith("Problems: Memory is 95.1 % used. The disk is 97.5 % full.")
    told = worded("system_health", result, "zh").splitlines()[0]
    assert re.findall("[A-Za-z]{2,}", told) == []
    assert all(figure in told for figure in ("95.1 %", "97.5 %", "91.2 °C", "9.5"))
