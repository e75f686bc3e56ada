import pytest

from edge.kernel.language import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("May we ship qwen2.5-3b?", "en"),
        ("qwen2.5-3b 能商用吗", "zh"),
        ("把 phi-4-mini 灰度到 10%", "zh"),
        ("what does 灰度 mean in the rollout policy", "en"),
        ("", "en"),
        ("😀", "en"),
        ("你好", "zh"),
    ],
)
def test_language_of_a_message(text: str, language: str) -> None:
    assert detect_language(text) == language
