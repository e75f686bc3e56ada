"""`chargehand audit`: read the audit log, and prove that nobody changed it."""

from collections.abc import Iterator
from typing import Any

import click

from server.cli.session import tool_command
from server.outcomes import DONE, FAILED

_noted = click.option("--noted", metavar="COUNT:HASH", help="A head that an earlier verification printed.")
_limit = click.option("-n", "--limit", type=click.IntRange(1, 500), default=20, show_default=True)


@click.group("audit")
def command() -> None:
    """Read the audit log, and prove that nobody changed it."""


@tool_command(
    command, "verify", "audit_verify", _noted,
    code=lambda found: DONE if found["whole"] else FAILED,
    help="Check every entry of the caller's tenant. Exit code 1 when one was altered, removed or moved.",
)  # fmt: skip
def _verified(found: dict[str, Any]) -> Iterator[str]:
    if found["whole"]:
        yield f"{found['checked']} entries of {found['tenant']}, all as they were written."
        yield f"head {found['head']}"
    else:
        yield f"The audit log of {found['tenant']} is broken. {found['why']}"
        yield f"{found['checked']} entries before it are as they were written."


@tool_command(command, "list", "audit_list", _limit, rows="entries", help="Show the newest entries.")
def _listed(found: dict[str, Any]) -> Iterator[str]:
    for entry in found["entries"]:
        detail = f"  {entry['detail']}" if entry["detail"] else ""
        who = f"{entry['principal']} {entry['tool']}"
        yield f"{entry['sequence']:>6}  {entry['at'][:19]}  {entry['outcome']:<8}{who}{detail}"
