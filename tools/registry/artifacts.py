"""Files of models by the digest of their content: kept from the hub's machine or as callers send them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from edge.kernel.gguf import MAGIC, read_header
from edge.kernel.protocol.artifacts import ArtifactRef
from memory.artifacts import ArtifactStore, Stored
from memory.home import storage_errors
from memory.ledger import Unit
from memory.ledger.versions import Artifact
from tools.calling.context import require_scope
from tools.spec import ToolContext, ToolRuntime, ToolSpec, View, bind, tool

FilePath = Annotated[
    str, Field(pattern="^/", max_length=4096, description="of a GGUF, safetensors or ONNX file of the hub's machine")
]
FileName = Annotated[str, Field(min_length=1, max_length=255, description="such as support-q4.gguf")]
Digest = Annotated[
    str,
    Field(pattern=r"^sha256:[0-9a-f]{64}$", description="sha256:...", json_schema_extra={"names": ["artifact"]}),
]
_FILE_LIMIT_S = 900.0
_LONGEST_HEADER = 1 << 30


class ArtifactView(View):
    """One content that the tenant has."""

    digest: str
    media_type: str
    size_bytes: int
    created_at: AwareDatetime


class ArtifactDetail(ArtifactView):
    """One content: which versions are made of it, and whether the store still has it."""

    versions: list[str]
    kept: bool


class ArtifactList(BaseModel):
    """The tenant's contents, by digest."""

    artifacts: list[ArtifactView]


class Removed(View):
    """A content that the tenant no longer has."""

    digest: str
    size_bytes: int


class Collected(BaseModel):
    """Contents that no tenant had any more, and that were removed from the store."""

    removed: list[Removed]
    freed_bytes: int


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


def keep(unit: Unit, store: ArtifactStore, source: IO[bytes], media_type: str, now: datetime) -> ArtifactRef:
    """Put a content, and write down that the tenant has it. Raises StorageFailed: it cannot be written."""
    stored = store.put(source)
    unit.artifacts.save(Artifact(stored.digest, media_type, stored.size_bytes, stored.url, now))
    return ArtifactRef(digest=stored.digest, size_bytes=stored.size_bytes, media_type=media_type)


def artifact_tools(files: ModelFiles) -> list[ToolSpec]:
    """The operations on files of models, kept in one store."""

    def take(context: ToolContext, path: str) -> ModelFile:
        return files.take(context, path)

    def artifact_put(context: ToolContext, path: FilePath) -> ArtifactView:
        """Keep a file of a model, from the hub's machine, under the digest that is computed from its content."""
        return ArtifactView.of(files.enter(context, context.prepared))

    def artifact_list(context: ToolContext) -> ArtifactList:
        """List the files of models that the tenant has: digest, kind, size."""
        return ArtifactList(artifacts=[ArtifactView.of(one) for one in context.unit.artifacts.all()])

    def artifact_show(context: ToolContext, digest: Digest) -> ArtifactDetail:
        """Show one file of a model: kind, size, the versions that are made of it, whether its content is there."""
        found = context.unit.artifacts.get(digest)
        users = _users(context.unit, digest)
        return ArtifactDetail.of(found, versions=users, kept=files.store.exists(digest))

    def artifact_remove(context: ToolContext, digest: Digest) -> Removed:
        """Give up a file of a model that no version is made of; its content stays until it is collected."""
        found = context.unit.artifacts.get(digest)
        if users := _users(context.unit, digest):
            raise Conflict(f"{digest} is in use by {', '.join(users)}.", "Retire them first.")
        context.unit.artifacts.remove(digest)
        return Removed.of(found)

    def artifact_collect(context: ToolContext) -> Collected:
        """Remove from the store what no tenant of the hub has any more, and what broken puts left, after a day."""
        tenants = context.unit.tenants.all()
        kept = {one.digest for tenant in tenants for one in context.unit.within(tenant.id).artifacts.all()}
        removed = files.store.collect(frozenset(kept), context.now)
        return Collected(
            removed=[Removed.of(one) for one in removed],
            freed_bytes=sum(one.size_bytes for one in removed),
        )

    reads, writes = {"roster:read"}, {"artifacts:write"}
    return [
        tool(artifact_put, scopes=writes, effect="write", timeout_s=_FILE_LIMIT_S, idempotent=True, prepare=take),
        tool(artifact_list, scopes=reads, ledger=True),
        tool(artifact_show, scopes=reads, ledger=True),
        tool(artifact_remove, scopes=writes, effect="write"),
        tool(
            artifact_collect, scopes={"tenants:admin"}, effect="destructive", idempotent=True, timeout_s=_FILE_LIMIT_S
        ),
    ]


class Uploads:
    """Keeps what was sent, as a tool does its work: same rights, same audit entry.

    It is no tool by name, because the content is no argument.
    """

    def __init__(self, files: ModelFiles, books: ToolRuntime) -> None:
        def artifact_upload(context: ToolContext, name: FileName, digest: Digest | None = None) -> ArtifactView:
            """Keep a file of a model that the caller sends, under the digest that is computed from its content."""
            return ArtifactView.of(files.enter(context, context.prepared))

        made = tool(
            artifact_upload, scopes={"artifacts:write"}, effect="write", timeout_s=_FILE_LIMIT_S, idempotent=True
        )
        (self._spec,) = bind([made], books)
        self._files = files

    async def refuse(self, context: ToolContext, arguments: Mapping[str, Any]) -> None:
        """Raises NotAllowed, and writes it down, where the caller may not send files; InvalidInput: what is wrong."""
        if not self._spec.scopes <= context.scopes:
            await self._spec.call(context, arguments)
        self._spec.check(arguments)

    async def keep(
        self, context: ToolContext, arguments: Mapping[str, Any], content: IO[bytes], computed: str
    ) -> BaseModel:
        """Keep the content.

        Args:
            arguments: `name` of the file; `digest` that the sender expects, or None.
            content: stands at its beginning.
            computed: digest of the content.

        Raises:
            InvalidInput: it has another digest, or is no file of a model.
            NotAllowed, StorageFailed, Unavailable: as `ToolSpec.call`.
        """

        def prepare(_: ToolContext, name: str, digest: str | None) -> ModelFile:
            if digest not in {None, computed}:
                raise InvalidInput(f"What came is {computed}, and not {digest}.", "Send the file again.")
            return self._files.keep(content, name)

        return await replace(self._spec, prepare=prepare).call(context, arguments)


def _users(unit: Unit, digest: str) -> list[str]:
    """The versions that are made of it and not retired."""
    return [
        version.id
        for version in unit.versions.all()
        if version.stage != "retired" and digest in {version.base_digest, version.adapter_digest}
    ]


def media_type_of(file: IO[bytes], name: str) -> str:
    """What the file is by its own first bytes, a GGUF by its whole header; it stands at its beginning afterwards.

    Raises:
        InvalidInput: it is no file of a model, or the header of a GGUF is not true.
    """
    head = file.read(9)
    file.seek(0)
    if head.startswith(MAGIC):
        read_header(file, name)
        file.seek(0)
        return "application/x-gguf"
    # safetensors: the header's length, then the header, which is JSON
    if len(head) == 9 and head[8:] == b"{" and 2 <= int.from_bytes(head[:8], "little") < _LONGEST_HEADER:
        return "application/x-safetensors"
    # ONNX is a protobuf whose first field is the version of its format
    if name.endswith(".onnx") and head[:1] == b"\x08":
        return "application/onnx"
    raise InvalidInput(f"{name} is not a GGUF, safetensors or ONNX file.", "Convert it first.")
