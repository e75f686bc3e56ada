"""The encoding of a text that does not say it: by its byte pattern and by how its languages are written.

chardet ranks the usual encodings by models of languages. It sees only what stands around the bytes that are not ASCII,
so that much English around a Russian sentence does not decide for it. A reading in which words mix scripts, or marks
stand between letters, is believed less; the letters and signs of western Europe, for which a few bytes are typical, are
believed a little more. Where two readings that differ are nearly as likely, none is taken.
"""

import re
from collections.abc import Iterable

_USUAL = (
    "cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 iso8859-2 iso8859-5 iso8859-7 iso8859-9 iso8859-15"
    " koi8-r koi8-u cp437 cp850 cp852 cp866 mac-roman mac-cyrillic"
    " gb18030 big5 cp932 euc-jp cp949 euc-kr"
).split()
_AROUND_HIGH = re.compile(rb"[\x00-\x7f]{0,24}[\x80-\xff]+(?:[\x00-\x7f]{0,24}[\x80-\xff]+)*[\x00-\x7f]{0,24}")
_ESCAPES_TO_JAPANESE = (b"\x1b$B", b"\x1b$@", b"\x1b(J")
_SAMPLE_BYTES = 65_536
_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_MOSTLY_UTF_8 = 0.8
_LEAST = 0.05
_AHEAD = 1.25
"""A reading is taken when it is so many times as likely as the next one that differs."""
_WIDE_AHEAD = 1.05
_WESTERN = frozenset("äöüßÄÖÜéèêëàâáãçñîïíôóõûúùœŒæåøÆÅØÉÈÀÇÑ°µ±×÷²³¹½¼¾·–—‘’‚“”„…•€£§©®™«»¿¡ªº\xa0")
_WESTERN_BONUS = 0.06
_OLD = ("mac", "cp4", "cp8")
_RARE, _RARE_RIVAL = 0.6, 0.8
"""What a reading in an encoding of DOS or of the old Macintosh is worth beside others: few such files are left."""
_MOST_HIGH_LETTERS = 0.5
_WORD = re.compile(r"[^\W\d_]+")
_CONTROLS = re.compile("[\x80-\x9f\ue000-\uf8ff\ufffd]")
_ODD = re.compile(
    "[^\\W\\d_][²³¹¤¦¬¶¨¯´¸ˇ˘˛˝¢£¥€ƒ†‡‰√≈∞∂∑∏π∫Ω¡¿‹›«»°±“”„‚…•—§©˜ˆ][^\\W\\d_]"  # marks within a word
    "|[\u2500-\u259f][^\\W\\d_]|[^\\W\\d_][\u2500-\u259f]|\\d ?ø|øC\\b"  # frames and degrees of DOS
    "|\\b[ЂЃЌ][а-я]|(?<!\\w)[™…‰†‡•¹²³§©˜ˆ][^\\W\\d_]"  # the Macintosh
    "|[^\\W\\d_][ˇ˘˙˛˝¸¨´¡¿ˆ˜¼½¾§]|…\\.|\\s[…ˆ˜]\\s[a-z]|[a-z]{3}[\u4e00-\u9fff](?![\u3000-\u9fff])"
    "|\\w[a-zß-ÿ]µ|µ[a-z]{3}|[a-z]\xa0[a-z]{1,2}\\b"
)
_QUOTES = re.compile("[“”„]")
_OPENED, _CLOSED = re.compile("(?<!\\w)‘"), re.compile("’")
_UPPER = "À-ÖØ-ÞŸŠŽŒА-ЯЁΑ-Ω"
_TORN_CASE = re.compile(rf"[^\W\d_A-Z]*(?:[a-zß-öø-ÿа-яёα-ω][{_UPPER}]|[{_UPPER}][a-z]*[{_UPPER}][a-zа-я])")
_FOREIGN_TO_THE_WEST = re.compile(r"œ(?![uids])|\b[èìùò]\w", re.IGNORECASE)
_WRITTEN = re.compile(
    "[\t\n\r -~\xa0-\u024f\u0370-\u03ff\u0400-\u04ff\u05d0-\u05ea\u0600-\u06ff\u2010-\u2044\u20ac\u2200-\u22ff"
    "\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]"
)
_MOSTLY = 0.97
"""Share of usual characters in a text of UTF-16 or UTF-32."""
_SCRIPTS = (
    re.compile("[A-Za-zÀ-ɏ]"),
    re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    re.compile("[\u0400-\u04ff]"),
    re.compile("[\u0590-\u05ff]"),
    re.compile("[\u0600-\u06ff]"),
)


