"""The evaluation log: what was measured, on what, when; kept, and listed by a tool."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from memory.ledger import Ledger
from tools.spec import ToolContext, ToolSpec, tool


class Evaluation(BaseModel):
    """One finished evaluation.

    Attributes:
        id: the same evaluation of the same subject and data has the same id, so that a repeat overwrites it.
        task: what was measured, such as "intent-routing".
        subject: what was tried, with its version.
        dataset: on which data.
        samples: how many items, >= 1.
        metrics: name -> value; shares are 0 to 1, times end in `_ms` or `_s`.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    task: str
    subject: str
    dataset: str
    samples: int = Field(ge=1)
    metrics: dict[str, float]
    finished_at: AwareDatetime


class EvaluationList(BaseModel):
    """Finished evaluations, newest first."""

    evaluations: list[Evaluation]


def record_evaluation(ledger: Ledger, evaluation: Evaluation, tenant: str = "default") -> None:
    """Keep an evaluation durably."""
    with ledger.unit(tenant) as unit:
        unit.evaluations.save(evaluation.model_dump())


def list_evaluations(ledger: Ledger, task: str | None = None, tenant: str = "default") -> list[Evaluation]:
    """A tenant's, newest first; of all tasks, or of one."""
    with ledger.view(tenant) as unit:
        return [Evaluation.model_validate(row) for row in unit.evaluations.all(task)]


def evaluation_tools(ledger: Ledger) -> list[ToolSpec]:
    """The evaluation operations over one ledger."""

    def evaluation_list(
        context: ToolContext,
        task: Annotated[str | None, Field(description="only this task, such as intent-routing")] = None,
        subject: Annotated[
            str | None,
            Field(
                description="only subjects whose name contains this",
                json_schema_extra={"names": ["version", "model", "catalogue_model"]},
            ),
        ] = None,
    ) -> EvaluationList:
        """List the finished evaluations with their metrics, sample sizes and dates, newest first."""
        found = list_evaluations(ledger, task, context.tenant)
        return EvaluationList(evaluations=[row for row in found if (subject or "").lower() in row.subject.lower()])

    return [tool(evaluation_list, scopes={"evaluations:read"})]
