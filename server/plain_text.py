"""Text that is shown for what it is: no invisible characters, no orders to a terminal, no pictures from elsewhere."""

import unicodedata

_IMAGE = "!["
_KEPT = frozenset("\n\t\u200d")
"""Line ends and tabs; the joiner that emoji and some scripts need."""


def with_hidden_shown(text: str) -> str:
    """The text with each control, format or bidirectional character as its code, such as <U+202E>."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    hidden = unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} and character not in _KEPT
    return f"<U+{ord(character):04X}>" if hidden else character


def without_images(markdown: str) -> str:
    """Markdown whose images are text: a client that shows one asks its address, and says with that who reads what."""
    return markdown.replace(_IMAGE, "!\\[")


class ImageFreeStream:
    """The same for Markdown that comes in pieces."""

    def __init__(self) -> None:
        self._held = ""

    def take(self, piece: str) -> str:
        """What can be shown of it now."""
        text = self._held + piece
        self._held = "!" if text.endswith("!") else ""
        return without_images(text.removesuffix(self._held) if self._held else text)

    def rest(self) -> str:
        """What was held back, at the end."""
        held, self._held = self._held, ""
        return held
