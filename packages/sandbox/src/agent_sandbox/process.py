"""A started command: its streams, its end, and the means to end it."""

from __future__ import annotations

import os
import signal
from typing import Self

import anyio
from anyio import ClosedResourceError

from agent_sandbox.command import PreparedCommand
from agent_sandbox.fork_protocol import RECORD
from agent_sandbox.stream import DEFAULT_READ_BYTES, Descriptor
from agent_sandbox.wiring import Streams, set_terminal_size

_CLOSE_SECONDS = 5.0
_STATUS_LIMIT_BYTES = 4096
_REACHED = b'"exit-code"'


class Process:
    """A command that was started. Use it as an async context manager, or call ``aclose``.

    ``pid`` is also the number of its process group and session. ``backend`` is what confines it: ``"bubblewrap"``,
    ``"landlock"`` or ``"none"``. ``unprotected`` are the paths its policy keeps read-only and that back end cannot.
    """

    def __init__(self, pid: int, command: PreparedCommand, channel: Descriptor, streams: Streams) -> None:
        self.pid = pid
        self.backend = command.backend
        self.unprotected = command.unprotected
        self._channel = channel
        self._streams = streams
        self._reading_status = anyio.Lock()
        self._record = b""
        self._exit_code: int | None = None
        self._setup_failed = False

    @property
    def confined(self) -> bool:
        """Whether any back end restricts the command."""
        return self.backend != "none"

    @property
    def exit_code(self) -> int | None:
        """What ``wait`` returned, ``None`` before."""
        return self._exit_code

    @property
    def setup_failed(self) -> bool:
        """Whether the back end gave up before the command began; known once ``wait`` has returned.

        The exit code and the output are then the back end's own.
        """
        return self._setup_failed

    async def receive(self, max_bytes: int = DEFAULT_READ_BYTES) -> bytes:
        """Return the next piece of standard output (of the terminal, where there is one), ``b""`` at its end.

        The end comes when every process that holds the stream is gone, which may be long after ``wait``.
        Raises ``ClosedResourceError`` where the command inherited its output.
        """
        return await _open(self._streams.terminal or self._streams.stdout).receive(max_bytes)

    async def receive_stderr(self, max_bytes: int = DEFAULT_READ_BYTES) -> bytes:
        """Return the next piece of standard error; always ``b""`` where it is merged into standard output."""
        if self._streams.stderr is None:
            return b""
        return await self._streams.stderr.receive(max_bytes)

    async def send(self, data: bytes) -> None:
        """Write all of ``data`` to the command's input.

        Raises ``ClosedResourceError`` where it has none and ``BrokenResourceError`` where it has stopped reading.
        """
        await _open(self._streams.terminal or self._streams.stdin).send(data)

    def close_stdin(self) -> None:
        """End the command's input pipe. Does nothing where there is none."""
        if self._streams.stdin is not None:
            self._streams.stdin.close()

    def resize(self, rows: int, columns: int) -> None:
        """Tell the terminal its size. Does nothing where there is none."""
        terminal = self._streams.terminal
        if terminal is not None and not terminal.closed:
            set_terminal_size(terminal.fileno(), rows, columns)

    async def wait(self) -> int:
        """Wait for the command and return its exit code, or ``-n`` when signal ``n`` ended it.

        Under bubblewrap a signal that ended the command itself shows as ``128 + n``.
        """
        async with self._reading_status:
            if self._exit_code is None:
                self._exit_code = await self._read_exit()
        return self._exit_code

    async def _read_exit(self) -> int:
        while len(self._record) < RECORD.size:
            piece = await self._channel.receive(RECORD.size - len(self._record))
            if not piece:
                # The starter is gone; its children are killed with it.
                return -int(signal.SIGKILL)
            self._record += piece
        _, status = RECORD.unpack(self._record)
        code = os.waitstatus_to_exitcode(status)
        self._setup_failed = code > 0 and self._streams.status is not None and not self._was_reached()
        return code

    def _was_reached(self) -> bool:
        status = _open(self._streams.status)
        try:
            return _REACHED in os.read(status.fileno(), _STATUS_LIMIT_BYTES)
        except BlockingIOError:
            return False

    def kill_group(self, number: int = signal.SIGKILL) -> None:
        """Send signal ``number`` to the command's process group, also to what the command left behind in it.

        ``SIGKILL`` reaches every process of the session. Under bubblewrap it ends everything the command started.
        Does nothing when all are gone.
        """
        if self._channel.closed:
            return
        try:
            os.write(self._channel.fileno(), bytes([number]))
        except OSError:
            return

    async def aclose(self) -> None:
        """Kill the command if it still runs, wait for its end, and close the streams.

        What a command that ended by itself has left running stays, until the launcher closes.
        """
        try:
            if self._exit_code is None and not self._channel.closed:
                self.kill_group()
                with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
                    await self.wait()
        finally:
            self._channel.close()
            self._streams.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _open(end: Descriptor | None) -> Descriptor:
    if end is None:
        raise ClosedResourceError
    return end
