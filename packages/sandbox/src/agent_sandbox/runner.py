"""Running one command from start to end."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import anyio

from agent_sandbox.errors import Obstacle, SandboxUnavailable
from agent_sandbox.launcher import Launcher
from agent_sandbox.outcome import Outcome, classify, shell_exit_code
from agent_sandbox.policy import Policy
from agent_sandbox.process import Process
from agent_sandbox.report import BackendName

TIMEOUT_EXIT_CODE = 124
DEFAULT_CAPTURE_BYTES = 1 << 20
DEFAULT_DRAIN_SECONDS = 2.0
_KILL_SECONDS = 5.0
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A command that has ended.

    ``exit_code`` is negative for a signal and 124 after a timeout. ``stdout`` and ``stderr`` hold the beginning of each
    stream; ``truncated`` says whether anything was dropped. ``outcome`` is the judgement of ``classify``.
    """

    exit_code: int
    stdout: bytes
    stderr: bytes
    truncated: bool
    timed_out: bool
    backend: str
    outcome: Outcome


class _Capture:
    """Reads a stream to its end and keeps the beginning."""

    def __init__(self, receive: Callable[[], Awaitable[bytes]], limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self.kept = bytearray()
        self.truncated = False
        self.ended = anyio.Event()

    async def drain(self) -> None:
        while piece := await self._receive():
            room = self._limit - len(self.kept)
            self.kept += piece[:room]
            self.truncated = self.truncated or len(piece) > room
        self.ended.set()


async def run(
    argv: Sequence[str],
    policy: Policy,
    cwd: str | os.PathLike[str],
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    *,
    input: bytes | None = None,
    backend: BackendName = "auto",
    policy_cwd: str | os.PathLike[str] | None = None,
    max_output_bytes: int = DEFAULT_CAPTURE_BYTES,
    drain_seconds: float = DEFAULT_DRAIN_SECONDS,
    launcher: Launcher | None = None,
) -> Completed:
    """Run ``argv`` to its end and return what it wrote and how it ended.

    ``env`` is the caller's own environment when left out; ``timeout`` is in seconds, after which the whole process
    group is killed; ``max_output_bytes`` is kept of each stream. A background process may hold the streams open after
    the end: they are read for ``drain_seconds`` more. Raises what ``Launcher.spawn`` raises.
    """
    async with _launcher(launcher) as owner:
        process = await owner.spawn(
            argv,
            cwd=cwd,
            env=os.environ if env is None else env,
            policy=policy,
            policy_cwd=policy_cwd,
            backend=backend,
            stdin="null" if input is None else "pipe",
        )
        async with process:
            captures = (_Capture(process.receive, max_output_bytes), _Capture(process.receive_stderr, max_output_bytes))
            timed_out = await _finish(process, captures, input, timeout, drain_seconds)
    stdout, stderr = (bytes(capture.kept) for capture in captures)
    exit_code = TIMEOUT_EXIT_CODE if timed_out else process.exit_code or 0
    return Completed(
        exit_code=exit_code,
        stdout=stdout,
        stderr=stderr,
        truncated=any(capture.truncated for capture in captures),
        timed_out=timed_out,
        backend=process.backend,
        outcome=classify(
            exit_code,
            stderr + b"\n" + stdout,
            process.confined,
            timed_out=timed_out,
            setup_failed=process.setup_failed,
            resolved=policy.resolve(cwd if policy_cwd is None else policy_cwd),
            cwd=cwd,
        ),
    )


async def run_inherited(
    argv: Sequence[str],
    policy: Policy,
    backend: BackendName = "auto",
    cwd: str | os.PathLike[str] | None = None,
    *,
    env: Mapping[str, str] | None = None,
    launcher: Launcher | None = None,
) -> int:
    """Run ``argv`` on this process's own standard streams and return its exit code, ``128 + n`` for signal ``n``.

    SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to the command while it runs; call it from the main thread.
    Raises what ``Launcher.spawn`` raises, and ``SandboxUnavailable`` when the back end gives up before the command
    begins.
    """
    with anyio.open_signal_receiver(*_FORWARDED) as signals:
        async with _launcher(launcher) as owner:
            process = await owner.spawn(
                argv,
                cwd=os.getcwd() if cwd is None else cwd,
                env=os.environ if env is None else env,
                policy=policy,
                backend=backend,
                stdin="inherit",
                output="inherit",
            )
            async with process, anyio.create_task_group() as group:
                group.start_soon(_forward, signals, process)
                exit_code = await process.wait()
                group.cancel_scope.cancel()
    if process.setup_failed:
        obstacle = Obstacle(backend=process.backend, reason="it gave up before the command began")
        raise SandboxUnavailable(policy.summary(), backend, (obstacle,))
    return shell_exit_code(exit_code)


async def _forward(signals: AsyncIterator[signal.Signals], process: Process) -> None:
    async for number in signals:
        process.kill_group(number)


async def _finish(
    process: Process,
    captures: tuple[_Capture, _Capture],
    input: bytes | None,
    timeout: float | None,
    drain_seconds: float,
) -> bool:
    """Feed, drain and wait; return whether the time was over."""
    async with anyio.create_task_group() as group:
        for capture in captures:
            group.start_soon(capture.drain)
        if input is not None:
            group.start_soon(_feed, process, input)
        with anyio.move_on_after(timeout) as time_limit:
            await process.wait()
        if time_limit.cancelled_caught:
            process.kill_group()
            with anyio.move_on_after(_KILL_SECONDS):
                await process.wait()
        with anyio.move_on_after(drain_seconds):
            for capture in captures:
                await capture.ended.wait()
        group.cancel_scope.cancel()
    return time_limit.cancelled_caught


async def _feed(process: Process, data: bytes) -> None:
    with suppress(anyio.BrokenResourceError):
        await process.send(data)
    process.close_stdin()


@asynccontextmanager
async def _launcher(given: Launcher | None) -> AsyncIterator[Launcher]:
    if given is not None:
        yield given
        return
    async with Launcher() as launcher:
        yield launcher
