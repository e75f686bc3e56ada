"""Files of models that are sent to the hub over a socket."""

import hashlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from memory.artifacts import ArtifactStore, open_artifacts
from memory.home import Home
from server.app import add_error_handlers
from server.uploads import upload_routes
from tests.fakes.gguf_files import small_gguf
from tests.fakes.served import served
from tests.fakes.works import ANN, Works, open_works
from tools.registry.artifacts import ModelFiles, Uploads
from tools.spec import ToolContext

MIB = 1 << 20
READER = ToolContext("rita", "default", frozenset({"roster:read"}))


def gguf(size_bytes: int) -> bytes:
    return small_gguf("weights") + hashlib.shake_128(b"weights").digest(min(size_bytes, MIB)) * (size_bytes // MIB + 1)


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    opened = open_works(tmp_path)
    yield opened
    opened.ledger.close()


@pytest.fixture
def store(home: Home) -> ArtifactStore:
    return open_artifacts(home)


@pytest.fixture
def url(works: Works, home: Home, store: ArtifactStore) -> Iterator[str]:
    """Of a hub that takes files of up to 100 MiB; the header `Caller` says who calls."""
    app = FastAPI()
    add_error_handlers(app)
    uploads = Uploads(ModelFiles(store, home.root), works.runtime)
    callers = {"ann": ANN, "rita": READER}
    app.include_router(
        upload_routes(uploads, lambda request: callers[request.headers["caller"]], home.cache, 100 * MIB)
    )
    with served(app) as address:
        yield address


def put(url: str, content: Any, name: str = "m.gguf", caller: str = "ann", **given: str) -> httpx.Response:
    with httpx.Client(trust_env=False, timeout=60) as http:
        return http.put(
            f"{url}/v1/artifacts", params={"name": name, **given}, content=content, headers={"Caller": caller}
        )


def kept(works: Works) -> list[str]:
    with works.ledger.view("default") as unit:
        return [one.digest for one in unit.artifacts.all()]


def left(home: Home) -> list[Path]:
    return [path for path in home.root.rglob("*") if path.is_file() and {"artifacts", "cache"} & set(path.parts)]


@pytest.mark.parametrize("size_bytes", [10, MIB - 4, MIB, 64 * MIB])
def test_a_file_that_is_sent_is_kept_by_its_digest(
    url: str, works: Works, store: ArtifactStore, size_bytes: int
) -> None:
    content = gguf(size_bytes)
    answer = put(url, (content[at : at + 100_000] for at in range(0, len(content), 100_000)), digest=sha256(content))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["digest"], told["size_bytes"], told["media_type"]) == (
        sha256(content),
        len(content),
        "application/x-gguf",
    )
    assert b"".join(store.read(sha256(content))) == content
    assert kept(works) == [sha256(content)]
    assert put(url, content).json() == told, "again is the same"
    assert works.outcomes() == [("ann", "artifact_upload", "done")] * 2


def test_another_digest_than_the_sender_s_is_refused(url: str, works: Works, home: Home) -> None:
    answer = put(url, gguf(10), digest=sha256(b"another"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_input")
    assert sha256(gguf(10)) in answer.json()["error"]["message"]
    assert (kept(works), left(home)) == ([], [])
    assert works.outcomes() == [("ann", "artifact_upload", "refused")]


@pytest.mark.parametrize("digest", ["md5:x", "sha256:XYZ", ""])
def test_what_is_no_digest_is_refused(url: str, works: Works, digest: str) -> None:
    assert put(url, gguf(10), digest=digest).status_code == 422
    assert kept(works) == []


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh", b"MZ" + bytes(100)])
def test_what_is_no_file_of_a_model_is_refused(url: str, works: Works, home: Home, content: bytes) -> None:
    answer = put(url, content)
    assert (answer.status_code, "is not a GGUF" in answer.json()["error"]["message"]) == (422, True)
    assert (kept(works), left(home)) == ([], [])


def test_who_may_not_write_files_sends_none(url: str, works: Works, home: Home) -> None:
    answer = put(url, gguf(10), caller="rita")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    assert (kept(works), left(home)) == ([], [])
    assert works.outcomes() == [("rita", "artifact_upload", "refused")]


@contextmanager
def begun(url: str, length: str, sent: bytes) -> Iterator[socket.socket]:
    """A request whose body has begun."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as wire:
        head = f"PUT /v1/artifacts?name=m.gguf HTTP/1.1\r\nHost: {host}\r\nCaller: ann\r\n{length}\r\n\r\n"
        wire.sendall(head.encode() + sent)
        yield wire


def test_a_sender_who_leaves_leaves_nothing(url: str, works: Works, home: Home) -> None:
    spooled = set[str]()
    for length, sent in (
        (f"Content-Length: {50 * MIB}", gguf(8 * MIB)),
        ("Transfer-Encoding: chunked", b"800000\r\n" + gguf(8 * MIB)[: 8 * MIB] + b"\r\n"),
    ):
        with begun(url, length, sent):
            deadline = time.monotonic() + 30
            while not (spooled := spools(home)) and time.monotonic() < deadline:
                time.sleep(0.01)
            assert spooled
        while spools(home) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert spools(home) == set()
    assert (kept(works), left(home), works.outcomes()) == ([], [], [])


def spools(home: Home) -> set[str]:
    """Files without a name that this process has open in the cache."""
    found = set[str]()
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.startswith(str(home.cache)) and target.endswith("(deleted)"):
            found.add(target)
    return found


def test_more_than_a_file_may_be_is_refused_before_it_is_read_or_as_it_comes(
    url: str, works: Works, home: Home
) -> None:
    with begun(url, f"Content-Length: {100 * MIB + 1}", b"GGUF") as wire:
        assert wire.recv(100).startswith(b"HTTP/1.1 422")
    with begun(url, "Transfer-Encoding: chunked", b"") as wire:
        try:
            for _ in range(101):
                wire.sendall(b"100000\r\n" + bytes(MIB) + b"\r\n")
        except OSError:
            pass  # the hub has answered, and hung up
        assert wire.recv(100).startswith(b"HTTP/1.1 422")
    assert (kept(works), left(home)) == ([], [])
