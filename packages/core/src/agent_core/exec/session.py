"""One interactive process: pumping its output, telling its end, handing out what came since the last look."""

from typing import Protocol

import anyio
from anyio.abc import TaskGroup

from agent_core.exec.buffer import DeltaSplitter, HeadTailBuffer, Window
from agent_core.exec.spawn import Child
from agent_core.seams import Clock

TRAILING_SECONDS = 0.1
"""How long after its exit a process' output may still come in, when others hold the pipe open."""

TERMINATED_EXIT_CODE = -1
_CHUNK_BYTES = 65536


class ExecSink(Protocol):
    """Who is told what an interactive process does, from its start to its end, which may be after the turn's."""

    def begin(self, process_id: int) -> None:
        """The process has started."""
        ...

    def output(self, chunk: bytes) -> None:
        """More output, at most 8,192 bytes, no character torn; at most 10,000 times."""
        ...

    def end(self, exit_code: int, aggregated_output: str, duration_seconds: float) -> None:
        """The process has ended; -1 when it was ended by us. Head and tail of 1 MiB output are given."""
        ...


class ExecSession:
    """A process that may outlive the call that started it. :meth:`run` must be running for anything to happen."""

    def __init__(self, process_id: int, call_id: str, child: Child, sink: ExecSink, clock: Clock, *, tty: bool) -> None:
        self.process_id = process_id
        self.call_id = call_id
        self.tty = tty
        self.exit_code: int | None = None
        """None while the process runs."""
        self._child = child
        self._sink = sink
        self._clock = clock
        self._started = clock.monotonic()
        self._unread = HeadTailBuffer()
        self._transcript = HeadTailBuffer()
        self._splitter = DeltaSplitter()
        self._output_closed = anyio.Event()
        self._ended = anyio.Event()
        self._terminated = False

    async def run(self) -> None:
        """Pump the output until the process has ended, then report the end. Cancelling kills the process."""
        exit_code = TERMINATED_EXIT_CODE
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._pump)
                code = await self._child.wait()
                exit_code = TERMINATED_EXIT_CODE if self._terminated else shell_exit_code(code)
                await wait_at_most(self._output_closed, TRAILING_SECONDS, self._clock)
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                self._child.kill_group()
                await self._child.aclose()
            self._report(exit_code)

    async def collect(self, seconds: float) -> Window:
        """Return the output since the last call, after ``seconds`` or as soon as the process has ended."""
        await wait_at_most(self._ended, seconds, self._clock)
        return self._unread.drain()

    async def send(self, text: str, seconds: float) -> bool:
        """Write to the terminal; return False when the process has not read it all within ``seconds``.

        What is written to a process that has just ended is lost silently.
        """
        is_sent = False
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._expire, tasks, seconds)
            try:
                await self._child.send(text.encode(errors="replace"))
            except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
                await wait_at_most(self._ended, TRAILING_SECONDS, self._clock)
            is_sent = True
            tasks.cancel_scope.cancel()
        return is_sent

    def terminate(self) -> None:
        """Kill the process group; the end follows through :meth:`run`."""
        self._terminated = True
        self._child.kill_group()

    @property
    def confined(self) -> bool:
        """Whether a sandbox restricts the process."""
        return self._child.confined

    @property
    def setup_failed(self) -> bool:
        """Whether confinement failed before the command began; known when the process has ended."""
        return self._child.setup_failed

    async def wait_ended(self) -> None:
        """Return when the end has been reported."""
        await self._ended.wait()

    async def _expire(self, tasks: TaskGroup, seconds: float) -> None:
        await self._clock.sleep(seconds)
        tasks.cancel_scope.cancel()

    async def _pump(self) -> None:
        try:
            while data := await self._child.receive(_CHUNK_BYTES):
                self._unread.put(data)
                self._transcript.put(data)
                for delta in self._splitter.put(data):
                    self._sink.output(delta)
        except (OSError, anyio.ClosedResourceError):
            pass
        self._output_closed.set()

    def _report(self, exit_code: int) -> None:
        self.exit_code = exit_code
        for delta in self._splitter.finish():
            self._sink.output(delta)
        text = self._transcript.drain().text()
        self._sink.end(exit_code, text, self._clock.monotonic() - self._started)
        self._ended.set()


def shell_exit_code(code: int) -> int:
    """Return a process' result as a shell reports it: 128 and the number of the signal that ended it."""
    return code if code >= 0 else 128 + -code


async def wait_at_most(event: anyio.Event, seconds: float, clock: Clock) -> None:
    """Wait for ``event``, by ``clock`` no longer than ``seconds``."""

    async def expire(tasks: TaskGroup) -> None:
        await clock.sleep(seconds)
        tasks.cancel_scope.cancel()

    if event.is_set():
        return
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(expire, tasks)
        await event.wait()
        tasks.cancel_scope.cancel()
