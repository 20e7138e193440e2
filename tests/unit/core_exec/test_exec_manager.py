import math
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Literal

import anyio
import anyio.abc
import pytest
from agent_core.exec.manager import (
    MOST_PROCESSES,
    ExecManager,
    ExecResult,
    OpenProcess,
    StartRequest,
    StdinClosed,
    UnknownProcess,
)
from agent_core.exec.spawn import Child
from agent_sandbox.errors import SpawnFailed
from agent_sandbox.policy import Policy

pytestmark = pytest.mark.anyio


class ManualClock:
    """Time stands still until a test lets it pass."""

    def __init__(self) -> None:
        self._now = 0.0
        self._sleepers: list[tuple[float, anyio.Event]] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._now, UTC)

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        wake = anyio.Event()
        self._sleepers.append((self._now + seconds, wake))
        await wake.wait()

    async def advance(self, seconds: float) -> None:
        await anyio.wait_all_tasks_blocked()
        self._now += seconds
        for due, wake in self._sleepers:
            if due <= self._now + 1e-9:
                wake.set()
        await anyio.wait_all_tasks_blocked()


class Counter:
    """Numbers in a row, after the ones a test asks for."""

    def __init__(self, *first: int) -> None:
        self._first = deque(first)
        self._next = 1000

    def uniform(self, low: float, high: float) -> float:
        return low

    def randrange(self, start: int, stop: int) -> int:
        if stop == 1 << 24:
            return 0xABC
        if self._first:
            return self._first.popleft()
        self._next += 1
        return self._next - 1


class FakeChild:
    pid = 1
    confined = True
    setup_failed = False

    def __init__(self) -> None:
        self._send, self._receive = anyio.create_memory_object_stream[bytes](math.inf)
        self._exited = anyio.Event()
        self._code = 0
        self.written: list[bytes] = []
        self.killed = 0
        self.closed = False

    def put_out(self, data: bytes) -> None:
        self._send.send_nowait(data)

    def exit(self, code: int = 0, *, close_output: bool = True) -> None:
        self._code = code
        self._exited.set()
        if close_output:
            self._send.close()

    async def receive(self, max_bytes: int = 65536) -> bytes:
        try:
            return await self._receive.receive()
        except anyio.EndOfStream:
            return b""

    async def receive_stderr(self, max_bytes: int = 65536) -> bytes:
        return b""

    async def send(self, data: bytes) -> None:
        if self._exited.is_set():
            raise anyio.BrokenResourceError
        self.written.append(data)

    def close_stdin(self) -> None:
        pass

    async def wait(self) -> int:
        await self._exited.wait()
        return self._code

    def kill_group(self) -> None:
        self.killed += 1
        if not self._exited.is_set():
            self.exit(-9)

    async def aclose(self) -> None:
        self.closed = True
        self._send.close()
        self._receive.close()


class FakeSpawner:
    def __init__(self) -> None:
        self.children: list[FakeChild] = []
        self.calls: list[dict[str, object]] = []
        self.error: SpawnFailed | None = None

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str],
        policy: Policy,
        policy_cwd: str,
        stdin: Literal["null", "pipe"] = "null",
        merge_stderr: bool = False,
        pty: tuple[int, int] | None = None,
    ) -> Child:
        if self.error is not None:
            raise self.error
        self.calls.append({"argv": argv, "stdin": stdin, "merge_stderr": merge_stderr, "pty": pty})
        child = FakeChild()
        self.children.append(child)
        return child


class Sink:
    def __init__(self) -> None:
        self.begun: int | None = None
        self.chunks: list[bytes] = []
        self.ended: tuple[int, str, float] | None = None

    def begin(self, process_id: int) -> None:
        assert not self.chunks
        self.begun = process_id

    def output(self, chunk: bytes) -> None:
        assert self.begun is not None and self.ended is None
        self.chunks.append(chunk)

    def end(self, exit_code: int, aggregated_output: str, duration_seconds: float) -> None:
        assert self.ended is None
        self.ended = (exit_code, aggregated_output, duration_seconds)


