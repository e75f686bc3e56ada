"""Files of models, taken from the hub's machine into the artifact store: their digest and their kind are found out."""

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated

from pydantic import Field

from edge.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from memory.artifacts import ArtifactStore, Stored
from memory.home import storage_errors
from memory.ledger.artifacts import Artifact
from tools.calling.context import ToolContext, require_scope

__all__ = ["FilePath", "ModelFile", "ModelFiles", "media_type_of"]

FilePath = Annotated[
    str, Field(pattern="^/", max_length=4096, description="of a GGUF, safetensors or ONNX file of the hub's machine")
]
_LONGEST_HEADER = 1 << 30


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file whose content is kept."""

    stored: Stored
    media_type: str


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What may be taken, and where it is kept.

    Attributes:
        private: a folder none of whose files is ever taken: the hub's home.
    """

    store: ArtifactStore
    private: Path

    def take(self, context: ToolContext, path: str) -> ModelFile:
        """Keep a file's content. No tenant has it before `enter`.

        Raises:
            NotAllowed: the caller may not have the hub read its files, or not this one.
            NotFound: there is no such file.
            InvalidInput: it is not a file of a model.
            StorageFailed, Unavailable: as the store.
        """
        require_scope(context, "artifacts:write", "have the hub read files of its machine")
        found = Path(path).resolve()
        if found.is_relative_to(self.private.resolve()):
            raise NotAllowed("Files of the hub's home are not taken.", "Name a file outside of it.")
        if not found.is_file():
            raise NotFound(f"There is no file {path} on the hub's machine.", "Copy it there first.")
        with storage_errors(found), found.open("rb") as file:
            return self.keep(file, found.name)

    def keep(self, file: IO[bytes], name: str) -> ModelFile:
        """Keep the content of an open file, which stands at its beginning. Raises as `take`."""
        media_type = media_type_of(file, name)
        return ModelFile(self.store.put(file), media_type)

    def enter(self, context: ToolContext, file: ModelFile) -> Artifact:
        """Write down, in the open transaction, that the tenant has the content.

        Raises:
            Conflict: nobody had it, and it was removed before this.
        """
        stored = file.stored
        known = context.unit.artifacts.find(stored.digest)
        if not self.store.exists(stored.digest):
            raise Conflict(f"The content {stored.digest} was removed meanwhile.", "Put it again.")
        entry = Artifact(
            stored.digest, file.media_type, stored.size_bytes, stored.url, known.created_at if known else context.now
        )
        context.unit.artifacts.save(entry)
        return entry


def media_type_of(file: IO[bytes], name: str) -> str:
    """What the file is by its own first bytes; it stands at its beginning afterwards.

    Raises:
        InvalidInput: it is no file of a model.
    """
    head = file.read(9)
    file.seek(0)
    if head.startswith(b"GGUF"):
        return "application/x-gguf"
    # safetensors: the header's length, then the header, which is JSON
    if len(head) == 9 and head[8:] == b"{" and 2 <= int.from_bytes(head[:8], "little") < _LONGEST_HEADER:
        return "application/x-safetensors"
    # ONNX is a protobuf whose first field is the version of its format
    if name.endswith(".onnx") and head[:1] == b"\x08":
        return "application/onnx"
    raise InvalidInput(f"{name} is not a GGUF, safetensors or ONNX file.", "Convert it first.")
