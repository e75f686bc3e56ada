"""The artifact store on S3, where things go wrong; what it does when all is well is in `test_store`."""

import hashlib
import io
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.kernel.errors import NotFound, Unavailable
from memory.artifacts import ArtifactStore, open_artifacts
from memory.home import Home, open_home
from tests.fakes.s3 import S3Server

pytestmark = pytest.mark.integration

MIB = 1 << 20


@pytest.fixture
def store(home: Home, bucket: str) -> ArtifactStore:
    return open_artifacts(home, f"s3://{bucket}/{uuid.uuid4().hex}")


class Sent(io.RawIOBase):
    """So many MiB, each unlike the others; after `before` of them the server stops."""

    def __init__(self, size_mib: int, server: S3Server | None = None, before: int = 0) -> None:
        self._left, self._server, self._before = size_mib, server, before

    def read(self, size: int = -1, /) -> bytes:
        if not self._left:
            return b""
        if self._server is not None and self._before == 0:
            self._server.stop()
        self._before, self._left = self._before - 1, self._left - 1
        return self._left.to_bytes(8, "big") * (MIB // 8)


@pytest.fixture
def running(s3_server: S3Server) -> Iterator[S3Server]:
    """A server that the test may stop."""
    yield s3_server
    s3_server.stop()
    s3_server.start()


def test_a_large_content_goes_over_in_parts(store: ArtifactStore) -> None:
    stored = store.put(Sent(130))
    assert store.size(stored.digest) == 130 * MIB
    assert store.open_range(stored.digest, 64 * MIB - 8, 16) == (66).to_bytes(8, "big") + (65).to_bytes(8, "big")


@pytest.mark.parametrize("before", [0, 1, 70, 110])
def test_of_a_put_during_which_the_server_dies_nothing_is_seen(
    store: ArtifactStore, running: S3Server, before: int
) -> None:
    kept = store.put(io.BytesIO(b"kept")).digest
    with pytest.raises(Unavailable, match="does not answer"):
        store.put(Sent(120, running, before))
    for asked in (lambda: store.exists(kept), store.digests, lambda: store.open_range(kept, 0, 1)):
        with pytest.raises(Unavailable, match="does not answer"):
            asked()
    running.start()
    assert store.digests() == [kept]
    assert b"".join(store.read(kept)) == b"kept"
    assert store.size(store.put(Sent(120)).digest) == 120 * MIB


def test_what_one_process_puts_the_others_see(store: ArtifactStore, tmp_path: Path) -> None:
    other = open_artifacts(open_home(tmp_path / "other"), store.url)
    digest = f"sha256:{hashlib.sha256(b'new').hexdigest()}"
    assert (other.digests(), other.exists(digest)) == ([], False)
    store.put(io.BytesIO(b"new"))
    assert (other.digests(), other.exists(digest)) == ([digest], True)
    other.delete(digest)
    with pytest.raises(NotFound):
        store.open_range(digest, 0, 1)


def test_a_bucket_that_is_not_there_is_not_made(home: Home, bucket: str) -> None:
    missing = open_artifacts(home, f"s3://{bucket}-of-nobody/x")
    with pytest.raises(Unavailable, match="bucket does not exist"):
        missing.put(io.BytesIO(b"x"))
    with pytest.raises(Unavailable, match="bucket does not exist"):
        missing.digests()


def test_without_a_key_it_says_so(home: Home, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(home.root))
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(Unavailable, match="credentials"):
        open_artifacts(home, f"s3://{bucket}/x").put(io.BytesIO(b"x"))
    s3fs.S3FileSystem.clear_instance_cache()
