"""Colour, or none: the same calls either way."""

from dataclasses import dataclass

_CODES = {
    "bold": "1",
    "dim": "2",
    "italic": "3",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
    "magenta": "35",
}


@dataclass(frozen=True, slots=True)
class Paint:
    """Wraps text in terminal codes where ``enabled``."""

    enabled: bool = False

    def __call__(self, text: str, *styles: str) -> str:
        """Return ``text`` in ``styles``: bold, dim, italic, red, green, yellow, cyan, magenta."""
        if not self.enabled or not text:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


PLAIN = Paint()
"""No colour."""
