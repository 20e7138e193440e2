import errno
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from agent_sandbox.errors import PolicyInvalid, SandboxUnavailable, SpawnFailed
from agent_sandbox.host import cached_probe
from agent_sandbox.launcher import Launcher
from agent_sandbox.outcome import TimedOut
from agent_sandbox.policy import Policy
from agent_sandbox.process import Process
from agent_sandbox.report import BackendReport, Report
from agent_sandbox.runner import run

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform != "linux", reason="the fork server is for Linux")]

OPEN = Policy.danger_full_access()
ENV = {"PATH": os.environ.get("PATH", os.defpath)}
REFUSING = Report(
    system="Linux",
    kernel="0",
    machine="x86_64",
    is_root=False,
    backends=(
        BackendReport(name="bubblewrap", works=False, reason="not here", remedy="install it"),
        BackendReport(name="landlock", works=False, reason="too old"),
    ),
)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
async def launcher() -> AsyncIterator[Launcher]:
    async with Launcher() as made:
        yield made


async def shell(launcher: Launcher, command: str, *, stdin: bool = False, env: Mapping[str, str] = ENV) -> Process:
    argv = ["/bin/sh", "-c", command]
    return await launcher.spawn(argv, cwd="/", env=env, policy=OPEN, stdin="pipe" if stdin else "null")


async def read_all(process: Process) -> bytes:
    data = b""
    with anyio.fail_after(20):
        while piece := await process.receive():
            data += piece
    return data


async def read_until(process: Process, end: bytes) -> bytes:
    data = b""
    with anyio.fail_after(20):
        while end not in data:
            piece = await process.receive()
            assert piece, data
            data += piece
    return data


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def children(pid: int) -> list[int]:
    return [int(word) for file in Path(f"/proc/{pid}/task").glob("*/children") for word in file.read_text().split()]


