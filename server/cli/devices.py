"""`chargehand devices`: the fleet at the edge."""

import json
from collections.abc import Mapping
from typing import Any

import click

from edge.kernel.errors import InvalidInput
from server.cli import print_json
from server.cli.session import open_session

__all__ = ["command"]

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON: one object, or one line for each entry.")
_device = click.option("--device", help="For this device alone.")
_group = click.option("--group", help="For this group; for all where neither is given.")


@click.group("devices")
def command() -> None:
    """See the devices at the edge, give them work, ask them. What is for a device that is away waits for it.

    The caller is the holder of CHARGEHAND_API_KEY, else the person at this machine.
    """


@command.command("list")
@click.option("--group", help="Only this group's.")
@_json
def listed(group: str | None, as_json: bool) -> None:
    """List the devices, with what each runs and when it was here."""
    found = _call("device_list", {"group": group, "limit": 1000})
    for one in found["devices"]:
        if as_json:
            print_json(one)
            continue
        seen = f"{one['lag_s']:.0f} s ago" if one["lag_s"] is not None else "never here"
        marks = [word for word, so in ((one["state"], one["state"] != "enrolled"), ("behind", one["behind"])) if so]
        click.echo(
            f"{one['id']:<24} {one['group']:<16} {one['version'] or '-':<28} {seen:<14} {', '.join(marks)}".rstrip()
        )
    if not found["devices"] and not as_json:
        click.echo("There are no devices: `chargehand devices token` lets one in.", err=True)


@command.command("show")
@click.argument("device")
@_json
def show(device: str, as_json: bool) -> None:
    """Show a device: what it is, what it reported and what it shall be."""
    found = _call("device_show", {"device": device})
    if as_json:
        print_json(found)
        return
    for name, value in found["device"].items():
        click.echo(f"{name}: {value if value is not None else '-'}")
    click.echo(f"reported: {json.dumps(found['reported'], ensure_ascii=False)}")
    for item in found["desired"]:
        click.echo(f"shall have: {item['kind']} {item['name']} (revision {item['revision']})")
    for one in found["rejected"]:
        click.echo(f"set aside: event {one['seq']}: {one['reason']}")


@command.command("token")
@click.option("--group", default="default", show_default=True, help="Where the device comes to.")
@click.option("--device", help="Only this device, which may get a new key.")
@click.option("--hours", type=float, default=24.0, show_default=True, help="Valid for.")
@_json
def token(group: str, device: str | None, hours: float, as_json: bool) -> None:
    """Make a one-time token, with which one device can enrol. It is shown this once."""
    made = _call("device_enrolment_token", {"group": group, "device": device, "hours": hours})
    if as_json:
        print_json(made)
        return
    click.echo(made["token"])
    click.echo(
        f"On the device: chargehand-edge enroll --hub URL --token TOKEN --hub-key {made['hub_key']}\n"
        f"With the key it trusts no other hub than this one, {made['hub_id']}.",
        err=True,
    )


@command.command("groups")
@_json
def groups(as_json: bool) -> None:
    """List the groups."""
    for one in _call("device_groups", {})["groups"]:
        if as_json:
            print_json(one)
        else:
            click.echo(f"{one['group']:<24} {one['devices']:>6}  {', '.join(one['serves']) or '-'}")


@command.command("move")
@click.argument("device")
@click.argument("group")
@_json
def move(device: str, group: str, as_json: bool) -> None:
    """Move DEVICE to GROUP."""
    _told(_call("device_move", {"device": device, "group": group}), f"{device} is in {group}.", as_json)


@command.command("health")
@click.option("--group", help="Only this group.")
@click.option("--late-after", "late_after_s", type=float, default=300.0, show_default=True, help="Seconds.")
@_json
def health(group: str | None, late_after_s: float, as_json: bool) -> None:
    """Show how the fleet is, group by group."""
    found = _call("device_health", {"group": group, "late_after_s": late_after_s})
    if as_json:
        print_json(found)
        return
    for one in found["groups"]:
        click.echo(
            f"{one['group']}: {one['here']} of {one['devices']} here, {len(one['late'])} late, "
            f"{one['never_seen']} never seen, {one['up_to_date']} up to date"
        )
        click.echo(f"    models: {', '.join(f'{name} {count}' for name, count in one['versions'].items()) or 'none'}")
        for device, why in one["failing"].items():
            click.echo(f"    {device}: {why}")
    click.echo(f"open alerts: {found['open_alerts']}")


