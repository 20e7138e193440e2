"""A connection to a server that runs as a child process and speaks on its standard streams."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import IO, TYPE_CHECKING, Final

import anyio
from anyio.abc import Process

from agent_protocol.client.client import DEFAULT_MAX_BUFFERED_BYTES, AgentClient
from agent_protocol.client.transport import Transport
from agent_protocol.errors import ConnectionLost
from agent_protocol.framing import DEFAULT_MAX_FRAME_BYTES, LineSplitter, OversizedFrame

_READ_BYTES: Final = 256 * 1024
DEFAULT_EXIT_SECONDS: Final = 5.0
_TERMINATE_SECONDS: Final = 2.0


class StdioTransport:
    """One line a frame, over the streams of a child process."""

    def __init__(
        self,
        process: Process,
        *,
        max_frame_bytes: int = DEFAULT_MAX_FRAME_BYTES,
        exit_seconds: float = DEFAULT_EXIT_SECONDS,
    ) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("the process needs piped standard input and output")
        self._process = process
        self._exit_seconds = exit_seconds
        self._input = process.stdin
        self._output = process.stdout
        self._lines = LineSplitter(max_frame_bytes)

    async def send(self, frames: Sequence[bytes]) -> None:
        try:
            await self._input.send(b"\n".join((*frames, b"")))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise ConnectionLost(self._reason("the server closed its input")) from error

    async def receive(self) -> Sequence[bytes | OversizedFrame]:
        while True:
            try:
                data = await self._output.receive(_READ_BYTES)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
                with anyio.move_on_after(_TERMINATE_SECONDS):
                    await self._process.wait()
                raise ConnectionLost(self._reason("the server closed its output")) from error
            if frames := self._lines.feed(data):
                return frames

    async def aclose(self) -> None:
        """Close the server's input, give it time to end in order, then end it."""
        await self._input.aclose()
        with anyio.move_on_after(self._exit_seconds):
            await self._process.wait()
        if self._process.returncode is None:
            self._process.terminate()
            with anyio.move_on_after(_TERMINATE_SECONDS):
                await self._process.wait()
        if self._process.returncode is None:
            self._process.kill()
        await self._process.aclose()

    def _reason(self, otherwise: str) -> str:
        code = self._process.returncode
        return otherwise if code is None else f"the server process ended with code {code}"


@asynccontextmanager
async def connect_stdio(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    stderr: int | IO[bytes] | None = None,
    max_frame_bytes: int = DEFAULT_MAX_FRAME_BYTES,
    max_buffered_bytes: int = DEFAULT_MAX_BUFFERED_BYTES,
    exit_seconds: float = DEFAULT_EXIT_SECONDS,
) -> AsyncIterator[AgentClient]:
    """Start a server and yield a client of it; leaving the block ends the server.

    ``env`` replaces the whole environment. ``stderr`` is where the server's log goes: this process's own
    standard error unless given. A server that has not ended ``exit_seconds`` after its input closed is terminated,
    and killed when that does not help. Raises ``OSError`` when the command cannot be started.
    """
    process = await anyio.open_process(argv, env=env, cwd=cwd, stderr=stderr)
    transport = StdioTransport(process, max_frame_bytes=max_frame_bytes, exit_seconds=exit_seconds)
    async with AgentClient(transport, max_buffered_bytes=max_buffered_bytes) as client:
        yield client


if TYPE_CHECKING:
    _conforms: type[Transport] = StdioTransport
