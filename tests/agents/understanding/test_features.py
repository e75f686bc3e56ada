from agents.understanding.features import operation_features, tag_features
from agents.understanding.tokens import Part, tokenise

PAUSE = tokenise(
    "Pause ro-12 for 30 minutes!", [Part(6, 11, "name", ("rollout",)), Part(16, 26, "quantity", ("duration",))]
)


def test_words_neighbours_letters_and_kinds_are_seen_once_each() -> None:
    features = operation_features(PAUSE)
    assert len(features) == len(set(features))
    assert {"w pause", "w <rollout>", "p ^ pause", "p for <duration>", "t pause <rollout> for", "k rollout"} <= set(
        features
    )
    assert "c <pau" in features
    assert not [one for one in features if "!" in one]


def test_no_name_and_no_number_is_learnt() -> None:
    other = tokenise(
        "Pause ro-97 for 45 minutes!", [Part(6, 11, "name", ("rollout",)), Part(16, 26, "quantity", ("duration",))]
    )
    assert operation_features(PAUSE) == operation_features(other)
    assert operation_features(tokenise("keep 2026 of them")) == operation_features(tokenise("keep 17 of them"))


def test_the_letters_of_a_new_name_say_nothing_and_its_place_does() -> None:
    features = set(operation_features(tokenise("cancel the job weekly-log")))
    assert {"t the job <new>", "w weekly-log", "c <can"} <= features
    assert not [one for one in features if one.startswith("c ") and "log" in one]


def test_a_tag_sees_the_tool_and_its_neighbours() -> None:
    features = tag_features(PAUSE, "rollout_pause")
    assert len(features) == len(PAUSE)
    assert {"rollout_pause|kind=rollout", "-1=pause", "1=for", "rollout_pause|nth=0|rollout"} <= set(features[1])
    assert {"-1=^", "1=<rollout>", "w=pause"} <= set(features[0])
    assert set(features[1]) & set(tag_features(PAUSE, "rollout_abort")[1]) < set(features[1])
