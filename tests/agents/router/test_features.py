import numpy as np

from agents.router.features import BUCKETS, Glossary, featurise, load_glossary


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


def test_a_question_at_the_end_of_a_long_paste_is_seen() -> None:
    paste = "zzz " * 5000
    asked = featurise(f"{paste} may we sell it", Glossary({}))
    assert set(featurise("sell", Glossary({})).buckets) & set(asked.buckets)


def test_features_of_a_message_do_not_depend_on_digits_or_case() -> None:
    one, other = featurise("Canary 10%", Glossary({})), featurise("canary 25%", Glossary({}))
    assert np.array_equal(np.sort(one.buckets), np.sort(other.buckets))
    assert one.buckets.max() < BUCKETS
