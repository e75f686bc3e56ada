"""`chargehand up`: the hub."""

import socket
from datetime import UTC, datetime

import click

from edge.kernel.errors import Conflict, Unavailable
from memory.settings import load_settings
from server.cli.session import open_session
from server.hub import Components
from server.process import keep_loaded


@click.command("up")
@click.option("--host", help="Address to listen on; this machine only until there are API keys.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.  [default: 8080]")
@click.option("--model", help="provider:name, instead of CHARGEHAND_MODEL.")
def command(host: str | None, port: int | None, model: str | None) -> None:
    """Run the hub: chat page at /, API at /v1, MCP at /mcp. Stop it with Ctrl-C; turns that run are kept as stopped."""
    settings = load_settings(host=host, port=port, model=model)
    with open_session(settings) as session:
        from server.security import is_loopback, require_guarded

        hub = session.hub
        if not is_loopback(settings.host):
            require_guarded(settings.host, settings.allowed_names, hub.ledger, datetime.now(UTC))
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        with hub.home.lock("hub", f"`chargehand up` on http://{shown}:{settings.port}"):
            listener = _bind(settings.host, settings.port, shown)
            _serve(hub, listener, f"http://{shown}:{listener.getsockname()[1]}")


def _bind(host: str, port: int, shown: str) -> socket.socket:
    """A socket at the address; uvicorn listens once the hub is ready. Raises Conflict: the address cannot be had."""
    try:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        raise Conflict(f"Cannot listen on {shown}:{port}: {error.strerror}.", "Choose another --port.") from error
    return listener


def _serve(hub: Components, listener: socket.socket, url: str) -> None:
    import uvicorn

    from server.app import create_app
    from server.connections import ConnectionLimits, affordable, bounded_protocol
    from server.warming import warming

    model, home = hub.dependencies.model.reference, hub.home.root
    hub.store.catch_up()

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            """Say where the hub is once it listens there."""
            await super().startup(sockets)
            keep_loaded()
            click.echo(f"Chargehand is up at {url} (model {model}, home {home})")
            warm_up()

    limits = affordable(ConnectionLimits())
    config = uvicorn.Config(
        create_app(hub),
        http=bounded_protocol(limits),
        ws="none",
        limit_concurrency=limits.most + 1,
        log_level="warning",
        timeout_graceful_shutdown=5,
        server_header=False,
    )
    try:
        with warming(hub.dependencies, hub.base_understanding, keep_loaded) as warm_up:
            Announced(config).run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn has stopped in order by now
        click.echo("Stopped.", err=True)
    except SystemExit as error:  # uvicorn's way out when the hub cannot open; its code has another meaning here
        raise Unavailable("The hub did not start.", "The log above says why.") from error
