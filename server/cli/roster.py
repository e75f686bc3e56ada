"""`chargehand roster`: the registered models and versions, what can be served, cards and bills of materials."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from edge.kernel.errors import InvalidInput
from server.cli import print_json, print_lines
from server.cli.session import json_option, open_session

_version = click.argument("version")
_out = click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead of stdout."
)


@click.group("roster")
def command() -> None:
    """See models and versions, and write them down. VERSION is model@label, or an alias such as champion."""


@command.command("list")
@json_option
def listed(as_json: bool) -> None:
    """List the registered models with their versions, and what the runtimes of this machine can serve."""
    with open_session() as session:
        models: list[dict[str, Any]] = session.call("models_list", {})["models"]
        served = session.call("roster_list", {})
    if as_json:
        print_json({"models": models, "served": served["models"], "idle_runtimes": served["idle_runtimes"]})
        return
    print_lines(_roster_lines(models, served["models"]))
    if not models:
        click.echo("No models are registered.", err=True)


def _roster_lines(models: list[dict[str, Any]], served: list[dict[str, Any]]) -> Iterator[str]:
    for model in models:
        origin = f"  ({model['catalogue_id']})" if model["catalogue_id"] else ""
        yield f"{model['name']}{origin}{'  retired' if model['retired_reason'] else ''}"
        yield from (_version_line(version) for version in model["versions"])
    for one in served:
        yield f"can be served: {one['reference']}  {one['licence'] or 'licence not known'}"


@command.command("show")
@_version
@json_option
def show(version: str, as_json: bool) -> None:
    """Show a version: what it is made of, where it comes from, its evaluations, and what gates found."""
    with open_session() as session:
        card = session.call("version_card", {"version": version})
        lineage = session.call("version_lineage", {"version": version})
        gates = session.call("gate_history", {"version": version, "limit": 5})["results"]
    ancestors = [one["id"] for one in lineage["ancestors"]]
    if as_json:
        print_json(card | {"ancestors": ancestors, "descendants": lineage["descendants"], "gates": gates})
        return
    found = card["version"]
    click.echo(_version_line(found))
    for label, value in (
        ("base", f"{found['base']} {found['base_digest']}"),
        ("adapter", f"{found['adapter']} {found['adapter_digest']}"),
        ("quantisation", found["quantisation"]),
        ("content", found["digest"]),
        ("licence", found["licence"] or "not known"),
        ("made from", " <- ".join(ancestors[1:])),
    ):
        if value.strip():
            click.echo(f"    {label}: {value.strip()}")
    for row in card["evaluations"]:
        metrics = ", ".join(f"{name} {value:g}" for name, value in row["metrics"].items())
        click.echo(f"    measured {row['finished_at'][:10]}: {metrics} on {row['dataset']}, n {row['samples']}")
    for gate in gates:
        click.echo(f"    gate {gate['at'][:16]} {gate['gate']}: {gate['verdict']}")
        for reason in gate["deciding"] if gate["verdict"] != "pass" else ():
            click.echo(f"        {reason}")


@command.command("card")
@_version
@_out
@json_option
def card(version: str, out: Path | None, as_json: bool) -> None:
    """Write the model card of a version, in Markdown."""
    _export("model_card_export", version, out, as_json=as_json)


@command.command("bom")
@_version
@_out
@json_option
def bom(version: str, out: Path | None, as_json: bool) -> None:
    """Write the bill of materials of a version, as CycloneDX ML-BOM."""
    _export("bom_export", version, out, as_json=as_json)


def _export(tool: str, version: str, out: Path | None, *, as_json: bool) -> None:
    with open_session() as session:
        document = session.call(tool, {"version": version})
    if out is not None:
        try:
            out.write_text(document["text"], encoding="utf-8")
        except OSError as error:
            raise InvalidInput(f"{out} cannot be written: {error}.", "Name another file.") from error
        click.echo(f"Wrote {out}.", err=True)
    if as_json:
        print_json(document)
    elif out is None:
        click.echo(document["text"], nl=False)


def _version_line(version: dict[str, Any]) -> str:
    aliases = f"  {', '.join(version['aliases'])}" if version["aliases"] else ""
    return f"  {version['id']}  {version['stage']}{aliases}  served as {version['reference']}"