class Bench:
    """A manager over fakes, and its calls running beside the test."""

    def __init__(self, tasks: anyio.abc.TaskGroup, randomness: Counter) -> None:
        self.tasks = tasks
        self.clock = ManualClock()
        self.spawner = FakeSpawner()
        self.manager = ExecManager(tasks, self.spawner, self.clock, randomness)
        self.results: list[ExecResult] = []

    async def begin(
        self, sink: Sink | None = None, *, tty: bool = False, yield_ms: int = 1000, call_id: str = "call"
    ) -> FakeChild:
        request = a_request(sink or Sink(), tty=tty, yield_ms=yield_ms, call_id=call_id)

        async def call() -> None:
            self.results.append(await self.manager.start(request))

        self.tasks.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        return self.spawner.children[-1]

    async def write(self, process_id: int, chars: str, yield_ms: int = 250) -> None:
        async def call() -> None:
            self.results.append(await self.manager.write(process_id, chars, yield_ms))

        self.tasks.start_soon(call)
        await anyio.wait_all_tasks_blocked()

    async def background(self, sink: Sink | None = None, *, tty: bool = False) -> tuple[FakeChild, int]:
        """Start a process and let its yield time pass."""
        child = await self.begin(sink, tty=tty)
        await self.clock.advance(1)
        process_id = self.results[-1].process_id
        assert process_id is not None
        return child, process_id

    def open_ids(self) -> set[int]:
        return {process.process_id for process in self.manager.open_processes()}

    async def fill(self) -> tuple[list[FakeChild], list[Sink], list[int]]:
        """Start as many processes as there may be, and let their yield time pass."""
        sinks = [Sink() for _ in range(MOST_PROCESSES)]
        for sink in sinks:
            self.tasks.start_soon(self.manager.start, a_request(sink))
        await self.clock.advance(1)
        return self.spawner.children, sinks, [process.process_id for process in self.manager.open_processes()]


def a_request(sink: Sink, *, tty: bool = False, yield_ms: int = 1000, call_id: str = "call") -> StartRequest:
    return StartRequest(
        call_id=call_id,
        argv=["cmd"],
        cwd="/",
        env={},
        policy=Policy.read_only(),
        policy_cwd="/",
        sink=sink,
        tty=tty,
        yield_ms=yield_ms,
    )


@asynccontextmanager
async def a_bench(*first_ids: int) -> AsyncIterator[Bench]:
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            yield Bench(tasks, Counter(*first_ids))
            tasks.cancel_scope.cancel()


async def test_a_process_that_ends_in_time_gives_its_output_and_code_after_its_end_was_reported() -> None:
    async with a_bench() as bench:
        sink = Sink()
        child = await bench.begin(sink)
        child.put_out(b"early\n")
        await bench.clock.advance(0.5)
        child.put_out(b"late\n")
        child.exit(3)
        await anyio.wait_all_tasks_blocked()
        (result,) = bench.results
        assert (result.exit_code, result.process_id, result.output.text()) == (3, None, "early\nlate\n")
        assert (result.wall_seconds, result.original_tokens, result.chunk_id) == (0.5, 3, "000abc")
        assert sink.begun == 1000
        assert b"".join(sink.chunks) == b"early\nlate\n"
        assert sink.ended == (3, "early\nlate\n", 0.5)
        assert bench.manager.open_processes() == []
        assert child.closed
        assert result.text().startswith("Chunk ID: 000abc\nWall time: 0.5000 seconds\nProcess exited with code 3\n")


async def test_a_process_on_pipes_reads_nothing_and_one_on_a_terminal_has_24_by_80() -> None:
    async with a_bench() as bench:
        await bench.begin()
        await bench.begin(tty=True)
        assert [(call["stdin"], call["merge_stderr"], call["pty"]) for call in bench.spawner.calls] == [
            ("null", True, None),
            ("null", True, (24, 80)),
        ]


