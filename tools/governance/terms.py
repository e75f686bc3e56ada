"""What a licence's terms amount to: reasons, obligations, and which answer is the most restrictive."""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tools.catalogue import Permission
from tools.governance.evidence import Part

__all__ = ["LicenceReason", "Obligation", "ObligationKind", "restrictiveness", "worst"]

ObligationKind = Literal["attribution", "user_threshold", "condition"]

_ORDER: tuple[Permission, ...] = ("yes", "conditional", "unsure", "no")


class LicenceReason(BaseModel):
    """One answer that the terms of one part give.

    Attributes:
        term: which term, such as commercial_use; empty where no terms are known.
        conditions: of the licence, where the answer is not a plain yes.
        source: of the terms.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: Part
    name: str
    licence_id: str = ""
    term: str = ""
    value: Permission
    text: str
    conditions: tuple[str, ...] = ()
    source: str = ""


class Obligation(BaseModel):
    """Something that must be done or kept to when a part is used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ObligationKind
    name: str
    licence_id: str
    text: str
    source: str


def restrictiveness(value: Permission) -> int:
    """0 for yes, 1 for conditional, 2 for unsure, 3 for no."""
    return _ORDER.index(value)


def worst(values: Iterable[Permission]) -> Permission:
    """The most restrictive; unsure where there are none."""
    return _ORDER[max(map(restrictiveness, values), default=_ORDER.index("unsure"))]
