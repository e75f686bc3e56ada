"""`chargehand up`: the hub."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from edge.kernel.errors import Conflict, Unavailable
from memory.gc_tuning import keep_loaded
from memory.settings import Settings, load_settings
from server.cli import tell_training
from server.security import is_loopback

if TYPE_CHECKING:
    from memory.home import Home

__all__ = ["command"]


@click.command("up")
@click.option("--host", help="Address to listen on; this machine only until there are API keys.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.  [default: 8080]")
@click.option("--model", help="provider:name, instead of CHARGEHAND_MODEL.")
def command(host: str | None, port: int | None, model: str | None) -> None:
    """Run the hub: chat page at /, API at /v1, MCP at /mcp. Stop it with Ctrl-C; turns that run are kept as stopped."""
    settings = load_settings(host=host, port=port, model=model)
    from memory.home import open_home

    home = open_home(settings.home)
    if not is_loopback(settings.host):
        _require_guarded(settings, home)
    ipv6 = ":" in settings.host
    shown = f"[{settings.host}]" if ipv6 else settings.host
    with home.lock("hub", f"`chargehand up` on http://{shown}:{settings.port}"):
        import socket

        import uvicorn

        from graphs.dependencies import open_dependencies
        from server.app import create_app

        try:
            family = socket.AF_INET6 if ipv6 else socket.AF_INET
            listener = socket.socket(family, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((settings.host, settings.port))  # uvicorn listens once the hub is ready
        except OSError as error:
            why = f"Cannot listen on {shown}:{settings.port}: {error.strerror}."
            raise Conflict(why, "Choose another --port.") from error
        dependencies = open_dependencies(settings, tell_training)
        dependencies.store.catch_up()
        url = f"http://{shown}:{listener.getsockname()[1]}"

        class Announced(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                """Say where the hub is once it listens there."""
                await super().startup(sockets)
                keep_loaded()
                click.echo(f"Chargehand is up at {url} (model {dependencies.model.reference}, home {home.root})")

        config = uvicorn.Config(
            create_app(dependencies), log_level="warning", timeout_graceful_shutdown=5, server_header=False
        )
        try:
            Announced(config).run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn has stopped in order by now
            click.echo("Stopped.", err=True)
        except SystemExit as error:  # uvicorn's way out when the hub cannot open; its code has another meaning here
            raise Unavailable("The hub did not start.", "The log above says why.") from error
        finally:
            dependencies.close()


def _require_guarded(settings: Settings, home: "Home") -> None:
    from memory.ledger import open_ledger
    from server.security import require_guarded

    ledger = open_ledger(home.ledger, settings.ledger_address)
    try:
        require_guarded(settings.host, settings.allowed_names, ledger, datetime.now(UTC))
    finally:
        ledger.close()
