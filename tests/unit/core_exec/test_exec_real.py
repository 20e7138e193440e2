import contextlib
import os
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from agent_core.exec.manager import ExecManager, ExecResult, StartRequest
from agent_core.exec.oneshot import OneShotRequest, OneShotResult, Stream, run
from agent_core.seams import SystemClock, system_randomness
from agent_sandbox.errors import SpawnFailed
from agent_sandbox.launcher import Launcher
from agent_sandbox.policy import Policy

pytestmark = pytest.mark.anyio

ENV = {"PATH": os.environ["PATH"]}
FREE = Policy.danger_full_access()


class Sink:
    def __init__(self) -> None:
        self.count = self.size = 0
        self.ended: tuple[int, str] | None = None

    def begin(self, process_id: int) -> None:
        pass

    def output(self, chunk: bytes) -> None:
        self.count += 1
        self.size += len(chunk)

    def end(self, exit_code: int, aggregated_output: str, duration_seconds: float) -> None:
        self.ended = (exit_code, aggregated_output)


class Bench:
    def __init__(self, manager: ExecManager, launcher: Launcher, cwd: Path) -> None:
        self.manager = manager
        self.launcher = launcher
        self.cwd = str(cwd)

    async def start(
        self, script: str, sink: Sink | None = None, *, tty: bool = False, yield_ms: int = 10_000
    ) -> ExecResult:
        return await self.manager.start(
            StartRequest(
                call_id="call",
                argv=["sh", "-c", script],
                cwd=self.cwd,
                env=ENV,
                policy=FREE,
                policy_cwd=self.cwd,
                sink=sink or Sink(),
                tty=tty,
                yield_ms=yield_ms,
            )
        )

    async def once(
        self,
        *argv: str,
        timeout_ms: int = 10_000,
        stdin: bytes | None = None,
        seen: list[tuple[Stream, bytes]] | None = None,
        env: dict[str, str] | None = None,
    ) -> OneShotResult:
        def note(stream: Stream, chunk: bytes) -> None:
            if seen is not None:
                seen.append((stream, chunk))

        request = OneShotRequest(
            argv=argv,
            cwd=self.cwd,
            env=ENV if env is None else env,
            policy=FREE,
            policy_cwd=self.cwd,
            timeout_ms=timeout_ms,
            stdin=stdin,
        )
        return await run(self.launcher, request, SystemClock(), note)


@asynccontextmanager
async def a_bench(cwd: Path) -> AsyncIterator[Bench]:
    with anyio.fail_after(50):
        async with Launcher() as launcher, anyio.create_task_group() as tasks:
            manager = ExecManager(tasks, launcher, SystemClock(), system_randomness())
            yield Bench(manager, launcher, cwd)
            await manager.close_all()
            tasks.cancel_scope.cancel()


