"""An S3 server for the artifact store."""

from collections.abc import Iterator

import pytest

from tests.fakes.s3 import S3Server, run_s3

BUCKET = "models"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    for package in ("s3fs", "moto", "flask"):
        pytest.importorskip(
            package, reason=f"{package} is not installed: an S3 server is tried where s3fs and moto[server] are"
        )
    with run_s3(BUCKET) as server:
        yield server


@pytest.fixture
def bucket(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """Its name; the environment says where it is, as a user's would."""
    for name, value in s3_server.settings().items():
        monkeypatch.setenv(name, value)
    return BUCKET
