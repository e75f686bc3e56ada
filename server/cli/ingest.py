"""`chargehand ingest`: bring documents into the knowledge store."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from server.cli import print_json
from server.cli.session import Session, open_session
from server.outcomes import DONE, FAILED

if TYPE_CHECKING:
    from memory.documents.ingest import IngestReport


_LISTS = ("added", "updated", "unchanged", "deleted", "refused", "passed_over")
_NAMED = 3
"""So many names of what was passed over for one reason are printed."""
_PLAIN_EVERY_S = 5.0
"""How often progress is a line of its own where no terminal shows it in place."""


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(paths: tuple[Path, ...], as_json: bool) -> int:
    """Read files and folders; updates and deletions are followed.

    Read are Markdown, text, HTML, PDF, Word, Excel, PowerPoint, CSV, EPUB, e-mail, notebooks, AsciiDoc, JSON and
    YAML; what is passed over is told. From one second on it says how far it is. Stopped by Ctrl-C, it goes on when it
    is called again.

    They are the documents of the caller's tenant: the holder's of CHARGEHAND_API_KEY, else the person's at this
    machine. Exit code 1 when a file was refused; the others are kept.
    """
    from tools.calling.context import require_scope

    with open_session() as session:
        require_scope(session.caller, "documents:write", "ingest documents")
        tenant = session.caller.tenant
        status = _Status()
        try:
            report = session.hub.store.ingest(
                paths,
                tenant,
                session.hub.settings.document_limit_bytes,
                progress=lambda _, words: status.show(words),
                waiting=lambda doing: status.show(f"Waiting: {doing}"),
            )
        except KeyboardInterrupt:
            status.clear()
            count, _ = session.hub.ledger.documents.count(tenant)
            click.echo(f"{count} documents are in. The same command goes on from here.", err=True)
            raise
        finally:
            status.clear()
        _write_down(session, paths, report)
        documents, chunks = session.hub.ledger.documents.count(tenant)
    if as_json:
        counts = {name: getattr(report, name) for name in _LISTS}
        print_json(counts | {"documents": documents, "chunks": chunks})
    else:
        for name, why in report.refused.items():
            click.echo(f"Refused {name}: {why}", err=True)
        for line in _passed_over(report.passed_over):
            click.echo(line, err=True)
        counted = ", ".join(f"{len(getattr(report, name))} {name.replace('_', ' ')}" for name in _LISTS)
        click.echo(f"{counted}; {documents} documents in {chunks} passages are searchable.")
    return FAILED if report.refused else DONE


class _Status:
    """How far it is, on one line that is written over; where stderr is no terminal, a line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._shown = False
        self._last = -_PLAIN_EVERY_S

    def show(self, words: str) -> None:
        if self._terminal:
            click.echo(f"\r\x1b[2K{words}", err=True, nl=False)
            self._shown = True
        elif monotonic() - self._last >= _PLAIN_EVERY_S:
            self._last = monotonic()
            click.echo(words, err=True)

    def clear(self) -> None:
        if self._shown:
            click.echo("\r\x1b[2K", err=True, nl=False)
            self._shown = False


def _passed_over(passed_over: Mapping[str, str]) -> Iterator[str]:
    """A line for each reason, with some of the names."""
    reasons: dict[str, list[str]] = {}
    for name, why in passed_over.items():
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"Passed over {', '.join(names[:_NAMED])}{more}: {why}"


def _write_down(session: Session, paths: tuple[Path, ...], report: "IngestReport") -> None:
    """Append to the audit log who brought what."""
    from edge.kernel.canonical import digest_of

    counts = {name: len(getattr(report, name)) for name in ("added", "updated", "deleted", "refused")}
    detail = ", ".join(f"{count} {name}" for name, count in counts.items())
    digest = digest_of({"paths": [str(path) for path in paths]})
    session.hub.runtime.note(session.caller, "documents_ingest", "write", digest, "done", detail)
