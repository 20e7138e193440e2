"""Shell quoting of argument lists, as commands are shown to people: quoted only where needed, in the shortest style."""

import re
from collections.abc import Sequence
from enum import Enum


class _Style(Enum):
    """How a run of characters can be written; the value matches the longest run the style can hold."""

    BARE = re.compile(r"[A-Za-z0-9+\-./:@\]_]*")
    # A caret is special in double quotes of some shells and, by convention, only opens a single-quoted run.
    SINGLE = re.compile(r"\^?[^'\\^]*")
    DOUBLE = re.compile(r"[^`$!^]*")


_RUNS = tuple((style, style.value) for style in _Style)


def join(argv: Sequence[str]) -> str:
    """Return ``argv`` as one shell command line.

    An argument with a NUL cannot be quoted; then the arguments are only joined by blanks.
    """
    if any("\0" in token for token in argv):
        return " ".join(argv)
    return " ".join(quote(token) for token in argv)


def quote(token: str) -> str:
    """Return ``token`` as one word of a shell command line. ``token`` must not contain NUL."""
    if not token:
        return "''"
    segments: list[str] = []
    start = 0
    while start < len(token):
        end, style = _segment(token, start)
        segments.append(_quoted(token[start:end], style))
        start = end
    return "".join(segments)


def _segment(token: str, start: int) -> tuple[int, _Style]:
    """Return where the longest run from ``start`` that one style can hold ends, and that style."""
    end, style = start, _Style.BARE
    for candidate, run in _RUNS:
        match = run.match(token, start)
        if match is not None and match.end() > end:
            end, style = match.end(), candidate
            if end == len(token):
                break
    return end, style


def _quoted(text: str, style: _Style) -> str:
    match style:
        case _Style.BARE:
            return text
        case _Style.SINGLE:
            return f"'{text}'"
        case _:
            return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
