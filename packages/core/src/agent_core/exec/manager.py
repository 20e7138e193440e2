"""The interactive processes of a thread: started by one call, read and written by later ones, ended together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import anyio
from agent_sandbox.policy import Policy
from anyio.abc import TaskGroup

from agent_core.errors import AgentError
from agent_core.exec.buffer import Window
from agent_core.exec.format import process_text
from agent_core.exec.session import ExecSession, ExecSink
from agent_core.exec.spawn import Spawner
from agent_core.seams import Clock, Randomness
from agent_core.truncation import approximate_tokens

MOST_PROCESSES = 64
WARN_FROM_PROCESSES = 60
_PROTECTED_PROCESSES = 8

EXEC_YIELD_MS = 10_000
WRITE_YIELD_MS = 250
_LEAST_YIELD_MS, _MOST_YIELD_MS, _LEAST_POLL_MS = 250, 30_000, 5_000
_SETTLE_SECONDS = 0.1
_CLOSE_SECONDS = 5.0
TERMINAL_SIZE = (24, 80)


class UnknownProcess(AgentError):
    """No process of this id is open: it never was, or its end has been told."""

    def __init__(self, process_id: int) -> None:
        self.process_id = process_id
        super().__init__(f"Unknown process id {process_id}")


class StdinClosed(AgentError):
    """The process was started without a terminal, so nothing can be written to it."""

    def __init__(self, process_id: int) -> None:
        self.process_id = process_id
        super().__init__(f"stdin of process {process_id} is closed; start the command with tty=true to write to it")


class StdinBlocked(AgentError):
    """The process does not read what is written to it; a part may have reached it."""

    def __init__(self, process_id: int) -> None:
        self.process_id = process_id
        super().__init__(f"process {process_id} does not read its input; not all of it could be written")


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A command to be started as an interactive process."""

    call_id: str
    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    policy: Policy
    policy_cwd: str
    """The directory the policy is about: the turn's, wherever the command itself runs."""
    sink: ExecSink
    tty: bool = False
    yield_ms: int = EXEC_YIELD_MS
    max_output_tokens: int | None = None
    process_id: int | None = None
    """The id of an ended process that this one takes the place of; a fresh one when left out."""


@dataclass(frozen=True, slots=True)
class ExecResult:
    """What one call brought: the output since the last one, and whether the process still runs."""

    call_id: str
    """The call that started the process."""
    process_id: int | None
    """Set while the process runs."""
    exit_code: int | None
    """Set when it has ended; -1 when it was ended by us."""
    output: Window
    wall_seconds: float
    chunk_id: str
    max_output_tokens: int | None
    confined: bool
    """Whether a sandbox restricts the process."""
    setup_failed: bool
    """Whether the sandbox failed before the command began, so that code and output are not the command's."""

    @property
    def original_tokens(self) -> int:
        """The size of the output before any of it was left out."""
        return approximate_tokens(self.output.size_bytes)

    def text(self) -> str:
        """Return the result as the model is given it."""
        return process_text(
            chunk_id=self.chunk_id,
            wall_seconds=self.wall_seconds,
            exit_code=self.exit_code,
            process_id=self.process_id,
            original_tokens=self.original_tokens,
            output=self.output.text(),
            max_output_tokens=self.max_output_tokens,
        )


@dataclass(frozen=True, slots=True)
class OpenProcess:
    """A process that can still be polled."""

    process_id: int
    call_id: str
    running: bool