def fork_servers() -> list[int]:
    return [pid for pid in children(os.getpid()) if b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_a_command_gets_exactly_its_environment_and_directory(launcher: Launcher, tmp_path: Path) -> None:
    done = await run(["env"], OPEN, tmp_path, {**ENV, "A": "ü"}, launcher=launcher)
    assert set(done.stdout.decode().split("\n")) == {f"PATH={ENV['PATH']}", "A=ü", ""}
    (tmp_path / "here").touch()
    done = await run(["ls"], OPEN, tmp_path, ENV, launcher=launcher)
    assert done.stdout == b"here\n"


async def test_bytes_that_are_no_text_arrive_as_they_are(launcher: Launcher) -> None:
    odd = os.fsdecode(b"\xff\xfe\n")
    done = await run(["printf", "%s", odd], OPEN, "/", ENV, launcher=launcher)
    assert done.stdout == b"\xff\xfe\n"


async def test_both_streams_and_the_exit_code_arrive(launcher: Launcher) -> None:
    done = await run(["sh", "-c", "echo out; echo err >&2; exit 37"], OPEN, "/", ENV, launcher=launcher)
    assert (done.stdout, done.stderr, done.exit_code, done.backend) == (b"out\n", b"err\n", 37, "none")


async def test_a_script_without_an_interpreter_line_runs_in_the_shell(launcher: Launcher, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo ran $1\n")
    script.chmod(0o755)
    done = await run(["./script", "it"], OPEN, tmp_path, ENV, launcher=launcher)
    assert done.stdout == b"ran it\n"


async def test_merged_streams_keep_their_order(launcher: Launcher) -> None:
    argv = ["sh", "-c", "echo a; echo b >&2; echo c"]
    async with await launcher.spawn(argv, cwd="/", env=ENV, policy=OPEN, merge_stderr=True) as process:
        assert await read_all(process) == b"a\nb\nc\n"
        assert await process.receive_stderr() == b""


async def test_a_signal_shows_as_a_negative_code(launcher: Launcher) -> None:
    async with await shell(launcher, "kill -TERM $$") as process:
        assert await process.wait() == -signal.SIGTERM
        assert await process.wait() == process.exit_code == -signal.SIGTERM


async def test_input_is_delivered_and_ended(launcher: Launcher) -> None:
    data = bytes(range(256)) * 4096
    done = await run(["cat"], OPEN, "/", ENV, input=data, launcher=launcher)
    assert done.stdout == data[: 1 << 20]
    assert not done.truncated


async def test_without_input_the_command_reads_nothing(launcher: Launcher) -> None:
    async with await shell(launcher, "cat") as process:
        assert await read_all(process) == b""
        with pytest.raises(anyio.ClosedResourceError):
            await process.send(b"x")


async def test_sending_to_a_command_that_stopped_reading_fails(launcher: Launcher) -> None:
    async with await shell(launcher, "exec <&-; echo ready; cat", stdin=True) as process:
        await read_until(process, b"ready")
        with pytest.raises(anyio.BrokenResourceError):
            await process.send(b"x" * (1 << 20))


@pytest.mark.parametrize(
    ("argv", "cwd", "step", "number", "code"),
    [
        (["/no/such/program"], "/", "exec", errno.ENOENT, 127),
        (["no-such-program"], "/", "exec", errno.ENOENT, 127),
        (["/etc/passwd"], "/", "exec", errno.EACCES, 126),
        (["true"], "/no/such/folder", "cwd", errno.ENOENT, 126),
        (["true"], "/etc/passwd", "cwd", errno.ENOTDIR, 126),
        ([], "/", "exec", errno.EINVAL, 126),
        (["true", "a\0b"], "/", "exec", errno.EINVAL, 126),
    ],
)
@pytest.mark.parametrize("policy", [OPEN, Policy.external(), Policy.read_only()], ids=lambda policy: policy.mode)
async def test_a_command_that_cannot_start_says_why(
    launcher: Launcher, argv: list[str], cwd: str, step: str, number: int, code: int, policy: Policy
) -> None:
    if policy.confines and not (await launcher.report()).works:
        pytest.skip("nothing can be confined here")
    with pytest.raises(SpawnFailed) as caught:
        await launcher.spawn(argv, cwd=cwd, env=ENV, policy=policy)
    assert (caught.value.step, caught.value.errno, caught.value.exit_code) == (step, number, code)


async def test_a_relative_directory_is_refused(launcher: Launcher) -> None:
    with pytest.raises(PolicyInvalid):
        await launcher.spawn(["true"], cwd="rel", env=ENV, policy=OPEN)


async def test_a_hundred_megabytes_pass_without_being_kept(launcher: Launcher) -> None:
    size = 100 << 20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with await shell(launcher, f"head -c {size} /dev/zero") as process:
        received = 0
        while piece := await process.receive():
            assert len(piece) <= 65536
            received += len(piece)
        assert await process.wait() == 0
    done = await run(["head", "-c", str(size), "/dev/zero"], OPEN, "/", ENV, max_output_bytes=1000, launcher=launcher)
    grown_kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert received == size
    assert (len(done.stdout), done.truncated) == (1000, True)
    assert grown_kilobytes < 20_000


async def test_dozens_of_commands_run_at_once_and_leave_nothing_open(launcher: Launcher) -> None:
    await run(["true"], OPEN, "/", ENV, launcher=launcher)
    before = descriptors()
    results: list[bytes] = []

    async def one(number: int) -> None:
        done = await run(["sh", "-c", f"read x; echo $x {number}"], OPEN, "/", ENV, input=b"n\n", launcher=launcher)
        results.append(done.stdout)

    async with anyio.create_task_group() as group:
        for number in range(60):
            group.start_soon(one, number)
    assert sorted(results) == sorted(b"n %d\n" % number for number in range(60))
    assert descriptors() == before
    (server,) = fork_servers()
    assert children(server) == []


async def test_killing_the_group_reaches_grandchildren(launcher: Launcher) -> None:
    async with await shell(launcher, "sleep 1000 & sleep 1000 & echo ready; wait") as process:
        await read_until(process, b"ready")
        process.kill_group()
        assert await process.wait() == -signal.SIGKILL
        assert await read_all(process) == b""


async def test_killing_reaches_jobs_in_groups_of_their_own(launcher: Launcher) -> None:
    async with await shell(launcher, "set -m; sleep 1000 & echo started; wait") as process:
        await read_until(process, b"started")
        process.kill_group()
        assert await process.wait() == -signal.SIGKILL
        assert await read_all(process) == b""


async def test_a_milder_signal_can_be_handled(launcher: Launcher) -> None:
    command = "trap 'echo caught; exit 5' INT; echo ready; while :; do read -r x; done"
    async with await shell(launcher, command, stdin=True) as process:
        await read_until(process, b"ready")
        process.kill_group(signal.SIGINT)
        # Some shells run the trap only when their read returns, others have ended by now.
        with suppress(anyio.BrokenResourceError):
            await process.send(b"\n")
        assert await read_until(process, b"caught")
        assert await process.wait() == 5


async def test_what_a_command_left_behind_can_be_killed_after_its_end(launcher: Launcher) -> None:
    async with await shell(launcher, "sleep 1000 & echo ready") as process:
        await read_until(process, b"ready")
        assert await process.wait() == 0
        process.kill_group()
        assert await read_all(process) == b""


async def test_closing_a_process_kills_its_group(launcher: Launcher) -> None:
    process = await shell(launcher, "sleep 1000 & echo ready; sleep 1000")
    await read_until(process, b"ready")
    await process.aclose()
    assert process.exit_code == -signal.SIGKILL
    (server,) = fork_servers()
    assert children(server) == []


async def test_closing_right_after_the_start_leaves_nothing_running(launcher: Launcher) -> None:
    for _ in range(20):
        process = await shell(launcher, "exec sleep 1000")
        await process.aclose()
    assert [children(server) for server in fork_servers()] == [[]]


async def test_closing_the_launcher_kills_what_was_left_behind() -> None:
    reading, writing = os.pipe()
    async with Launcher() as launcher:
        held = os.dup(1)
        os.dup2(writing, 1)
        try:
            process = await launcher.spawn(
                ["sh", "-c", "sleep 1000 & exit 0"], cwd="/", env=ENV, policy=OPEN, output="inherit"
            )
        finally:
            os.dup2(held, 1)
            os.close(held)
        async with process:
            assert await process.wait() == 0
    os.close(writing)
    with anyio.fail_after(20):
        await anyio.wait_readable(reading)
    assert os.read(reading, 1) == b""
    os.close(reading)


async def test_cancelling_a_run_kills_the_command(launcher: Launcher, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    keep = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    async with anyio.create_task_group() as group:
        group.start_soon(run, ["sh", "-c", f"echo ready > {fifo}; exec sleep 1000"], OPEN, "/", ENV)
        await anyio.wait_readable(keep)
        group.cancel_scope.cancel()
    os.close(keep)
    assert all(children(server) == [] for server in fork_servers())


async def test_a_command_that_takes_too_long_is_killed(launcher: Launcher) -> None:
    done = await run(["sh", "-c", "echo begun; sleep 1000 & sleep 1000"], OPEN, "/", ENV, 0.3, launcher=launcher)
    assert (done.exit_code, done.timed_out, done.stdout) == (124, True, b"begun\n")
    assert done.outcome == TimedOut()


async def test_output_held_open_by_a_background_process_is_not_lost(launcher: Launcher) -> None:
    argv = ["sh", "-c", "echo kept; sleep 1000 &"]
    done = await run(argv, OPEN, "/", ENV, drain_seconds=0.2, launcher=launcher)
    assert (done.exit_code, done.stdout) == (0, b"kept\n")


async def test_a_dead_fork_server_takes_its_commands_along_and_is_replaced(launcher: Launcher) -> None:
    async with await shell(launcher, "echo ready; exec sleep 1000") as process:
        await read_until(process, b"ready")
        (server,) = fork_servers()
        os.kill(server, signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
        assert await read_all(process) == b""
    done = await run(["echo", "again"], OPEN, "/", ENV, launcher=launcher)
    assert done.stdout == b"again\n"
    assert server not in fork_servers()


async def test_a_terminal_has_a_size_and_takes_input(launcher: Launcher) -> None:
    argv = ["sh", "-c", "stty size; test -t 0 -a -t 1 -a -t 2 && tty; read x; stty size; echo got $x > /dev/tty"]
    async with await launcher.spawn(argv, cwd="/", env=ENV, policy=OPEN, pty=(24, 80)) as process:
        assert b"24 80" in await read_until(process, b"/dev/pts/")
        process.resize(50, 132)
        await process.send(b"line\n")
        rest = await read_all(process)
        assert b"50 132" in rest
        assert b"got line" in rest
        assert await process.wait() == 0


async def test_the_interrupt_key_of_a_terminal_interrupts(launcher: Launcher) -> None:
    argv = ["sh", "-c", "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.05; done"]
    async with await launcher.spawn(argv, cwd="/", env=ENV, policy=OPEN, pty=(24, 80)) as process:
        await read_until(process, b"ready")
        await process.send(b"\x03")
        await read_until(process, b"caught")
        assert await process.wait() == 3


@pytest.mark.parametrize("policy", [Policy.read_only(), Policy.workspace_write(), Policy.external()])
async def test_a_policy_that_cannot_be_had_is_refused(policy: Policy, tmp_path: Path) -> None:
    async with Launcher(report=REFUSING) as launcher:
        with pytest.raises(SandboxUnavailable) as caught:
            await launcher.spawn(["touch", "made"], cwd=tmp_path, env=ENV, policy=policy)
    assert {obstacle.reason for obstacle in caught.value.obstacles} <= {"not here", "too old"}
    assert not (tmp_path / "made").exists()


async def test_a_step_the_kernel_refuses_stops_the_command(tmp_path: Path) -> None:
    report = cached_probe()
    if not report.backend("landlock").works:
        pytest.skip(f"landlock: {report.backend('landlock').reason}")
    wrong = "aarch64" if report.machine == "x86_64" else "x86_64"
    async with Launcher(report=replace(report, machine=wrong)) as launcher:
        with pytest.raises(SandboxUnavailable) as caught:
            await launcher.spawn(
                ["touch", "made"], cwd=tmp_path, env=ENV, policy=Policy.workspace_write(), backend="landlock"
            )
    assert [obstacle.backend for obstacle in caught.value.obstacles] == ["landlock"]
    assert not (tmp_path / "made").exists()


async def test_an_order_that_is_too_long_for_the_kernel_is_refused(launcher: Launcher) -> None:
    with pytest.raises(SpawnFailed) as caught:
        await launcher.spawn(["echo", "x" * (4 << 20)], cwd="/", env=ENV, policy=OPEN)
    assert caught.value.errno == errno.E2BIG
    with pytest.raises(SpawnFailed) as caught:
        await launcher.spawn(["echo", "x" * (40 << 20)], cwd="/", env=ENV, policy=OPEN)
    assert caught.value.errno == errno.E2BIG


async def test_a_closed_launcher_starts_nothing() -> None:
    launcher = Launcher()
    await launcher.aclose()
    with pytest.raises(anyio.ClosedResourceError):
        await launcher.spawn(["true"], cwd="/", env=ENV, policy=OPEN)
