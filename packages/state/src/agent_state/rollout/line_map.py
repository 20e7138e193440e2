"""Where each line of a rollout begins and what kind it is: what lets a reader go only to the lines it needs."""

import os
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from agent_protocol.projection.kind import HEAD_BYTES, LineKind, head_kind, line_kind

_CHUNK_BYTES = 1 << 20
_RUN_BYTES = 1 << 18


class MapStale(Exception):
    """The file is not the one the map was made of."""


@dataclass(frozen=True, slots=True)
class LineMap:
    """The lines of a file up to the byte ``end``; ``kinds`` has a :class:`LineKind` for each of ``starts``."""

    starts: "array[int]" = field(default_factory=lambda: array("Q"))
    kinds: bytes = b""
    end: int = 0

    def span(self, number: int) -> tuple[int, int]:
        """Return the first byte of a line and the byte after its last."""
        following = number + 1
        return self.starts[number], self.starts[following] if following < len(self.starts) else self.end

    def numbers(self, kind: LineKind) -> list[int]:
        """Return the numbers of the lines of one kind, in order."""
        return [number for number, each in enumerate(self.kinds) if each == kind]


def extended(fd: int, known: LineMap, size: int) -> LineMap:
    """Return ``known`` with the complete lines between its end and ``size``; memory does not grow with lines."""
    starts, kinds = known.starts[:], bytearray(known.kinds)
    end = known.end
    for start, end, head in _complete_lines(fd, known.end, size):
        starts.append(start)
        kind = head_kind(head)
        kinds.append(line_kind(os.pread(fd, end - start, start)) if kind is None else kind)
    return LineMap(starts, bytes(kinds), end)


def with_open_end(fd: int, known: LineMap, size: int) -> LineMap:
    """Return ``known`` with what stands after its last complete line, which may be a line that lacks its break."""
    if size <= known.end:
        return known
    kind = line_kind(os.pread(fd, size - known.end, known.end))
    return LineMap(array("Q", [*known.starts, known.end]), known.kinds + bytes([kind]), size)


def read_lines(fd: int, lines: LineMap, numbers: Iterable[int]) -> Iterator[bytes]:
    """Yield the lines of these numbers, in their order; neighbours are read at once.

    Raises:
        MapStale: a line does not end where the map says.
        OSError: the file cannot be read.
    """
    for start, end, cuts in _runs(lines, numbers):
        data = os.pread(fd, end - start, start)
        if len(data) != end - start:
            raise MapStale
        for first, last in pairwise(cuts):
            line = data[first - start : last - start]
            if not line.endswith(b"\n") and last != lines.end:
                raise MapStale
            yield line


def _runs(lines: LineMap, numbers: Iterable[int]) -> Iterator[tuple[int, int, list[int]]]:
    """Yield pieces of the file to read, each with the places where lines begin and end in it."""
    cuts: list[int] = []
    for number in numbers:
        start, end = lines.span(number)
        if cuts and (start != cuts[-1] or end - cuts[0] > _RUN_BYTES):
            yield cuts[0], cuts[-1], cuts
            cuts = []
        cuts = cuts or [start]
        cuts.append(end)
    if cuts:
        yield cuts[0], cuts[-1], cuts


def _complete_lines(fd: int, start: int, size: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield the span and the first bytes of each line that has its break; a long line is never held whole."""
    head = b""
    position = start
    while position < size:
        chunk = os.pread(fd, min(_CHUNK_BYTES, size - position), position)
        if not chunk:
            return
        at = 0
        while (cut := chunk.find(b"\n", at)) >= 0:
            end = position + cut + 1
            yield start, end, head + chunk[at : min(cut, at + HEAD_BYTES - len(head))]
            start, at, head = end, cut + 1, b""
        head += chunk[at : at + HEAD_BYTES - len(head)]
        position += len(chunk)