async def test_a_process_that_goes_on_is_polled_by_later_calls_and_each_byte_comes_once() -> None:
    async with a_bench() as bench:
        sink = Sink()
        child = await bench.begin(sink)
        child.put_out(b"one")
        await bench.clock.advance(1)
        assert (bench.results[0].process_id, bench.results[0].exit_code) == (1000, None)
        assert bench.results[0].output.text() == "one"
        assert sink.ended is None
        child.put_out(b"two")
        await bench.write(1000, "")
        child.exit(0)
        await anyio.wait_all_tasks_blocked()
        assert (bench.results[1].exit_code, bench.results[1].output.text()) == (0, "two")
        assert bench.results[1].call_id == "call"
        assert sink.ended == (0, "onetwo", 1.0)
        with pytest.raises(UnknownProcess):
            await bench.manager.write(1000, "")


async def test_a_process_that_ends_between_calls_reports_then_and_is_still_polled_once() -> None:
    async with a_bench() as bench:
        sink = Sink()
        child, process_id = await bench.background(sink)
        child.put_out(b"last words")
        child.exit(-15)
        await anyio.wait_all_tasks_blocked()
        assert sink.ended == (143, "last words", 1.0)
        assert bench.manager.open_processes() == [OpenProcess(process_id, "call", running=False)]
        await bench.write(process_id, "")
        assert (bench.results[-1].exit_code, bench.results[-1].output.text()) == (143, "last words")
        assert bench.manager.open_processes() == []


@pytest.mark.parametrize(("asked_ms", "seconds"), [(1, 0.25), (250, 0.25), (400, 0.4), (99_000, 30)])
async def test_the_yield_time_has_bounds(asked_ms: int, seconds: float) -> None:
    async with a_bench() as bench:
        await bench.begin(yield_ms=asked_ms)
        await bench.clock.advance(seconds - 0.01)
        assert bench.results == []
        await bench.clock.advance(0.01)
        assert len(bench.results) == 1


@pytest.mark.parametrize(("asked_ms", "seconds"), [(1, 5), (6_000, 6), (99_000, 30)])
async def test_an_empty_poll_waits_at_least_five_seconds(asked_ms: int, seconds: float) -> None:
    async with a_bench() as bench:
        _, process_id = await bench.background()
        await bench.write(process_id, "", asked_ms)
        await bench.clock.advance(seconds - 0.01)
        assert len(bench.results) == 1
        await bench.clock.advance(0.01)
        assert len(bench.results) == 2


async def test_writing_settles_then_collects() -> None:
    async with a_bench() as bench:
        child, process_id = await bench.background(tty=True)
        await bench.write(process_id, "é\x03")
        assert child.written == ["é\x03".encode()]
        await bench.clock.advance(0.1)
        child.put_out(b"echo")
        await bench.clock.advance(0.25)
        assert bench.results[-1].output.text() == "echo"
        assert bench.results[-1].process_id == process_id


async def test_writing_to_a_process_that_just_ended_gives_its_end() -> None:
    async with a_bench() as bench:
        child, process_id = await bench.background(tty=True)
        child.exit(0)
        await bench.write(process_id, "x")
        await bench.clock.advance(0.1)
        assert bench.results[-1].exit_code == 0


async def test_only_a_terminal_can_be_written_to() -> None:
    async with a_bench() as bench:
        child, process_id = await bench.background()
        with pytest.raises(StdinClosed) as caught:
            await bench.manager.write(process_id, "x")
        assert caught.value.process_id == process_id
        assert child.written == []
        with pytest.raises(UnknownProcess) as unknown:
            await bench.manager.write(5, "x")
        assert unknown.value.process_id == 5


async def test_output_held_open_by_others_is_waited_for_a_tenth_of_a_second() -> None:
    async with a_bench() as bench:
        sink = Sink()
        child = await bench.begin(sink)
        child.exit(0, close_output=False)
        await bench.clock.advance(0.05)
        child.put_out(b"trailing")
        assert sink.ended is None
        await bench.clock.advance(0.05)
        assert sink.ended == (0, "trailing", 0.1)
        assert child.killed and child.closed


