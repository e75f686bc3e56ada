"""`chargehand approvals`: see what waits for somebody's agreement, agree or refuse."""

import json
from typing import Any

import click

from server.cli import print_json
from server.cli.desk import open_desk

__all__ = ["command"]

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_comment_option = click.option("-m", "--comment", default="", help="Why, for the record.")
_STATES = click.Choice(["requested", "approved", "rejected", "expired", "used", "revoked"])


@click.group("approvals")
def command() -> None:
    """See what waits for somebody's agreement, agree or refuse.

    The caller is the holder of CHARGEHAND_API_KEY, else the person at this machine; whoever asked cannot agree.
    """


@command.command("list")
@click.option("--state", type=_STATES, help="Only those in this state.")
@_json_option
def listed(state: str | None, as_json: bool) -> None:
    """Show the requests, newest first, with exactly what is to be done."""
    from tools.calling.approval_tools import approval_tools

    with open_desk(approval_tools()) as desk:
        found = desk.call("approvals_list", {"state": state}).model_dump(mode="json")
    for approval in found["approvals"]:
        if as_json:
            print_json(approval)
        else:
            _print(approval)
    if not found["approvals"] and not as_json:
        click.echo("No approvals.")


@command.command("approve")
@click.argument("approval")
@_comment_option
@_json_option
def approve(approval: str, comment: str, as_json: bool) -> None:
    """Agree to APPROVAL, so that whoever asked can do exactly that once."""
    _decide("approval_approve", approval, comment, as_json)


@command.command("reject")
@click.argument("approval")
@_comment_option
@_json_option
def reject(approval: str, comment: str, as_json: bool) -> None:
    """Refuse APPROVAL."""
    _decide("approval_reject", approval, comment, as_json)


@command.command("revoke")
@click.argument("approval")
@_comment_option
@_json_option
def revoke(approval: str, comment: str, as_json: bool) -> None:
    """Take APPROVAL back before it is used."""
    _decide("approval_revoke", approval, comment, as_json)


def _decide(tool: str, approval: str, comment: str, as_json: bool) -> None:
    from tools.calling.approval_tools import approval_tools

    with open_desk(approval_tools()) as desk:
        decided = desk.call(tool, {"approval": approval, "comment": comment}).model_dump(mode="json")
    if as_json:
        print_json(decided)
    else:
        _print(decided)


def _print(approval: dict[str, Any]) -> None:
    click.echo(f"{approval['id']}  {approval['state']:<9} {approval['tool']}  asked by {approval['requester']}")
    click.echo(f"  {json.dumps(approval['arguments'], ensure_ascii=False)}")
    if approval["plan"] is not None:
        click.echo(f"  plan: {json.dumps(approval['plan'], ensure_ascii=False)}")
    if approval["decided_by"]:
        place = f" in the place of {approval['on_behalf_of']}" if approval["on_behalf_of"] else ""
        click.echo(
            f"  decided by {approval['decided_by']}{place}{': ' if approval['comment'] else ''}{approval['comment']}"
        )
    elif approval["state"] == "requested":
        click.echo(f"  until {approval['expires_at'][:16]} UTC")
