"""The command line: `chargehand`. Each command is a module of its own and imports what it needs when it runs."""

import json
import logging
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

import click

from edge.kernel.errors import ChargehandError
from server.outcomes import BAD_USAGE, DONE, FAILED, INTERRUPTED, READER_LEFT, outcome_of
from server.process import collect_rarely, silence_third_parties

_COMMANDS = tuple(
    "up chat route ingest search tools roster artifacts approvals audit policy rollout devices mcp doctor".split()
)


class _LazyGroup(click.Group):
    """Imports a command's module only when that command is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        return import_module(f"server.cli.{cmd_name}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest names for one that is mistyped."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=_COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with its whole first sentence, where click would cut it to one line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(self.get_command(ctx, name))) for name in _COMMANDS])


def _summary(command: click.Command | None) -> str:
    return command.get_short_help_str(limit=1000) if command else ""


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="chargehand")
@click.option("-v", "--verbose", is_flag=True, help="Log what happens, on stderr.")
def cli(verbose: bool) -> None:
    """Run a factory of small language models by conversation.

    Exit codes: 0 done, 1 the work failed, 2 bad usage, 3 a gate refused, 4 waiting for approval, 130 stopped by Ctrl-C.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.ERROR,
        stream=sys.stderr,
        format="%(levelname)s %(name)s: %(message)s",
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `chargehand` script; ends the process with a code of the contract."""
    silence_third_parties()
    os.umask(0o077)  # what is kept is its owner's alone, whoever made the folder
    collect_rarely()
    sys.exit(run_command(list(sys.argv[1:] if arguments is None else arguments)))


def run_command(arguments: list[str]) -> int:
    """Run one command and return its exit code; errors are printed."""
    try:
        code: Any = cli.main(arguments, prog_name="chargehand", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return BAD_USAGE
    except ChargehandError as error:
        click.echo(f"Error: {error.message}", err=True)
        if error.advice:
            click.echo(error.advice, err=True)
        return outcome_of(error).exit_code
    except (BrokenPipeError, SystemExit):  # the second is click's way out when a reader has left
        forget_reader()
        return READER_LEFT
    except Exception:  # noqa: BLE001 - the process boundary: nobody above can do better than show it
        traceback.print_exc()
        click.echo("Error: an internal error; please report the traceback above.", err=True)
        return FAILED


def forget_reader() -> None:
    """Let what is printed from now on, and what is still buffered, go nowhere: whoever read stdout has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(value: Any) -> None:
    """One object on one line of stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def print_lines(lines: Iterable[str]) -> None:
    """Lines for a person: through a pager where stdout is a terminal, which shows what fits on it at once."""
    if not sys.stdout.isatty():
        for line in lines:
            click.echo(line)
        return
    os.environ.setdefault("LESS", "FRX")
    click.echo_via_pager(f"{line}\n" for line in lines)
