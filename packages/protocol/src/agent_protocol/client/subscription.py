"""Messages a client reads at its own pace: bounded, filled by the reader without waiting."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

import anyio

from agent_protocol.errors import ConnectionLost

T = TypeVar("T")


class SubscriptionOverrun(Exception):
    """A subscription was read too slowly, its buffer ran full, and it has ended.

    ``lost`` messages could not be kept; what was kept has been handed out before this is raised.
    """

    def __init__(self, lost: int, max_buffered_bytes: int) -> None:
        self.lost = lost
        self.max_buffered_bytes = max_buffered_bytes
        super().__init__(f"{lost} messages did not fit into the buffer of {max_buffered_bytes} bytes")


@dataclass(frozen=True, slots=True)
class BufferStatistics:
    """How full a buffer is and what passed through it."""

    buffered_messages: int
    buffered_bytes: int
    max_buffered_bytes: int
    received_messages: int
    lost_messages: int


class Subscription(Generic[T]):
    """An async iterator over messages, from the moment it was made.

    Iteration ends when the subscription or the client is closed, and raises ``ConnectionLost`` when the
    connection broke or ``SubscriptionOverrun`` when the buffer ran full; what was buffered comes first.
    Close it (``with`` does) to stop buffering.
    """

    def __init__(self, max_buffered_bytes: int, on_close: Callable[["Subscription[T]"], None]) -> None:
        self._max = max_buffered_bytes
        self._on_close = on_close
        self._buffer: deque[tuple[Callable[[], T], int]] = deque()
        self._size = 0
        self._received = 0
        self._lost = 0
        self._closed = False
        self._failure: ConnectionLost | None = None
        self._changed = anyio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not self._buffer:
            if self._lost:
                raise SubscriptionOverrun(self._lost, self._max)
            if self._failure is not None:
                raise ConnectionLost(self._failure.reason)
            if self._closed:
                raise StopAsyncIteration
            self._changed = anyio.Event()
            await self._changed.wait()
        make, size = self._buffer.popleft()
        self._size -= size
        return make()

    def close(self) -> None:
        """Stop buffering; what is buffered can still be read."""
        if not self._closed:
            self._closed = True
            self._changed.set()
            self._on_close(self)

    def statistics(self) -> BufferStatistics:
        """Return the counts as of now."""
        return BufferStatistics(len(self._buffer), self._size, self._max, self._received, self._lost)

    def offer(self, make: Callable[[], T], size_bytes: int) -> bool:
        """Buffer one message, or count it as lost when there is no room and return False. For the client's reader."""
        if self._closed:
            return False
        self._changed.set()
        if self._lost or self._size + size_bytes > self._max:
            self._lost += 1
            return False
        self._buffer.append((make, size_bytes))
        self._size += size_bytes
        self._received += 1
        return True

    def end(self, failure: ConnectionLost | None) -> None:
        """Let iteration end, with ``failure`` if there was one. For the client."""
        self._failure = failure
        self._closed = True
        self._changed.set()
