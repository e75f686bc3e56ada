"""Questions back to the person at an MCP client: for arguments that are missing, and for approvals (2026-07-28).

The call is answered with what is asked; the client asks its person and makes the same call again with the answers, so
that the server keeps nothing in between. Clients that cannot ask get the error, as they always did.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult, InputResponses
from pydantic import ValidationError

from edge.kernel.errors import ApprovalNeeded, InvalidInput
from server.mcp.ask import Answered
from tools.spec import ToolSpec

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

_SINCE = "2026-07-28"
_ARGUMENTS, _APPROVAL, _REPLY = "arguments", "approval", "reply"
_SIMPLE = ("string", "number", "integer", "boolean")
_KEPT = ("type", "description", "enum", "minimum", "maximum", "minLength", "maxLength", "default")


def can_ask(context: "ServerRequestContext[Any, Any]") -> bool:
    """Whether the client can ask its person by a form, in the revision that needs no session for it."""
    found = context.session.client_capabilities
    if found is None or found.elicitation is None or context.protocol_version < _SINCE:
        return False
    return found.elicitation.form is not None or found.elicitation.url is None


def with_answers(arguments: Mapping[str, Any], responses: InputResponses | None) -> dict[str, Any]:
    """The arguments, with those that the person gave. Raises InvalidInput: the person gave none."""
    answer = _answer(responses, _ARGUMENTS)
    if answer is None:
        return dict(arguments)
    if answer.action != "accept":
        raise InvalidInput("The arguments that are missing were not given.", "Call again with them.")
    given = {name: value for name, value in (answer.content or {}).items() if value is not None}
    return {**arguments, **given}


def asked_for_missing(spec: ToolSpec, arguments: Mapping[str, Any]) -> InputRequiredResult | None:
    """The question for arguments that are missing; None where none is, more than that is wrong, or one is no text,
    number or choice.
    """
    try:
        spec.arguments.model_validate(dict(arguments))
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_context=False, include_url=False)
    else:
        return None
    schema = spec.arguments.model_json_schema()
    fields: dict[str, Any] = {}
    for entry in wrong:
        if entry["type"] != "missing" or len(entry["loc"]) != 1:
            return None
        name = str(entry["loc"][0])
        simple = _simple(schema["properties"][name])
        if simple is None:
            return None
        fields[name] = simple
    message = f"{spec.name} needs {', '.join(fields)}."
    return _form(_ARGUMENTS, message, fields)


def asked_for_approval(needed: ApprovalNeeded, responses: InputResponses | None) -> InputRequiredResult | None:
    """The question whether somebody has approved meanwhile; None where that was answered already."""
    if _answer(responses, _APPROVAL) is not None:
        return None
    done = {"type": "boolean", "description": "somebody else has approved it: go on now", "default": True}
    return _form(_APPROVAL, f"{needed.message} {needed.advice}", {"approved": done})


def asked_back(answered: Answered, responses: InputResponses | None) -> InputRequiredResult | None:
    """The assistant's own question back, for the person; None where it asked none, or was answered already."""
    if answered.ending != "asked" or _answer(responses, _REPLY) is not None:
        return None
    reply: dict[str, Any] = {"type": "string", "description": "the answer"}
    if answered.choices:
        reply["enum"] = answered.choices
    return _form(_REPLY, answered.answer, {"reply": reply}, state=answered.thread)


def reply_of(responses: InputResponses | None) -> str | None:
    """What the person answered the assistant; None where they did not."""
    answer = _answer(responses, _REPLY)
    said = (answer.content or {}).get("reply") if answer is not None and answer.action == "accept" else None
    return said if isinstance(said, str) and said.strip() else None


def declined(responses: InputResponses | None) -> bool:
    """Whether the person was asked by the assistant and would not answer."""
    answer = _answer(responses, _REPLY)
    return answer is not None and answer.action != "accept"


def _answer(responses: InputResponses | None, key: str) -> ElicitResult | None:
    found = (responses or {}).get(key)
    return found if isinstance(found, ElicitResult) else None


def _form(key: str, message: str, fields: Mapping[str, Any], state: str | None = None) -> InputRequiredResult:
    schema = {"type": "object", "properties": dict(fields), "required": [*fields]}
    asked = ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))
    return InputRequiredResult(input_requests={key: asked}, request_state=state)


def _simple(field: Mapping[str, Any]) -> dict[str, Any] | None:
    """The field as a form has it; None where a form cannot."""
    branches = cast("list[dict[str, Any]]", field.get("anyOf") or [dict(field)])
    for branch in branches:
        kind = branch.get("type") or ("string" if "enum" in branch else None)
        if kind in _SIMPLE:
            merged = {**branch, "type": kind, "description": field.get("description") or branch.get("description")}
            return {name: merged[name] for name in _KEPT if merged.get(name) is not None}
    return None
