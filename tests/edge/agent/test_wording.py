"""Results as sentences."""

from edge.agent.wording import worded


def test_passages_are_shown_with_their_source_and_without_their_figures() -> None:
    passage = {"text": "At 85 °C it throttles.\n", "document": "se30.md", "title": "SE30", "heading": "Throttling"}
    other = {"text": "Keep it cool.", "document": "faq.md", "title": "", "heading": "", "score": 0.98, "start": 7}
    shown = worded("knowledge_search", {"passages": [passage, other]}, "en")
    assert shown == "At 85 °C it throttles.\n  [SE30 > Throttling]\n\nKeep it cool.\n  [faq.md]"
    assert worded("knowledge_search", {"passages": []}, "zh") == "没有找到。"
