"""`chargehand ingest`: bring documents into the knowledge store."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.cli import print_json
from server.cli.session import Session, open_session
from server.outcomes import DONE, FAILED

if TYPE_CHECKING:
    from memory.documents.ingest import IngestReport


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(paths: tuple[Path, ...], as_json: bool) -> int:
    """Read files and folders (Markdown, text, HTML, PDF, DOCX); updates and deletions are followed.

    They are the documents of the caller's tenant: the holder's of CHARGEHAND_API_KEY, else the person's at this
    machine. Exit code 1 when a file was refused; the others are kept.
    """
    from tools.calling.context import require_scope

    with open_session() as session:
        require_scope(session.caller, "documents:write", "ingest documents")
        tenant = session.caller.tenant
        report = session.hub.store.ingest(paths, tenant, session.hub.settings.document_limit_bytes)
        _write_down(session, paths, report)
        documents, chunks = session.hub.ledger.documents.count(tenant)
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


def _write_down(session: Session, paths: tuple[Path, ...], report: "IngestReport") -> None:
    """Append to the audit log who brought what."""
    from edge.kernel.canonical import digest_of

    counts = {name: len(getattr(report, name)) for name in ("added", "updated", "deleted", "refused")}
    detail = ", ".join(f"{count} {name}" for name, count in counts.items())
    digest = digest_of({"paths": [str(path) for path in paths]})
    session.hub.runtime.note(session.caller, "documents_ingest", "write", digest, "done", detail)
