"""A hub that plays scripts: it speaks the chat page's HTTP API and answers as `scripted_answers` says.

It lets tests bring the page into states that a real hub reaches by luck alone: a run that stands still half-way, a
failing tool, a refused question. Nothing is kept after `stop`.
"""

import json
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.fakes.scripted_answers import DOCUMENTS, PAUSE, Event, answer_to

__all__ = ["ScriptedHub", "requested"]

WEB = Path(__file__).parents[2] / "server" / "web"

_CSP = {"Content-Security-Policy": "default-src 'self'"}


@dataclass
class _Run:
    id: str
    thread_id: str
    events: list[Event] = field(default_factory=list[Event])
    done: bool = False
    cancelled: bool = False


@dataclass
class _Thread:
    id: str
    title: str
    messages: list[dict[str, Any]]
    updated_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    run_id: str | None = None

    def summary(self) -> dict[str, Any]:
        turns = sum(message["role"] == "assistant" for message in self.messages)
        fields = {"id": self.id, "title": self.title, "updated_at": self.updated_at}
        return {**fields, "turns": turns, "run_id": self.run_id}


def requested(approval: str = "ap-1", requester: str = "ann") -> dict[str, Any]:
    """An approval that waits: to retire crew@1."""
    return {
        "id": approval,
        "tool": "retire_version",
        "arguments": {"version": "crew@1", "reason": "it is old"},
        "plan": {"version": "crew@1", "digest": "5" * 64, "from": "candidate", "to": "retired"},
        "requester": requester,
        "four_eyes": True,
        "state": "requested",
        "expires_at": "2030-01-01T00:00:00+00:00",
        "decided_by": None,
        "comment": "",
    }


class ScriptedHub:
    """Serves the page and the API on a free port of the loopback interface.

    Args:
        delay_s: time between two events of a run.
        model: name of the model that the status tells.
    """

    def __init__(self, delay_s: float = 0.0, model: str = "local:smollm2-135m") -> None:
        self.delay_s = delay_s
        self.model = model
        self.threads: dict[str, _Thread] = {}
        self.approvals: list[dict[str, Any]] = []
        self.scopes = ["approvals:read", "approvals:decide"]
        self.empty = False
        """Whether nothing was ingested."""
        self.runs: dict[str, _Run] = {}
        self.refusals: list[tuple[int, dict[str, str]]] = []
        """Answers (status, error) given to the next questions in place of a run."""
        self._go_on = threading.Event()
        self._server = uvicorn.Server(uvicorn.Config(self._app(), port=0, log_level="warning", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self, port: int = 0) -> "ScriptedHub":
        self._server.config.port = port
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        self._go_on.set()
        self._server.force_exit = True
        self._server.should_exit = True
        self._thread.join()

    def release(self) -> None:
        """Let the runs that wait at a PAUSE, and all later ones, go on."""
        self._go_on.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._page),
                Mount("/assets", StaticFiles(directory=WEB)),
                Route("/v1/status", self._status),
                Route("/v1/threads", self._list),
                Route("/v1/threads/{id}", self._thread_of, methods=["GET", "DELETE"]),
                Route("/v1/threads/{id}/fork", self._fork, methods=["POST"]),
                Route("/v1/runs", self._start_run, methods=["POST"]),
                Route("/v1/runs/{id}/events", self._events),
                Route("/v1/runs/{id}/cancel", self._cancel, methods=["POST"]),
                Route("/v1/examples", self._examples),
                Route("/v1/documents", self._documents),
                Route("/v1/documents/{id}", self._document),
                Route("/v1/tools/approvals_list", self._approvals, methods=["POST"]),
            ]
        )

    async def _page(self, _: Request) -> Response:
        return FileResponse(WEB / "index.html", headers=_CSP)

    async def _status(self, _: Request) -> Response:
        model = {"name": self.model, "reason": "It is bundled.", "capable": False}
        caller = {"principal": "local", "tenant": "default", "scopes": self.scopes}
        counts = {"documents": 0 if self.empty else len(DOCUMENTS), "chunks": 99}
        return JSONResponse({"version": "0", "home": "/h", "model": model, **counts, "caller": caller})

    async def _approvals(self, _: Request) -> Response:
        return JSONResponse({"approvals": self.approvals, "delegations": []})

    async def _list(self, _: Request) -> Response:
        newest_first = sorted(self.threads.values(), key=lambda thread: thread.updated_at, reverse=True)
        return JSONResponse({"threads": [thread.summary() for thread in newest_first]})

    async def _thread_of(self, request: Request) -> Response:
        thread = self.threads.get(request.path_params["id"])
        if thread is None:
            return _error(404, "not_found", "There is no such thread.", "Choose one from the list.")
        if request.method == "DELETE":
            del self.threads[thread.id]
            return Response(status_code=204)
        return JSONResponse({**thread.summary(), "messages": thread.messages})

    async def _fork(self, request: Request) -> Response:
        old = self.threads[request.path_params["id"]]
        checkpoint = (await request.json())["checkpoint_id"]
        end = next(n for n, message in enumerate(old.messages) if message.get("checkpoint_id") == checkpoint)
        new = _Thread(str(uuid4()), f"{old.title} (fork)", old.messages[: end + 1])
        self.threads[new.id] = new
        return JSONResponse(new.summary(), status_code=201)

    async def _start_run(self, request: Request) -> Response:
        if self.refusals:
            status, error = self.refusals.pop(0)
            return JSONResponse({"error": error}, status_code=status)
        body = await request.json()
        question = body["messages"][-1]
        thread = self.threads.setdefault(body["threadId"], _Thread(body["threadId"], question["content"][:60], []))
        if thread.run_id is not None:
            return _error(409, "conflict", "This thread is busy.", "Wait for its answer.")
        run = self.runs[body["runId"]] = _Run(body["runId"], thread.id)
        thread.run_id = run.id
        thread.messages.append({"id": question["id"], "role": "user", "content": question["content"]})
        threading.Thread(target=self._play, args=(run, thread, question["content"]), daemon=True).start()
        return _stream(run, after=0)

    async def _events(self, request: Request) -> Response:
        run = self.runs.get(request.path_params["id"])
        if run is None:
            return _error(404, "not_found", "There is no such run.", "Ask again.")
        return _stream(run, after=int(request.headers.get("last-event-id", "0")))

    async def _cancel(self, request: Request) -> Response:
        self.runs[request.path_params["id"]].cancelled = True
        return JSONResponse({"status": "cancelling"}, status_code=202)

    async def _documents(self, _: Request) -> Response:
        there = [] if self.empty else DOCUMENTS
        rows = [{"id": d.id, "name": d.name, "title": d.title, "media_type": "text/markdown"} for d in there]
        return JSONResponse({"documents": rows})

    async def _examples(self, _: Request) -> Response:
        example = {"about": "SE30 edge gateway: manual", "text": "What does it say about “Cooling”?", "language": "en"}
        return JSONResponse({"examples": [example]})

    async def _document(self, request: Request) -> Response:
        found = next((each for each in DOCUMENTS if each.id == request.path_params["id"]), None)
        if found is None:
            return _error(404, "not_found", "There is no such document.", "")
        fields = {"id": found.id, "name": found.name, "title": found.title, "media_type": "text/markdown"}
        return JSONResponse({**fields, "text": found.text})

    def _play(self, run: _Run, thread: _Thread, question: str) -> None:
        run.events.append({"type": "RUN_STARTED", "threadId": thread.id, "runId": run.id})
        *events, last = answer_to(question)
        for event in events:
            while event is PAUSE and not self._go_on.wait(0.01) and not run.cancelled:
                pass
            if run.cancelled:
                break
            if event is not PAUSE:
                run.events.append(event)
                time.sleep(self.delay_s)
        if last["type"] != "RUN_ERROR":
            if not run.cancelled:
                run.events.append(last)
            outcome = {"type": "cancelled" if run.cancelled else "success"}
            last = {"type": "RUN_FINISHED", "threadId": thread.id, "runId": run.id, "outcome": outcome}
        # The thread is stored before the last event tells that it is.
        thread.messages.append(_message([*run.events, last], run.cancelled))
        thread.updated_at = datetime.now(UTC).isoformat()
        thread.run_id = None
        run.events.append(last)
        run.done = True


