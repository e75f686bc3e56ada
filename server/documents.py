"""HTTP routes of documents and of the hub's status."""

import asyncio
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter

from memory.ledger.documents import StoredDocument
from server.hub import Hub

__all__ = ["document_routes"]


def document_routes(hub: Hub) -> APIRouter:
    """The routes over one hub."""
    router = APIRouter(prefix="/v1")
    documents = hub.dependencies.store.ledger.documents

    @router.get("/status")
    async def status() -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        model = hub.dependencies.model
        count, chunks = await asyncio.to_thread(documents.count, hub.tenant)
        return {
            "version": version("chargehand"),
            "home": str(hub.settings.home),
            "model": {"name": str(model.reference), "reason": model.reason, "capable": model.capable},
            "documents": count,
            "chunks": chunks,
        }

    @router.get("/documents")
    async def list_documents() -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        found = await asyncio.to_thread(documents.all, hub.tenant)
        counts = await asyncio.to_thread(documents.chunk_counts, hub.tenant)
        return {"documents": [_document(document, counts) for document in found]}

    @router.get("/documents/{document_id}")
    async def get_document(document_id: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        document = await asyncio.to_thread(documents.get, document_id, hub.tenant)
        counts = await asyncio.to_thread(documents.chunk_counts, hub.tenant, document_id)
        return _document(document, counts) | {"text": document.text}

    return router


def _document(document: StoredDocument, counts: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": document.id,
        "name": document.name,
        "title": document.title,
        "media_type": document.media_type,
        "updated_at": document.updated_at.isoformat(),
        "chunks": counts.get(document.id, 0),
    }
