"""Bytes of a stream to frames: one JSON message a line, without doing any reading itself."""

import re
from dataclasses import dataclass
from typing import Final

DEFAULT_MAX_FRAME_BYTES: Final = 64 * 1024 * 1024
_KEPT_EDGE_BYTES: Final = 4096

_STRING = rb'"(?:[^"\\]|\\.)*"'
_SCALAR = rb"(?:" + _STRING + rb"|-?[0-9]+|true|false|null)"
_HEAD_MEMBER = re.compile(rb"\s*[{,]\s*(" + _STRING + rb")\s*:\s*(" + _SCALAR + rb")(?=[\s,}])")
_TAIL_ID = re.compile(rb',\s*"id"\s*:\s*(' + _STRING + rb"|-?[0-9]+)\s*\}\s*\Z")


@dataclass(frozen=True, slots=True)
class OversizedFrame:
    """A frame that was longer than allowed and so was not kept; its edges may still say whose it was."""

    size_bytes: int
    head: bytes
    tail: bytes

    def request_id(self) -> bytes | None:
        """Return the JSON text of the request's id, or ``None`` when this was no request or its id is not seen."""
        members = _leading_members(self.head)
        if b'"method"' not in members:
            return None
        found = members.get(b'"id"')
        if found is None:
            match = _TAIL_ID.search(self.tail)
            found = match[1] if match else None
        if found is None or found in (b"true", b"false", b"null"):
            return None
        return found


def _leading_members(head: bytes) -> dict[bytes, bytes]:
    """Return the scalar members of a truncated JSON object up to the first one that is not scalar."""
    members: dict[bytes, bytes] = {}
    position = 0
    while match := _HEAD_MEMBER.match(head, position):
        members[match[1]] = match[2]
        position = match.end()
    return members


class LineSplitter:
    """Cuts a byte stream at newlines. A line above ``max_frame_bytes`` becomes an ``OversizedFrame``.

    At most one line is held in memory, and of an over-long one only its edges.
    """

    def __init__(self, max_frame_bytes: int = DEFAULT_MAX_FRAME_BYTES) -> None:
        self._max = max_frame_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._head = b""
        self._tail = b""

    def feed(self, data: bytes) -> list[bytes | OversizedFrame]:
        """Take what was read and return the lines it completed, without their newlines; blank lines are left out."""
        frames: list[bytes | OversizedFrame] = []
        *complete, rest = data.split(b"\n")
        for line in complete:
            self._keep(line)
            frame = self._take()
            if isinstance(frame, OversizedFrame) or not (frame == b"" or frame.isspace()):
                frames.append(frame)
        if rest:
            self._keep(rest)
        return frames

    def _keep(self, part: bytes) -> None:
        fitted = self._size <= self._max
        self._size += len(part)
        if self._size <= self._max:
            self._parts.append(part)
            return
        if fitted:
            whole = b"".join(self._parts)
            self._parts = []
            self._head, self._tail = whole[:_KEPT_EDGE_BYTES], whole[-_KEPT_EDGE_BYTES:]
        self._head = (self._head + part[:_KEPT_EDGE_BYTES])[:_KEPT_EDGE_BYTES]
        self._tail = (self._tail + part[-_KEPT_EDGE_BYTES:])[-_KEPT_EDGE_BYTES:]

    def _take(self) -> bytes | OversizedFrame:
        size, self._size = self._size, 0
        if size > self._max:
            return OversizedFrame(size, self._head, self._tail)
        parts, self._parts = self._parts, []
        return parts[0] if len(parts) == 1 else b"".join(parts)
