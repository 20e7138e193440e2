"""Finding the lines a patch speaks of in a file that may differ from them in small ways."""

from agent_core.patch.grammar import WHITE_SPACE

_PLAIN = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
    | dict.fromkeys("\xa0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " ")
)


def _exact(line: str) -> str:
    return line


def _right_trimmed(line: str) -> str:
    return line.rstrip(WHITE_SPACE)


def _trimmed(line: str) -> str:
    return line.strip(WHITE_SPACE)


def _folded(line: str) -> str:
    return line.strip(WHITE_SPACE).translate(_PLAIN)


LEVELS = (_exact, _right_trimmed, _trimmed, _folded)
"""The four ways to compare lines, strictest first: each is tried over the whole range before the next."""


class FileLines:
    """The lines of one file, searched as they are and in ever looser readings."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self._readings: dict[int, list[str]] = {0: lines}

    def find(self, wanted: tuple[str, ...], start: int, *, at_end: bool = False, floor: int = 0) -> int | None:
        """Return where ``wanted`` stands, at or after ``start``; nothing is found at ``start``.

        With ``at_end`` only the very end of the file is looked at, not ``start``, but never below ``floor``.
        """
        if not wanted:
            return start
        last = len(self.lines) - len(wanted)
        first = last if at_end else start
        if last < 0 or (at_end and last < floor):
            return None
        for level in range(len(LEVELS)):
            position = self._find_at(level, wanted, first, last)
            if position is not None:
                return position
        return None

    def nearest(self, wanted: tuple[str, ...]) -> tuple[int, int]:
        """Return (position, count): the place where most of ``wanted`` stands, read loosely from its first line on."""
        reading = self._reading(len(LEVELS) - 1)
        folded = [_folded(line) for line in wanted]
        best = (0, 0)
        for position in range(len(reading)):
            count = 0
            while count < len(folded) and position + count < len(reading):
                if reading[position + count] != folded[count]:
                    break
                count += 1
            if count > best[1]:
                best = (position, count)
        return best

    def _reading(self, level: int) -> list[str]:
        reading = self._readings.get(level)
        if reading is None:
            reading = self._readings[level] = [LEVELS[level](line) for line in self.lines]
        return reading

    def _find_at(self, level: int, wanted: tuple[str, ...], first: int, last: int) -> int | None:
        reading = self._reading(level)
        pattern = [LEVELS[level](line) for line in wanted]
        head, size = pattern[0], len(pattern)
        position = first
        while position <= last:
            try:
                position = reading.index(head, position, last + 1)
            except ValueError:
                return None
            if reading[position : position + size] == pattern:
                return position
            position += 1
        return None
