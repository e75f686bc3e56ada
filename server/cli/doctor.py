"""`chargehand doctor`: what is configured, what is reachable, what is missing."""

from dataclasses import asdict
from typing import Any

import click

from edge.kernel.errors import ChargehandError
from memory.home import Home, is_full
from memory.settings import Settings
from server.cli import print_json
from server.cli.session import Session, open_session
from server.hub import Components
from server.outcomes import DONE, FAILED


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:
    """Show which model was chosen and why, what each provider lacks, and the state of the home. Exit code 1 when
    something keeps the hub from working.
    """
    with open_session() as session:
        report = _report(session)
    broken = [name for name in ("model", "crew_models", "embedder", "home", "artifacts") if "error" in report[name]]
    if as_json:
        print_json(report | {"broken": broken})
    else:
        _print(report)
    return FAILED if broken else DONE


def _report(session: Session) -> dict[str, Any]:
    from agents.models.probe import probe_models

    return {
        "model": _model(session.hub),
        "crew_models": _crew_models(session.hub.settings),
        "providers": [asdict(status) for status in probe_models(session.hub.settings)],
        "embedder": _embedder(),
        "home": _home(session.hub, session.caller.tenant),
        "artifacts": _artifacts(session.hub),
    }


def _model(hub: Components) -> dict[str, Any]:
    settings = hub.settings
    try:
        model = hub.chosen_model  # without the road to it: a broken home is shown by itself
    except ChargehandError as error:
        return {"asked_for": settings.model, "error": str(error)}
    drafts = settings.draft_with == "any" or (settings.draft_with == "capable" and model.capable)
    return {
        "asked_for": settings.model,
        "chosen": str(model.reference),
        "reason": model.reason,
        "parameters": model.parameters,
        "capable": model.capable,
        "judged_by": model.judged_by,
        "understands": "model" if model.capable else "examples",
        "words_answers": drafts and model.reference.provider != "none",
    }


def _crew_models(settings: Settings) -> dict[str, Any]:
    from agents.models.resolve import resolve_crew_models

    try:
        models = resolve_crew_models(settings)
    except ChargehandError as error:
        return {"asked_for": settings.crew_models, "error": str(error)}
    return {"chosen": [{"name": str(one.reference), "judged_by": one.judged_by} for one in models]}


def _embedder() -> dict[str, Any]:
    from memory.embedding import MiniLM, find_minilm

    try:
        find_minilm()
    except ChargehandError as error:
        return {"name": MiniLM.name, "error": str(error)}
    return {"name": MiniLM.name, "dimensions": MiniLM.dimensions}


def _home(hub: Components, tenant: str) -> dict[str, Any]:
    from memory.embedding import MiniLM
    from memory.mirrors.lexical import LexicalIndex
    from memory.mirrors.vectors import mirror_name

    try:
        home, ledger = hub.home, hub.ledger
    except ChargehandError as error:
        return {"path": str(hub.settings.home), "error": str(error)}
    documents, chunks = ledger.documents.count(tenant)
    mirrors = {"lexical": LexicalIndex.name, "vectors": mirror_name(MiniLM.name)}
    behind = {store: len(ledger.outbox.pending(name, 10_000)) for store, name in mirrors.items()}
    found = {"path": str(home.root), "documents": documents, "chunks": chunks, "changes_not_applied": behind}
    if wrong := _storage_trouble(home):
        found["error"] = wrong
    return found


def _storage_trouble(home: Home) -> str:
    """What keeps the home from being written or searched, in sentences; empty where nothing does."""
    from memory.mirrors.chroma import ChromaFolder

    wrong = list[str]()
    if is_full(home.root):
        wrong.append("The disk is full: nothing can be written until there is space; then it works by itself.")
    if ChromaFolder(home.vectors, 1).left_half_written():
        wrong.append("The vector index was left half-written: `chargehand up` or `chargehand ingest` makes it again.")
    if not home.writable:
        wrong.append("The home cannot be written to: it can be searched and verified, and nothing else.")
    return " ".join(wrong)


def _artifacts(hub: Components) -> dict[str, Any]:
    try:
        store = hub.artifacts
        return {"url": store.url, "files": len(store.digests())}
    except ChargehandError as error:
        return {"error": str(error)}


def _print_crew_models(crew_models: dict[str, Any], used: bool) -> None:
    if "error" in crew_models:
        click.echo(f"  ✗ beside it for crews, {crew_models['asked_for']}: {crew_models['error']}")
        return
    unused = "" if used else " Not used: without a capable chat model there are no crews."
    for one in crew_models["chosen"]:
        click.echo(f"  ✓ beside it for crews: {one['name']}. {one['judged_by']}{unused}")


def _print(report: dict[str, Any]) -> None:
    model, home, embedder = report["model"], report["home"], report["embedder"]
    if "error" in model:
        click.echo(f"model     ✗ {model['asked_for']}: {model['error']}")
    else:
        words = "it words answers" if model["words_answers"] else "answers are quoted from the documents"
        click.echo(f"model     ✓ {model['chosen']}: {model['reason']} {words.capitalize()}.")
        counts = (
            "capable, so it plans what a message asks for" if model["capable"] else "not capable, so it does not plan"
        )
        click.echo(f"  · {counts}: {model['judged_by']}")
    _print_crew_models(report["crew_models"], model.get("capable", False))
    for status in report["providers"]:
        mark = "✓" if status["configured"] and status["reachable"] is not False else "·"
        detail = ", ".join(status["models"]) or " ".join(status["missing"]) or "configured; not asked"
        click.echo(f"  {mark} {status['provider']}: {detail}")
    click.echo(f"embedder  {'✗ ' + embedder['error'] if 'error' in embedder else '✓ ' + embedder['name']}")
    if "error" in home:
        click.echo(f"home      ✗ {home['path']}: {home['error']}")
    else:
        click.echo(f"home      ✓ {home['path']}: {home['documents']} documents, {home['chunks']} passages")
        for store, count in home["changes_not_applied"].items():
            if count:
                click.echo(f"  · {store}: {count} changes not applied yet; the next `up` or `ingest` applies them")
    kept = report["artifacts"]
    told = f"✗ {kept['error']}" if "error" in kept else f"✓ {kept['url']}: {kept['files']} files"
    click.echo(f"artifacts {told}")
