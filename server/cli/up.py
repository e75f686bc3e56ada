"""`chargehand up`: the hub."""

import sys

import click

from memory.errors import Conflict
from memory.settings import load_settings
from server.security import require_loopback


@click.command("up")
@click.option("--host", help="Address to listen on; this machine only.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.  [default: 8080]")
@click.option("--model", help="provider:name, instead of CHARGEHAND_MODEL.")
def command(host: str | None, port: int | None, model: str | None) -> None:
    """Run the hub: chat page at /, API at /v1. Stop it with Ctrl-C; turns that run are kept as stopped."""
    settings = load_settings(host=host, port=port, model=model)
    require_loopback(settings.host)
    from memory.home import open_home

    home = open_home(settings.home)
    with home.lock("hub", f"`chargehand up` on http://{settings.host}:{settings.port}"):
        import socket

        import uvicorn

        from graphs.dependencies import open_dependencies
        from server.app import create_app

        try:
            listener = socket.create_server((settings.host, settings.port), backlog=256)
        except OSError as error:
            raise Conflict(
                f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.", "Choose another --port."
            ) from error
        dependencies = open_dependencies(settings)
        dependencies.store.catch_up()
        url = f"http://{settings.host}:{listener.getsockname()[1]}"
        click.echo(f"Chargehand is up at {url} (model {dependencies.model.reference}, home {home.root})")
        sys.stdout.flush()
        config = uvicorn.Config(
            create_app(dependencies), log_level="warning", timeout_graceful_shutdown=5, server_header=False
        )
        try:
            uvicorn.Server(config).run(sockets=[listener])
        finally:
            dependencies.close()
