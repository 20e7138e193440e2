"""Newline-delimited frames over a pair of file descriptors, usually standard input and output."""

import os
import stat
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import anyio
import anyio.lowlevel
from agent_protocol.client.transport import Transport
from agent_protocol.errors import ConnectionLost
from agent_protocol.framing import DEFAULT_MAX_FRAME_BYTES, LineSplitter, OversizedFrame

_READ_BYTES: Final = 256 * 1024
_WRITE_BYTES: Final = 256 * 1024
_SURE_BYTES: Final = 512
"""What a blocking device that polls as writable takes without blocking."""


class StdioTransport:
    """One line a frame. Owns both descriptors and never blocks the event loop on either."""

    def __init__(self, in_fd: int, out_fd: int, max_frame_bytes: int = DEFAULT_MAX_FRAME_BYTES) -> None:
        self._in = in_fd
        self._out = _Writer(out_fd)
        self._lines = LineSplitter(max_frame_bytes)
        self._ended = False
        self._closed = False

    async def receive(self) -> Sequence[bytes | OversizedFrame]:
        while not self._ended:
            data = await self._read()
            self._ended = not data
            # A last line without its newline is still a line.
            if frames := self._lines.feed(data or b"\n"):
                return frames
        raise ConnectionLost("the client closed its output")

    async def send(self, frames: Sequence[bytes]) -> None:
        for piece in _pieces(frames):
            await self._out.write(piece)

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = self._ended = True
            anyio.notify_closing(self._in)
            os.close(self._in)
            self._out.close()

    async def _read(self) -> bytes:
        while not self._closed:
            try:
                await anyio.wait_readable(self._in)
            except PermissionError:
                # Regular files cannot be polled, and never block.
                await anyio.lowlevel.checkpoint()
            except (OSError, anyio.ClosedResourceError):
                break
            try:
                return os.read(self._in, _READ_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                break
        return b""


def _pieces(frames: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the lines in few writes, without a copy of a large frame."""
    small: list[bytes] = []
    for frame in frames:
        if len(frame) >= _WRITE_BYTES:
            yield b"\n".join((*small, b""))
            yield frame
            small = [b""]
        else:
            small.append(frame)
    yield b"\n".join((*small, b""))


class _Writer:
    """Writes to a descriptor in the largest pieces that do not block."""

    def __init__(self, fd: int) -> None:
        mode = os.fstat(fd).st_mode
        own = _reopened(fd) if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) else None
        self._fd = fd if own is None else own
        self._piece_bytes = _WRITE_BYTES
        if own is None and stat.S_ISCHR(mode):
            self._piece_bytes = _SURE_BYTES
        elif own is None and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
            os.set_blocking(fd, False)
        self._closed = False

    async def write(self, data: bytes) -> None:
        """Write everything. Raises ``ConnectionLost`` when nobody reads any more."""
        rest = memoryview(data)
        try:
            while rest:
                if self._piece_bytes == _SURE_BYTES:
                    await self._writable()
                rest = rest[await self._write_some(rest) :]
        except anyio.ClosedResourceError as error:
            raise ConnectionLost("output is closed") from error
        except OSError as error:
            raise ConnectionLost(f"output cannot be written: {error.strerror}") from error

    async def _write_some(self, rest: memoryview) -> int:
        if self._closed:
            raise ConnectionLost("output is closed")
        try:
            written = os.write(self._fd, rest[: self._piece_bytes])
        except BlockingIOError:
            await self._writable()
            return 0
        await anyio.lowlevel.checkpoint()
        return written

    async def _writable(self) -> None:
        try:
            await anyio.wait_writable(self._fd)
        except PermissionError:
            await anyio.lowlevel.checkpoint()

    def close(self) -> None:
        self._closed = True
        anyio.notify_closing(self._fd)
        os.close(self._fd)


def _reopened(fd: int) -> int | None:
    """Return a non-blocking descriptor of the same pipe or terminal in place of ``fd``, ``None`` where there is none.

    Its flags are its own, so that whoever shares ``fd`` keeps blocking writes.
    """
    try:
        own = os.open(f"/proc/self/fd/{fd}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    os.close(fd)
    return own


def take_stdio() -> tuple[int, int]:
    """Return private copies of standard input and output for the protocol.

    From then on descriptor 0 is empty and descriptor 1 is the log, so that neither a child process nor a stray
    ``print`` touches the protocol's streams.
    """
    in_fd, out_fd = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return in_fd, out_fd


if TYPE_CHECKING:
    _conforms: type[Transport] = StdioTransport
