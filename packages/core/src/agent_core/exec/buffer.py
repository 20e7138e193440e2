"""Holding the output of a process in bounded memory."""

import codecs
from dataclasses import dataclass

OUTPUT_LIMIT_BYTES = 1024 * 1024
"""What is kept of one process' output, in a poll window and over its life."""

DELTA_LIMIT_BYTES = 8192
DELTA_LIMIT_COUNT = 10_000


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of output whose middle may be missing."""

    head: bytes
    omitted_bytes: int
    tail: bytes

    @property
    def size_bytes(self) -> int:
        """The size of the stretch as it came, what is missing included."""
        return len(self.head) + self.omitted_bytes + len(self.tail)

    def text(self) -> str:
        """Return the stretch as text; bytes that are not UTF-8 are replaced, a gap is named."""
        if not self.omitted_bytes:
            return (self.head + self.tail).decode(errors="replace")
        head, tail = self.head.decode(errors="ignore"), self.tail.decode(errors="ignore")
        return f"{head}\n…{self.omitted_bytes} bytes omitted…\n{tail}"


class HeadTailBuffer:
    """Keeps the first and the last half of ``limit_bytes`` of what is put in."""

    def __init__(self, limit_bytes: int = OUTPUT_LIMIT_BYTES) -> None:
        self._head_limit = limit_bytes // 2
        self._tail_limit = limit_bytes - self._head_limit
        self._head = bytearray()
        self._tail = bytearray()
        self._omitted = 0

    def put(self, data: bytes) -> None:
        """Append ``data``."""
        room = self._head_limit - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        excess = len(self._tail) - self._tail_limit
        if excess > 0:
            del self._tail[:excess]
            self._omitted += excess

    def window(self) -> Window:
        """Return what is held, and keep it."""
        return Window(bytes(self._head), self._omitted, bytes(self._tail))

    def drain(self) -> Window:
        """Return what is held, and forget it."""
        window = self.window()
        self._head.clear()
        self._tail.clear()
        self._omitted = 0
        return window


class HeadBuffer:
    """Keeps the first ``limit_bytes`` of what is put in."""

    def __init__(self, limit_bytes: int = OUTPUT_LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._data = bytearray()

    def put(self, data: bytes) -> None:
        """Append ``data`` as far as there is room."""
        self._data += data[: self._limit - len(self._data)]

    def bytes(self) -> bytes:
        """Return what is held; a character cut by the limit is left out."""
        data = bytes(self._data)
        return data[: len(data) - _unfinished(data)] if len(data) == self._limit else data


class DeltaSplitter:
    """Cuts a stream of output into deltas: at most 8,192 bytes each, no character torn, at most 10,000 in all."""

    def __init__(self, limit_count: int = DELTA_LIMIT_COUNT) -> None:
        self._left = limit_count
        self._held = b""

    def put(self, data: bytes) -> list[bytes]:
        """Return the deltas that ``data`` completes; up to three bytes of an unfinished character are held back."""
        data = self._held + data
        self._held = b""
        deltas: list[bytes] = []
        start = 0
        while start < len(data) and self._left:
            piece = data[start : start + DELTA_LIMIT_BYTES]
            unfinished = _unfinished(piece)
            piece = piece[: len(piece) - unfinished]
            if not piece:
                self._held = data[start:]
                break
            deltas.append(piece)
            start += len(piece)
            self._left -= 1
        return deltas

    def finish(self) -> list[bytes]:
        """Return what is still held back as the last delta."""
        held, self._held = self._held, b""
        if not held or not self._left:
            return []
        self._left -= 1
        return [held]


def _unfinished(data: bytes) -> int:
    """Return how many bytes at the end are the beginning of a UTF-8 character whose rest is still to come."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    decoder.decode(data[-4:])
    return len(decoder.getstate()[0])
