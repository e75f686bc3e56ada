"""The inverse of a call: what its slice says undoes it, with the state before it."""

import re
from collections.abc import Mapping
from typing import Any

from agents.understanding.entities import KnownEntities
from agents.understanding.examples import ToolTalk
from agents.understanding.frame import PastCall
from agents.understanding.interpretation import Argument, PlannedCall

_PLACE = re.compile(r"\{([a-z_.]+)\}")


def before_of(arguments: Mapping[str, Any], known: KnownEntities) -> dict[str, str]:
    """What a change may have to be put back to: its version's stage, its alias's version, its device's group."""
    version, alias, device = (str(arguments.get(name, "")) for name in ("version", "alias", "device"))
    found = {
        "stage": known.versions.get(known.version(version), ""),
        "version": known.aliases.get(alias, ""),
        "group": known.devices.get(device, ""),
    }
    return {name: value for name, value in found.items() if value}


def inverse_of(past: PastCall, talk: Mapping[str, ToolTalk]) -> PlannedCall | None:
    """The call that undoes a past one; None where there is none.

    A request that still waits for its approval is taken back.
    """
    if past.ended == "waiting" and past.approval:
        return _planned("approval_revoke", {"approval": past.approval})
    said = talk.get(past.tool)
    if past.ended != "done" or said is None:
        return None
    places = {name: str(value) for name, value in past.arguments.items()}
    places |= {f"before.{name}": value for name, value in past.before.items()}
    places |= {f"result.{name}": value for name, value in past.result.items()}
    for undo in said.undo:
        wanted = [place for template in undo.arguments.values() for place in _PLACE.findall(template)]
        if all(place in places for place in wanted):
            filled = {
                name: _PLACE.sub(lambda match: places[match[1]], template) for name, template in undo.arguments.items()
            }
            return _planned(undo.tool, filled)
    return None


def _planned(tool: str, arguments: dict[str, Any]) -> PlannedCall:
    return PlannedCall(tool, arguments, {name: Argument(value, "", "undo") for name, value in arguments.items()})
