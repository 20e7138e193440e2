"""Commands that are run to their end within one call."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import anyio
from agent_sandbox.policy import Policy
from anyio.abc import TaskGroup

from agent_core.exec.buffer import OUTPUT_LIMIT_BYTES, DeltaSplitter, HeadBuffer
from agent_core.exec.format import CommandOutcome
from agent_core.exec.session import shell_exit_code, wait_at_most
from agent_core.exec.spawn import Child, Spawner
from agent_core.exec.text import decode_output
from agent_core.seams import Clock

DEFAULT_TIMEOUT_MS = 10_000
TIMEOUT_EXIT_CODE = 124
_PIPE_SECONDS = 2.0
_CHUNK_BYTES = 8192

Stream = Literal["stdout", "stderr"]
OutputSink = Callable[[Stream, bytes], None]
"""Told of output as it comes: at most 8,192 bytes, no character torn, at most 10,000 times per stream."""


@dataclass(frozen=True, slots=True)
class OneShotRequest:
    """A command to be run to its end."""

    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    policy: Policy
    policy_cwd: str
    """The directory the policy is about: the turn's, wherever the command itself runs."""
    timeout_ms: int | None = DEFAULT_TIMEOUT_MS
    stdin: bytes | None = None
    """What the command reads; None gives it nothing to read."""


@dataclass(frozen=True, slots=True)
class OneShotResult:
    """How the command ended. Each text holds at most 1 MiB of output."""

    exit_code: int
    """124 after a timeout, 128 + n after signal n."""
    stdout: str
    stderr: str
    aggregated: str
    """Standard output, then standard error."""
    duration_seconds: float
    timed_out: bool
    confined: bool
    """Whether a sandbox restricted the command."""
    setup_failed: bool
    """Whether the sandbox failed before the command began, so that code and output are not the command's."""

    def outcome(self) -> CommandOutcome:
        """Return what the model is told."""
        return CommandOutcome(self.exit_code, self.aggregated, self.duration_seconds, self.timed_out)


async def run(spawner: Spawner, request: OneShotRequest, clock: Clock, sink: OutputSink) -> OneShotResult:
    """Run a command to its end, its timeout or the cancellation of this call; the latter two kill its group.

    Children a command leaves behind live on, but their output is waited for no longer than two seconds.

    Raises:
        SandboxError: the command cannot be started, or not confined as the policy asks.
    """
    started = clock.monotonic()
    child = await spawner.spawn(
        request.argv,
        cwd=request.cwd,
        env=request.env,
        policy=request.policy,
        policy_cwd=request.policy_cwd,
        stdin="null" if request.stdin is None else "pipe",
    )
    stdout = _Reader("stdout", child.receive, sink)
    stderr = _Reader("stderr", child.receive_stderr, sink)
    exit_code: int | None = None
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stdout.run)
            tasks.start_soon(stderr.run)
            if request.stdin is not None:
                tasks.start_soon(_feed, child, request.stdin)
            exit_code = await _wait(child, request.timeout_ms, clock)
            if exit_code is None:
                child.kill_group()
            await _drain((stdout, stderr), clock)
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            if exit_code is None:
                child.kill_group()
            await child.aclose()
    out, err = stdout.finish(), stderr.finish()
    return OneShotResult(
        exit_code=TIMEOUT_EXIT_CODE if exit_code is None else shell_exit_code(exit_code),
        stdout=decode_output(out),
        stderr=decode_output(err),
        aggregated=decode_output(_aggregated(out, err)),
        duration_seconds=clock.monotonic() - started,
        timed_out=exit_code is None,
        confined=child.confined,
        setup_failed=child.setup_failed,
    )


class _Reader:
    """Reads one stream to its end, keeping its beginning and passing on deltas."""

    def __init__(self, stream: Stream, receive: Callable[[int], Awaitable[bytes]], sink: OutputSink) -> None:
        self.closed = anyio.Event()
        self._stream: Stream = stream
        self._receive = receive
        self._sink = sink
        self._splitter = DeltaSplitter()
        self._kept = HeadBuffer()

    async def run(self) -> None:
        try:
            while data := await self._receive(_CHUNK_BYTES):
                self._kept.put(data)
                self._pass_on(self._splitter.put(data))
        except (OSError, anyio.ClosedResourceError):
            pass
        self.closed.set()

    def finish(self) -> bytes:
        self._pass_on(self._splitter.finish())
        return self._kept.bytes()

    def _pass_on(self, deltas: list[bytes]) -> None:
        for delta in deltas:
            self._sink(self._stream, delta)


async def _feed(child: Child, data: bytes) -> None:
    try:
        await child.send(data)
        child.close_stdin()
    except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
        return


async def _wait(child: Child, timeout_ms: int | None, clock: Clock) -> int | None:
    """Return the exit code, or None when the time is up first."""
    exit_code: int | None = None

    async def expire(tasks: TaskGroup, seconds: float) -> None:
        await clock.sleep(seconds)
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        if timeout_ms is not None:
            tasks.start_soon(expire, tasks, timeout_ms / 1000)
        exit_code = await child.wait()
        tasks.cancel_scope.cancel()
    return exit_code


async def _drain(readers: Sequence[_Reader], clock: Clock) -> None:
    deadline = clock.monotonic() + _PIPE_SECONDS
    for reader in readers:
        await wait_at_most(reader.closed, max(deadline - clock.monotonic(), 0), clock)


def _aggregated(out: bytes, err: bytes) -> bytes:
    """Join the streams within 1 MiB: a third is for the first, two thirds for the second, unused room is shared."""
    first = min(len(out), OUTPUT_LIMIT_BYTES // 3)
    second = min(len(err), OUTPUT_LIMIT_BYTES - first)
    first = min(len(out), OUTPUT_LIMIT_BYTES - second)
    return out[:first] + err[:second]
