"""The agent, on smolagents: its tool-calling loop with our model, our prompt and our toolbox, and nothing besides.

This module is imported when a model is needed for the first time, and brings smolagents along. Importing it raises
ModelUnavailable where smolagents is not installed, or not as it was when this was written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from edge.agent.model_steps import Stepper
from edge.agent.prompt import FINAL, Offer
from edge.kernel.errors import CallerError, ChargehandError, ModelMisbehaved, ModelUnavailable, OutOfTime, ToolFailed
from edge.kernel.slim_imports import import_slim
from edge.runtime.port import Message

if TYPE_CHECKING:
    from smolagents.agents import ToolCallingAgent
    from smolagents.models import ChatMessage, Model
    from smolagents.tools import Tool


ABSENT = (
    "huggingface_hub", "huggingface_hub.utils", "requests", "requests.exceptions", "PIL", "PIL.Image", "rich",
    "rich.box", "rich.console", "rich.live", "rich.markdown", "rich.panel", "rich.rule", "rich.syntax", "rich.table",
    "rich.text", "rich.tree", "jinja2", "yaml",
)  # fmt: skip
"""Modules that smolagents 1.26 imports and that an agent which calls tools does not need: pictures, web pages, coloured
output, and the Hugging Face hub. 12 MB and 0.1 s instead of 47 MB and 0.6 s, and they need not be installed."""

try:
    _agents: Any = import_slim("smolagents.agents", ABSENT)
except ImportError as missing:
    raise ModelUnavailable("smolagents cannot be imported.", "Install the extra: chargehand[edge].") from missing
if not TYPE_CHECKING:
    ToolCallingAgent, ChatMessage, Model, Tool = (
        _agents.ToolCallingAgent, _agents.ChatMessage, _agents.Model, _agents.Tool,
    )  # fmt: skip


def _nothing(*arguments: object, **named: object) -> None:
    pass


class _Silence:
    """A logger of smolagents that prints nothing; the journal has what matters."""

    level = -1

    def __getattr__(self, name: str) -> Callable[..., None]:
        return _nothing


_QUIET: Any = _Silence()

CallTool = Callable[[str, Mapping[str, Any]], str]
"""Calls a tool and gives its result as the model is to see it; raises errors of `edge.kernel.errors`."""


def run_agent(task: str, system: str, stepper: Stepper, offers: Sequence[Offer], call: CallTool) -> str:
    """Let a model work on a task until it answers; its text, which nobody has checked yet.

    Raises:
        ModelMisbehaved, PromptTooLong, ModelUnavailable, OutOfTime: it came to no answer.
        OutboxFull, StorageFailed: a call could not be recorded.
    """
    agent = _DeviceAgent(system, stepper, offers, call)
    try:
        answer = agent.run(task)
    except _agents.AgentGenerationError as error:
        cause = error.__cause__
        if isinstance(cause, ChargehandError):
            raise cause from error
        raise ModelMisbehaved(f"{stepper.model.name} failed: {type(cause).__name__}.") from error
    if not isinstance(answer, str) or not answer:
        raise ModelMisbehaved(f"{stepper.model.name} came to no answer in its steps.")
    return answer


class _StepModel(Model):
    """A smolagents model whose every answer is a checked step."""

    def __init__(self, stepper: Stepper) -> None:
        super().__init__(model_id=stepper.model.name)
        self._stepper = stepper

    def generate(
        self,
        messages: list[ChatMessage],
        stop_sequences: list[str] | None = None,
        response_format: dict[str, str] | None = None,
        tools_to_call_from: list[Tool] | None = None,
        **named: Any,
    ) -> ChatMessage:
        said, has_results = _plain(messages)
        step = self._stepper.next(said, has_results=has_results)
        arguments = dict(step.arguments)
        call = {
            "id": str(len(self._stepper.steps)),
            "type": "function",
            "function": {"name": step.tool, "arguments": arguments},
        }
        return ChatMessage(
            role=_agents.MessageRole.ASSISTANT,
            content=json.dumps({"tool": step.tool, "arguments": arguments}, ensure_ascii=False),
            tool_calls=cast("Any", [call]),
            token_usage=_agents.TokenUsage(step.reply.input_tokens, step.reply.output_tokens),
        )


class _OfferedTool(Tool):
    """Tells smolagents that a tool exists; it is called through the toolbox alone."""

    name = "tool"
    description = ""
    inputs: dict[str, Any] = {}  # noqa: RUF012  # smolagents reads the class's own
    output_type = "any"
    skip_forward_signature_validation = True

    def __init__(self, offer: Offer) -> None:
        self.name, self.description, self.inputs = offer.name, offer.description, {}
        super().__init__()

    def forward(self, **arguments: Any) -> Any:
        raise ToolFailed(f"{self.name} is called through the toolbox.")


class _DeviceAgent(ToolCallingAgent):
    """smolagents' loop, without its prompt, its argument checks, its plans and its printing."""

    def __init__(self, system: str, stepper: Stepper, offers: Sequence[Offer], call: CallTool) -> None:
        self._system = system
        self._call = call
        super().__init__(
            tools=[_OfferedTool(offer) for offer in offers],
            model=_StepModel(stepper),
            prompt_templates=_agents.EMPTY_PROMPT_TEMPLATES,
            max_steps=50,  # the stepper counts
            logger=_QUIET,
        )

    def initialize_system_prompt(self) -> str:
        return self._system

    def execute_tool_call(self, tool_name: str, arguments: dict[str, Any] | str) -> Any:
        given = arguments if isinstance(arguments, dict) else {}
        if tool_name == FINAL:
            return str(given.get("answer", ""))
        try:
            return self._call(tool_name, given)
        except (CallerError, ToolFailed, OutOfTime) as error:  # the model may try another way
            raise _agents.AgentToolExecutionError(str(error), _QUIET) from error

    def provide_final_answer(self, task: str) -> ChatMessage:
        return ChatMessage(role=_agents.MessageRole.ASSISTANT, content="")


def _plain(messages: Sequence[ChatMessage]) -> tuple[list[Message], bool]:
    """The messages as the port words them, and whether a result is among them."""
    said: list[Message] = []
    has_results = False
    for message in messages:
        text = message.content if isinstance(message.content, str) else _text_of(message.content or [])
        role = str(getattr(message.role, "value", message.role))
        if role == "tool-call":
            continue  # the assistant's own words before it say the same
        if role == "tool-response":
            result, kind = text.removeprefix("Observation:\n"), text.startswith("Observation:")
            has_results = has_results or kind
            said.append(Message("tool", result if kind else _error(text)))
        elif role in {"system", "user", "assistant"}:
            said.append(Message(cast("Any", role), text.removeprefix("New task:\n")))
    return said, has_results


def _text_of(blocks: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(str(block.get("text", "")) for block in blocks if block.get("type") == "text")


def _error(text: str) -> str:
    """What went wrong, without the encouragement that smolagents adds."""
    return "Error: " + text.partition("Error:\n")[2].partition("\nNow let's retry")[0][:300]
