from agents.router.glossary import Glossary, load_glossary


def test_the_longest_word_wins_and_the_rest_is_left_out() -> None:
    glossary = Glossary({"模型": "model", "模型工厂": "model factory", "的": "", "评测": "evaluation"})
    assert glossary.gloss("模型工厂的评测囧") == "model factory evaluation"
    assert glossary.gloss("评测 phi-4-mini，模型") == "evaluation phi-4-mini, model"


def test_text_without_chinese_stands_as_it_is() -> None:
    assert Glossary({"模型": "model"}).gloss("canary phi-4-mini 10%") == "canary phi-4-mini 10%"


def test_the_bundled_glossary_knows_the_words_of_the_trade() -> None:
    glossary = load_glossary()
    assert "canary" in glossary.gloss("金丝雀")
    assert "licen" in glossary.gloss("许可证")
    assert "evaluat" in glossary.gloss("评测")
