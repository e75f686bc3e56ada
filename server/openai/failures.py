"""The error tree as OpenAI's API words it: status, body, headers."""

import math
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from edge.kernel.errors import CallerError, ChargehandError, InvalidInput, LimitReached, NotAllowed, NotFound
from server.outcomes import outcome_of

__all__ = ["error_body", "error_response", "invalid_request"]

_UNIONS = {"str", "list[str]"}
"""How pydantic names the members of a union in the place of a mistake; no part of the body is called so."""
_CODES = {"not_found": "model_not_found", "limit_reached": "rate_limit_exceeded"}


def error_body(error: BaseException, param: str | None = None) -> dict[str, Any]:
    """`{"error": …}` as clients of OpenAI read it, also inside a stream."""
    code = outcome_of(error).code
    known = isinstance(error, ChargehandError)
    message = str(error) if known else "An internal error; the hub's log has the details."
    return {"error": {"message": message, "type": _type(error), "param": param, "code": _CODES.get(code, code)}}


def error_response(error: BaseException, param: str | None = None) -> JSONResponse:
    """The answer to a request that failed before anything was sent."""
    status = 400 if isinstance(error, InvalidInput) else outcome_of(error).status
    headers = {"retry-after": str(max(1, math.ceil(error.retry_after_s)))} if isinstance(error, LimitReached) else None
    return JSONResponse(error_body(error, param), status_code=status, headers=headers)


def invalid_request(error: RequestValidationError) -> JSONResponse:
    """The answer to a body that does not fit; names the first field that is wrong, and says what is wrong with it."""
    first = error.errors()[0]
    param = ".".join(str(part) for part in first["loc"][1:] if part not in _UNIONS) or None
    advice = "Leave it out, or correct it."
    if first["type"] == "extra_forbidden":
        message = f"Unknown option {param}."
    elif first["type"] == "json_invalid":
        message, param = "The body is no JSON.", None
    elif first["type"] == "missing":
        message, advice = f"{param or 'The body'} is missing.", "Send it."
    else:
        message = f"{param or 'The body'}: {first['msg']}."
    return error_response(InvalidInput(message, advice), param)


def _type(error: BaseException) -> str:
    if isinstance(error, LimitReached):
        return "rate_limit_error"
    if isinstance(error, NotAllowed):
        return "permission_error"
    if isinstance(error, NotFound | CallerError):
        return "invalid_request_error"
    return "server_error"
