"""`chargehand ingest`: bring documents into the knowledge store."""

from pathlib import Path

import click

from memory.settings import load_settings
from server.cli import print_json
from server.outcomes import DONE, FAILED

__all__ = ["command"]


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(paths: tuple[Path, ...], as_json: bool) -> int:
    """Read files and folders (Markdown, text, HTML, PDF, DOCX); updates and deletions are followed.

    Exit code 1 when a file was refused; the others are kept.
    """
    settings = load_settings()
    from memory.embedding import load_minilm
    from memory.home import open_home
    from memory.store import open_store
    from tools.spec import LOCAL_ENGINEER

    home = open_home(settings.home, settings.cache)
    store = open_store(home, lambda: load_minilm(home.weights), settings.ledger_address)
    try:
        report = store.ingest(paths, LOCAL_ENGINEER.tenant, settings.document_limit_bytes)
        documents, chunks = store.ledger.documents.count(LOCAL_ENGINEER.tenant)
    finally:
        store.close()
    if as_json:
        counts = {name: getattr(report, name) for name in ("added", "updated", "unchanged", "deleted", "refused")}
        print_json(counts | {"documents": documents, "chunks": chunks})
    else:
        for name, why in report.refused.items():
            click.echo(f"Refused {name}: {why}", err=True)
        click.echo(
            f"{len(report.added)} added, {len(report.updated)} updated, {len(report.unchanged)} unchanged,"
            f" {len(report.deleted)} deleted, {len(report.refused)} refused;"
            f" {documents} documents in {chunks} passages are searchable."
        )
    return FAILED if report.refused else DONE
