"""Contents by digest, in a folder and elsewhere."""

import hashlib
import io
import threading
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.kernel.errors import InvalidInput, NotFound, StorageFailed
from memory.artifacts import ArtifactStore, open_artifacts
from memory.artifacts.pieces import PIECE_BYTES, measure, pieces_of
from memory.home import Home, open_home
from tests.effort import times

LONG = hashlib.shake_128(b"long").digest(2 * PIECE_BYTES + 12_345)
EDGES = [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, len(LONG) - 1, len(LONG), len(LONG) + 1]


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def put(store: ArtifactStore, content: bytes) -> str:
    return store.put(io.BytesIO(content)).digest


def overwrite(store: ArtifactStore, digest: str, content: bytes) -> None:
    """As somebody who can reach the store's files would."""
    with fsspec.open(store.url_of(digest), "wb") as file:
        file.write(content)


@pytest.fixture(params=["folder", "memory", pytest.param("s3", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest, home: Home) -> ArtifactStore:
    if request.param == "s3":
        return open_artifacts(home, f"s3://{request.getfixturevalue('bucket')}/{uuid.uuid4().hex}")
    return open_artifacts(home, None if request.param == "folder" else f"memory://{uuid.uuid4().hex}/models")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> ArtifactStore:
    opened = open_artifacts(open_home(tmp_path_factory.mktemp("filled")))
    put(opened, LONG)
    return opened


@pytest.mark.parametrize("content", [b"", b"x", LONG, LONG[:PIECE_BYTES], LONG[: 2 * PIECE_BYTES]])
def test_what_is_put_is_given_back_under_its_own_digest(store: ArtifactStore, content: bytes) -> None:
    stored = store.put(io.BytesIO(content))
    assert stored.digest == sha256(content)
    assert stored.size_bytes == store.size(stored.digest) == len(content)
    assert store.exists(stored.digest)
    assert b"".join(store.read(stored.digest)) == content
    assert store.fetch(stored.digest).read_bytes() == content
    assert store.fetch(stored.digest) == store.path_of(stored.digest)
    with fsspec.open(stored.url, "rb") as file:
        assert file.read() == content
    store.verify(stored.digest)
    assert store.digests() == [stored.digest]


@settings(max_examples=times(15, 60))
@given(st.one_of(st.sampled_from(EDGES), st.integers(0, len(LONG))), st.one_of(st.sampled_from(EDGES), st.integers(0)))
def test_a_range_is_what_a_slice_is(filled: ArtifactStore, offset: int, length: int) -> None:
    assert filled.open_range(sha256(LONG), offset, length) == LONG[offset : offset + length]


@given(st.binary(max_size=100), st.integers(1, 7))
def test_pieces_do_not_depend_on_how_a_stream_reads(content: bytes, most: int) -> None:
    class Short(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(most, size if size is not None and size >= 0 else most))

    assert measure(pieces_of(Short(content))) == measure(pieces_of(io.BytesIO(content)))


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_contents_are_told_apart_and_kept_once(tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]) -> None:
    store = open_artifacts(open_home(tmp_path_factory.mktemp("several")))
    for content in (*contents, *contents):
        put(store, content)
    assert store.digests() == sorted({sha256(content) for content in contents})
    assert {b"".join(store.read(digest)) for digest in store.digests()} == set(contents)


@pytest.mark.parametrize("known", ["just put", "measured by another process", "table lost"])
@pytest.mark.parametrize("altered", [LONG[:-1] + b"?", b"?" + LONG[1:], LONG[:-1], b"", LONG[::-1]])
def test_an_altered_content_is_found_out_wherever_it_is_read(
    store: ArtifactStore, home: Home, altered: bytes, known: str
) -> None:
    digest = put(store, LONG)
    if known == "measured by another process":
        store = open_artifacts(home, store.url)
    elif known == "table lost":
        next((home.cache / "artifacts").glob("*.json")).write_text("no table")
        store = open_artifacts(home, store.url)
    overwrite(store, digest, altered)
    wrong = next((at for at in range(0, len(LONG), 100) if altered[at : at + 100] != LONG[at : at + 100]), 0)
    for read in (
        lambda: store.open_range(digest, wrong, 100),
        lambda: store.open_range(digest, 0, len(LONG)),
        lambda: store.verify(digest),
        lambda: store.fetch(digest),
    ):
        with pytest.raises(StorageFailed, match="was altered"):
            read()
    given: list[bytes] = []
    with pytest.raises(StorageFailed, match="was altered"):
        given.extend(store.read(digest))
    assert LONG.startswith(b"".join(given))
    assert put(store, LONG) == digest, "putting it again mends it"
    store.verify(digest)


def test_an_unaltered_part_of_an_altered_content_may_still_be_read(store: ArtifactStore) -> None:
    digest = put(store, LONG)
    overwrite(store, digest, LONG[:-1] + b"?")
    assert store.open_range(digest, 0, 100) == LONG[:100]


def test_a_wrong_table_is_measured_anew(store: ArtifactStore, home: Home) -> None:
    digest, other = put(store, LONG), put(store, LONG[::-1])
    tables = home.cache / "artifacts"
    (tables / f"{digest[7:]}.json").write_bytes((tables / f"{other[7:]}.json").read_bytes())
    again = open_artifacts(home, store.url)
    assert again.open_range(digest, PIECE_BYTES - 5, 10) == LONG[PIECE_BYTES - 5 : PIECE_BYTES + 5]


def test_a_fetched_file_that_is_altered_is_not_given_again(store: ArtifactStore) -> None:
    digest = put(store, LONG)
    store.fetch(digest).write_bytes(LONG + b"more")
    with pytest.raises(StorageFailed, match="was altered"):
        store.fetch(digest)
    put(store, LONG)
    assert store.fetch(digest).read_bytes() == LONG


def test_what_is_not_kept_is_not_found(store: ArtifactStore) -> None:
    digest = sha256(b"never put")
    assert not store.exists(digest)
    assert not store.delete(digest)
    for read in (store.size, store.verify, store.fetch, store.modified, lambda one: store.open_range(one, 0, 1)):
        with pytest.raises(NotFound, match=digest):
            read(digest)
    assert store.digests() == []


@pytest.mark.parametrize("wrong", ["", "sha256:", "sha256:../../x", "md5:" + "a" * 64, "sha256:" + "A" * 64, "a" * 64])
def test_what_is_no_digest_names_no_file(store: ArtifactStore, wrong: str) -> None:
    for read in (store.exists, store.size, store.fetch, store.delete, store.path_of, store.url_of, store.verify):
        with pytest.raises(InvalidInput, match="no digest"):
            read(wrong)


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, -1)])
def test_a_range_is_not_negative(store: ArtifactStore, offset: int, length: int) -> None:
    with pytest.raises(InvalidInput):
        store.open_range(put(store, b"x"), offset, length)


