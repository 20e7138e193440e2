"""Repair of a last line that a dying process left half written."""

import os
from dataclasses import dataclass

import msgspec

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Mend:
    """What was done: ``completed`` if only the line feed was missing, else the count of torn bytes cut off."""

    completed: bool
    cut_bytes: int


def mend_tail(fd: int) -> Mend | None:
    """Make the file end at the end of a line; ``None`` if it does already.

    A last line that is a whole JSON object lacked nothing but its line feed, and gets it. Anything else is the
    beginning of a line that was never finished; it is cut off. Complete lines are never touched.
    """
    size = os.fstat(fd).st_size
    tail = _last_line(fd, size)
    if not tail:
        return None
    if _is_object(tail):
        os.write(fd, b"\n")
        return Mend(completed=True, cut_bytes=0)
    os.ftruncate(fd, size - len(tail))
    return Mend(completed=False, cut_bytes=len(tail))


def _last_line(fd: int, size: int) -> bytes:
    pieces: list[bytes] = []
    end = size
    while end:
        start = max(0, end - _CHUNK)
        piece = os.pread(fd, end - start, start)
        cut = piece.rfind(b"\n")
        pieces.append(piece[cut + 1 :])
        if cut >= 0:
            break
        end = start
    return b"".join(reversed(pieces))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
