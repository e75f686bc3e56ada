"""What an Ollama server has: the two questions of its HTTP API that choosing a model needs.

Standard library only: a client library costs half a second of import, and most starts ask one question.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import cast
from urllib.parse import unquote, urlsplit

from agents.models.reference import parameters_from_name
from edge.kernel.errors import Unavailable
from tools.serving.providers import ollama_url, without_password

_CONNECT_S = 0.3
_ANSWER_S = 2.0
_LONGEST_ANSWER = 8 * 1024 * 1024
_EMBEDDING_FAMILIES = frozenset({"bert", "nomic-bert", "nomic-bert-moe", "xlm-roberta", "jina-bert-v2"})
_BILLION = 1_000_000_000


@dataclass(frozen=True, slots=True)
class OllamaModel:
    """A model that the server has.

    Attributes:
        parameters: how many, None when neither the server nor the name says.
        chats: False when it only embeds, as far as its family and name tell.
    """

    name: str
    parameters: int | None
    chats: bool


@dataclass(frozen=True, slots=True)
class OllamaServer:
    """One Ollama server by URL; each call is one request with short limits of time."""

    url: str

    @classmethod
    def at(cls, address: str) -> "OllamaServer":
        """Take any form that `OLLAMA_HOST` may have: `host`, `:port`, `host:port` or a URL.

        Raises:
            InvalidInput: the address has no readable host or port.
        """
        return cls(ollama_url(address))

    @property
    def shown(self) -> str:
        """The URL without a password."""
        return without_password(self.url)

    def models(self) -> list[OllamaModel]:
        """Every model it has, in its order (newest first).

        Raises:
            Unavailable: it does not answer within 0.3 s (connection) and 2 s (answer), or not as Ollama does.
        """
        listed = self._ask("GET", "/api/tags").get("models")
        if not isinstance(listed, list):
            raise self._not_ollama()
        entries = [
            cast("Mapping[str, object]", entry) for entry in cast("list[object]", listed) if isinstance(entry, dict)
        ]
        return [_read_model(entry) for entry in entries if entry.get("name")]

    def describe(self, name: str) -> tuple[int | None, int | None, bool]:
        """Ask about one model: parameters, longest context in tokens (each None when unsaid), and whether it chats.

        Raises:
            Unavailable: as for `models`.
        """
        answer = self._ask("POST", "/api/show", {"model": name})
        facts = _mapping(answer.get("model_info"))
        count = facts.get("general.parameter_count")
        lengths = [value for key, value in facts.items() if key.endswith(".context_length") and isinstance(value, int)]
        abilities = answer.get("capabilities")
        chats = not isinstance(abilities, list) or "completion" in abilities
        return (count if isinstance(count, int) else None), (lengths[0] if lengths else None), chats

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Mapping[str, object]:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_CONNECT_S)
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        try:
            connection.connect()
            connection.sock.settimeout(_ANSWER_S)
            connection.request(method, parts.path + path, json.dumps(body) if body else None, headers)
            response = connection.getresponse()
            content = response.read(_LONGEST_ANSWER)
        except (OSError, HTTPException) as error:
            raise Unavailable(
                f"Ollama does not answer at {self.shown}.",
                "Start it with `ollama serve`, or set CHARGEHAND_OLLAMA_URL.",
            ) from error
        finally:
            connection.close()
        if response.status != 200:
            raise self._not_ollama(f"status {response.status}")
        try:
            answer: object = json.loads(content)
        except ValueError as error:
            raise self._not_ollama() from error
        if not isinstance(answer, dict):
            raise self._not_ollama()
        return cast("Mapping[str, object]", answer)

    def _not_ollama(self, why: str = "no readable JSON") -> Unavailable:
        return Unavailable(
            f"What answers at {self.shown} does not answer as Ollama does ({why}).",
            "Check CHARGEHAND_OLLAMA_URL and the server's log.",
        )


def preference(model: OllamaModel) -> tuple[int, int]:
    """Sort key for choosing by itself: the largest under 4B first, then the others from the smallest, unknown last."""
    if model.parameters is None:
        return (2, 0)
    return (0, -model.parameters) if model.parameters < 4 * _BILLION else (1, model.parameters)


def _read_model(entry: Mapping[str, object]) -> OllamaModel:
    name = str(entry["name"])
    details = _mapping(entry.get("details"))
    parameters = parameters_from_name(str(details.get("parameter_size", ""))) or parameters_from_name(name)
    embeds = details.get("family") in _EMBEDDING_FAMILIES or "embed" in name
    return OllamaModel(name, parameters, not embeds)


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
