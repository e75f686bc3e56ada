"""Which evaluations have been done, and what they found."""

from typing import Annotated

from pydantic import BaseModel, Field

from evals.log import Evaluation, list_evaluations
from memory.ledger import Ledger
from tools.spec import ToolContext, ToolSpec, tool

__all__ = ["EvaluationList", "evaluation_tools"]


class EvaluationList(BaseModel):
    """Finished evaluations, newest first."""

    evaluations: list[Evaluation]


def evaluation_tools(ledger: Ledger) -> list[ToolSpec]:
    """The evaluation operations over one ledger."""

    def evaluation_list(
        context: ToolContext,
        task: Annotated[str | None, Field(description="only this task, such as intent-routing")] = None,
        subject: Annotated[str | None, Field(description="only subjects whose name contains this")] = None,
    ) -> EvaluationList:
        """List the finished evaluations with their metrics, sample sizes and dates, newest first."""
        found = list_evaluations(ledger, task, context.tenant)
        return EvaluationList(evaluations=[row for row in found if (subject or "").lower() in row.subject.lower()])

    return [tool(evaluation_list, scopes={"evaluations:read"})]
