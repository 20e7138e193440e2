"""Frames a client still has to send: bounded for callers, emptied by one writer."""

from collections import deque

import anyio

from agent_protocol.errors import ConnectionLost


class SendQueue:
    """Callers wait while more than ``max_bytes`` are queued; short answers never wait."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._failure: ConnectionLost | None = None
        self._changed = anyio.Event()

    @property
    def size_bytes(self) -> int:
        """How much is queued."""
        return self._size

    async def put(self, frame: bytes) -> None:
        """Queue ``frame``, waiting for room first. Raises ``ConnectionLost`` after the connection ended."""
        while self._size >= self._max and self._failure is None:
            await self._change()
        self.put_now(frame)

    def put_now(self, frame: bytes) -> None:
        """Queue ``frame`` at once. Raises ``ConnectionLost`` after the connection ended."""
        if self._failure is not None:
            raise ConnectionLost(self._failure.reason)
        self._frames.append(frame)
        self._size += len(frame)
        self._changed.set()

    async def drain(self) -> list[bytes]:
        """Wait until there is something and return all of it; empty once the connection has ended."""
        while not self._frames:
            if self._failure is not None:
                return []
            await self._change()
        frames = list(self._frames)
        self._frames.clear()
        self._size = 0
        self._changed.set()
        return frames

    def end(self, failure: ConnectionLost) -> None:
        """Take nothing more; what is queued can still be drained."""
        self._failure = failure
        self._changed.set()

    async def _change(self) -> None:
        if self._changed.is_set():
            self._changed = anyio.Event()
        await self._changed.wait()
