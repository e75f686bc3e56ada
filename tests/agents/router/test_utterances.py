from collections import Counter

from agents.router.intents import INTENTS
from agents.router.utterances import Utterance, is_held_out, load_intents, utterances_of

INTENT_FILE, _ = load_intents()
ALL = utterances_of(INTENT_FILE)


def test_every_intent_is_defined_with_enough_utterances_in_both_languages() -> None:
    assert tuple(INTENT_FILE) == INTENTS
    for name, definition in INTENT_FILE.items():
        assert definition.definition.strip(), name
        assert definition.hint.strip(), name
        assert len(definition.utterances["en"]) + len(definition.utterances["zh"]) >= 120, name
        assert len(definition.utterances["en"]) >= 60, name
        assert len(definition.utterances["zh"]) >= 60, name
        assert len(definition.follow_ups["en"]) >= 20, name


def test_no_message_stands_twice() -> None:
    counts = Counter((entry.text.casefold(), entry.previous) for entry in ALL)
    assert [key for key, count in counts.items() if count > 1] == []


def test_about_a_fifth_is_held_out_of_every_intent_and_language() -> None:
    for intent in INTENTS:
        for language in ("en", "zh"):
            theirs = [entry for entry in ALL if entry.intent == intent and entry.language == language]
            share = sum(map(is_held_out, theirs)) / len(theirs)
            assert 0.12 < share < 0.28, (intent, language, share)


def test_spelling_does_not_move_a_message_between_training_and_held_out() -> None:
    for text in ("Canary phi-4-mini to 10%!", "SE30 有多少内存？"):
        one = Utterance(text, "knowledge", "en")
        other = Utterance(text.lower().replace("!", "").replace("？", ""), "help", "zh")
        assert is_held_out(one) == is_held_out(other)
