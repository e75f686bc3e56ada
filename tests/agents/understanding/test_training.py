from agents.understanding.operation_classifier import OTHER_LABELS, OperationClassifier
from agents.understanding.slot_tagger import SlotTagger
from agents.understanding.tokens import tokenise
from agents.understanding.training import Message, other_messages, train_classifier, train_taggers
from agents.understanding.training_set import Labelled, labels_of
from tests.fakes.embedders import WordEmbedder

THINGS = "lamp door oven pump fan belt valve gate light motor".split()


def messages() -> list[Message]:
    said = {"open": "please open the {}", "close": "shut the {} for me", "documents": "what is a {} made of"}
    return [
        Message(label, "en", tokenise(f"{text.format(thing)}{end}"))
        for label, text in said.items()
        for thing in THINGS
        for end in ("", " now", " again")
    ]


def test_what_is_learnt_is_told_apart_on_words_that_were_not_seen() -> None:
    weights, accuracy = train_classifier(messages(), WordEmbedder())
    assert accuracy > 0.9
    assert weights.labels == ("close", "documents", "open")
    classifier = OperationClassifier(weights, WordEmbedder())
    for label, text in (
        ("open", "please open the window"),
        ("close", "shut the hatch for me"),
        ("documents", "what is a bolt made of"),
    ):
        best = classifier.rank(tokenise(text))[0]
        assert (best.label, best.probability > 0.5) == (label, True)


def test_the_same_messages_give_the_same_weights() -> None:
    first, second = (train_classifier(messages(), WordEmbedder())[0] for _ in range(2))
    assert (first.words == second.words).all()
    assert first.vocabulary == second.vocabulary


def test_a_field_of_each_slice_learns_the_marks_of_its_tools() -> None:
    labelled: list[Labelled] = []
    for thing in THINGS:
        tokens = tokenise(f"open {thing} because tired")
        labels = list(labels_of(tokens, []))
        labels[1], labels[3] = "B-thing", "B-reason"
        labelled.append(Labelled("open", "en", tokens, tuple(labels)))
    fields = train_taggers(labelled, {"open": "things"})
    assert set(fields) == {"things"}
    spans = SlotTagger(fields, {"open": "things"}).tag(tokenise("open window because bored"), "open")
    assert [(span.path, span.first, span.last) for span in spans] == [("thing", 1, 1), ("reason", 3, 3)]


def test_other_messages_are_there_in_both_languages() -> None:
    counts = {(label, language): 0 for label in OTHER_LABELS for language in ("en", "zh")}
    for message in other_messages():
        counts[message.label, message.language] += 1
    assert min(counts.values()) > 30
