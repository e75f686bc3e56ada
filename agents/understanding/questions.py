"""What is asked back, and what is said of an order that is not carried out, in English and Chinese."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, TypeAdapter

from agents.understanding.arguments import Slot
from edge.kernel.language import Language
from memory.yaml_text import parse_yaml

_MOST_CHOICES = 12


class _Wording(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    en: str
    zh: str


@cache
def _wordings() -> dict[str, dict[str, _Wording]]:
    text = files("agents.understanding").joinpath("questions.yaml").read_bytes()
    return TypeAdapter(dict[str, dict[str, _Wording]]).validate_python(parse_yaml(text))


def sentence(name: str, language: Language, /, **values: object) -> str:
    """The sentence of this name with its places filled."""
    return getattr(_wordings()["sentences"][name], language).format(**values)


def kind_name(kind: str, language: Language) -> str:
    """What a kind of thing is called."""
    wording = _wordings()["kinds"].get(kind)
    return getattr(wording, language) if wording else kind.replace("_", " ")


def ask_for(slot: Slot, language: Language, choices: Sequence[str] = ()) -> str:
    """Asks for the value of a slot, with choices where there are any."""
    own = _wordings()["slots"].get(slot.path) or _wordings()["slots"].get(slot.name)
    if own is not None:
        asked = getattr(own, language)
    elif slot.kinds:
        asked = sentence("which_kind", language, kind=kind_name(slot.kinds[0], language))
    else:
        described = str(slot.schema.get("description", ""))
        asked = sentence(
            "which_value", language, name=slot.name.replace("_", " "), described=f" ({described})" if described else ""
        )
    options = list(choices) or [one.replace("_", "-") for one in slot.enum]
    return f"{asked} {listed(options, language)}".strip() if options else asked


def listed(choices: Sequence[str], language: Language) -> str:
    """What there is to choose from."""
    shown = list(choices[:_MOST_CHOICES])
    more = len(choices) - len(shown)
    names = ("、" if language == "zh" else ", ").join(f"`{one}`" for one in shown)
    return sentence("choices_more" if more else "choices", language, names=names, more=more)
