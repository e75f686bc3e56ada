"""As much of Ollama's HTTP API as one agent step needs, answering at once: a tool call, then an answer."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["instant_ollama"]

_USAGE = {"done": True, "done_reason": "stop", "total_duration": 1, "prompt_eval_count": 10, "eval_count": 5}


class _Instant(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._send(
            {"models": [{"name": "instant", "model": "instant", "size": 1, "details": {}}], "version": "0.11.10"}
        )

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.endswith("/api/show"):
            self._send({"model_info": {"general.context_length": 8192}, "details": {}, "capabilities": ["tools"]})
            return
        told = "41 C" in json.dumps(asked["messages"][-1])  # the tool's answer, in whatever role it is shown
        name, arguments = ("final_answer", {"answer": "41 C"}) if told else ("sensor_read", {"sensor": "inlet"})
        message: dict[str, Any] = {"role": "assistant", "content": json.dumps({"name": name, "arguments": arguments})}
        if asked.get("tools"):
            if told and not any(tool["function"]["name"] == "final_answer" for tool in asked["tools"]):
                message = {"role": "assistant", "content": "It is 41 C."}
            else:
                calls = [{"function": {"name": name, "arguments": arguments}}]
                message = {"role": "assistant", "content": "", "tool_calls": calls}
        if self.path.startswith("/v1/"):
            self._send(_as_openai(message))
            return
        self._send({"model": "instant", "created_at": "2026-01-01T00:00:00Z", "message": message, **_USAGE})

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def _send(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode() + b"\n"
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _as_openai(message: dict[str, Any]) -> dict[str, Any]:
    calls = [
        {
            "id": "call_1",
            "type": "function",
            "function": {"name": call["function"]["name"], "arguments": json.dumps(call["function"]["arguments"])},
        }
        for call in message.get("tool_calls", ())
    ]
    choice = {"index": 0, "finish_reason": "stop", "message": message | ({"tool_calls": calls} if calls else {})}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "instant",
        "choices": [choice],
        "usage": usage,
    }


@contextmanager
def instant_ollama() -> Generator[str]:
    """Serve on a free port of this machine; gives the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Instant)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
