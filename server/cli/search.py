"""`chargehand search`: passages for a question, without an answer."""

from dataclasses import asdict
from pathlib import Path

import click

from memory.documents.passages import Passage
from memory.settings import load_settings
from server.cli import print_json
from server.cli.session import open_session
from server.cli.texts import file_option, read_items, text_argument
from server.plain_text import with_hidden_shown

_SHOWN_CHARACTERS = 240


@click.command("search")
@text_argument
@click.option("-k", "limit", type=click.IntRange(1, 50), default=5, show_default=True, help="Most passages.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@file_option
def command(text: str | None, limit: int, as_json: bool, path: Path | None) -> None:
    """Find the passages nearest to TEXT, by meaning and by words, in the documents of the caller's tenant.

    The caller is the holder of CHARGEHAND_API_KEY, else the person at this machine.
    """
    items = list(read_items(text, path))
    settings = load_settings()
    from graphs.messages import check_message
    from tools.calling.context import require_scope

    for _, query in items:
        check_message(query, settings.message_limit_bytes)
    with open_session(settings) as session:
        require_scope(session.caller, "documents:read", "search documents")
        for key, query in items:
            found = session.hub.store.retriever.search(query, session.caller.tenant, limit)
            passages = [asdict(passage) for passage in found]
            if path is not None:
                print_json({"id": key, "passages": passages})
            elif as_json:
                print_json({"passages": passages})
            else:
                _print(found, is_empty=session.hub.ledger.documents.count(session.caller.tenant)[0] == 0)


def _print(passages: list[Passage], *, is_empty: bool) -> None:
    if is_empty:
        click.echo("No documents were ingested yet: `chargehand ingest PATH`.", err=True)
    elif not passages:
        click.echo("Nothing found.", err=True)
    for place, passage in enumerate(passages, start=1):
        heading = " > ".join((passage.title, *passage.heading_path))
        heading = with_hidden_shown(heading)
        click.echo(f"{place}. {heading}  ({passage.document}, characters {passage.start}-{passage.end})")
        shown = with_hidden_shown(" ".join(passage.text.split()))
        click.echo(f"   {shown[:_SHOWN_CHARACTERS]}{'…' if len(shown) > _SHOWN_CHARACTERS else ''}\n")
