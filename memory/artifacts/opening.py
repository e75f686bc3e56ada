"""The artifact store that the settings name."""

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge.kernel.errors import InvalidInput, StorageFailed, Unavailable
from memory.artifacts.store import ArtifactStore
from memory.home import Home, storage_errors

__all__ = ["open_artifacts"]

_ADVICE = "Set CHARGEHAND_ARTIFACTS to a folder or an address such as s3://BUCKET/FOLDER, or leave it out."


def open_artifacts(home: Home, url: str | None = None) -> ArtifactStore:
    """The store at an address that fsspec opens, else in the home's own folder. Opening asks nobody.

    Raises:
        InvalidInput: fsspec does not know the kind of address, or its package is not installed.
    """
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

    try:
        # What other processes put is seen at once, and a store that is gone is not taken for one that answers.
        files, root = fsspec.url_to_fs(url or str(home.artifacts), use_listings_cache=False)
    except ImportError as error:
        raise InvalidInput(
            f"Artifacts cannot be kept in {shown(url)}: a package is missing. {error}.",
            "Install it beside the hub: for s3:// that is `pip install s3fs`.",
        ) from error
    except ValueError as error:
        raise InvalidInput(f"Artifacts cannot be kept in {shown(url)}: {error}.", _ADVICE) from error
    copies = home.cache / "artifacts"
    if isinstance(files, LocalFileSystem):
        folder = Path(root)
        return ArtifactStore(files, root, copies, lambda: storage_errors(folder), local=True)
    kinds = _errors_of(files)
    return ArtifactStore(
        files, root, copies, lambda: _store_errors(shown(url), copies, kinds), local=False, folders=not _buckets(files)
    )


def shown(url: str | None) -> str:
    """The address without user and password."""
    parts = urlsplit(url or "")
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _protocols(files: Any) -> set[str]:
    named: str | tuple[str, ...] = files.protocol
    return {named} if isinstance(named, str) else set(named)


def _buckets(files: Any) -> bool:
    """Whether it has no folders, and making one would make a bucket of a name that may be a slip."""
    return not _protocols(files).isdisjoint({"s3", "gs", "abfs"})


def _errors_of(files: Any) -> tuple[type[Exception], ...]:
    """What its library raises where it cannot do what it is told."""
    if "s3" not in _protocols(files):
        return (OSError,)
    from botocore.exceptions import BotoCoreError  # pyright: ignore[reportMissingImports]

    return (OSError, BotoCoreError)


@contextmanager
def _store_errors(where: str, copies: Path, kinds: tuple[type[Exception], ...]) -> Generator[None]:
    """Raises StorageFailed: this machine has no room, or the store no right for us. Unavailable: it does not answer."""
    try:
        yield
    except PermissionError as error:
        raise StorageFailed(f"{where} does not let us in: {error}.", "Check the rights of its key.") from error
    except kinds as error:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
            raise StorageFailed(f"There is no room under {copies}: {error.strerror}.", "Free some space.") from error
        raise Unavailable(f"The artifact store {where} does not answer: {error}.", _ADVICE) from error
