"""What OpenAI's clients send, typed: options are passed on, or refused where they cannot be honoured. None is ignored
but for those that only hint at speed or accounting.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.serving.configuration import GenerationOptions

_OURS = frozenset(
    """model stream stream_options user safety_identifier prompt_cache_key prompt_cache_retention metadata store
    service_tier modalities n best_of echo prediction encoding_format""".split()
)
"""Fields that the gateway itself heeds; runtimes never see them."""

Options = Mapping[str, Any]
Tokens = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StreamOptions(_Strict):
    """What a stream also says."""

    include_usage: bool = False
    include_obfuscation: Literal[False] | None = None


class ApiRequest(_Strict):
    """What all requests have."""

    model: Annotated[str, Field(min_length=1, max_length=256)]
    user: Annotated[str, Field(max_length=512)] | None = None
    safety_identifier: Annotated[str, Field(max_length=512)] | None = None
    prompt_cache_key: Annotated[str, Field(max_length=512)] | None = None
    metadata: Mapping[str, str] | None = None

    @property
    def sticky_key(self) -> str | None:
        """Who asks, as far as the request says: the same key keeps its version."""
        return self.safety_identifier or self.user or self.prompt_cache_key

    @property
    def streams(self) -> bool:
        return False

    @property
    def wants_usage(self) -> bool:
        return False

    def body(self) -> dict[str, Any]:
        """What a runtime gets, without its name of the model."""
        return self.model_dump(exclude_unset=True, exclude=set(_OURS))


class _Generation(GenerationOptions, ApiRequest):
    """What chat and plain completion share."""

    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    store: Literal[False] | None = None
    service_tier: Literal["auto", "default"] | None = None

    @property
    def streams(self) -> bool:
        return bool(self.stream)

    @property
    def wants_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)


class TextPart(_Strict):
    """Text inside a message."""

    type: Literal["text"]
    text: str


class ImagePart(_Strict):
    """A picture inside a message, as a URL or as data."""

    type: Literal["image_url"]
    image_url: Mapping[str, str]


class Message(BaseModel):
    """One message; fields that runtimes add to their answers come back unharmed."""

    model_config = ConfigDict(extra="allow")

    role: Literal["developer", "system", "user", "assistant", "tool"]
    content: str | list[Annotated[TextPart | ImagePart, Field(discriminator="type")]] | None = None
    name: str | None = None
    tool_calls: list[Options] | None = None
    tool_call_id: str | None = None


class ChatRequest(_Generation):
    """`POST /v1/chat/completions`."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=8192)]
    max_completion_tokens: Tokens | None = None
    response_format: Options | None = None
    tools: list[Options] | None = None
    tool_choice: str | Options | None = None
    parallel_tool_calls: bool | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    reasoning_effort: str | None = None
    chat_template_kwargs: Options | None = None
    modalities: list[Literal["text"]] | None = None
    prediction: Options | None = None
    prompt_cache_retention: str | None = None

    @property
    def shows_images(self) -> bool:
        """Whether a message holds a picture."""
        return any(
            isinstance(part, ImagePart)
            for message in self.messages
            if isinstance(message.content, list)
            for part in message.content
        )


class CompletionRequest(_Generation):
    """`POST /v1/completions`. One prompt of text: lists of prompts and of tokens are refused."""

    prompt: str | Annotated[list[str], Field(min_length=1, max_length=1)]
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    best_of: Literal[1] | None = None
    echo: Literal[False] | None = None

    def body(self) -> dict[str, Any]:
        prompt = self.prompt if isinstance(self.prompt, str) else self.prompt[0]
        return super().body() | {"prompt": prompt}


class EmbeddingRequest(ApiRequest):
    """`POST /v1/embeddings`. Text only; vectors have as many dimensions as the model gives."""

    input: str | Annotated[list[str], Field(min_length=1, max_length=2048)]
    encoding_format: Literal["float", "base64"] | None = None
