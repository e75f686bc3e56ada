"""Raised and lowered characters on one line, so that 10⁹ does not become 109."""

_UP = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
_DOWN = str.maketrans("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎")


def raised(text: str) -> str:
    """A superscript: "⁹", "^max"; the endings of ordinal numbers stay as they are."""
    return _written(text, _UP, "^")


def lowered(text: str) -> str:
    """A subscript: "₂", "_max"."""
    return _written(text, _DOWN, "_")


def _written(text: str, table: dict[int, int], mark: str) -> str:
    text = text.strip()
    if text.lower() in ("", "st", "nd", "rd", "th", "tm", "™", "®", "*"):
        return text
    if all(ord(letter) in table for letter in text):
        return text.translate(table)
    return f"{mark}{text}" if text.isalnum() else f"{mark}({text})"
