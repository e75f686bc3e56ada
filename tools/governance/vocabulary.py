"""The names that rules may use, and their types. What the evidence says of each is in `facts.py`.

Metrics and attributes of bias that the house does not know yet are declared in the policy file, so that a misspelt name
is an error when the policy is loaded, and not a fact that is missing for ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tools.governance.evidence import OUTCOMES, PURPOSES, REGIONS

__all__ = ["DEFAULT_VOCABULARY", "FieldType", "Kind", "Vocabulary"]

Kind = Literal["number", "text", "texts"]


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a field holds.

    Attributes:
        allowed: the only texts that it can hold; None where any text may stand.
        low, high: least and greatest number that it can hold.
        by_dataset: may be narrowed to one data set by `on`.
    """

    kind: Kind
    allowed: tuple[str, ...] | None = None
    low: float | None = None
    high: float | None = None
    by_dataset: bool = False


_ANSWERS = ("yes", "no", "conditional")
_COUNT = FieldType("number", low=0)
_AGE = FieldType("number")
_TEXT = FieldType("text")
_TEXTS = FieldType("texts")

_FIXED: dict[str, FieldType] = {
    "purpose": FieldType("text", allowed=PURPOSES),
    "region": FieldType("texts", allowed=REGIONS),
    "stage": _TEXT,
    "tags": _TEXTS,
    "requested_by": _TEXT,
    "users": _COUNT,
    "lineage.base": _TEXT,
    "lineage.adapter": _TEXT,
    "lineage.quantisation": _TEXT,
    "lineage.datasets": _TEXTS,
    "licence.verdict": FieldType("text", allowed=_ANSWERS),
    "licence.commercial_use": FieldType("text", allowed=_ANSWERS),
    "licence.redistribution": FieldType("text", allowed=_ANSWERS),
    "licence.modification": FieldType("text", allowed=_ANSWERS),
    "licence.types": FieldType("texts", allowed=("commercial", "open_source", "research_only", "api_only")),
    "licence.ids": _TEXTS,
    "licence.user_threshold": _COUNT,
    "evaluation.age_days": _AGE,
    "bias.max_gap": _COUNT,
    "bias.age_days": _AGE,
    **{f"security.{check}": FieldType("text", allowed=outcomes) for check, outcomes in OUTCOMES.items()},
    "security.critical": _COUNT,
    "security.high": _COUNT,
    "security.age_days": _AGE,
}

_SHARE, _POSITIVE = (0.0, 1.0), (0.0, None)
_METRICS: dict[str, tuple[float | None, float | None]] = {
    **dict.fromkeys(
        """
        accuracy answer_relevance balanced_accuracy citation_precision citation_recall context_precision
        context_recall error_rate exact_match f1 faithfulness groundedness hallucination_rate harmful_rate
        jailbreak_rate judge_agreement
        macro_f1 map mrr ndcg ndcg_at_10 pass_at_1 precision recall recall_at_10 refusal_rate robustness rouge_l
        schema_validity tool_accuracy toxicity
        """.split(),
        _SHARE,
    ),
    **dict.fromkeys(
        """
        cost_per_1k_tokens latency_ms latency_p50_ms latency_p95_ms latency_p99_ms memory_mb model_size_mb perplexity
        samples_per_s time_to_first_token_ms tokens_per_s watts word_error_rate
        """.split(),
        _POSITIVE,
    ),
    "bleu": (0.0, 100.0),
    "chrf": (0.0, 100.0),
}
_ATTRIBUTES = ("accent", "age_group", "dialect", "disability", "gender", "language", "locale", "product_line", "site")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Fixed fields, known metrics with their least and greatest values, and known attributes of bias."""

    metrics: Mapping[str, tuple[float | None, float | None]] = field(default_factory=lambda: dict(_METRICS))
    attributes: frozenset[str] = frozenset(_ATTRIBUTES)

    def extended(
        self, metrics: Mapping[str, tuple[float | None, float | None]], attributes: Sequence[str]
    ) -> "Vocabulary":
        """With the metrics and attributes that a policy file declares."""
        return Vocabulary({**self.metrics, **metrics}, self.attributes | set(attributes))

    def type_of(self, name: str) -> FieldType | None:
        """The type of a field, such as `evaluation.accuracy.lower`; None where no field has this name."""
        if name in _FIXED:
            return _FIXED[name]
        group, _, rest = name.partition(".")
        known, _, attribute = rest.partition(".")
        if group == "evaluation" and known in self.metrics:
            low, high = self.metrics[known]
            value = FieldType("number", low=low, high=high, by_dataset=True)
            fields = {"": value, "lower": value, "upper": value, "n": FieldType("number", low=1, by_dataset=True)}
            fields["age_days"] = FieldType("number", by_dataset=True)
        elif group == "bias" and known in self.attributes:
            fields = {"max_gap": _COUNT, "age_days": _AGE}
        else:
            fields = {}
        return fields.get(attribute)

    def names(self) -> list[str]:
        """Every name that a rule may use."""
        metrics = [
            f"evaluation.{name}{end}" for name in self.metrics for end in ("", ".lower", ".upper", ".n", ".age_days")
        ]
        bias = [f"bias.{name}.{end}" for name in sorted(self.attributes) for end in ("max_gap", "age_days")]
        return [*_FIXED, *metrics, *bias]


DEFAULT_VOCABULARY = Vocabulary()
