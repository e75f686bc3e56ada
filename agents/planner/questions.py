"""What the planner asks back, in English and Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from agents.planner.calls import PlannedCall
from memory.yaml_text import parse_yaml

Kind = Literal["missing", "ambiguous", "unknown", "contradictory", "mood", "unclear"]
"""Why it asks: something is not said, several are meant, nothing has that name, it cannot be so, it was not an order,
a word was not understood."""

_KINDS = {
    "version": "版本", "target": "目标", "rollout": "发布", "approval": "审批", "tenant": "租户", "model": "模型",
    "strategy": "策略", "stage": "阶段", "alias": "别名", "operation": "操作",
    "digest": "摘要", "device": "设备", "group": "设备组", "state": "状态", "isolation": "隔离级别",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """A question back, and why it is asked. `proposed`: calls that a "yes" makes."""

    kind: Kind
    text: str
    proposed: tuple[PlannedCall, ...] = ()


class _Wording(BaseModel):
    """One question of `questions.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    en: str
    zh: str


@cache
def _wordings() -> dict[str, _Wording]:
    text = files("agents.planner").joinpath("questions.yaml").read_bytes()
    return TypeAdapter(dict[str, _Wording]).validate_python(parse_yaml(text))


def ask(question: str, language: str, /, *, names: Sequence[str] = (), **values: object) -> Question:
    """The question of this name, in "en" or "zh".

    Args:
        names: what can be chosen from; "none" where it is empty.
        values: the other places; `kind` is an English word such as "version".
    """
    wording = _wordings()[question]
    zh = language == "zh"
    listed = ("、" if zh else ", ").join(names) or ("无" if zh else "none")
    if zh and "kind" in values:
        values["kind"] = _KINDS[str(values["kind"])]
    return Question(wording.kind, (wording.zh if zh else wording.en).format(names=listed, **values))
