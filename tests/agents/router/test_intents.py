from collections import Counter

from agents.router.intents import INTENTS, Utterance, corpus_of, held_out_of, is_held_out, letters_of, load_intents

FILE, _ = load_intents()
CORPUS, HELD_OUT = corpus_of(FILE), held_out_of(FILE)
MEASURED = [*CORPUS.utterances, *HELD_OUT]


def test_every_intent_is_defined_with_enough_utterances_in_both_languages() -> None:
    assert tuple(FILE.intents) == INTENTS
    for name, definition in FILE.intents.items():
        assert definition.definition.strip(), name
        assert definition.hint.strip(), name
        assert len(definition.utterances["en"]) >= 120, name
        assert len(definition.utterances["zh"]) >= 115, name
        assert len(definition.follow_ups["en"]) >= 20, name
        assert len(definition.follow_ups["zh"]) >= 15, name


def test_no_message_stands_twice() -> None:
    alone = [entry for entry in (*MEASURED, *CORPUS.lessons) if entry.previous is None]
    leaning = [entry for entry in MEASURED if entry.previous is not None]
    counts = Counter([letters_of(entry.text) for entry in alone] + [letters_of(text) for text in CORPUS.leaning])
    counts.update(f"{letters_of(entry.text)} after {entry.previous}" for entry in leaning)
    assert [key for key, count in counts.items() if count > 1] == []


def test_nothing_held_out_is_trained_on() -> None:
    held_out = {letters_of(entry.text) for entry in HELD_OUT}
    trained = {letters_of(entry.text) for entry in (*CORPUS.utterances, *CORPUS.lessons, *CORPUS.terms)}
    assert held_out & (trained | set(map(letters_of, CORPUS.leaning))) == set()


def test_about_a_fifth_is_held_out_of_every_intent_and_language() -> None:
    for intent in INTENTS:
        for language in ("en", "zh"):
            theirs = [entry for entry in MEASURED if entry.intent == intent and entry.language == language]
            share = sum(map(is_held_out, theirs)) / len(theirs)
            assert 0.15 < share < 0.25, (intent, language, share)


def test_spelling_does_not_move_a_message_between_training_and_held_out() -> None:
    for text in ("Canary phi-4-mini to 10%!", "SE30 有多少内存？"):
        one = Utterance(text, "knowledge", "en")
        other = Utterance(text.lower().replace("!", "").replace("？", ""), "help", "zh")
        assert is_held_out(one) == is_held_out(other)
