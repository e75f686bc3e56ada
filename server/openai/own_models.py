"""What the hub itself answers as a model: `chargehand`, the supervisor, and the embedder of its documents."""

import asyncio
import hashlib
import json
import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from agents.events import AnswerDelta, Citation, Sources, TurnEvent
from edge.kernel.errors import InvalidInput
from memory.embedding import Embedder
from server.chat.conversation import Conversation
from server.openai.requests import ChatRequest, EmbeddingRequest, Message
from server.plain_text import ImageFreeStream, without_images
from tools.calling.context import ToolContext
from tools.serving.runtime import Json

CHARGEHAND = "chargehand"
THREAD_FIELD = "thread"
"""In `metadata`: id of the thread that a request goes on with."""
_REFUSED = ("tools", "tool_choice", "response_format", "logprobs", "logit_bias", "stop")
_MOST_THREADS = 4096
_MOST_TEXTS_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class OwnModels:
    """The hub's own models.

    Attributes:
        threads: digest of what was said so far -> its thread, so that a client that sends the whole conversation each
            time goes on with it.
    """

    conversation: Conversation
    embedder: Embedder
    threads: OrderedDict[str, str] = field(default_factory=OrderedDict[str, str])

    @property
    def names(self) -> tuple[str, str]:
        """What requests ask for."""
        return CHARGEHAND, self.embedder.name

    async def answer(self, caller: ToolContext, body: ChatRequest) -> Json:
        """A turn of the supervisor, as a whole. Raises as `begin` and `Conversation.take_turn`."""
        turn = self.begin(caller, body)
        async for _ in turn.deltas():
            pass
        return turn.whole()

    def begin(self, caller: ToolContext, body: ChatRequest) -> "Turn":
        """A turn of the supervisor about the request's last message.

        Raises:
            InvalidInput: an option that it cannot honour, or the last message is not the user's.
        """
        for name in _REFUSED:
            if getattr(body, name) is not None:
                raise InvalidInput(f"The model {CHARGEHAND} takes no {name}.", "Leave it out.")
        if body.messages[-1].role != "user":
            raise InvalidInput("The last message is not the user's.", "Send a question last.")
        text, before = _text(body.messages[-1]), body.messages[:-1]
        thread = (body.metadata or {}).get(THREAD_FIELD) or self.threads.get(_digest(caller, before), "")
        said = [(message.role, _text(message)) for message in body.messages]
        return Turn(self, caller, thread or f"openai-{uuid.uuid4().hex}", text, said)

    def remember(self, caller: ToolContext, said: Sequence[tuple[str, str]], thread: str) -> None:
        """Go on with the thread when all of this comes again."""
        self.threads[_digest_of(caller, said)] = thread
        while len(self.threads) > _MOST_THREADS:
            self.threads.popitem(last=False)

    async def embed(self, body: EmbeddingRequest) -> Json:
        """Vectors of the texts, of length 1. Raises InvalidInput: the texts are too long together."""
        texts = [body.input] if isinstance(body.input, str) else body.input
        if sum(len(text.encode()) for text in texts) > _MOST_TEXTS_BYTES:
            raise InvalidInput(f"The texts have more than {_MOST_TEXTS_BYTES} bytes.", "Send fewer at once.")
        vectors = await asyncio.to_thread(self.embedder.embed, texts)
        rows = [{"object": "embedding", "index": n, "embedding": row.tolist()} for n, row in enumerate(vectors)]
        tokens = sum(_tokens(text) for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": rows, "model": self.embedder.name, "usage": usage}


class Turn:
    """One turn while it runs, and the answer that it gave."""

    version = CHARGEHAND

    def __init__(
        self, models: OwnModels, caller: ToolContext, thread: str, text: str, said: Sequence[tuple[str, str]]
    ) -> None:
        self.thread = thread
        self._models, self._caller, self._text, self._said = models, caller, text, said
        self._id, self._created = f"chatcmpl-{uuid.uuid4().hex}", int(time.time())
        self._answer = ""
        self._citations = list[Citation]()

    async def deltas(self) -> AsyncGenerator[str]:
        """The answer as it comes, its sources last. Closing it stops the turn. Raises as `Conversation.take_turn`."""
        events: asyncio.Queue[TurnEvent | None] = asyncio.Queue()
        turn = asyncio.create_task(
            self._models.conversation.take_turn(self.thread, self._text, events.put_nowait, self._caller)
        )
        turn.add_done_callback(lambda _: events.put_nowait(None))
        images = ImageFreeStream()
        try:
            while (event := await events.get()) is not None:
                if isinstance(event, AnswerDelta) and (text := images.take(event.text)):
                    self._answer += text
                    yield text
                elif isinstance(event, Sources):
                    self._citations = list(event.citations)
            await turn
            if listed := images.rest() + without_images(_listed(self._citations)):
                self._answer += listed
                yield listed
            self._models.remember(self._caller, [*self._said, ("assistant", self._answer)], self.thread)
        finally:
            turn.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await turn

    async def chunks(self) -> AsyncGenerator[Json]:
        """The answer as the chunks of a stream, the last with its usage."""
        yield self._chunk({"role": "assistant", "content": ""})
        async for text in self.deltas():
            yield self._chunk({"content": text})
        yield self._chunk({"annotations": self._annotations()}, "stop")
        yield {**self._head("chat.completion.chunk"), "choices": [], "usage": self._usage()}

    def whole(self) -> Json:
        """The answer, once it has come."""
        message = {"role": "assistant", "content": self._answer, "annotations": self._annotations()}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage()}

    def _chunk(self, delta: Json, finish: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _head(self, kind: str) -> dict[str, Any]:
        shared = {"id": self._id, "object": kind, "created": self._created, "model": CHARGEHAND}
        return {**shared, "metadata": {THREAD_FIELD: self.thread}}

    def _usage(self) -> dict[str, int]:
        prompt, completion = _tokens(self._text), _tokens(self._answer)
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}

    def _annotations(self) -> list[dict[str, Any]]:
        """The citations, with where their marks stand in the text, and what they quote."""
        found: list[dict[str, Any]] = []
        for citation in self._citations:
            mark = f"[{citation.number}]"
            start = max(0, self._answer.find(mark))
            place = {"start_index": start, "end_index": start + len(mark)}
            source = {"url": f"/v1/documents/{citation.document_id}", "title": citation.title}
            quoted = {"type": "url_citation", "url_citation": place | source, "chargehand": asdict(citation)}
            found.append(quoted)
        return found


def _listed(citations: Sequence[Citation]) -> str:
    """The sources as text, for clients that show nothing else."""
    if not citations:
        return ""
    lines = (f"[{c.number}] {' > '.join(filter(None, (c.title, c.heading)))} ({c.document})" for c in citations)
    return "\n\n" + "\n".join(lines)


def _text(message: Message) -> str:
    if isinstance(message.content, list):
        return "\n".join(part.text for part in message.content if part.type == "text")
    return message.content or ""


def _digest(caller: ToolContext, messages: Sequence[Message]) -> str:
    return _digest_of(caller, [(message.role, _text(message)) for message in messages])


def _digest_of(caller: ToolContext, said: Sequence[tuple[str, str]]) -> str:
    """Of whose conversation, and what was said in it; what nobody said is no conversation."""
    spoken = [[role, text.strip()] for role, text in said if role in {"user", "assistant"}]
    if not spoken:
        return ""
    return hashlib.sha256(json.dumps([caller.tenant, caller.principal, spoken]).encode()).hexdigest()


def _tokens(text: str) -> int:
    """An estimate: four characters a token."""
    return max(1, len(text) // 4)
