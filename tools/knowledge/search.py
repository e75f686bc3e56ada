"""Search the company's documents."""

from typing import Annotated

from pydantic import BaseModel, Field

from memory.documents.passages import Passage
from memory.retrieval import Retriever
from tools.spec import ToolContext, ToolSpec, tool


class FoundPassages(BaseModel):
    """Passages, best first. An empty list means that no document has a word of the question."""

    passages: list[Passage]


def knowledge_tools(retriever: Retriever) -> list[ToolSpec]:
    """The document operations over one store."""

    def knowledge_search(
        context: ToolContext,
        query: Annotated[str, Field(min_length=1, max_length=70_000, description="a question, or words")],
        limit: Annotated[int, Field(ge=1, le=50, description="most passages in the answer")] = 8,
    ) -> FoundPassages:
        """Search the company's documents by meaning and by words; gives passages with document, heading and offsets."""
        return FoundPassages(passages=retriever.search(query, context.tenant, limit))

    return [tool(knowledge_search, scopes={"documents:read"})]
