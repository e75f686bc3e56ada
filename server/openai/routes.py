"""OpenAI's HTTP API on the hub: `/v1/chat/completions`, `/v1/completions`, `/v1/embeddings`, `/v1/models`."""

import base64
import logging
import struct
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Annotated, Any, cast

from fastapi import APIRouter, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from edge.kernel.errors import Cancelled, ChargehandError, NotFound
from edge.kernel.names import nearest_names
from server.authentication import caller_of
from server.chat.conversation import CHAT
from server.guarded_routes import guarded
from server.openai.answers import EventStream, error_response, invalid_body, invalid_request, unless_disconnected
from server.openai.legacy_logprobs import legacy_chunks, legacy_logprobs
from server.openai.own_models import CHARGEHAND, OwnModels
from server.openai.requests import ApiRequest, ChatRequest, CompletionRequest, EmbeddingRequest
from tools.calling.context import require_scope
from tools.serving.attempts import ModelRequest
from tools.serving.gateway import Answer, AnswerStream, Gateway
from tools.serving.metering import Caller
from tools.serving.routing import Offer
from tools.serving.runtime import Endpoint, Json

_log = logging.getLogger(__name__)

_JSON_OR_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answer, or its chunks as they come.", "content": {"text/event-stream": {}}}
}
StickyKey = Annotated[str | None, Header(alias="x-chargehand-sticky-key", max_length=512)]
"""Keeps a caller at its version; wins over what the body says."""


def openai_routes(gateway: Gateway, identify: Callable[[Request], Caller], own: OwnModels | None = None) -> APIRouter:
    """The routes over one gateway.

    Args:
        identify: who makes a request; raises NotAllowed where that is nobody.
        own: what the hub itself answers as a model.
    """

    async def permit(request: Request) -> None:
        identify(request)

    router = APIRouter(prefix="/v1", route_class=_told_as_openai(guarded(permit)), tags=["gateway"])

    @router.post("/chat/completions", response_model=None, responses=_JSON_OR_EVENTS)
    async def chat(request: Request, body: ChatRequest, sticky: StickyKey = None) -> Response:  # pyright: ignore[reportUnusedFunction]
        if own is not None and body.model == CHARGEHAND:
            return await _own_answer(own, request, body)
        asked = _asked(identify(request), body, "chat/completions", sticky, shows_images=body.shows_images)
        return await _answer(gateway, request, body, asked)

    @router.post("/completions", response_model=None, responses=_JSON_OR_EVENTS)
    async def complete(request: Request, body: CompletionRequest, sticky: StickyKey = None) -> Response:  # pyright: ignore[reportUnusedFunction]
        asked = _asked(identify(request), body, "completions", sticky)
        if body.streams:
            stream = await unless_disconnected(request.receive, gateway.stream(asked))
            shown = replace(stream, chunks=legacy_chunks(stream.chunks))
            return EventStream(shown, with_usage=body.wants_usage)
        answer = await unless_disconnected(request.receive, gateway.complete(asked))
        return JSONResponse(legacy_logprobs(answer.body), headers={"x-chargehand-version": answer.version})

    @router.post("/embeddings", response_model=None)
    async def embed(request: Request, body: EmbeddingRequest, sticky: StickyKey = None) -> Response:  # pyright: ignore[reportUnusedFunction]
        if own is not None and body.model == own.embedder.name:
            answer = Answer(own.embedder.name, await unless_disconnected(request.receive, own.embed(body)))
        else:
            asked = _asked(identify(request), body, "embeddings", sticky)
            answer = await unless_disconnected(request.receive, gateway.complete(asked))
        shown = _packed(answer.body) if body.encoding_format == "base64" else answer.body
        return JSONResponse(shown, headers={"x-chargehand-version": answer.version})

    _add_models(router, gateway, identify, own)
    return router


def _add_models(
    router: APIRouter, gateway: Gateway, identify: Callable[[Request], Caller], own: OwnModels | None
) -> None:
    @router.get("/models")
    async def models(request: Request) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        offers = await gateway.deployments.offers(identify(request).tenant)
        return {"object": "list", "data": [*_own(own), *(_model(offer) for offer in offers)]}

    @router.get("/models/{name:path}")
    async def model(request: Request, name: str) -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        offers = await gateway.deployments.offers(identify(request).tenant)
        known = {entry["id"]: entry for entry in (*(_model(offer) for offer in offers), *_own(own))}
        if name not in known:
            raise NotFound(f"There is no model {name!r}.", nearest=nearest_names(name, list(known)))
        return known[name]


def _told_as_openai(routes: type[APIRoute]) -> type[APIRoute]:
    """The class of routes whose failures leave in OpenAI's shape; the hub's other routes have their own."""

    class Told(routes):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def told(request: Request) -> Response:
                try:
                    return await handle(request)
                except RequestValidationError as error:
                    return invalid_request(error)
                except HTTPException as error:
                    return invalid_body(error)
                except Cancelled:
                    return Response(status_code=499)  # nobody reads it: the client left
                except ChargehandError as error:
                    return error_response(error, "model" if isinstance(error, NotFound) else None)
                except Exception as error:  # noqa: BLE001  # the process boundary
                    _log.exception("%s failed", request.url.path)
                    return error_response(error)

            return told

    return Told


async def _own_answer(own: OwnModels, request: Request, body: ChatRequest) -> Response:
    caller = caller_of(request)
    if body.streams:
        turn = own.begin(caller, body)
        require_scope(caller, CHAT, "use the chat")  # before anything is sent
        return EventStream(AnswerStream(CHARGEHAND, turn.chunks()), with_usage=body.wants_usage)
    answer = await unless_disconnected(request.receive, own.answer(caller, body))
    return JSONResponse(answer, headers={"x-chargehand-version": CHARGEHAND})


def _own(own: OwnModels | None) -> list[dict[str, Any]]:
    names = own.names if own is not None else ()
    return [{"id": name, "object": "model", "created": 0, "owned_by": "chargehand:hub"} for name in names]


async def _answer(gateway: Gateway, request: Request, body: ApiRequest, asked: ModelRequest) -> Response:
    if body.streams:
        stream = await unless_disconnected(request.receive, gateway.stream(asked))
        return EventStream(stream, with_usage=body.wants_usage)
    answer = await unless_disconnected(request.receive, gateway.complete(asked))
    return JSONResponse(answer.body, headers={"x-chargehand-version": answer.version})


def _asked(
    caller: Caller, body: ApiRequest, endpoint: Endpoint, sticky: str | None, *, shows_images: bool = False
) -> ModelRequest:
    # A request that says nothing of who asks is drawn by lot, so that shares are as the weights.
    key = sticky or body.sticky_key or uuid.uuid4().hex
    return ModelRequest(caller, body.model, endpoint, body.body(), key, shows_images)


def _model(offer: Offer) -> dict[str, Any]:
    created = int(offer.created_at.timestamp()) if offer.created_at else 0
    return {"id": offer.name, "object": "model", "created": created, "owned_by": f"chargehand:{offer.kind}"}


def _packed(answer: Json) -> dict[str, Any]:
    """Vectors as base64 of little-endian 32-bit floats; not every runtime packs them itself."""
    rows = cast("list[dict[str, Any]]", answer.get("data", []))
    packed = [
        {**row, "embedding": base64.b64encode(struct.pack(f"<{len(row['embedding'])}f", *row["embedding"])).decode()}
        for row in rows
    ]
    return {**answer, "data": packed}
