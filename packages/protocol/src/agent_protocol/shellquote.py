"""Shell quoting of argument lists, as commands are shown to people: quoted only where needed, in the shortest style."""

import string
from collections.abc import Sequence
from enum import IntFlag

_BARE = frozenset(string.ascii_letters + string.digits + "+-./:@]_")
_NOT_IN_SINGLE = frozenset("'\\^")
_NOT_IN_DOUBLE = frozenset("`$!^")


class _Style(IntFlag):
    BARE = 1
    SINGLE = 2
    DOUBLE = 4


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
    if _BARE.issuperset(token):
        return token
    segments: list[str] = []
    start = 0
    while start < len(token):
        end, style = _segment(token, start)
        segments.append(_quoted(token[start:end], style))
        start = end
    return "".join(segments)


def _segment(token: str, start: int) -> tuple[int, _Style]:
    """Return where the longest run from ``start`` that one style can hold ends, and that style."""
    # A caret is special in double quotes of some shells and, by convention, only opens a single-quoted run.
    styles = _Style.SINGLE if token[start] == "^" else _allowed(token[start])
    end = start + 1
    while end < len(token) and (left := styles & _allowed(token[end])):
        styles = left
        end += 1
    return end, next(style for style in _Style if style in styles)


def _allowed(character: str) -> _Style:
    styles = _Style(0)
    if character in _BARE:
        styles |= _Style.BARE
    if character not in _NOT_IN_SINGLE:
        styles |= _Style.SINGLE
    if character not in _NOT_IN_DOUBLE:
        styles |= _Style.DOUBLE
    return styles


def _quoted(text: str, style: _Style) -> str:
    match style:
        case _Style.BARE:
            return text
        case _Style.SINGLE:
            return f"'{text}'"
        case _:
            return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