def _message(events: list[Event], cancelled: bool) -> dict[str, Any]:
    """The answer as a stored message."""
    custom: dict[str, list[Any]] = {"route": [None], "citations": [], "notice": [], "ending": [{}]}
    calls: dict[str, dict[str, Any]] = {}
    for event in events:
        if event["type"] == "CUSTOM":
            custom[event["name"]].append(event["value"])
        elif event["type"] == "TOOL_CALL_START":
            calls[event["toolCallId"]] = {"id": event["toolCallId"], "name": event["toolCallName"]}
        elif event["type"] == "TOOL_CALL_ARGS":
            calls[event["toolCallId"]]["arguments"] = json.loads(event["delta"])
        elif event["type"] == "TOOL_CALL_RESULT":
            result = json.loads(event["content"])
            calls[event["toolCallId"]] |= {"result": result, "status": "failed" if "error" in result else "done"}
    failed = events[-1]["type"] == "RUN_ERROR"
    return {
        "id": str(uuid4()),
        "role": "assistant",
        "content": "".join(event["delta"] for event in events if event["type"] == "TEXT_MESSAGE_CONTENT"),
        "checkpoint_id": None if failed else str(uuid4()),
        "route": custom["route"][-1],
        "citations": [each for value in custom["citations"] for each in value["citations"]],
        "tool_calls": list(calls.values()),
        "notices": custom["notice"],
        "proposed": custom["ending"][-1].get("proposed", []),
        "choices": custom["ending"][-1].get("choices", []),
        "status": "failed" if failed else "cancelled" if cancelled else "complete",
    }


def _stream(run: _Run, after: int) -> Response:
    async def lines() -> AsyncIterator[str]:
        yield ": ping\n\n"
        sent = after
        while True:
            ended = run.done
            for number, event in enumerate(run.events[sent:], start=sent + 1):
                yield f"id: {number}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
                sent = number
            if ended:
                return
            await anyio.sleep(0.005)

    return StreamingResponse(lines(), media_type="text/event-stream")


def _error(status: int, code: str, message: str, advice: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message, "advice": advice}}, status_code=status)