def guess_encoding(data: bytes) -> str | None:
    """The encoding that a text without any mark is most likely in; None where that cannot be told.

    Args:
        data: not valid UTF-8, or with NUL bytes.
    """
    if b"\0" in data:
        return _wide(data)
    if any(escape in data for escape in _ESCAPES_TO_JAPANESE):
        return "iso2022-jp"
    if _is_torn_utf_8(data):
        return None
    import chardet

    sample = b"\n".join(_AROUND_HIGH.findall(data[:_SAMPLE_BYTES])) or data[:_SAMPLE_BYTES]
    ranked = chardet.detect_all(sample, ignore_threshold=True, include_encodings=_USUAL, compat_names=False)
    worth: dict[str, float] = {}
    rivals: dict[str, float] = {}
    encoding_of: dict[str, str] = {}
    for guess in ranked:
        encoding = guess["encoding"] or ""
        text = _try(sample, encoding)
        if text is not None and _fits(data, encoding):
            encoding_of.setdefault(text, encoding)
            value = (guess["confidence"] + _bonus(text)) * _plausible(text)
            rivals[text] = max(rivals.get(text, 0.0), value * _doubt(encoding))
            worth[text] = max(worth.get(text, 0.0), value * (_RARE if encoding.startswith(_OLD) else 1.0))
    best = max(worth, key=lambda text: worth[text], default="")
    others = max((rivals[text] for text in rivals if text != best), default=0.0)
    return encoding_of[best] if best and worth[best] >= max(_LEAST, _AHEAD * others) else None


def _doubt(encoding: str) -> float:
    """What a reading in an encoding that few files have is worth against another: more than for being taken itself."""
    return _RARE_RIVAL if encoding.startswith(_OLD) else 1.0


def _is_torn_utf_8(data: bytes) -> bool:
    """Whether most of the bytes that are not ASCII are UTF-8: then some of another encoding were mixed in."""
    sample = data[:_SAMPLE_BYTES]
    high = sum(byte >= 0x80 for byte in sample)
    paired = sum(len(found) for found in _UTF_8.findall(sample))
    return paired >= _MOSTLY_UTF_8 * high


def _wide(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: the zeros stand at fixed places."""
    size = len(data)
    shares: dict[str, float] = {}
    for encoding, width in (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2)):
        text = _try(data, encoding) if size % width == 0 else None
        if text and "\0" not in text:
            sample = text[:_SAMPLE_BYTES]
            shares[encoding] = len(_WRITTEN.findall(sample)) / len(sample)
            if width == 4:
                break
    best, *others = sorted(shares, key=lambda encoding: -shares[encoding]) or [""]
    if not best or shares[best] < max(_MOSTLY, _WIDE_AHEAD * max((shares[each] for each in others), default=0.0)):
        return None
    return best


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (LookupError, UnicodeError):
        return None


def _fits(data: bytes, encoding: str) -> bool:
    return len(data) <= _SAMPLE_BYTES or _try(data, encoding) is not None


def _plausible(text: str) -> float:
    """1 for a text as people write it, less for what only a wrong encoding gives."""
    if _CONTROLS.search(text):
        return 0.0
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    odd = sum(_is_mixed(word) or bool(_TORN_CASE.match(word)) for word in words)
    odd += len(_ODD.findall(text)) + len(_QUOTES.findall(text)) % 2
    odd += len(_OPENED.findall(text)) > len(_CLOSED.findall(text))
    return 1.0 / (1 + 4 * odd / max(1, len(words)))


def _is_mixed(word: str) -> bool:
    return sum(bool(script.search(word)) for script in _SCRIPTS) > 1


def _bonus(text: str) -> float:
    high = [char for char in text if char >= "\x80"]
    if not all(char in _WESTERN for char in high) or _FOREIGN_TO_THE_WEST.search(text):
        return 0.0
    letters = "".join(word for word in _WORD.findall(text) if not word.isascii())
    count = sum(char >= "\x80" for char in letters)
    return _WESTERN_BONUS if _share(count, letters) <= _MOST_HIGH_LETTERS and not _TORN_CASE.search(text) else 0.0


def _share(count: int, of: Iterable[str]) -> float:
    return count / max(1, len(list(of)))
