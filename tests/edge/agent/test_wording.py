"""Results as sentences."""

from edge.agent.wording import worded


def test_passages_are_quoted_with_where_they_stand() -> None:
    where = {"document": "se30.md", "title": "SE30", "heading": "Throttling", "start": 40, "end": 64}
    other = {"document": "faq.md", "title": "", "heading": "", "start": 7, "end": 20, "score": 0.98}
    passages = [{"text": "At 85 °C it throttles.\nThen it stops.\n", **where}, {"text": "Keep it cool.", **other}]
    shown = worded("knowledge_search", {"passages": passages}, "en")
    first = "> At 85 °C it throttles.\n> Then it stops.\n[1] SE30 > Throttling (se30.md, 40-64)"
    assert shown == f"{first}\n\n> Keep it cool.\n[2] faq.md (faq.md, 7-20)"
    assert worded("knowledge_search", {"passages": []}, "zh") == "没有找到。"
