"""What OpenAI's clients send, typed: options are passed on, or refused where they cannot be honoured. None is ignored
but for those that only hint at speed or accounting.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

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
        return self.model_dump(exclude_unset=True, exclude=set(_OURS), by_alias=True)


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
    tool_calls: "Annotated[list[ToolCall], Field(max_length=128)] | None" = None
    tool_call_id: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Message":
        if self.content is None and not (self.role == "assistant" and self.tool_calls):
            raise ValueError("a message needs content")
        if self.role == "tool" and not self.tool_call_id:
            raise ValueError("a tool's message needs tool_call_id")
        return self


class CalledFunction(BaseModel):
    """The function of a call that a model made."""

    name: str
    arguments: str


class ToolCall(BaseModel):
    """A call that a model made, as it comes back; what runtimes add comes back unharmed."""

    model_config = ConfigDict(extra="allow")

    id: str = ""
    type: Literal["function"] = "function"
    function: CalledFunction


class Function(_Strict):
    """What a model may call."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: Annotated[str, Field(max_length=4096)] | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(_Strict):
    """A tool of a request."""

    type: Literal["function"]
    function: Function


class NamedFunction(_Strict):
    """The name of one of the functions."""

    name: str


class NamedTool(_Strict):
    """The tool that must be called."""

    type: Literal["function"]
    function: NamedFunction


class JsonSchema(_Strict):
    """The schema of an answer."""

    name: str = "answer"
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class ResponseFormat(_Strict):
    """The form of an answer; llama.cpp and Ollama take a schema for `json_object`, too."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> "ResponseFormat":
        if self.type == "json_schema" and (self.json_schema is None or self.json_schema.schema_ is None):
            raise ValueError("json_schema needs a schema")
        return self


class ChatRequest(_Generation):
    """`POST /v1/chat/completions`."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=8192)]
    max_completion_tokens: Tokens | None = None
    response_format: ResponseFormat | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    reasoning_effort: str | None = None
    chat_template_kwargs: Options | None = None
    modalities: list[Literal["text"]] | None = None
    prediction: Options | None = None
    prompt_cache_retention: str | None = None

    @model_validator(mode="after")
    def _chooses_among_its_tools(self) -> "ChatRequest":
        names = {tool.function.name for tool in self.tools or ()}
        if isinstance(self.tool_choice, NamedTool) and self.tool_choice.function.name not in names:
            raise ValueError(f"tool_choice: there is no tool {self.tool_choice.function.name!r}")
        if self.tool_choice == "required" and not names:
            raise ValueError("tool_choice: required needs tools")
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs")
        return self

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
