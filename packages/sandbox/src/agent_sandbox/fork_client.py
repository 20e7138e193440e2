"""The fork server as seen by the process that owns it."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress

import anyio
import anyio.abc

from agent_sandbox.errors import LauncherLost, SpawnFailed
from agent_sandbox.fork_protocol import LENGTH, RECORD
from agent_sandbox.interpreter import module_command
from agent_sandbox.stream import Descriptor
from agent_sandbox.wiring import Wiring

_CLOSE_SECONDS = 5.0
_SILENCE_SECONDS = 2.0
_LAST_WORDS_BYTES = 4096


class ForkClient:
    """A running fork server. Make one with ``start``; ``aclose`` ends it and every command it started."""

    def __init__(self, process: anyio.abc.Process, control: socket.socket) -> None:
        self._process = process
        self._control = control
        self._handing_over = anyio.Lock()

    @classmethod
    async def start(cls) -> ForkClient:
        """Start a server. Raises ``LauncherLost`` when the interpreter cannot be run."""
        import subprocess

        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        control.setblocking(False)
        with theirs:
            try:
                process = await anyio.open_process(
                    module_command("forkserver", theirs.fileno()),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    cwd="/",
                    start_new_session=True,
                    pass_fds=(theirs.fileno(),),
                )
            except BaseException as error:
                control.close()
                if isinstance(error, OSError):
                    raise LauncherLost(str(error)) from error
                raise
        return cls(process, control)

    async def launch(self, order: bytes, wiring: Wiring, program: str) -> int:
        """Have ``order`` carried out with the passed ends of ``wiring`` and return the process id once it runs.

        Raises ``SpawnFailed`` with the step that failed, and ``LauncherLost`` when the server is gone.
        """
        await self._hand_over(wiring.passed)
        wiring.close_passed()
        try:
            await wiring.channel.send(LENGTH.pack(len(order)) + order)
        except anyio.BrokenResourceError:
            raise await self._silence(program) from None
        letter, number = await self._answer(wiring.channel, program)
        if letter == b"E":
            raise SpawnFailed("fork", number, program)
        failure = b""
        while piece := await wiring.report.receive():
            failure += piece
        wiring.report.close()
        if failure:
            code, step, subject = failure.split(b"\0", 2)
            raise SpawnFailed(step.decode(), int(code), os.fsdecode(subject) or program)
        return number

    async def aclose(self) -> None:
        """Let the server kill what is left and wait for its end, for a bounded time."""
        with anyio.CancelScope(shield=True):
            anyio.notify_closing(self._control)
            self._control.close()
            with anyio.move_on_after(_CLOSE_SECONDS):
                await self._process.wait()
            if self._process.returncode is None:
                self._process.kill()
            await self._process.aclose()

    async def _hand_over(self, descriptors: Sequence[int]) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"={len(descriptors)}i", *descriptors))]
        async with self._handing_over:
            while True:
                try:
                    self._control.sendmsg([b"\0"], rights)
                except BlockingIOError:
                    await anyio.wait_writable(self._control)
                except OSError as error:
                    raise LauncherLost(os.strerror(error.errno or errno.EIO)) from None
                else:
                    return

    async def _answer(self, channel: Descriptor, program: str) -> tuple[bytes, int]:
        record = b""
        while len(record) < RECORD.size:
            piece = await channel.receive(RECORD.size - len(record))
            if not piece:
                raise await self._silence(program)
            record += piece
        letter, number = RECORD.unpack(record)
        return letter, number

    async def _silence(self, program: str) -> LauncherLost | SpawnFailed:
        """Why a channel ended without an answer: the server is gone, or has no room for more descriptors."""
        with anyio.move_on_after(_SILENCE_SECONDS):
            await self._process.wait()
        if self._process.returncode is None:
            return SpawnFailed("fork", errno.EMFILE, program)
        words = b""
        if self._process.stderr is not None:
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                words = await self._process.stderr.receive(_LAST_WORDS_BYTES)
        return LauncherLost(words.decode(errors="replace").strip() or f"exit status {self._process.returncode}")
