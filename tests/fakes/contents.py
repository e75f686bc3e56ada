"""An artifact store in a folder of its own."""

from pathlib import Path

from memory.artifacts import ArtifactStore, open_artifacts
from memory.home import open_home

__all__ = ["contents_in"]


def contents_in(folder: Path) -> ArtifactStore:
    """The same contents each time it is opened."""
    return open_artifacts(open_home(folder / "contents"))