async def gone(pid: int) -> bool:
    """Wait until a process is dead."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        with anyio.move_on_after(10):
            await anyio.wait_readable(descriptor)
            return True
        return False
    finally:
        os.close(descriptor)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_output_put_out_at_once_is_in_the_result_the_deltas_and_the_aggregate(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        for _ in range(20):
            sink = Sink()
            result = await bench.start("echo first; sleep 0.02; echo second >&2; exit 5", sink)
            assert (result.exit_code, result.output.text()) == (5, "first\nsecond\n")
            assert (sink.size, sink.ended) == (13, (5, "first\nsecond\n"))


async def test_a_terminal_is_24_by_80_and_ctrl_c_interrupts(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        assert (await bench.start("stty size", tty=True)).output.text() == "24 80\r\n"
        running = await bench.start("cat", tty=True, yield_ms=250)
        assert running.process_id is not None
        echoed = await bench.manager.write(running.process_id, "hello\n")
        assert echoed.output.text() == "hello\r\nhello\r\n"
        ended = await bench.manager.write(running.process_id, "\x03", yield_ms=5_000)
        assert ended.exit_code == 128 + signal.SIGINT


async def test_a_hundred_megabytes_stay_in_bounded_memory(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        await bench.start("true")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sink = Sink()
        result = await bench.start("yes | head -c 100000000; echo END", sink, yield_ms=30_000)
        assert result.exit_code == 0
        assert result.output.size_bytes == 100_000_004
        assert result.output.tail.endswith(b"y\nEND\n")
        assert sink.count == 10_000
        assert sink.ended is not None and len(sink.ended[1]) < 1024 * 1024 + 100
        once = await bench.once("sh", "-c", "yes | head -c 50000000", timeout_ms=30_000)
        assert len(once.stdout) == 1024 * 1024
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


async def test_closing_kills_the_whole_group(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        sink = Sink()
        result = await bench.start("sleep 600 & echo $!; wait", sink, yield_ms=500)
        assert result.process_id is not None
        grandchild = int(result.output.text())
        await bench.manager.close_all()
        assert sink.ended == (-1, f"{grandchild}\n")
        assert await gone(grandchild)


async def test_what_an_ended_process_left_in_its_group_dies_with_it(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        result = await bench.start("sleep 600 & echo $!")
        assert result.exit_code == 0
        assert await gone(int(result.output.text()))


async def test_a_process_outlives_the_call_and_can_be_polled(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        running = await bench.start("echo a; sleep 0.5; echo b", yield_ms=250)
        assert running.process_id is not None and running.output.text() == "a\n"
        ended = await bench.manager.write(running.process_id, "")
        assert (ended.exit_code, ended.output.text()) == (0, "b\n")


async def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        with pytest.raises(SpawnFailed) as caught:
            await bench.once("/no/such/program")
        assert caught.value.exit_code == 127


async def test_one_shot_streams_are_kept_apart_and_joined_in_order(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        seen: list[tuple[Stream, bytes]] = []
        result = await bench.once("sh", "-c", "echo e >&2; echo o; exit 4", seen=seen)
        assert (result.exit_code, result.stdout, result.stderr, result.aggregated) == (4, "o\n", "e\n", "o\ne\n")
        assert sorted(seen) == [("stderr", b"e\n"), ("stdout", b"o\n")]
        assert not result.timed_out and not result.confined


async def test_one_shot_input_ends_after_what_was_given(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        assert (await bench.once("cat", stdin=b"x" * 200_000)).stdout == "x" * 200_000
        assert (await bench.once("cat")).stdout == ""
        assert (await bench.once("true", stdin=b"x" * 200_000)).exit_code == 0


async def test_one_shot_environment_is_exactly_what_was_given(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        result = await bench.once("/usr/bin/env", env={"A": "1"})
        assert result.stdout == "A=1\n"


async def test_a_timeout_kills_the_group_and_keeps_the_output(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        result = await bench.once("sh", "-c", "sleep 600 & echo $!; wait", timeout_ms=300)
        assert (result.exit_code, result.timed_out) == (124, True)
        assert 0.3 <= result.duration_seconds < 5
        assert await gone(int(result.stdout))
        assert result.outcome().body().startswith("command timed out after ")


async def test_a_signal_is_told_as_a_shell_would(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        assert (await bench.once("sh", "-c", "kill -9 $$")).exit_code == 137


async def test_one_shot_children_left_behind_live_and_are_waited_for_two_seconds(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        result = await bench.once("sh", "-c", "sleep 600 & echo $!")
        child = int(result.stdout)
        assert result.exit_code == 0 and 1.9 < result.duration_seconds < 4
        assert is_alive(child)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


async def test_cancelling_a_one_shot_command_kills_its_group(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        seen: list[tuple[Stream, bytes]] = []
        with anyio.move_on_after(0.5) as scope:
            await bench.once("sh", "-c", "sleep 600 & echo $!; wait", seen=seen)
        assert scope.cancelled_caught
        assert await gone(int(b"".join(chunk for _, chunk in seen)))


async def test_too_much_on_both_streams_is_shared_one_to_two(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        script = "head -c 2000000 /dev/zero | tr '\\0' o; head -c 2000000 /dev/zero | tr '\\0' e >&2"
        result = await bench.once("sh", "-c", script)
        mib = 1024 * 1024
        assert (len(result.stdout), len(result.stderr), len(result.aggregated)) == (mib, mib, mib)
        assert result.aggregated.count("o") == mib // 3
