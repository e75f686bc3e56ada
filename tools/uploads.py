"""Files of models that callers send from their own machines."""

from collections.abc import Mapping
from dataclasses import replace
from typing import IO, Annotated, Any

from pydantic import BaseModel, Field

from edge.kernel.errors import InvalidInput
from tools.artifacts import PUT_LIMIT_S, ArtifactView, Digest, view_of
from tools.files import ModelFile, ModelFiles
from tools.spec import ToolContext, ToolRuntime, bind, tool

__all__ = ["Uploads"]

FileName = Annotated[str, Field(min_length=1, max_length=255, description="such as support-q4.gguf")]


class Uploads:
    """Keeps what was sent, as a tool does its work: same rights, same audit entry.

    It is no tool by name, because the content is no argument.
    """

    def __init__(self, files: ModelFiles, runtime: ToolRuntime) -> None:
        def artifact_upload(context: ToolContext, name: FileName, digest: Digest | None = None) -> ArtifactView:
            """Keep a file of a model that the caller sends, under the digest that is computed from its content."""
            return view_of(files.enter(context, context.prepared))

        made = tool(artifact_upload, scopes={"artifacts:write"}, effect="write", timeout_s=PUT_LIMIT_S, idempotent=True)
        (self._spec,) = bind([made], runtime)
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
