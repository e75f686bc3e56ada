"""`chargehand rollout`: start, follow and steer rollouts."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from server.cli import print_json
from server.cli.session import open_session
from server.outcomes import DONE, FAILED, REFUSED

__all__ = ["command"]

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON: one object, or one line for each event.")
_rollout = click.argument("rollout")
_reason = click.option("--reason", default="", help="Why, for the record.")


@click.group("rollout")
def command() -> None:
    """Move targets from one version to another. ROLLOUT is an id, or a target that is in a rollout.

    The caller is the holder of CHARGEHAND_API_KEY, else the person at this machine.
    """


@command.command("list")
@click.option("--target", help="Only this target's.")
@click.option("--active", is_flag=True, help="Only those that are not over.")
@_json
def list_(target: str | None, active: bool, as_json: bool) -> None:
    """List the rollouts, newest first."""
    found = _call("rollout_list", {"target": target, "active": active})
    if as_json:
        print_json(found)
        return
    for one in found["rollouts"]:
        _print(one)
    if not found["rollouts"]:
        click.echo("There are no rollouts.", err=True)


@command.command("show")
@_rollout
@_json
def show(rollout: str, as_json: bool) -> None:
    """Show a rollout with its events."""
    found = _call("rollout_status", {"rollout": rollout})
    if as_json:
        print_json(found)
        return
    _print(found["rollout"])
    for event in found["events"]:
        _print_event(event)


@command.command("start")
@click.argument("target")
@click.argument("version")
@click.option(
    "--strategy",
    type=click.Choice(["canary", "blue_green", "rolling", "recreate", "shadow"]),
    default="canary",
    show_default=True,
)
@click.option("--percent", "percentages", type=int, multiple=True, help="A step of the canary; may be repeated.")
@click.option("--hold", "hold_s", type=float, help="Shortest time of each step, seconds.")
@click.option("--limit", "limit_s", type=float, help="Longest time of each step, seconds.")
@click.option("--samples", "minimum_samples", type=int, help="Requests that each step needs at least.")
@_json
def start(as_json: bool, percentages: tuple[int, ...], **given: Any) -> None:
    """Start moving TARGET to VERSION."""
    _show(_call("rollout_start", {**given, "percentages": percentages or None}), as_json=as_json)


@command.command("pause")
@_rollout
@_reason
@_json
def pause(rollout: str, reason: str, as_json: bool) -> None:
    """Hold it where it is."""
    _show(_call("rollout_pause", {"rollout": rollout, "reason": reason}), as_json=as_json)


@command.command("resume")
@_rollout
@_reason
@_json
def resume(rollout: str, reason: str, as_json: bool) -> None:
    """Let it go on where it paused."""
    _show(_call("rollout_resume", {"rollout": rollout, "reason": reason}), as_json=as_json)


@command.command("abort")
@_rollout
@_reason
@_json
def abort(rollout: str, reason: str, as_json: bool) -> None:
    """End it, and give the target back what it served before."""
    _show(_call("rollout_abort", {"rollout": rollout, "reason": reason}), as_json=as_json)


@command.command("promote")
@_rollout
@_reason
@_json
def promote(rollout: str, reason: str, as_json: bool) -> None:
    """Skip the steps that are left; exit code 4 while that waits for an approval."""
    _show(_call("rollout_promote", {"rollout": rollout, "reason": reason}), as_json=as_json)


@command.command("retry")
@_rollout
@_json
def retry(rollout: str, as_json: bool) -> None:
    """Start it again."""
    _show(_call("rollout_retry", {"rollout": rollout}), as_json=as_json)


@command.command("watch")
@_rollout
@click.option("--after", type=click.IntRange(0), default=0, help="Only events behind this sequence number.")
@_json
def watch(rollout: str, after: int, as_json: bool) -> int:
    """Follow a rollout to its end: exit code 0 promoted, 3 refused by gate or approver, 1 gone back."""
    with open_session() as session:
        from tools.rollouts.store import LedgerStore
        from tools.runs import watch as events_of

        store, tenant = LedgerStore(session.hub.ledger), session.caller.tenant
        wanted = session.call("rollout_status", {"rollout": rollout})["rollout"]["id"]

        async def follow() -> None:
            async for event in events_of(store, tenant, wanted, after=after):
                if as_json:
                    print_json(asdict(event))
                else:
                    _print_event(asdict(event))

        asyncio.run(follow())
        return {"promoted": DONE, "failed": REFUSED}.get(store.get(tenant, wanted).state, FAILED)


def _call(name: str, arguments: Mapping[str, object]) -> dict[str, Any]:
    """Call one tool; arguments that are None are left out."""
    with open_session() as session:
        return session.call(name, {key: value for key, value in arguments.items() if value is not None})


def _show(rollout: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(rollout)
    else:
        _print(rollout)


def _print(rollout: Mapping[str, Any]) -> None:
    serves = ", ".join(f"{version} {weight} %" for version, weight in rollout["serves"].items()) or "nothing"
    click.echo(f"{rollout['id']}  {rollout['target']}  {rollout['strategy']}  {rollout['state']}")
    click.echo(f"    {rollout['former_version'] or 'nothing'} -> {rollout['version']}; now serves {serves}")
    click.echo(f"    step {rollout['step']} of {len(rollout['steps'])}; {rollout['reason']}")


def _print_event(event: Mapping[str, Any]) -> None:
    click.echo(f"{event['sequence']:5d}  {event['at']}  {event['kind']:8s}  {event['text']}")
