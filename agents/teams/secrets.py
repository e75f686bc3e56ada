"""Keys and tokens that are shown once: what is kept of an answer has them only by their beginning."""

import re
from typing import Any, cast

from tools.fleet.credentials import TOKEN_PREFIX
from tools.tenancy import KEY_PREFIX

_SECRET = re.compile(rf"\b((?:{KEY_PREFIX}|{TOKEN_PREFIX})[0-9a-f]+_)[A-Za-z0-9_-]{{16,}}")


def without_secrets(text: str) -> str:
    """The text with each API key and enrolment token cut after its id."""
    return _SECRET.sub(r"\1…", text)


def cleared(value: Any) -> Any:
    """JSON with the secrets in its texts cut likewise."""
    match value:
        case str():
            return without_secrets(value)
        case dict():
            return {name: cleared(part) for name, part in cast("dict[str, Any]", value).items()}
        case list():
            return [cleared(part) for part in cast("list[Any]", value)]
        case _:
            return value
