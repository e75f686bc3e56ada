import pycrfsuite

from agents.understanding.features import tag_features
from agents.understanding.slot_tagger import SlotTagger, TaggedSpan, spans_of
from agents.understanding.tokens import Part, tokenise


def test_spans_are_read_from_labels() -> None:
    labels = ["O", "B-version", "I-version", "O", "B-reason", "I-reason", "B-reason", "I-target"]
    assert spans_of(labels) == [
        TaggedSpan("version", 1, 2),
        TaggedSpan("reason", 4, 5),
        TaggedSpan("reason", 6, 6),
        TaggedSpan("target", 7, 7),
    ]
    assert spans_of([]) == spans_of(["O"]) == []


def test_a_span_that_begins_without_its_beginning_is_one_all_the_same() -> None:
    assert spans_of(["I-reason", "I-reason"]) == [TaggedSpan("reason", 0, 1)]


def test_a_tagger_tags_for_the_tools_of_its_slices(tmp_path) -> None:
    said = tokenise("pause bot because of noise", [Part(6, 9, "name", ("target",))])
    trainer = pycrfsuite.Trainer(verbose=False)
    for _ in range(3):
        trainer.append(tag_features(said, "rollout_pause"), ["O", "B-rollout", "O", "O", "B-reason"])
    trainer.train(str(tmp_path / "field"))
    tagger = SlotTagger({"rollouts": (tmp_path / "field").read_bytes()}, {"rollout_pause": "rollouts", "other": "none"})
    assert tagger.tag(said, "rollout_pause") == [TaggedSpan("rollout", 1, 1), TaggedSpan("reason", 4, 4)]
    assert tagger.tag((), "rollout_pause") == tagger.tag(said, "other") == tagger.tag(said, "unheard_of") == []
