"""English stems by the Snowball English algorithm ("Porter 2": Porter 2001, as revised in Snowball 3.1).

The same stems as the `snowballstemmer` package gives, which a device does not have.
"""

import re

__all__ = ["stem"]

_EXCEPTIONS = {
    **{word: word for word in "andes atlas bias cosmos howe news sky".split()},
    "early": "earli",
    "gently": "gentl",
    "idly": "idl",
    "only": "onli",
    "singly": "singl",
    "skies": "sky",
    "skis": "ski",
    "ugly": "ugli",
}
_PREFIX = re.compile("arsen|commun|emerg|gener|inter|later|organ|past|univers")
_REGION = re.compile("[^aeiouy]*[aeiouy]+[^aeiouy]")
_VOWEL = re.compile("[aeiouy]")
_DOUBLE = ("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt")
_ING = ("even", "cann", "inn", "earr", "herr", "out")
_SECOND = {
    "ational": "ate",
    "fulness": "ful",
    "iveness": "ive",
    "ization": "ize",
    "ousness": "ous",
    "biliti": "ble",
    "lessli": "less",
    "tional": "tion",
    "alism": "al",
    "aliti": "al",
    "ation": "ate",
    "entli": "ent",
    "fulli": "ful",
    "iviti": "ive",
    "ogist": "og",
    "ousli": "ous",
    "abli": "able",
    "alli": "al",
    "anci": "ance",
    "ator": "ate",
    "enci": "ence",
    "izer": "ize",
    "bli": "ble",
    "ogi": "og",
    "li": "",
}
_THIRD = {
    "ational": "ate",
    "tional": "tion",
    "alize": "al",
    "ative": "",
    "icate": "ic",
    "iciti": "ic",
    "ical": "ic",
    "ness": "",
    "ful": "",
}
_FOURTH = "ement ance ence able ible ment ant ent ism ate iti ous ive ize ion al er ic".split()
"""Suffixes of each step, the longer first: the longest that fits is the only one that is tried."""


def stem(word: str) -> str:
    """The stem of a word of lower-case letters and apostrophes."""
    if word in _EXCEPTIONS:
        return _EXCEPTIONS[word]
    if len(word) < 3:
        return word
    word = _consonant_y(word.removeprefix("'"))
    first, second = _regions(word)
    word = _plural(word)
    word = _past(word, first)
    if len(word) > 2 and word[-1] in "yY" and word[-2] not in "aeiouy":
        word = word[:-1] + "i"
    word = _replaced(word, _SECOND, first, second)
    word = _replaced(word, _THIRD, first, second)
    word = _derived(word, second)
    return _ended(word, first, second).replace("Y", "y")


def _consonant_y(word: str) -> str:
    """The word with "Y" for each y that is a consonant: at the start, or after a vowel."""
    if "y" not in word:
        return word
    letters = list(word)
    for place, letter in enumerate(letters):
        if letter == "y" and (place == 0 or letters[place - 1] in "aeiouy"):
            letters[place] = "Y"
    return "".join(letters)


def _regions(word: str) -> tuple[int, int]:
    """Where the two regions begin: each after the first consonant that follows a vowel."""
    found = _PREFIX.match(word) or _REGION.match(word)
    if not found:
        return len(word), len(word)
    after = _REGION.match(word, found.end())
    return found.end(), after.end() if after else len(word)


def _short(word: str) -> bool:
    """Whether the word ends with a short syllable."""
    if word.endswith("past"):
        return True
    if len(word) > 2:
        before, vowel, after = word[-3:]
        return before not in "aeiouy" and vowel in "aeiouy" and after not in "aeiouywxY"
    return len(word) == 2 and word[0] in "aeiouy" and word[1] not in "aeiouy"


def _plural(word: str) -> str:
    for ending in ("'s'", "'s", "'"):
        if word.endswith(ending):
            word = word[: -len(ending)]
            break
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")) and _VOWEL.search(word[:-2]):
        return word[:-1]
    return word


def _past(word: str, first: int) -> str:
    ending = next(filter(word.endswith, ("eedly", "ingly", "edly", "eed", "ing", "ed")), "")
    rest = word.removesuffix(ending)
    if ending in ("eed", "eedly"):
        return word if len(rest) < first or rest in ("succ", "proc", "exc") else rest + "ee"
    if ending == "ing" and len(rest) == 2 and rest[1] == "y" and rest[0] not in "aeiouy":
        return rest[0] + "ie"
    if not ending or not _VOWEL.search(rest) or (ending == "ing" and rest in _ING):
        return word
    return _mended(rest, first)


def _mended(rest: str, first: int) -> str:
    """What is left of "hopping", "hoping" and "hating": "hop", "hope" and "hate"."""
    if rest.endswith(_DOUBLE):
        return rest if len(rest) == 3 and rest[0] in "aeo" else rest[:-1]
    needs_e = rest.endswith(("at", "bl", "iz")) or (len(rest) == first and _short(rest))
    return rest + "e" if needs_e else rest


def _replaced(word: str, endings: dict[str, str], first: int, second: int) -> str:
    ending = next(filter(word.endswith, endings), "")
    if not ending:
        return word
    rest = word[: -len(ending)]
    if len(rest) < first or (ending == "ative" and len(rest) < second):
        return word
    if ending == "ogi" and not rest.endswith("l"):
        return word
    if ending == "li" and rest[-1:] not in tuple("cdeghkmnrt"):
        return word
    return rest + endings[ending]


def _derived(word: str, second: int) -> str:
    for ending in _FOURTH:
        if word.endswith(ending):
            rest = word[: -len(ending)]
            removed = len(rest) >= second and (ending != "ion" or rest.endswith(("s", "t")))
            return rest if removed else word
    return word


def _ended(word: str, first: int, second: int) -> str:
    rest = word[:-1]
    if word.endswith("e"):
        return rest if len(rest) >= second or (len(rest) >= first and not _short(rest)) else word
    return rest if word.endswith("ll") and len(rest) >= second else word