def test_deleting_leaves_nothing(store: ArtifactStore, home: Home) -> None:
    digest = put(store, LONG)
    store.fetch(digest)
    assert store.delete(digest)
    assert not store.exists(digest)
    assert [path for path in home.root.rglob("*") if path.is_file()] == []


def test_only_what_nobody_refers_to_and_lay_long_enough_is_collected(store: ArtifactStore) -> None:
    kept, unused = put(store, b"kept"), put(store, b"unused")
    with fsspec.open(f"{store.url}/incoming/broken", "wb") as file:
        file.write(b"half")
    now = datetime.now(UTC)
    assert store.collect(frozenset({kept}), now) == []
    assert store.digests() == sorted([kept, unused])
    (removed,) = store.collect(frozenset({kept}), now + timedelta(days=1, minutes=1))
    assert (removed.digest, removed.size_bytes) == (unused, 6)
    assert store.digests() == [kept]
    files, root = fsspec.url_to_fs(store.url)
    assert files.find(f"{root}/incoming") == []


def test_a_stream_that_breaks_leaves_nothing(store: ArtifactStore) -> None:
    class Breaking(io.RawIOBase):
        left = 3

        def read(self, size: int = -1, /) -> bytes:
            self.left -= 1
            if not self.left:
                raise ConnectionResetError(104, "the sender is gone")
            return b"x" * size

    with pytest.raises(Exception, match="the sender is gone"):
        store.put(Breaking())
    files, root = fsspec.url_to_fs(store.url)
    assert files.find(root) == []


def test_the_same_content_from_many_threads(store: ArtifactStore) -> None:
    if store.url.startswith("s3:"):
        pytest.skip("moto breaks when a key is written twice at once")
    found: list[bytes] = []

    def work() -> None:
        digest = put(store, LONG)
        found.append(store.open_range(digest, 0, len(LONG)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [LONG] * 8
    assert store.digests() == [sha256(LONG)]


def test_an_address_of_no_kind_that_is_known_is_refused(home: Home) -> None:
    with pytest.raises(InvalidInput, match="nosuch://bucket/x") as caught:
        open_artifacts(home, "nosuch://user:secret@bucket/x")
    assert "secret" not in str(caught.value)
    assert "CHARGEHAND_ARTIFACTS" in caught.value.advice


def test_a_store_that_nobody_may_write_to_says_so(home: Home, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="Cannot read or write"):
        put(open_artifacts(home, str(tmp_path / "file" / "models")), b"x")
