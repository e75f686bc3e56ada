"""Whether a model's tool call fits the words that it answers: what the call is about, and nothing else, is asked for.

A small model takes whatever it is offered: asked for a warranty it reads a pressure. So a reading stands only where the
sensor's own words, and words that name nothing, make up the question; lines of a log only where they hold what is asked
for. What does not fit is for the next tier, which may know. Better no answer here than a wrong one.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from edge.agent.entity_linking import Names, glossary, phrasings, words_in
from edge.agent.grounding import texts_of

_LATIN = re.compile(r"[a-z]+(?:-[a-z0-9]+)*|\d+(?:\.\d+)?")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_OF_SENSORS = frozenset({"sensor_read", "sensor_history"})


def call_fits(tool: str, arguments: Mapping[str, Any], text: str, names: Names) -> bool:
    """Whether a call that reads may be made for a text. What a tool searches for is judged by `result_fits`."""
    if tool in _OF_SENSORS:
        sensor = str(arguments.get("sensor", ""))
        return bool(_named(text, sensor, names)) and not _foreign(text, _called(sensor, names), "sensors")
    if tool == "system_health":
        return not _foreign(text, frozenset(phrasings()["fit"]["health"].split()), "health")
    if tool == "sensor_list":
        return not _foreign(text, frozenset(phrasings()["fit"]["sensor_list"].split()), "sensors")
    return True


def result_fits(tool: str, result: Mapping[str, Any], text: str) -> bool:
    """Whether lines that were found hold what a text asks for, where it asks for anything in particular."""
    if tool != "log_search":
        return True
    told = " ".join(texts_of(result.get("lines", []))).lower()
    sought = [word for word in _content(text) if word not in phrasings()["fit"]["log"].split()]
    return all(word[:5] in told or word.removesuffix("s") in told for word in sought)


def _named(text: str, sensor: str, names: Names) -> frozenset[str]:
    """Words of the text that the sensor is called by."""
    return words_in(text, _meanings()) & _called(sensor, names) | {
        alias for alias in names.sensors.get(sensor, ()) if not alias.isascii() and alias in text
    }


def _called(sensor: str, names: Names) -> frozenset[str]:
    spelled = (words_in(alias, glossary()) for alias in (sensor, *names.sensors.get(sensor, ())))
    return frozenset().union(*spelled, (alias for alias in names.sensors.get(sensor, ()) if not alias.isascii()))


def _foreign(text: str, known: frozenset[str], topic: str) -> bool:
    """Whether the text names anything else: a word of neither these nor those that name nothing."""
    meanings = _meanings()
    for word in _content(text):
        meant = frozenset(meanings.get(word, word).split()) | {word.removesuffix("s"), word}
        if not meant & known and not word[0].isdigit():
            return True
    left = "".join(_HAN.findall(text))
    for word in sorted(_han_words(topic) | {one for one in known if not one.isascii()}, key=len, reverse=True):
        left = left.replace(word, "")
    for word, meaning in sorted(meanings.items(), key=lambda item: -len(item[0])):
        if word in left and not word.isascii():
            if not frozenset(meaning.split()) & known and meaning:
                return True
            left = left.replace(word, "")
    return len(left) > 1


def _content(text: str) -> list[str]:
    """The Latin words of a text that name something."""
    return [word for word in _LATIN.findall(text.lower().replace("’", "'")) if word not in _empty()]


@cache
def _empty() -> frozenset[str]:
    return frozenset(phrasings()["fit"]["empty"].split())


@cache
def _han_words(topic: str) -> frozenset[str]:
    """Chinese words that name nothing, and those of the topic."""
    fit = phrasings()["fit"]
    return frozenset(fit["empty_han"].split()) | frozenset(fit["health_han"].split() if topic == "health" else ())


@cache
def _meanings() -> Mapping[str, str]:
    """The glossary, and words that say what is measured without naming it."""
    implied = {word: meant for meant, words in phrasings()["intent"]["implied"].items() for word in words.split()}
    return {**glossary(), **implied}
