"""Server-sent events, split from bytes as they arrive."""

from collections.abc import Sequence

MAX_EVENT_BYTES = 64 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class EventTooLong(ValueError):
    """One event is longer than any real one; ``limit`` is in bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"an event of the stream is longer than {limit} bytes")


class SseSplitter:
    """Turns chunks of an event stream into the data of its events, however the chunks are cut.

    Lines may end in LF, CR LF or CR. Comments, other fields and events without data are dropped, and so is an event
    that the end of the stream cuts off.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit = max_event_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._at_start = True

    def feed(self, chunk: bytes) -> Sequence[bytes]:
        """Return the data of every event that ``chunk`` completes.

        Raises:
            EventTooLong: the unfinished event is larger than the limit.
        """
        chunk = self._with_line_feeds(chunk)
        if not chunk:
            return ()
        straddles = chunk[0] == 0x0A and bool(self._parts) and self._parts[-1][-1] == 0x0A
        self._parts.append(chunk)
        self._size += len(chunk)
        if not straddles and b"\n\n" not in chunk:
            if self._size > self._limit:
                raise EventTooLong(self._limit)
            return ()
        *blocks, rest = b"".join(self._parts).split(b"\n\n")
        self._parts = [rest] if rest else []
        self._size = len(rest)
        if self._at_start:
            self._at_start = False
            blocks[0] = blocks[0].removeprefix(_BOM)
        return [data for block in blocks if (data := _data(block)) is not None]

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk


def _data(block: bytes) -> bytes | None:
    data: bytes | None = None
    for line in block.split(b"\n"):
        if line.startswith(b"data:"):
            value = line[6:] if line[5:6] == b" " else line[5:]
        elif line == b"data":
            value = b""
        else:
            continue
        data = value if data is None else b"%b\n%b" % (data, value)
    return data
