import pytest

from agents.grounding.languages import foreign_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wie warm ist das Wasser im Becken?", "German"),
        ("Combien coûte le sauna ?", "French"),
        ("¿Cuánto cuesta la sauna?", "Spanish"),
        ("Quanto costa la sauna?", "Italian"),
        ("Quanto custa o bilhete para uma criança?", "Portuguese"),
        ("Hoeveel kost een kaartje voor de sauna?", "Dutch"),
        ("Сколько стоит сауна?", "Russian"),
        ("サウナはいくらですか", "Japanese"),
        ("사우나는 얼마예요?", "Korean"),
        ("كم سعر الساونا؟", "Arabic"),
    ],
)
def test_a_foreign_language_is_named(text: str, language: str) -> None:
    assert foreign_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "What does the sauna cost?",
        "How much is the 'Menu du jour' in the Café de la Paix?",
        "Who is Don Quijote de la Mancha?",
        "canary v2 on support",
        "deposit city bike",
        "SE30",
        "自习室里可以吃饭吗？",
        "SE30 的温度是多少",
        "",
    ],
)
def test_english_chinese_and_names_are_not_foreign(text: str) -> None:
    assert foreign_language(text) is None
