"""`chargehand audit`: read the audit log, and prove that nobody changed it."""

from typing import Any

import click

from server.cli import print_json
from server.cli.desk import open_desk
from server.outcomes import DONE, FAILED

__all__ = ["command"]


@click.group("audit")
def command() -> None:
    """Read the audit log, and prove that nobody changed it."""


@command.command("verify")
@click.option("--noted", metavar="COUNT:HASH", help="A head that an earlier verification printed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(noted: str | None, as_json: bool) -> int:
    """Check every entry of the caller's tenant. Exit code 1 when one was altered, removed or moved."""
    from tools.governance.audit import audit_tools

    with open_desk(audit_tools()) as desk:
        found = desk.call("audit_verify", {"noted": noted}).model_dump(mode="json")
    if as_json:
        print_json(found)
    elif found["whole"]:
        click.echo(f"{found['checked']} entries of {found['tenant']}, all as they were written.")
        click.echo(f"head {found['head']}")
    else:
        click.echo(f"The audit log of {found['tenant']} is broken. {found['why']}")
        click.echo(f"{found['checked']} entries before it are as they were written.")
    return DONE if found["whole"] else FAILED


@command.command("list")
@click.option("-n", "--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def listed(limit: int, as_json: bool) -> None:
    """Show the newest entries."""
    from tools.governance.audit import audit_tools

    with open_desk(audit_tools()) as desk:
        entries: list[dict[str, Any]] = desk.call("audit_list", {"limit": limit}).model_dump(mode="json")["entries"]
    for entry in entries:
        if as_json:
            print_json(entry)
        else:
            detail = f"  {entry['detail']}" if entry["detail"] else ""
            who = f"{entry['principal']} {entry['tool']}"
            click.echo(f"{entry['sequence']:>6}  {entry['at'][:19]}  {entry['outcome']:<8}{who}{detail}")
