"""The catalogue of published models and of licences, of models and of data, each with a source."""

import re
from collections.abc import Iterable
from functools import cached_property
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.kernel.errors import NotFound
from memory.yaml_text import parse_yaml

Permission = Literal["yes", "no", "conditional", "unsure"]
CatalogueName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="id or alias, such as qwen2.5-3b",
        json_schema_extra={"names": ["catalogue_model", "model"]},
    ),
]

_AS_SERVED = re.compile(r":latest$|(?:[-.](?:gguf|q\d\w*|fp16|f16|bf16|fp32|int8))+$")

LEAST_LIKENESS = 0.6
"""Of a name that is suggested for one that is not known, 0 to 1."""


class Licence(BaseModel):
    """Terms of one licence, as its text states them; `source` decides, not this summary."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    spdx: str | None
    type: Literal["commercial", "open_source", "research_only", "api_only"]
    commercial_use: Permission
    redistribution: Permission
    modification: Permission
    attribution: str
    conditions: tuple[str, ...]
    user_threshold: int | None
    """Monthly active users above which a licence must be asked for; None where the text names none."""
    source: str


class DataLicence(Licence):
    """Terms of one licence of data: what is trained on data has their terms, too."""

    share_alike: bool
    """What is adapted from the data must be passed on under the same licence."""


class CatalogueModel(BaseModel):
    """One published model. A field named in `unsure` is not verified."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    aliases: tuple[str, ...]
    name: str
    maker: str
    parameters: int | None
    active_parameters: int | None
    context_tokens: int | None
    modalities: tuple[str, ...]
    output_modalities: tuple[str, ...]
    tasks: tuple[str, ...]
    languages: tuple[str, ...]
    released: str | None
    ollama: str | None
    huggingface: str | None
    licence: str
    edge: bool
    """Fewer than 4 billion parameters in all."""
    notes: str
    source: str
    unsure: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it goes by, lower case, the id first."""
        known = (self.id, *self.aliases, self.name, self.ollama or "", self.huggingface or "")
        return tuple(dict.fromkeys(name.lower() for name in known if name))


class Catalogue(BaseModel):
    """All models and licences."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: int
    licences: dict[str, Licence]
    models: tuple[CatalogueModel, ...]

    @model_validator(mode="after")
    def _consistent(self) -> "Catalogue":
        for model in self.models:
            if model.licence not in self.licences:
                raise ValueError(f"{model.id}: unknown licence {model.licence}")
            if model.edge != (model.parameters is not None and model.parameters < 4_000_000_000):
                raise ValueError(f"{model.id}: edge does not agree with its parameters")
        if len(self._by_name) != sum(len(model.names) for model in self.models):
            raise ValueError("a name stands for two models")
        return self

    @cached_property
    def _by_name(self) -> dict[str, CatalogueModel]:
        return {name: model for model in self.models for name in model.names}

    def get(self, name: str) -> CatalogueModel:
        """The model of this id or alias, in any case, as served: `provider:` in front, `:latest` or a format after it.

        Raises:
            NotFound: no model has this name; the error names the nearest.
        """
        wanted = name.strip().lower()
        for known in (wanted, wanted.partition(":")[2]):
            stem = _AS_SERVED.sub("", known)
            for spelling in (known, stem, stem.replace(":", "-")):
                if spelling in self._by_name:
                    return self._by_name[spelling]
        raise NotFound(f"The catalogue has no model {name!r}.", nearest=self.nearest(wanted))

    def find(self, *names: str | None) -> CatalogueModel | None:
        """The model of the first of these names that stands for one."""
        for name in names:
            try:
                if name is not None:
                    return self.get(name)
            except NotFound:
                continue
        return None

    def nearest(self, name: str, limit: int = 3) -> list[str]:
        """Ids of the models whose names are most like `name`, best first; empty where none is alike."""
        wanted = _squeezed(name)
        likeness: dict[str, float] = {}
        for known, model in self._by_name.items():
            likeness[model.id] = max(likeness.get(model.id, 0.0), _likeness(wanted, _squeezed(known)))
        ranked = sorted(likeness, key=lambda model_id: -likeness[model_id])
        return [model_id for model_id in ranked if likeness[model_id] >= LEAST_LIKENESS][:limit]

    def names(self) -> Iterable[tuple[str, CatalogueModel]]:
        """Every name with its model."""
        return self._by_name.items()

    @cached_property
    def spellings(self) -> tuple[tuple[str, str, CatalogueModel], ...]:
        """Letters and digits of every name, the name itself, and its model; longest first."""
        rows = [("".join(filter(str.isalnum, name)), name, model) for name, model in self.names()]
        return tuple(sorted(rows, key=lambda row: -len(row[0])))

    def licence_of(self, model: CatalogueModel) -> Licence:
        return self.licences[model.licence]


def _squeezed(name: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", name.lower())


def _likeness(one: str, other: str) -> float:
    """0 to 1: the mean of edit similarity and Jaro-Winkler's, which favours the same beginning."""
    from rapidfuzz import fuzz
    from rapidfuzz.distance import JaroWinkler

    inside = 0.9 if len(one) > 3 and one in other else 0.0
    return max(inside, fuzz.ratio(one, other) / 200 + JaroWinkler.normalized_similarity(one, other) / 2)


def load_catalogue() -> Catalogue:
    """Read the bundled catalogue; about 60 ms."""
    data = parse_yaml((files("tools.registry") / "models.yaml").read_bytes())
    return Catalogue(schema_=data["schema"], licences=data["licences"], models=data["models"])


def load_data_licences() -> dict[str, DataLicence]:
    """The bundled data licences by id, such as `cc-by-4.0`; a few milliseconds."""
    data = parse_yaml((files("tools.registry") / "data_licences.yaml").read_bytes())
    return {key: DataLicence.model_validate(entry) for key, entry in data["licences"].items()}
