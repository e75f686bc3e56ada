"""HTTP routes of documents and of the hub's status."""

import asyncio
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request

from edge.kernel.errors import NotAllowed
from memory.ledger.documents import StoredDocument
from server.examples import example_questions, spread
from server.hub import Hub
from tools.calling.context import ToolContext, require_scope


def document_routes(hub: Hub, identify: Callable[[Request], ToolContext]) -> APIRouter:
    """The routes over one hub.

    Args:
        identify: who makes a request; they see their tenant's documents.
    """
    router = APIRouter(prefix="/v1")
    documents = hub.dependencies.store.ledger.documents

    def reader(request: Request) -> ToolContext:
        caller = identify(request)
        require_scope(caller, "documents:read", "read documents")
        return caller

    @router.get("/status")
    async def status(request: Request) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        caller, model = identify(request), hub.dependencies.model
        if all(scope.startswith("edge:") for scope in caller.scopes):
            raise NotAllowed(f"{caller.principal} may not ask how the hub is.", "A device syncs, and fetches.")
        count, chunks = await asyncio.to_thread(documents.count, caller.tenant)
        return {
            "version": version("chargehand"),
            "home": str(hub.settings.home),
            "model": {"name": str(model.reference), "reason": model.reason, "capable": model.capable},
            "documents": count,
            "chunks": chunks,
            "caller": {"principal": caller.principal, "tenant": caller.tenant, "scopes": sorted(caller.scopes)},
        }

    @router.get("/documents")
    async def list_documents(request: Request) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        tenant = reader(request).tenant
        found = await asyncio.to_thread(documents.all, tenant)
        counts = await asyncio.to_thread(documents.chunk_counts, tenant)
        return {"documents": [_document(document, counts) for document in found]}

    @router.get("/examples")
    async def list_examples(request: Request) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        tenant = reader(request).tenant
        looked_at = spread(await asyncio.to_thread(documents.all, tenant))
        headings = await asyncio.to_thread(documents.headings_of, [document.id for document in looked_at])
        return {"examples": example_questions(looked_at, headings)}

    @router.get("/documents/{document_id}")
    async def get_document(request: Request, document_id: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        tenant = reader(request).tenant
        document = await asyncio.to_thread(documents.get, document_id, tenant)
        counts = await asyncio.to_thread(documents.chunk_counts, tenant, document_id)
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
