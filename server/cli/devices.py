"""`chargehand devices`: the fleet at the edge."""

import json
from collections.abc import Iterator
from typing import Any

import click

from edge.kernel.errors import InvalidInput
from server.cli.session import tool_command
from server.cli.tools import read_arguments

_device = click.option("--device", help="For this device alone.")
_group = click.option("--group", help="For this group; for all where neither is given.")
_one = click.argument("device")
_PAGE = 1000
_perhaps = click.argument("device", required=False)


@click.group("devices")
def command() -> None:
    """See the devices at the edge, give them work, ask them. What is for a device that is away waits for it.

    The caller is the holder of CHARGEHAND_API_KEY, else the person at this machine.
    """


def _behind(page: dict[str, Any]) -> dict[str, Any] | None:
    return {"after": page["devices"][-1]["id"]} if len(page["devices"]) == _PAGE else None


@tool_command(
    command, "list", "device_list", click.option("--group", help="Only this group's."),
    click.option("--version", help="Only those that run this version, or none: `none`."),
    click.option("--late", is_flag=True, help="Only those that were away too long, or never came."),
    click.option("--late-after", "late_after_s", type=float, default=300.0, show_default=True, help="Seconds."),
    rows="devices", next_page=_behind, arguments=lambda given: {**given, "limit": _PAGE},
    help="List the devices, with what each runs and when it was here.",
)  # fmt: skip
def _listed(found: dict[str, Any]) -> Iterator[str]:
    for one in found["devices"]:
        seen = f"{one['lag_s']:.0f} s ago" if one["lag_s"] is not None else "never here"
        marks = [word for word, so in ((one["state"], one["state"] != "enrolled"), ("behind", one["behind"])) if so]
        line = f"{one['id']:<24} {one['group']:<16} {one['version'] or '-':<28} {seen:<14} {', '.join(marks)}"
        yield line.rstrip()
    if found["devices"]:
        yield f"{found['total']} devices"
    else:
        click.echo("There are no devices: `chargehand devices token` lets one in.", err=True)


@tool_command(
    command, "show", "device_show", _one, help="Show a device: what it is, what it reported, and its desired state."
)
def _shown(found: dict[str, Any]) -> Iterator[str]:
    for name, value in found["device"].items():
        yield f"{name}: {value if value is not None else '-'}"
    yield f"reported: {json.dumps(found['reported'], ensure_ascii=False)}"
    for item in found["desired"]:
        yield f"shall have: {item['kind']} {item['name']} (revision {item['revision']})"
    for one in found["rejected"]:
        yield f"set aside: event {one['seq']}: {one['reason']}"


@tool_command(
    command, "token", "device_enrolment_token",
    click.option("--group", default="default", show_default=True, help="Where the device comes to."),
    click.option("--device", help="Only this device, which may get a new key."),
    click.option("--hours", type=float, default=24.0, show_default=True, help="Valid for."),
    help="Make a one-time token, with which one device can enrol. It is shown this once.",
)  # fmt: skip
def _token(made: dict[str, Any]) -> Iterator[str]:
    yield made["token"]
    click.echo(
        f"On the device: chargehand-edge enroll --hub URL --token TOKEN --hub-key {made['hub_key']}\n"
        f"With the key it trusts no other hub than this one, {made['hub_id']}.",
        err=True,
    )


@tool_command(command, "groups", "device_groups", rows="groups", help="List the groups.")
def _groups(found: dict[str, Any]) -> Iterator[str]:
    for one in found["groups"]:
        yield f"{one['group']:<24} {one['devices']:>6}  {', '.join(one['serves']) or '-'}"


@tool_command(command, "move", "device_move", _one, click.argument("group"), help="Move DEVICE to GROUP.")
def _moved(device: dict[str, Any]) -> Iterator[str]:
    yield f"{device['id']} is in {device['group']}."


