"""An S3 server in this process (moto's), which keeps what it has when it stops and starts again."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

__all__ = ["S3Server", "run_s3"]


class S3Server:
    """Listens on a port of this machine, of its own choosing."""

    def __init__(self) -> None:
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        from moto.server import ThreadedMotoServer

        self._server: Any = ThreadedMotoServer(ip_address="127.0.0.1", port=self._port, verbose=False)
        self._server.start()
        self._port = self._server.get_host_and_port()[1]

    def stop(self) -> None:
        self._server.stop()

    def settings(self) -> dict[str, str]:
        """For the environment of who uses it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_MAX_ATTEMPTS": "1",
        }


@contextmanager
def run_s3(bucket: str) -> Generator[S3Server]:
    """A server with one bucket."""
    import boto3

    server = S3Server()
    client: Any = boto3.client(
        "s3", endpoint_url=server.url, aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1"
    )
    client.create_bucket(Bucket=bucket)
    try:
        yield server
    finally:
        server.stop()
