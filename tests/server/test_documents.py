"""The HTTP API of documents and of the hub's status."""

from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import pytest

from memory.store import KnowledgeStore
from tests.fakes.dependencies import dependencies_on
from tests.fakes.hubs import HubClient, serve_hub
from tools.calling.context import SCOPES


@pytest.fixture
def hub(store: KnowledgeStore) -> Iterator[HubClient]:
    with serve_hub(dependencies_on(store)) as client:
        yield client


def test_the_status_counts_what_is_there_and_names_the_model(hub: HubClient, store: KnowledgeStore):
    documents, chunks = store.ledger.documents.count("default")
    assert documents > 30
    assert hub.http.get("/v1/status").json() == {
        "version": version("chargehand"),
        "home": str(store.home.root),
        "model": {"name": "none", "reason": "The settings ask for no language model.", "capable": False},
        "documents": documents,
        "chunks": chunks,
        "caller": {"principal": "local", "tenant": "default", "scopes": sorted(SCOPES)},
    }


def test_all_documents_are_listed_by_name_without_their_text(hub: HubClient, samples: Path):
    listed = hub.http.get("/v1/documents").json()["documents"]
    names = [document["name"] for document in listed]
    assert names == sorted(path.relative_to(samples).as_posix() for path in samples.rglob("*.*"))
    for document in listed:
        assert set(document) == {"id", "name", "title", "media_type", "updated_at", "chunks"}
        assert datetime.fromisoformat(document["updated_at"]).tzinfo is not None


def test_each_document_tells_its_number_of_chunks(hub: HubClient, store: KnowledgeStore):
    listed = hub.http.get("/v1/documents").json()["documents"]
    parts = store.ledger.documents.chunks_of([document["id"] for document in listed])
    assert {one["id"]: one["chunks"] for one in listed} == {key: len(chunks) for key, (_, chunks) in parts.items()}
    assert sum(one["chunks"] for one in listed) == hub.http.get("/v1/status").json()["chunks"]


def test_each_document_is_given_with_its_whole_text(hub: HubClient, store: KnowledgeStore):
    for document in hub.http.get("/v1/documents").json()["documents"]:
        given = hub.http.get(f"/v1/documents/{document['id']}").json()
        assert given == document | {"text": store.ledger.documents.get(document["id"], "default").text}
        assert given["text"].strip()


def test_documents_that_come_while_the_hub_runs_are_there_at_once(
    hub: HubClient, store: KnowledgeStore, tmp_path: Path
):
    before = hub.http.get("/v1/status").json()["documents"]
    note = tmp_path / "lift.md"
    note.write_text("# Goods lift\n\nThe goods lift in hall 7 carries 1250 kg and is inspected every March.\n")
    store.ingest([note], "default", 1_000_000)
    assert hub.http.get("/v1/status").json()["documents"] == before + 1
    hub.run("How much does the goods lift in hall 7 carry?", "t1")
    assert "1250 kg" in hub.thread("t1")["messages"][1]["content"]