class ExecManager:
    """Owns the interactive processes; they live in ``tasks`` and die with it, or by :meth:`close_all`."""

    def __init__(self, tasks: TaskGroup, spawner: Spawner, clock: Clock, randomness: Randomness) -> None:
        self._tasks = tasks
        self._spawner = spawner
        self._clock = clock
        self._randomness = randomness
        self._sessions: dict[int, ExecSession] = {}
        """Least recently used first."""

    async def start(self, request: StartRequest) -> ExecResult:
        """Start a process, wait for its end or the yield time, and return what it has put out.

        A process still running then stays open. Cancelling this call does not end it.

        Raises:
            SandboxError: the process cannot be started, or not confined as the policy asks.
        """
        started = self._clock.monotonic()
        child = await self._spawner.spawn(
            request.argv,
            cwd=request.cwd,
            env=request.env,
            policy=request.policy,
            policy_cwd=request.policy_cwd,
            merge_stderr=True,
            pty=TERMINAL_SIZE if request.tty else None,
        )
        process_id = self._fresh_id() if request.process_id is None else request.process_id
        session = ExecSession(process_id, request.call_id, child, request.sink, self._clock, tty=request.tty)
        self._prune()
        self._sessions[session.process_id] = session
        request.sink.begin(session.process_id)
        self._tasks.start_soon(session.run)
        seconds = _clamped(request.yield_ms, _LEAST_YIELD_MS) / 1000
        return await self._collect(session, started, seconds, request.max_output_tokens)

    async def write(
        self, process_id: int, chars: str, yield_ms: int = WRITE_YIELD_MS, max_output_tokens: int | None = None
    ) -> ExecResult:
        """Write ``chars`` to a process, or only look at it when there are none, and return what it has put out since.

        Raises:
            UnknownProcess: no such process is open.
            StdinClosed: there is something to write and the process has no terminal.
            StdinBlocked: the process did not read all of it within the yield time.
        """
        started = self._clock.monotonic()
        session = self._sessions.pop(process_id, None)
        if session is None:
            raise UnknownProcess(process_id)
        self._sessions[process_id] = session
        seconds = _clamped(yield_ms, _LEAST_YIELD_MS if chars else _LEAST_POLL_MS) / 1000
        if chars:
            if not session.tty:
                raise StdinClosed(process_id)
            if not await session.send(chars, seconds):
                raise StdinBlocked(process_id)
            await self._clock.sleep(_SETTLE_SECONDS)
        return await self._collect(session, started, seconds, max_output_tokens)

    def open_processes(self) -> list[OpenProcess]:
        """Return the processes that can be polled, least recently used first; some may have ended meanwhile."""
        return [OpenProcess(s.process_id, s.call_id, s.exit_code is None) for s in self._sessions.values()]

    async def end(self, process_id: int) -> None:
        """As :meth:`close_all`, for one process; does nothing when it is not open."""
        session = self._sessions.pop(process_id, None)
        await _end([] if session is None else [session])

    async def close_all(self) -> None:
        """Kill every open process with its group and return when the ends are reported, or after five seconds."""
        sessions = list(self._sessions.values())
        self._sessions.clear()
        await _end(sessions)

    async def _collect(
        self, session: ExecSession, started: float, seconds: float, max_output_tokens: int | None
    ) -> ExecResult:
        window = await session.collect(seconds)
        running = session.exit_code is None
        if not running:
            self._sessions.pop(session.process_id, None)
        return ExecResult(
            call_id=session.call_id,
            process_id=session.process_id if running else None,
            exit_code=session.exit_code,
            output=window,
            wall_seconds=self._clock.monotonic() - started,
            chunk_id=f"{self._randomness.randrange(0, 1 << 24):06x}",
            max_output_tokens=max_output_tokens,
            confined=session.confined,
            setup_failed=not running and session.setup_failed,
        )

    def _fresh_id(self) -> int:
        while (process_id := self._randomness.randrange(1000, 100_000)) in self._sessions:
            pass
        return process_id

    def _prune(self) -> None:
        """Make room: ended processes go before running ones, the least recently used first, the last eight never."""
        if len(self._sessions) < MOST_PROCESSES:
            return
        candidates = list(self._sessions.values())[:-_PROTECTED_PROCESSES]
        victim = next((session for session in candidates if session.exit_code is not None), candidates[0])
        del self._sessions[victim.process_id]
        victim.terminate()


async def _end(sessions: Sequence[ExecSession]) -> None:
    for session in sessions:
        session.terminate()
    with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
        for session in sessions:
            await session.wait_ended()


def _clamped(yield_ms: int, least_ms: int) -> int:
    return min(max(yield_ms, least_ms), _MOST_YIELD_MS)
