"""Files of models by the digest of their content."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from edge.kernel.errors import Conflict
from memory.artifacts import collect
from memory.ledger import Unit
from memory.ledger.artifacts import Artifact
from tools.files import FilePath, ModelFile, ModelFiles
from tools.spec import ToolContext, ToolSpec, tool

__all__ = [
    "PUT_LIMIT_S",
    "ArtifactDetail",
    "ArtifactList",
    "ArtifactView",
    "Collected",
    "Digest",
    "Removed",
    "artifact_tools",
    "view_of",
]

PUT_LIMIT_S = 900.0
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$", description="sha256:...")]


class ArtifactView(BaseModel):
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


class Removed(BaseModel):
    """A content that the tenant no longer has."""

    digest: str
    size_bytes: int


class Collected(BaseModel):
    """Contents that no tenant had any more, and that were removed from the store."""

    removed: list[Removed]
    freed_bytes: int


def artifact_tools(files: ModelFiles) -> list[ToolSpec]:
    """The operations on files of models, kept in one store."""

    def take(context: ToolContext, path: str) -> ModelFile:
        return files.take(context, path)

    def artifact_put(context: ToolContext, path: FilePath) -> ArtifactView:
        """Keep a file of a model, from the hub's machine, under the digest that is computed from its content."""
        return view_of(files.enter(context, context.prepared))

    def artifact_list(context: ToolContext) -> ArtifactList:
        """List the files of models that the tenant has: digest, kind, size."""
        return ArtifactList(artifacts=[view_of(one) for one in context.unit.artifacts.all()])

    def artifact_show(context: ToolContext, digest: Digest) -> ArtifactDetail:
        """Show one file of a model: kind, size, the versions that are made of it, whether its content is there."""
        found = context.unit.artifacts.get(digest)
        users = _users(context.unit, digest)
        return ArtifactDetail(**view_of(found).model_dump(), versions=users, kept=files.store.exists(digest))

    def artifact_remove(context: ToolContext, digest: Digest) -> Removed:
        """Give up a file of a model that no version is made of; its content stays until it is collected."""
        found = context.unit.artifacts.get(digest)
        if users := _users(context.unit, digest):
            raise Conflict(f"{digest} is in use by {', '.join(users)}.", "Retire them first.")
        context.unit.artifacts.remove(digest)
        return Removed(digest=digest, size_bytes=found.size_bytes)

    def artifact_collect(context: ToolContext) -> Collected:
        """Remove from the store what no tenant of the hub has any more, and what broken puts left, after a day."""
        tenants = context.unit.tenants.all()
        kept = {one.digest for tenant in tenants for one in context.unit.within(tenant.id).artifacts.all()}
        removed = collect(files.store, frozenset(kept), context.now)
        return Collected(
            removed=[Removed(digest=one.digest, size_bytes=one.size_bytes) for one in removed],
            freed_bytes=sum(one.size_bytes for one in removed),
        )

    reads, writes = {"roster:read"}, {"artifacts:write"}
    return [
        tool(artifact_put, scopes=writes, effect="write", timeout_s=PUT_LIMIT_S, idempotent=True, prepare=take),
        tool(artifact_list, scopes=reads, ledger=True),
        tool(artifact_show, scopes=reads, ledger=True),
        tool(artifact_remove, scopes=writes, effect="write"),
        tool(artifact_collect, scopes={"tenants:admin"}, effect="destructive", idempotent=True, timeout_s=PUT_LIMIT_S),
    ]


def view_of(artifact: Artifact) -> ArtifactView:
    """What is told of it."""
    return ArtifactView(**{name: getattr(artifact, name) for name in ArtifactView.model_fields})


def _users(unit: Unit, digest: str) -> list[str]:
    """The versions that are made of it and not retired."""
    return [
        version.id
        for version in unit.versions.all()
        if version.stage != "retired" and digest in {version.base_digest, version.adapter_digest}
    ]
