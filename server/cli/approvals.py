"""`chargehand approvals`: see what waits for somebody's agreement, agree or refuse."""

import json
from collections.abc import Iterator
from typing import Any

import click

from server.cli.session import tool_command

_approval = click.argument("approval")
_comment = click.option("-m", "--comment", default="", help="Why, for the record.")
_state = click.option(
    "--state",
    type=click.Choice(["requested", "approved", "rejected", "expired", "used", "revoked"]),
    help="Only those in this state.",
)


@click.group("approvals")
def command() -> None:
    """See what waits for somebody's agreement, agree or refuse.

    The caller is the holder of CHARGEHAND_API_KEY, else the person at this machine; whoever asked cannot agree.
    """


@tool_command(
    command, "list", "approvals_list", _state,
    rows="approvals", help="Show the requests, newest first, with exactly what is to be done.",
)  # fmt: skip
def _listed(found: dict[str, Any]) -> Iterator[str]:
    for approval in found["approvals"]:
        yield from _lines(approval)
    if not found["approvals"]:
        yield "No approvals."


def _lines(approval: dict[str, Any]) -> Iterator[str]:
    yield f"{approval['id']}  {approval['state']:<9} {approval['tool']}  asked by {approval['requester']}"
    yield f"  {json.dumps(approval['arguments'], ensure_ascii=False)}"
    if approval["plan"] is not None:
        yield f"  plan: {json.dumps(approval['plan'], ensure_ascii=False)}"
    if approval["decided_by"]:
        place = f" in the place of {approval['on_behalf_of']}" if approval["on_behalf_of"] else ""
        comment = f": {approval['comment']}" if approval["comment"] else ""
        yield f"  decided by {approval['decided_by']}{place}{comment}"
    elif approval["state"] == "requested":
        yield f"  until {approval['expires_at'][:16]} UTC"


for _name, _help in (
    ("approve", "Agree to APPROVAL, so that whoever asked can do exactly that once."),
    ("reject", "Refuse APPROVAL."),
    ("revoke", "Take APPROVAL back before it is used."),
):
    tool_command(command, _name, f"approval_{_name}", _approval, _comment, help=_help)(_lines)
