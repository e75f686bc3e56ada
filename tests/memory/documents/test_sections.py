from dataclasses import replace

from memory.documents.passages import Chunk, Passage, Section
from memory.documents.sections import SectionReader, sections_of
from memory.store import KnowledgeStore

FAN = "Pull the fan tray straight out."


def found(store: KnowledgeStore, words: str, name: str) -> Passage:
    passages = store.retriever.search(words, "default", 20)
    return next(passage for passage in passages if passage.document == name and words in passage.text)


def test_chunks_in_a_row_under_one_heading_are_one_section() -> None:
    chunks = [
        Chunk(0, ("A",), 4, 10, "x" * 6),
        Chunk(1, ("A",), 12, 20, "x" * 8),
        Chunk(2, ("A", "B"), 24, 30, "x" * 6),
        Chunk(3, ("A",), 34, 40, "x" * 6),
    ]
    assert sections_of(chunks) == [Section(("A",), 4, 20), Section(("A", "B"), 24, 30), Section(("A",), 34, 40)]
    assert sections_of([]) == []


def test_every_passage_lies_in_its_section_word_for_word(sample_store: KnowledgeStore) -> None:
    reader = SectionReader(sample_store.ledger.documents, "default")
    passages = sample_store.retriever.search("gateway model battery", "default", 40)
    wholes = [reader.whole(passage) for passage in passages]
    for passage, whole in zip(passages, wholes, strict=True):
        document = sample_store.ledger.documents.get(passage.document_id, "default")
        assert whole.text == document.text[whole.start : whole.end]
        assert whole.start <= passage.start < passage.end <= whole.end
        assert whole.heading_path == passage.heading_path
    assert any(len(whole.text) > len(passage.text) for passage, whole in zip(passages, wholes, strict=True))


def test_the_sections_beside_a_passage(sample_store: KnowledgeStore) -> None:
    reader = SectionReader(sample_store.ledger.documents, "default")
    beside = reader.beside(found(sample_store, "lift the heat spreader", "manuals/aster-14-manual.md"))
    assert [heading for heading, _ in beside] == ["Opening the base", "Replacing the battery"]
    assert beside[0][1].startswith("1. Shut down")
    assert tuple(
        heading
        for heading, text in reversed(reader.beside(found(sample_store, FAN, "manuals/se50-manual.md")))
        if "RMA process" in text or "enrolment code" in text
    ) == ("Returns", "First start")


def test_a_passage_that_changed_or_went_since_stays_as_it_was_found(sample_store: KnowledgeStore) -> None:
    reader = SectionReader(sample_store.ledger.documents, "default")
    passage = found(sample_store, FAN, "manuals/se50-manual.md")
    changed = replace(passage, text=passage.text.replace("tray", "tape"))
    gone = replace(passage, document_id="nobody")
    assert reader.whole(changed) == changed
    assert (reader.whole(gone), reader.beside(gone)) == (gone, [])
    assert SectionReader(sample_store.ledger.documents, "others").whole(passage) == passage