@command.command("events")
@click.argument("device", required=False)
@click.option("--kind", help="Only this kind: audit, alert, answer, job, note, model, telemetry ...")
@click.option("-n", "--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@_json
def events(device: str | None, kind: str | None, limit: int, as_json: bool) -> None:
    """List what devices recorded, newest first."""
    for one in _call("device_events", {"device": device, "kind": kind, "limit": limit})["events"]:
        if as_json:
            print_json(one)
        else:
            body = json.dumps(one["body"], ensure_ascii=False)
            click.echo(f"{one['received_at'][:19]}  {one['device']} #{one['position']:<6} {one['kind']:<10} {body}")


@command.command("ask")
@click.argument("device")
@click.argument("text")
@_json
def ask(device: str, text: str, as_json: bool) -> None:
    """Put a question to DEVICE; it answers when it syncs next."""
    asked = _call("device_ask", {"device": device, "text": text})
    _told(asked, f"{asked['id']}: waits for {device}; see `chargehand devices answers`.", as_json)


@command.command("answers")
@click.argument("device", required=False)
@click.option("--waiting", is_flag=True, help="Only those without an answer.")
@click.option("--question", help="Only this one, by its id.")
@_json
def answers(device: str | None, waiting: bool, question: str | None, as_json: bool) -> None:
    """List the questions that were put to devices, with their answers."""
    for one in _call("device_answers", {"device": device, "waiting": waiting, "question": question})["questions"]:
        if as_json:
            print_json(one)
        else:
            click.echo(f"{one['id']}  {one['device']}  {one['text']}")
            click.echo(f"    {one['answer'] if one['answered_at'] else 'waits for the device'}")


@command.command("configure")
@click.argument("values", nargs=-1, required=True, metavar="KEY=VALUE...")
@click.option(
    "--rule", "rules", multiple=True, metavar="PREFIX=RULE", help="How keys are merged with the device's own."
)
@_device
@_group
@_json
def configure(
    values: tuple[str, ...], rules: tuple[str, ...], device: str | None, group: str | None, as_json: bool
) -> None:
    """Set values of the configuration; a VALUE is JSON, else a text, and null takes a key back."""
    arguments = {"values": _pairs(values), "rules": {key: str(value) for key, value in _pairs(rules).items()}}
    item = _call("device_configure", {**arguments, "device": device, "group": group})
    _told(item, f"Configured, at revision {item['revision']}.", as_json)


@command.group("jobs")
def jobs() -> None:
    """List, give and take back jobs."""


@jobs.command("list")
@_json
def jobs_list(as_json: bool) -> None:
    """List the jobs, and for whom each is."""
    for one in _call("device_job_list", {})["jobs"]:
        if as_json:
            print_json(one)
        else:
            job = one["job"]
            whom = "all" if one["scope"] == "all" else f"{one['scope']} {one['subject']}"
            click.echo(f"{job['name']:<24} {whom:<24} {json.dumps(job['schedule'])} {json.dumps(job['action'])}")


@jobs.command("put")
@click.argument("job")
@_device
@_group
@_json
def jobs_put(job: str, device: str | None, group: str | None, as_json: bool) -> None:
    """Give devices a job; JOB is JSON: name, schedule, action, and more if wanted."""
    from server.cli.tools import read_arguments

    item = _call("device_job_put", {**read_arguments(job), "device": device, "group": group})
    _told(item, f"{item['name']} is signed, at revision {item['revision']}.", as_json)


@jobs.command("remove")
@click.argument("name")
@_device
@_group
@_json
def jobs_remove(name: str, device: str | None, group: str | None, as_json: bool) -> None:
    """Take a job back."""
    item = _call("device_job_remove", {"name": name, "device": device, "group": group})
    _told(item, f"{name} is taken back, at revision {item['revision']}.", as_json)


@command.command("revoke")
@click.argument("device")
@click.option("--reason", required=True, help="Why, for the record.")
@_json
def revoke(device: str, reason: str, as_json: bool) -> None:
    """Refuse DEVICE from now on."""
    _told(_call("device_revoke", {"device": device, "reason": reason}), f"{device} is revoked.", as_json)


def _call(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Call one tool; arguments that are None are left out."""
    with open_session() as session:
        return session.call(name, {key: value for key, value in arguments.items() if value is not None})


def _pairs(given: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in given:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise InvalidInput(f"{pair!r} is not KEY=VALUE.", "Such as sync.every_s=30.")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


def _told(result: Mapping[str, Any], text: str, as_json: bool) -> None:
    if as_json:
        print_json(dict(result))
    else:
        click.echo(text)
