"""What stands raised, lowered or missing in a line, written so that its meaning stays: 10⁹, CO₂, x^(n+1), V_max.

A figure that is raised must never join the number before it. Marks that no line can hold, such as an equation that is a
picture, leave a gap that says so: a sentence with a gap is no answer (memory.documents.sentences).
"""

import re

from memory.documents.sentences import gap

GAP_FORMULA = gap("formula")
GAP_IMAGE = gap("image")
GAP_CHARACTER = gap("character")

_UP = str.maketrans("0123456789+-−–‒=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁻⁼⁽⁾ⁿⁱ")
_DOWN = str.maketrans("0123456789+-−–‒=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₋₌₍₎")
_RAISABLE = re.compile(r"(?:[0-9+\-−–‒=()]+|[ni])")
_LOWERABLE = re.compile(r"[0-9+\-−–‒=()]+")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|ers|re|ère|ème|eme|nde|do|da|to|ta|º|ª|°|o|a)\.?", re.IGNORECASE)
_TRADE = {"tm": "™", "sm": "℠", "r": "®", "(r)": "®", "(tm)": "™", "c": "©"}
_MARK = re.compile(r"[*†‡§¶™®©℠°º⁰-⁹¹²³'′″]+|\[[^\[\]]*\]")
_NAME = re.compile(r"[^\W_⁰¹²³⁴-₉]+(?:[.,][^\W_⁰¹²³⁴-₉]+)*")


def raised(text: str, before: str = "") -> str:
    """A superscript in a line: "⁹", "^9.5", "^(n+1)"; marks and the endings of ordinal numbers as they are.

    Args:
        text: the raised characters.
        before: what stands before them.
    """
    text = " ".join(text.split())
    if not text or _MARK.fullmatch(text):
        return text
    if before[-1:].isdigit() and _ORDINAL.fullmatch(text):
        return text
    if before[-1:].isalpha() and len(text) > 1 and text.lower() in _TRADE:
        return _TRADE[text.lower()]
    if _RAISABLE.fullmatch(text):
        return text.translate(_UP)
    return f"^{text}" if _NAME.fullmatch(text) else f"^({text})"


def lowered(text: str) -> str:
    """A subscript in a line: "₂", "_max", "_(i+1)"."""
    text = " ".join(text.split())
    if not text or _MARK.fullmatch(text):
        return text
    if _LOWERABLE.fullmatch(text):
        return text.translate(_DOWN)
    return f"_{text}" if _NAME.fullmatch(text) else f"_({text})"


def set_apart(script: str, after: str) -> str:
    """Put a script that is written with ^ or _ in parentheses where it would run into what comes after it."""
    return (
        f"{script[0]}({script[1:]})" if script[:1] in ("^", "_") and script[-1] != ")" and after.isalnum() else script
    )


def note_mark(text: str) -> str:
    """The mark of a foot- or endnote: "[1]"."""
    text = " ".join(text.split()).strip("[]()")
    return f"[{text}]" if text else ""


_SYMBOL = dict(
    zip(
        [*range(0x20, 0x7F), *range(0xA0, 0xFF)],
        " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
        "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪\uf8ff〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
        strict=True,
    )
)
"""Adobe's Symbol encoding."""
_WINGDINGS = {
    0x6C: "●", 0x6E: "■", 0x6F: "□", 0x71: "❑", 0x76: "❖", 0xA7: "▪", 0xA8: "◻", 0xD8: "➢", 0xE0: "→", 0xDF: "←",
    0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xF0: "⇨", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑", 0x46: "☞",
}  # fmt: skip
_PRIVATE = re.compile("[\uf020-\uf0ff]")


def from_symbol_font(text: str, font: str) -> str:
    """The characters that a font of symbols shows for `text`, by code or in the private area; a gap where unknown.

    Args:
        font: its name, in any case, such as "Symbol" or "Wingdings".
    """
    font = font.strip("\"' ").lower()
    table = _SYMBOL if font == "symbol" else _WINGDINGS if font.startswith("wingdings") else None
    if table is None:
        return _PRIVATE.sub(lambda found: _SYMBOL.get(ord(found[0]) - 0xF000, GAP_CHARACTER), text)
    shown = (ord(char) - 0xF000 if _PRIVATE.match(char) else ord(char) for char in text)
    return "".join(chr(code) if code == 0x20 else table.get(code, GAP_CHARACTER) for code in shown)
