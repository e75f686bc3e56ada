"""Entity linking: names in an utterance that stand for models of the catalogue."""

import re

from tools.catalogue import Catalogue

__all__ = ["link_models", "unknown_models"]

# A word that looks like a model's name: a family that the catalogue knows, with something after it.
_SUSPECT = re.compile(r"(?<![\w.-])[a-z]+(?:[-:/.]?\w+)*", re.IGNORECASE | re.ASCII)


def link_models(text: str, catalogue: Catalogue) -> list[str]:
    """Ids of the models that `text` names, in order of mention; the longest name wins where names overlap.

    Hyphens, dots, spaces and case do not matter: "Phi 4 mini", "phi4-mini" and "PHI-4-Mini" are one.
    """
    squeezed, places = _squeeze(text)
    found: list[tuple[int, int, str]] = []
    names = sorted(((_squeeze(name)[0], model.id) for name, model in catalogue.names()), key=lambda pair: -len(pair[0]))
    for name, model_id in names:
        if len(name) < 4:
            continue
        start = squeezed.find(name)
        while start >= 0:
            end = start + len(name)
            free = all(end <= s or start >= e for s, e, _ in found)
            if free and _is_whole(text, places[start], places[end - 1] + 1, name):
                found.append((start, end, model_id))
            start = squeezed.find(name, start + 1)
    return list(dict.fromkeys(model_id for _, _, model_id in sorted(found)))


def unknown_models(text: str, catalogue: Catalogue) -> list[str]:
    """Words of `text` that look like a model's name but stand for none, in order of mention.

    Only words whose first letters begin some catalogue name count, so that "SE30" or "hall-3" do not.
    """
    families = {re.split(r"[^a-z]", name, maxsplit=1)[0] for name, _ in catalogue.names()} - {"", "all"}
    unknown: list[str] = []
    for match in _SUSPECT.finditer(text):
        word = match.group().strip(" .,:/-")
        family = re.split(r"[^a-z]", word.lower(), maxsplit=1)[0]
        if re.search(r"\d", word) and family in families and not link_models(word, catalogue):
            unknown.append(word)
    return list(dict.fromkeys(unknown))


def _squeeze(text: str) -> tuple[str, list[int]]:
    """Lower-case letters and digits of `text`, and where each stood."""
    places = [index for index, letter in enumerate(text) if letter.isalnum()]
    return "".join(text[index].lower() for index in places), places


def _is_whole(text: str, start: int, end: int, name: str) -> bool:
    """Whether text[start:end] is not a part of a longer word or version ("phi4" in "phi4x", "smollm2-1" in "-1.7b")."""
    before, after = text[start - 1 : start], text[end : end + 2]
    if (before.isascii() and before.isalnum()) or (after[:1].isascii() and after[:1].isalnum()):
        return False
    return not (name[-1].isdigit() and len(after) == 2 and after[0] in ".-" and after[1].isdigit())
