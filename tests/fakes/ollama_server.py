"""A real Ollama of the test's own: its models in a folder of the test, on a free port of this machine."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

__all__ = ["find_ollama", "require_ollama", "run_ollama"]

BUILT = Path(__file__).parents[2] / ".ollama" / "ollama"
"""Where `make ollama` puts it."""


def find_ollama() -> Path | None:
    """`CHARGEHAND_OLLAMA`, else the one on the PATH, else what `make ollama` built."""
    named = os.environ.get("CHARGEHAND_OLLAMA") or shutil.which("ollama")
    if named:
        return Path(named)
    return BUILT if BUILT.is_file() else None


def require_ollama() -> Path:
    """Skips the test where there is none."""
    found = find_ollama()
    if found is None:
        pytest.skip("no Ollama: none on the PATH, none in CHARGEHAND_OLLAMA; `make ollama` builds one")
    return found


@contextmanager
def run_ollama(binary: Path, folder: Path) -> Generator[str]:
    """Serve until the end of the block; yields the address."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "OLLAMA_HOST": url,
        "OLLAMA_MODELS": str(folder / "models"),
        "OLLAMA_NUM_PARALLEL": "1",
    }
    with (folder / "ollama.log").open("wb") as log:
        server = subprocess.Popen([binary, "serve"], env=environment, stdout=log, stderr=log, cwd=folder)
        try:
            _wait(url, server, folder / "ollama.log")
            yield url
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        try:
            httpx.get(f"{url}/api/version", timeout=5, trust_env=False).raise_for_status()
            return
        except httpx.HTTPError:
            assert server.poll() is None, log.read_text(errors="replace")[-2000:]
            time.sleep(0.1)
    raise AssertionError(f"Ollama did not answer: {log.read_text(errors='replace')[-2000:]}")