@tool_command(
    command, "health", "device_health",
    click.option("--group", help="Only this group."),
    click.option("--late-after", "late_after_s", type=float, default=300.0, show_default=True, help="Seconds."),
    help="Show how the fleet is, group by group.",
)  # fmt: skip
def _health(found: dict[str, Any]) -> Iterator[str]:
    for one in found["groups"]:
        yield (
            f"{one['group']}: {one['here']} of {one['devices']} here, {one['late_count']} late, "
            f"{one['never_seen']} never seen, {one['up_to_date']} up to date"
            + (f", {one['suspect']} with a clone" if one["suspect"] else "")
        )
        yield f"    models: {', '.join(f'{name} {count}' for name, count in one['versions'].items()) or 'none'}"
        for device, why in one["failing"].items():
            yield f"    {device}: {why}"
        if one["failing_count"] > len(one["failing"]):
            yield f"    and {one['failing_count'] - len(one['failing'])} more that fail"
    yield f"open alerts: {found['open_alerts']}"


@tool_command(
    command, "events", "device_events", _perhaps,
    click.option("--kind", help="Only this kind: audit, alert, answer, job, note, model, telemetry ..."),
    click.option("-n", "--limit", type=click.IntRange(1, 500), default=50, show_default=True),
    rows="events", help="List what devices recorded, newest first.",
)  # fmt: skip
def _events(found: dict[str, Any]) -> Iterator[str]:
    for one in found["events"]:
        body = json.dumps(one["body"], ensure_ascii=False)
        yield f"{one['received_at'][:19]}  {one['device']} #{one['position']:<6} {one['kind']:<10} {body}"


@tool_command(
    command, "ask", "device_ask", _one, click.argument("text"),
    help="Put a question to DEVICE; it answers when it syncs next.",
)  # fmt: skip
def _asked(question: dict[str, Any]) -> Iterator[str]:
    yield f"{question['id']}: waits for {question['device']}; see `chargehand devices answers`."


@tool_command(
    command, "answers", "device_answers", _perhaps,
    click.option("--waiting", is_flag=True, help="Only those without an answer."),
    click.option("--question", help="Only this one, by its id."),
    rows="questions", help="List the questions that were put to devices, with their answers.",
)  # fmt: skip
def _answers(found: dict[str, Any]) -> Iterator[str]:
    for one in found["questions"]:
        yield f"{one['id']}  {one['device']}  {one['text']}"
        yield f"    {one['answer'] if one['answered_at'] else 'waits for the device'}"


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


def _configuration(given: dict[str, Any]) -> dict[str, Any]:
    rules = {key: str(value) for key, value in _pairs(given["rules"]).items()}
    return {**given, "values": _pairs(given["values"]), "rules": rules}


@tool_command(
    command, "configure", "device_configure",
    click.argument("values", nargs=-1, required=True, metavar="KEY=VALUE..."),
    click.option(
        "--rule", "rules", multiple=True, metavar="PREFIX=RULE", help="How keys are merged with the device's own."
    ),
    _device, _group,
    arguments=_configuration,
    help="Set values of the configuration; a VALUE is JSON, else a text, and null takes a key back.",
)  # fmt: skip
def _configured(item: dict[str, Any]) -> Iterator[str]:
    yield f"Configured, at revision {item['revision']}."


@command.group("jobs")
def jobs() -> None:
    """List, give and take back jobs."""


@tool_command(jobs, "list", "device_job_list", rows="jobs", help="List the jobs, and for whom each is.")
def _jobs(found: dict[str, Any]) -> Iterator[str]:
    for one in found["jobs"]:
        job = one["job"]
        whom = "all" if one["scope"] == "all" else f"{one['scope']} {one['subject']}"
        yield f"{job['name']:<24} {whom:<24} {json.dumps(job['schedule'])} {json.dumps(job['action'])}"


@tool_command(
    jobs, "put", "device_job_put", click.argument("job"), _device, _group,
    arguments=lambda given: {**read_arguments(given.pop("job")), **given},
    help="Give devices a job; JOB is JSON: name, schedule, action, and more if wanted.",
)  # fmt: skip
def _signed(item: dict[str, Any]) -> Iterator[str]:
    yield f"{item['name']} is signed, at revision {item['revision']}."


@tool_command(jobs, "remove", "device_job_remove", click.argument("name"), _device, _group, help="Take a job back.")
def _removed(item: dict[str, Any]) -> Iterator[str]:
    yield f"{item['name']} is taken back, at revision {item['revision']}."


@tool_command(
    command, "revoke", "device_revoke", _one, click.option("--reason", required=True, help="Why, for the record."),
    help="Refuse DEVICE from now on.",
)  # fmt: skip
def _revoked(device: dict[str, Any]) -> Iterator[str]:
    yield f"{device['id']} is revoked."
