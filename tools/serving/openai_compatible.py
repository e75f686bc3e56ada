"""The runtime of any server that speaks OpenAI's HTTP API: vLLM, LM Studio, GitHub Models, OpenAI itself.

It loads and unloads what it likes: `ensure` only looks whether it has the model, `warm` and `unload` do nothing.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast
from urllib.parse import urlsplit

from edge.kernel.errors import ChargehandError, NotFound, Unavailable
from tools.serving.client import ApiClient
from tools.serving.providers import without_password
from tools.serving.runtime import Endpoint, Health, Json, Progress, RuntimeModel, ServedVersion, ignore, prepare


class OpenAICompatibleRuntime:
    """One base URL. Implements `tools.serving.runtime.Runtime`.

    Args:
        name: the word before the colon in `runtime:model`.
        base_url: with its `/v1`, or whatever stands before `/chat/completions`.
        key: empty where the server wants none.
        headers: sent with every request.
        lists: whether it answers `/models`; GitHub Models does not, and is believed to have what it is asked for.
        takes_stream_options: whether a stream may be asked for its usage; who refuses that sends it unasked.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        key: str = "",
        headers: Mapping[str, str] | None = None,
        *,
        lists: bool = True,
        takes_stream_options: bool = True,
    ) -> None:
        self.name = name
        base_url = base_url.rstrip("/")
        self._lists = lists
        self._takes_stream_options = takes_stream_options
        self._is_openai = urlsplit(base_url).hostname == "api.openai.com"
        where = f"{name} at {without_password(base_url)}"
        self._client = ApiClient(where, base_url, key, "Check the connection.", headers)

    async def health(self) -> Health:
        if not self._lists:
            return Health(up=True, detail="not asked: it lists no models")
        try:
            found = await self.models()
        except ChargehandError as error:
            return Health(up=False, detail=str(error))
        return Health(up=True, detail=f"{len(found)} models")

    async def models(self) -> Sequence[RuntimeModel]:
        if not self._lists:
            return []
        listed = (await self._client.get("/models")).get("data")
        entries = cast("list[dict[str, Any]]", listed) if isinstance(listed, list) else []
        return [RuntimeModel(str(entry["id"])) for entry in entries if entry.get("id")]

    async def ensure(self, version: ServedVersion, on_progress: Callable[[Progress], None] = ignore) -> None:
        """Look whether the server has the model.

        Raises:
            NotFound: it lists models, and this one is not among them.
        """
        if not self._lists:
            return
        names = [model.name for model in await self.models()]
        if version.model not in names:
            raise NotFound(f"{self._client.who} has no model {version.model}.", "Start it there.", names[:3])

    async def warm(self, version: ServedVersion) -> None:
        """Do nothing: the server decides what it keeps in memory."""

    async def unload(self, version: ServedVersion) -> None:
        """Do nothing: the server decides what it keeps in memory."""

    async def complete(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> Json:
        prepared = self._worded(prepare(version, endpoint, body), endpoint)
        answer = await self._client.post(f"/{endpoint}", prepared, f"The model {version.id}")
        _require_pinned(version, answer)
        return answer

    async def stream(self, version: ServedVersion, endpoint: Endpoint, body: Json) -> AsyncGenerator[Json]:
        prepared = self._worded(prepare(version, endpoint, body, stream=True), endpoint)
        async with aclosing(self._client.stream(f"/{endpoint}", prepared, f"The model {version.id}")) as chunks:
            async for chunk in chunks:
                _require_pinned(version, chunk)
                yield chunk

    async def close(self) -> None:
        await self._client.close()

    def _worded(self, body: dict[str, Any], endpoint: Endpoint) -> dict[str, Any]:
        """OpenAI's own newer models, also behind GitHub, take the limit of tokens by its newer name only."""
        newer = self._is_openai or str(body["model"]).startswith("openai/")
        if newer and endpoint == "chat/completions" and "max_tokens" in body:
            body["max_completion_tokens"] = body.pop("max_tokens")
        if not self._takes_stream_options:
            body.pop("stream_options", None)
        return body


def _require_pinned(version: ServedVersion, answer: Json) -> None:
    """Raises Unavailable: the answer is of another model than the version was measured with."""
    given = answer.get("system_fingerprint")
    if version.fingerprint and given and given != version.fingerprint:
        raise Unavailable(
            f"{version.id} is pinned to the fingerprint {version.fingerprint}, and {given} answered.",
            "Measure what answers now, and register it as a new version.",
        )
