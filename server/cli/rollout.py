"""`chargehand rollout`: start, follow and steer rollouts."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import click

from server.cli import print_json
from server.cli.session import json_option, open_session, tool_command
from server.outcomes import DONE, FAILED, REFUSED

_rollout = click.argument("rollout")
_reason = click.option("--reason", default="", help="Why, for the record.")
_STRATEGIES = click.Choice(["canary", "blue_green", "rolling", "recreate", "shadow"])


@click.group("rollout")
def command() -> None:
    """Move targets from one version to another. ROLLOUT is an id, or a target that is in a rollout.

    The caller is the holder of CHARGEHAND_API_KEY, else the person at this machine.
    """


@tool_command(
    command, "list", "rollout_list",
    click.option("--target", help="Only this target's."),
    click.option("--active", is_flag=True, help="Only those that are not over."),
    help="List the rollouts, newest first.",
)  # fmt: skip
def _listed(found: dict[str, Any]) -> Iterator[str]:
    for one in found["rollouts"]:
        yield from _lines(one)
    if not found["rollouts"]:
        click.echo("There are no rollouts.", err=True)


@tool_command(command, "show", "rollout_status", _rollout, help="Show a rollout with its events.")
def _shown(found: dict[str, Any]) -> Iterator[str]:
    yield from _lines(found["rollout"])
    yield from map(_event_line, found["events"])


@tool_command(
    command, "start", "rollout_start",
    click.argument("target"),
    click.argument("version"),
    click.option("--strategy", type=_STRATEGIES, default="canary", show_default=True),
    click.option("--percent", "percentages", type=int, multiple=True, help="A step of the canary; may be repeated."),
    click.option("--hold", "hold_s", type=float, help="Shortest time of each step, seconds."),
    click.option("--limit", "limit_s", type=float, help="Longest time of each step, seconds."),
    click.option("--samples", "minimum_samples", type=int, help="Requests that each step needs at least."),
    help="Start moving TARGET to VERSION.",
)  # fmt: skip
def _lines(rollout: Mapping[str, Any]) -> Iterator[str]:
    serves = ", ".join(f"{version} {weight} %" for version, weight in rollout["serves"].items()) or "nothing"
    yield f"{rollout['id']}  {rollout['target']}  {rollout['strategy']}  {rollout['state']}"
    yield f"    {rollout['former_version'] or 'nothing'} -> {rollout['version']}; now serves {serves}"
    yield f"    step {rollout['step']} of {len(rollout['steps'])}; {rollout['reason']}"


for _name, _options, _help in (
    ("pause", (_rollout, _reason), "Hold it where it is."),
    ("resume", (_rollout, _reason), "Let it go on where it paused."),
    ("abort", (_rollout, _reason), "End it, and give the target back what it served before."),
    ("promote", (_rollout, _reason), "Skip the steps that are left; exit code 4 while that waits for an approval."),
    ("retry", (_rollout,), "Start it again."),
):
    tool_command(command, _name, f"rollout_{_name}", *_options, help=_help)(_lines)


@command.command("watch")
@_rollout
@click.option("--after", type=click.IntRange(0), default=0, help="Only events behind this sequence number.")
@json_option
def watch(rollout: str, after: int, as_json: bool) -> int:
    """Follow a rollout to its end: exit code 0 promoted, 3 refused by gate or approver, 1 gone back."""
    with open_session() as session:
        from tools.rollouts.store import LedgerRolloutStore
        from tools.rollouts.tools import RolloutEventView
        from tools.runs import watch as events_of

        store, tenant = LedgerRolloutStore(session.hub.ledger), session.caller.tenant
        wanted = session.call("rollout_status", {"rollout": rollout})["rollout"]["id"]

        async def follow() -> None:
            async for event in events_of(store, tenant, wanted, after=after):
                shown = RolloutEventView.of(event).model_dump(mode="json")
                if as_json:
                    print_json({**shown, "rollout_id": wanted})
                else:
                    click.echo(_event_line(shown))

        asyncio.run(follow())
        return {"promoted": DONE, "failed": REFUSED}.get(store.get(tenant, wanted).state, FAILED)


def _event_line(event: Mapping[str, Any]) -> str:
    return f"{event['sequence']:5d}  {event['at']}  {event['kind']:8s}  {event['text']}"
