"""Prompts: what people do again and again with a hub, as a message that a client offers them to send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Template

from mcp_types import GetPromptResult, Prompt, PromptArgument, PromptMessage, TextContent

from edge.kernel.errors import InvalidInput, NotFound
from edge.kernel.names import nearest_names


@dataclass(frozen=True, slots=True)
class HubPrompt:
    """One prompt.

    Attributes:
        arguments: name -> what it is; all must be given.
        text: what is sent, `$name` standing for an argument.
    """

    name: str
    title: str
    description: str
    text: str
    arguments: Mapping[str, str] = field(default_factory=dict[str, str])


PROMPTS: Sequence[HubPrompt] = (
    HubPrompt(
        "answer_from_documents",
        "Answer from the documents",
        "Answers a question from the hub's documents alone, with citations.",
        "Search the hub's documents with knowledge_search for: $question\nAnswer only what the passages say, in the "
        "language of the question. Quote the sentence that carries each statement and name its document. Where nothing "
        "carries an answer, say so.",
        {"question": "what somebody wants to know"},
    ),
    HubPrompt(
        "may_we_ship",
        "May we ship this model?",
        "Asks whether a model may be part of a product, by its licence and by the gate.",
        "May we ship $version in a product? Call licence_lookup for its base model and gate_check for the version with "
        "the purpose product. Report the verdicts as they are, with every reason, and what is still missing.",
        {"version": "id of a version, such as support-bot@v2"},
    ),
    HubPrompt(
        "judge_rollout",
        "How is a rollout going?",
        "Reports a rollout: its state, what was measured, what it waits for.",
        "Call rollout_status for $rollout. Report its state and step, the measures of both arms with their intervals, "
        "what it waits for, and what an operator can do now. Change nothing.",
        {"rollout": "id of a rollout"},
    ),
    HubPrompt(
        "release_version",
        "Release a version",
        "Takes a version through gate, canary and promotion on a serving target.",
        "Release $version on $target as a canary. First call gate_check; stop where it refuses, and say why. Then call "
        "rollout_start with the strategy canary. Where an approval is needed, say who may give it and stop: never "
        "approve what you asked for yourself.",
        {"version": "id of a version, such as support-bot@v2", "target": "name of a serving target"},
    ),
    HubPrompt(
        "review_approvals",
        "What waits for an approval?",
        "Lists what waits for somebody's agreement, with what exactly would be done.",
        "Call approvals_list with the state requested. For each, say who asks, what exactly would be done and what the "
        "plan says; name what looks unusual. Decide nothing.",
    ),
    HubPrompt(
        "check_fleet",
        "How are the devices?",
        "Reports devices that are late, have alerts or differ from their desired state.",
        "Call device_list and alerts_list. Report devices that have not been heard of in time, open alerts by "
        "severity, and devices that do not serve what they should. Change nothing.",
    ),
)
_BY_NAME = {prompt.name: prompt for prompt in PROMPTS}


def describe_prompt(prompt: HubPrompt) -> Prompt:
    """The prompt as `prompts/list` has it."""
    arguments = [PromptArgument(name=name, description=said, required=True) for name, said in prompt.arguments.items()]
    return Prompt(name=prompt.name, title=prompt.title, description=prompt.description, arguments=arguments)


def filled_prompt(name: str, given: Mapping[str, str]) -> GetPromptResult:
    """The prompt with its arguments.

    Raises:
        NotFound: there is none of this name.
        InvalidInput: an argument is missing.
    """
    if name not in _BY_NAME:
        raise NotFound(f"There is no prompt {name!r}.", nearest=nearest_names(name, list(_BY_NAME)))
    prompt = _BY_NAME[name]
    if missing := [one for one in prompt.arguments if not given.get(one, "").strip()]:
        raise InvalidInput(f"The prompt {name} needs {', '.join(missing)}.", "Give it.")
    text = Template(prompt.text).safe_substitute({one: given[one] for one in prompt.arguments})
    message = PromptMessage(role="user", content=TextContent(type="text", text=text))
    return GetPromptResult(description=prompt.description, messages=[message])
