"""Files of models, kept by the hub of this machine or sent to one elsewhere."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from memory.artifacts import open_artifacts
from memory.home import open_home
from server.app import add_error_handlers
from server.authentication import resolve_caller
from server.uploads import upload_routes
from tests.fakes.commands import Done
from tests.fakes.faces import issue_key
from tests.fakes.gguf_files import small_gguf
from tests.fakes.served import served
from tests.fakes.works import Works, open_works
from tools.registry.artifacts import ModelFiles, Uploads
from tools.spec import ToolContext

Chargehand = Callable[..., Done]
CONTENT = small_gguf() + bytes(range(256)) * 20_000
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "support-q4.gguf"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    (tmp_path / "works").mkdir()
    opened = open_works(tmp_path / "works")
    yield opened
    opened.ledger.close()


@pytest.fixture
def hub(works: Works, tmp_path: Path) -> Iterator[str]:
    """A hub on another home, which answers to keys alone."""
    home = open_home(tmp_path / "other")
    app = FastAPI()
    add_error_handlers(app)
    uploads = Uploads(ModelFiles(open_artifacts(home), home.root), works.runtime)
    app.include_router(
        upload_routes(
            uploads,
            lambda one: resolve_caller(works.ledger, one.headers.get("authorization"), works.now, None),
            home.cache,
        )
    )
    with served(app) as url:
        yield url


def key_of(works: Works, *scopes: str) -> str:
    return issue_key(works.ledger, ToolContext("zoe", "default", frozenset(scopes)), works)


def test_a_file_is_kept_here(chargehand: Chargehand, model: Path) -> None:
    done = chargehand("artifacts", "put", model)
    assert (done.code, done.out.strip()) == (0, DIGEST)
    assert chargehand("tools", "call", "artifact_list").json["artifacts"][0]["digest"] == DIGEST


def test_a_file_is_sent_to_another_hub(
    chargehand: Chargehand, model: Path, hub: str, works: Works, tmp_path: Path
) -> None:
    done = chargehand(
        "artifacts", "put", model, "--hub", f"{hub}/", "--json", CHARGEHAND_API_KEY=key_of(works, "artifacts:write")
    )
    assert (done.code, done.err) == (0, "")
    assert (done.json["digest"], done.json["size_bytes"]) == (DIGEST, len(CONTENT))
    assert b"".join(open_artifacts(open_home(tmp_path / "other")).read(DIGEST)) == CONTENT
    assert works.outcomes()[-1] == ("zoe", "artifact_upload", "done")


def test_what_the_other_hub_refuses_is_told(chargehand: Chargehand, model: Path, hub: str, works: Works) -> None:
    refused = chargehand("artifacts", "put", model, "--hub", hub, CHARGEHAND_API_KEY=key_of(works, "roster:read"))
    assert (refused.code, "needs artifacts:write" in refused.err) == (2, True)
    model.write_bytes(b"no model")
    wrong = chargehand("artifacts", "put", model, "--hub", hub, CHARGEHAND_API_KEY=key_of(works, "artifacts:write"))
    assert (wrong.code, "is not a GGUF" in wrong.err) == (2, True)


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "nonsense", "http://[bad"])
def test_a_hub_that_is_not_there_is_told(chargehand: Chargehand, model: Path, address: str) -> None:
    done = chargehand("artifacts", "put", model, "--hub", address)
    assert (done.code, "does not answer" in done.err) == (1, True)


def test_what_is_no_hub_is_told(chargehand: Chargehand, model: Path) -> None:
    with served(FastAPI()) as url:
        done = chargehand("artifacts", "put", model, "--hub", url)
    assert (done.code, "is no hub (404)" in done.err) == (1, True)
