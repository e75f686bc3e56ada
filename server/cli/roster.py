"""`chargehand roster`: the registered models and versions, what can be served, cards and bills of materials."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.kernel.errors import InvalidInput
from memory.settings import load_settings
from server.cli import print_json
from server.cli.desk import Desk, open_desk

if TYPE_CHECKING:
    from tools.spec import ToolSpec

__all__ = ["command"]

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_version = click.argument("version")
_out = click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file instead of stdout."
)


@click.group("roster")
def command() -> None:
    """See models and versions, and write them down. VERSION is model@label, or an alias such as champion."""


@command.command("list")
@_json
def listed(as_json: bool) -> None:
    """List the registered models with their versions, and what the runtimes of this machine can serve."""
    from agents.models.serving import Runtimes
    from tools.registry.catalogue import load_catalogue
    from tools.registry.roster import roster_tools
    from tools.registry.versions import version_tools

    settings = load_settings()
    specs = [*version_tools(), *roster_tools(load_catalogue(), Runtimes(settings), settings.model)]
    with open_desk(specs, settings) as desk:
        models: list[dict[str, Any]] = desk.call("models_list", {}).model_dump(mode="json")["models"]
        served = desk.call("roster_list", {}).model_dump(mode="json")
    if as_json:
        print_json({"models": models, "served": served["models"], "idle_runtimes": served["idle_runtimes"]})
        return
    for model in models:
        origin = f"  ({model['catalogue_id']})" if model["catalogue_id"] else ""
        click.echo(f"{model['name']}{origin}{'  retired' if model['retired_reason'] else ''}")
        for version in model["versions"]:
            _print(version)
    if not models:
        click.echo("No models are registered.", err=True)
    for one in served["models"]:
        click.echo(f"can be served: {one['reference']}  {one['licence'] or 'licence not known'}")


@command.command("show")
@_version
@_json
def show(version: str, as_json: bool) -> None:
    """Show a version: what it is made of, where it comes from, its evaluations, and what gates found."""
    with _desk() as desk:
        card = desk.call("version_card", {"version": version}).model_dump(mode="json")
        lineage = desk.call("version_lineage", {"version": version}).model_dump(mode="json")
        gates = desk.call("gate_history", {"version": version, "limit": 5}).model_dump(mode="json")["results"]
    ancestors = [one["id"] for one in lineage["ancestors"]]
    if as_json:
        print_json(card | {"ancestors": ancestors, "descendants": lineage["descendants"], "gates": gates})
        return
    found = card["version"]
    _print(found)
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
@_json
def card(version: str, out: Path | None, as_json: bool) -> None:
    """Write the model card of a version, in Markdown."""
    _export("model_card_export", version, out, as_json=as_json)


@command.command("bom")
@_version
@_out
@_json
def bom(version: str, out: Path | None, as_json: bool) -> None:
    """Write the bill of materials of a version, as CycloneDX ML-BOM."""
    _export("bom_export", version, out, as_json=as_json)


def _export(tool: str, version: str, out: Path | None, *, as_json: bool) -> None:
    with _desk() as desk:
        document = desk.call(tool, {"version": version}).model_dump(mode="json")
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


def _desk() -> AbstractContextManager[Desk]:
    from tools.governance.bill_of_materials import bill_of_materials_tools
    from tools.governance.evidence_store import open_evidence
    from tools.governance.gate import Gates, gate_tools
    from tools.governance.model_card import model_card_tools
    from tools.registry.catalogue import load_catalogue
    from tools.registry.versions import version_tools

    source = open_evidence(load_catalogue())
    specs: list[ToolSpec] = [
        *version_tools(),
        *gate_tools(Gates(source)),
        *model_card_tools(source),
        *bill_of_materials_tools(source),
    ]
    return open_desk(specs)


def _print(version: dict[str, Any]) -> None:
    aliases = f"  {', '.join(version['aliases'])}" if version["aliases"] else ""
    click.echo(f"  {version['id']}  {version['stage']}{aliases}  served as {version['reference']}")
