"""A connection inside one process: the same frames, handed over without a socket."""

from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

import anyio

from agent_protocol.client.client import DEFAULT_MAX_BUFFERED_BYTES, AgentClient
from agent_protocol.client.transport import Transport
from agent_protocol.errors import ConnectionLost

DEFAULT_PIPE_BYTES: Final = 256 * 1024


class Attachable(Protocol):
    """A server that can take a connection; ``agent_server.server.Server`` is one."""

    def attach(self, transport: Transport) -> None:
        """Serve ``transport`` in the server's own tasks until either side closes it."""
        ...


class _Pipe:
    """Frames on their way in one direction; a writer waits while more than ``max_bytes`` are underway."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._closed = False
        self._changed = anyio.Event()

    async def put(self, frames: Sequence[bytes]) -> None:
        for frame in frames:
            while self._size >= self._max and not self._closed:
                await self._change()
            if self._closed:
                raise ConnectionLost("the other side closed the connection")
            self._frames.append(frame)
            self._size += len(frame)
            self._announce()

    async def take(self) -> list[bytes]:
        while not self._frames:
            if self._closed:
                raise ConnectionLost("the other side closed the connection")
            await self._change()
        frames = list(self._frames)
        self._frames.clear()
        self._size = 0
        self._announce()
        return frames

    def close(self) -> None:
        self._closed = True
        self._announce()

    async def _change(self) -> None:
        if self._changed.is_set():
            self._changed = anyio.Event()
        await self._changed.wait()

    def _announce(self) -> None:
        self._changed.set()


class DirectTransport:
    """One end of a pair; closing either end closes both."""

    def __init__(self, outward: _Pipe, inward: _Pipe) -> None:
        self._outward = outward
        self._inward = inward

    async def send(self, frames: Sequence[bytes]) -> None:
        await self._outward.put(frames)

    async def receive(self) -> Sequence[bytes]:
        return await self._inward.take()

    async def aclose(self) -> None:
        self._outward.close()
        self._inward.close()


def direct_pair(max_bytes: int = DEFAULT_PIPE_BYTES) -> tuple[DirectTransport, DirectTransport]:
    """Return the two ends of a connection; up to ``max_bytes`` wait in each direction."""
    there, back = _Pipe(max_bytes), _Pipe(max_bytes)
    return DirectTransport(there, back), DirectTransport(back, there)


@asynccontextmanager
async def connect_direct(
    server: Attachable, *, max_buffered_bytes: int = DEFAULT_MAX_BUFFERED_BYTES
) -> AsyncIterator[AgentClient]:
    """Connect to a server in this process and yield the client; leaving the block closes the connection."""
    near, far = direct_pair()
    server.attach(far)
    async with AgentClient(near, max_buffered_bytes=max_buffered_bytes) as client:
        yield client


if TYPE_CHECKING:
    _conforms: type[Transport] = DirectTransport