async def test_what_a_failed_start_raises_leaves_nothing_open() -> None:
    async with a_bench() as bench:
        bench.spawner.error = SpawnFailed("exec", 2, "cmd")
        sink = Sink()
        with pytest.raises(SpawnFailed):
            await bench.manager.start(a_request(sink))
        assert sink.begun is None
        assert bench.manager.open_processes() == []


async def test_closing_all_kills_reports_minus_one_and_forgets() -> None:
    async with a_bench() as bench:
        sinks = [Sink(), Sink()]
        children = [(await bench.background(sink))[0] for sink in sinks]
        children[0].put_out(b"so far")
        await bench.manager.close_all()
        assert [sink.ended and sink.ended[:2] for sink in sinks] == [(-1, "so far"), (-1, "")]
        assert all(child.killed and child.closed for child in children)
        assert bench.manager.open_processes() == []
        await bench.manager.close_all()


async def test_closing_all_ends_a_call_that_is_waiting() -> None:
    async with a_bench() as bench:
        await bench.begin(yield_ms=30_000)
        await bench.manager.close_all()
        await anyio.wait_all_tasks_blocked()
        assert bench.results[0].exit_code == -1


async def test_cancelling_a_call_leaves_its_process_open() -> None:
    async with a_bench() as bench:
        sink = Sink()
        with anyio.CancelScope() as scope:
            bench.tasks.start_soon(_cancel_when_idle, scope)
            await bench.manager.start(a_request(sink))
        assert scope.cancelled_caught
        assert [process.running for process in bench.manager.open_processes()] == [True]
        assert sink.ended is None


async def _cancel_when_idle(scope: anyio.CancelScope) -> None:
    await anyio.wait_all_tasks_blocked()
    scope.cancel()


async def test_the_end_of_the_owning_tasks_kills_and_reports() -> None:
    sink = Sink()
    async with a_bench() as bench:
        child, _ = await bench.background(sink)
    assert child.killed and child.closed
    assert sink.ended is not None and sink.ended[0] == -1


async def test_a_process_id_in_use_is_drawn_again() -> None:
    async with a_bench(7000, 7000, 7000, 8000) as bench:
        await bench.background()
        await bench.background()
        assert [process.process_id for process in bench.manager.open_processes()] == [7000, 8000]


async def test_one_process_too_many_ends_the_least_recently_used() -> None:
    async with a_bench() as bench:
        _, sinks, ids = await bench.fill()
        await bench.write(ids[0], "")
        await bench.clock.advance(5)
        await bench.background()
        assert [sink.ended is not None for sink in sinks] == [False, True] + [False] * 62
        assert len(bench.manager.open_processes()) == MOST_PROCESSES


async def test_an_ended_process_goes_before_a_running_one_unless_it_was_used_lately() -> None:
    async with a_bench() as bench:
        children, _, ids = await bench.fill()
        children[30].exit(0)
        children[-1].exit(0)
        await anyio.wait_all_tasks_blocked()
        await bench.background()
        assert set(ids) - bench.open_ids() == {ids[30]}
        await bench.background()
        assert set(ids) - bench.open_ids() == {ids[30], ids[0]}


async def test_the_transcript_keeps_head_and_tail_within_bounds() -> None:
    async with a_bench() as bench:
        sink = Sink()
        child = await bench.begin(sink)
        for _ in range(40):
            child.put_out(b"x" * 65536)
        child.put_out(b"END")
        child.exit(0)
        await anyio.wait_all_tasks_blocked()
        assert sink.ended is not None
        assert len(sink.ended[1]) < 1024 * 1024 + 100 and sink.ended[1].endswith("END")
        assert max(map(len, sink.chunks)) == 8192
        assert bench.results[0].original_tokens == (40 * 65536 + 3 + 3) // 4
