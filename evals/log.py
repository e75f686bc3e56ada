"""The evaluation log: what was measured, on what, when."""

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from memory.ledger import Ledger

__all__ = ["Evaluation", "list_evaluations", "record_evaluation"]


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


def record_evaluation(ledger: Ledger, evaluation: Evaluation, tenant: str = "default") -> None:
    """Keep an evaluation durably."""
    with ledger.unit(tenant) as unit:
        unit.evaluations.save(evaluation.model_dump())


def list_evaluations(ledger: Ledger, task: str | None = None, tenant: str = "default") -> list[Evaluation]:
    """A tenant's, newest first; of all tasks, or of one."""
    with ledger.view(tenant) as unit:
        return [Evaluation.model_validate(row) for row in unit.evaluations.all(task)]
