import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias

import anyio
import anyio.from_thread
import pytest
from agent_sandbox.host import cached_probe
from agent_sandbox.launcher import Launcher
from agent_sandbox.linux import seccomp
from agent_sandbox.outcome import Denied, Finished, Grant, SetupFailed
from agent_sandbox.policy import Policy, ReadAccess
from agent_sandbox.report import BackendName, Report
from agent_sandbox.runner import Completed, run
from anyio.from_thread import BlockingPortal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these back ends are for Linux")

Variant: TypeAlias = Literal["bubblewrap", "mounts", "user-mounts", "alone"]
"""Landlock is tried three times: with a mount namespace, with one inside a user namespace, and with neither."""

EVERYWHERE: tuple[Variant, ...] = ("bubblewrap", "mounts", "user-mounts", "alone")
LANDLOCK: tuple[Variant, ...] = ("mounts", "user-mounts", "alone")
MOUNTED: tuple[Variant, ...] = ("bubblewrap", "mounts", "user-mounts")
ALONE: tuple[Variant, ...] = ("alone",)
NOWHERE: tuple[Variant, ...] = ()
USER_IN_BUBBLEWRAP: tuple[Variant, ...] = () if os.geteuid() == 0 else ("bubblewrap",)
"""Mapping root into a new user namespace takes a capability that confined commands of root have lost."""

PRELUDE = """
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
TRACE, PORT = int(os.environ["TRACE"]), int(os.environ["PORT"])
a, b = socket.socketpair()
def call(number, *arguments):
    return libc.syscall(number, *arguments)
def refused(result):
    return result < 0 and ctypes.get_errno() == 1
def status(name):
    return next(line.split()[1] for line in open("/proc/self/status") if line.startswith(name + ":"))
"""
NNP_ONLY = "assert status('NoNewPrivs') == '1' and status('Seccomp') == '0'"
REOPEN = """
reading = os.open(os.environ["O"] + "/f", os.O_RDONLY)
os.open(f"/proc/self/fd/{reading}", os.O_WRONLY)
"""
OTHER_ROOT = """
os.open(f"/proc/{os.environ['HARNESS']}/root{os.environ['O']}/f", os.O_WRONLY)
"""
MOUNT = """
libc.unshare({flags})
assert libc.mount(b"none", os.environ["W"].encode(), b"tmpfs", 0, None) == 0
"""
REMOUNT = """
target = (os.environ["W"] + "/.git").encode()
libc.umount2(target, 2)
libc.mount(b"none", target, None, 0x1020, None)
open(target + b"/config", "w")
"""
HANDLE = """
import struct
handle = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0) + bytes(128))
mount = ctypes.c_int()
libc.name_to_handle_at(-100, (os.environ["O"] + "/f").encode(), handle, ctypes.byref(mount), 0)
opened = libc.open_by_handle_at(os.open(os.environ["W"], os.O_RDONLY), handle, os.O_WRONLY)
assert opened >= 0
"""
CONNECT = "socket.socket(socket.AF_UNIX).connect(os.environ['U'])"
DATAGRAM = "sender = "
SENT = "; sender.sendmsg([b'out'], [], 0, os.environ['DATAGRAM'])"


@dataclass(frozen=True, kw_only=True)
class Place:
    work: Path
    outside: Path
    extra: Path


Step: TypeAlias = Callable[[Place], object]


@dataclass(frozen=True, kw_only=True)
class Row:
    name: str
    argv: tuple[str, ...]
    policy: str
    works: Sequence[Variant]
    prepare: Step
    cwd: str
    leaves: Callable[[Place], bool]

    def __str__(self) -> str:
        return self.name


def intact(place: Place) -> bool:
    """Nothing outside the roots changed."""
    known = place.outside / "f"
    return (
        known.read_text() == "outside\n"
        and os.listdir(place.outside) == ["f"]
        and known.stat().st_mode & 0o777 == 0o644
    )


def anything(_: Place) -> bool:
    return True


def sh(
    name: str,
    command: str,
    *,
    policy: str = "write",
    works: Sequence[Variant] = EVERYWHERE,
    prepare: Step = anything,
    cwd: str = "work",
    leaves: Callable[[Place], bool] = intact,
) -> Row:
    argv = ("/bin/bash", "-c", command)
    return Row(name=name, argv=argv, policy=policy, works=works, prepare=prepare, cwd=cwd, leaves=leaves)


def py(
    name: str,
    code: str,
    *,
    policy: str = "read",
    works: Sequence[Variant] = EVERYWHERE,
    prepare: Step = anything,
    leaves: Callable[[Place], bool] = intact,
) -> Row:
    argv = (sys.executable, "-I", "-S", "-c", PRELUDE + code)
    return Row(name=name, argv=argv, policy=policy, works=works, prepare=prepare, cwd="work", leaves=leaves)


def holds(relative: str, text: str) -> Callable[[Place], bool]:
    return lambda place: (place.work.parent / relative).read_text() == text and intact(place)


def folder(relative: str) -> Step:
    return lambda place: (place.work / relative).mkdir(parents=True)


def link(relative: str, target: str) -> Step:
    return lambda place: (place.work / relative).symlink_to(target)


def file(relative: str, text: str = "x\n") -> Step:
    return lambda place: (place.work / relative).write_text(text)


def steps(*each: Step) -> Step:
    return lambda place: [step(place) for step in each]


def policy_for(place: Place, key: str) -> Policy:
    write = partial(Policy.workspace_write, exclude_tmpdir_env_var=True, exclude_slash_tmp=True)
    readable = ("/bin", "/usr", "/lib", "/lib64", "/etc", "/dev", "/proc", sys.prefix, sys.base_prefix)
    access = ReadAccess(roots=tuple(map(Path, readable)), platform_defaults=False)
    table: dict[str, Callable[[], Policy]] = {
        "read": Policy.read_only,
        "write": write,
        "write+extra": lambda: write([place.extra]),
        "write+file": lambda: write([place.outside / "f"]),
        "write+missing": lambda: write([place.outside / "missing"]),
        "write+git": lambda: write([place.work / ".git"]),
        "write+net": lambda: write(network=True),
        "write+tmp": lambda: Policy.workspace_write(exclude_tmpdir_env_var=True),
        "full": Policy.danger_full_access,
        "external": Policy.external,
        "external+net": lambda: Policy.external(network=True),
        "restricted": lambda: write(read_access=access),
    }
    return table[key]()


def script(place: Place) -> None:
    (place.work / "script").write_text("#!/bin/sh\nexit 0\n")
    (place.work / "script").chmod(0o755)


def extra_git(place: Place) -> None:
    (place.extra / ".git").mkdir()


def no_shared_memory(place: Place) -> bool:
    return not os.path.exists("/dev/shm/agent-p") and intact(place)


linked_codex = steps(folder("decoy"), link(".codex", "decoy"))
pointed_git = steps(folder("real"), file(".git", "gitdir: real\n"))

FILES = [
    sh("fs01 reads outside", "cat $O/f", policy="read"),
    sh("fs02 writes nothing under read-only", "echo a > new", policy="read", works=NOWHERE),
    sh("fs03 writes in the workspace", "echo a > new; cat new", leaves=holds("work/new", "a\n")),
    sh("fs04 creates outside", "echo a > $O/new", works=NOWHERE),
    sh("fs05 overwrites outside", "echo a > $O/f", works=NOWHERE),
    py("fs06 truncates outside", "os.truncate(os.environ['O'] + '/f', 0)", policy="write", works=NOWHERE),
    py("fs06 truncates by opening for reading", "os.open(os.environ['O'] + '/f', os.O_TRUNC)", works=NOWHERE),
    sh("fs07 changes a mode outside", "chmod 600 $O/f", works=ALONE, leaves=anything),
    sh("fs08 changes times outside", "touch -d 2001-01-01 $O/f", works=ALONE),
    sh("fs09 removes outside", "rm -f $O/f", works=NOWHERE),
    sh("fs10 makes a directory outside", "mkdir $O/d", works=NOWHERE),
    sh("fs11 makes a link outside", "ln -s x $O/l", works=NOWHERE),
    sh("fs12 hard-links from outside", "ln $O/f hl", works=NOWHERE),
    py("fs13 moves out", "os.rename('f', os.environ['O'] + '/g')", policy="write", works=NOWHERE),
    py("fs14 renames between roots", "os.rename('f', os.environ['X'] + '/g')", policy="write+extra", works=ALONE),
    sh("fs14 moves between roots", "mv f $X/g", policy="write+extra", leaves=holds("extra/g", "x\n")),
    sh("fs15 writes in a further root", "echo a > $X/n", policy="write+extra", leaves=holds("extra/n", "a\n")),
    sh("fs16 writes to /dev/null", "echo a > /dev/null", policy="read"),
    sh("fs17 reads /dev/urandom", "head -c4 /dev/urandom", policy="read"),
    sh("fs18 reads /dev/zero", "head -c4 /dev/zero", policy="read"),
    sh("fs19 writes to a harmless device", "echo a > /dev/zero", policy="read", works=("bubblewrap",)),
    sh(
        "fs20 writes to shared memory of its own",
        "echo > /dev/shm/agent-p",
        works=MOUNTED,
        leaves=no_shared_memory,
    ),
    sh("fs21 writes to the caller's terminal", "echo a > /dev/tty", policy="read", works=NOWHERE),
    py("fs22 makes a terminal of its own", "os.openpty()", works=("bubblewrap",)),
    sh("fs23 makes a fifo", "mkfifo p"),
    sh("fs25 runs a script of the workspace", "./script", prepare=script),
    sh("fs26 writes in /tmp", "echo a > $O/n", policy="write+tmp", leaves=lambda place: (place.outside / "n").exists()),
    sh("fs27 writes in an excluded /tmp", "echo a > $O/n", works=NOWHERE),
    sh("writes to its own output by name", "echo a > /dev/stdout; echo b > /dev/stderr", policy="read"),
    sh("reads outside restricted roots", "cat $O/f", policy="restricted", works=NOWHERE),
    sh("lists outside restricted roots", "ls $X", policy="restricted", works=NOWHERE),
    sh("reads and writes inside restricted roots", "cat f > g && cat /etc/passwd > /dev/null", policy="restricted"),
]

PROTECTED = [
    sh("pr01 writes to .git", "echo a > .git/config", prepare=folder(".git"), works=ALONE),
    sh("pr02 plants a hook", "echo a > .git/hooks/x", prepare=folder(".git/hooks"), works=ALONE),
    sh("pr03 writes to .codex", "echo a > .codex/config.toml", prepare=folder(".codex"), works=ALONE),
    sh("pr03 writes to .agent", "echo a > .agent/config.toml", prepare=folder(".agent"), works=ALONE),
    sh("pr04 writes to .agents", "echo a > .agents/x", prepare=folder(".agents"), works=ALONE),
    sh("pr05 creates a missing .codex", "mkdir .codex && echo a > .codex/config.toml"),
    sh("pr06 creates a repository", "git init -q ."),
    sh("pr07 moves .git away", "mv .git .git2", prepare=folder(".git"), works=ALONE),
    sh("pr08 removes .codex", "rmdir .codex", prepare=folder(".codex"), works=ALONE),
    sh("pr09 writes to a deeper .git", "echo a > sub/.git/config", prepare=folder("sub/.git")),
    sh("pr10 writes through a linked .codex", "echo a > .codex/x", prepare=linked_codex, works=ALONE),
    sh("pr11 runs where .codex is a link", "echo a > new", prepare=linked_codex),
    sh("pr12 writes to the pointed git directory", "echo a > real/config", prepare=pointed_git, works=ALONE),
    sh("pr13 writes to the pointer", "echo a > .git", prepare=pointed_git, works=ALONE),
    sh(
        "pr14 writes to .git as a root", "echo a > .git/config", prepare=folder(".git"), policy="write+git", works=ALONE
    ),
    sh(
        "pr15 writes to .git of a further root",
        "echo a > $X/.git/c",
        prepare=extra_git,
        policy="write+extra",
        works=ALONE,
    ),
    sh("pr16 writes to a file called .agents", "echo a > .agents", prepare=file(".agents")),
    sh("pr17 runs with a missing root", "echo a > new", policy="write+missing"),
    sh("pr18 writes to a root that is a file", "echo a > $O/f", policy="write+file", leaves=anything),
    sh("pr18 writes beside a root that is a file", "echo a > $O/g", policy="write+file", works=NOWHERE),
    sh("pr19 runs where .codex is a dangling link", "mkdir gone && echo a > .codex/x", prepare=link(".codex", "gone")),
    sh("pr20 runs in a linked directory", "echo a > n", cwd="link", leaves=holds("work/n", "a\n")),
    py("unmounts the protection", REMOUNT, policy="write+net", prepare=folder(".git"), works=ALONE),
]

PROCESSES = [
    py("ps01 is filtered without network", "assert status('NoNewPrivs') == '1' and status('Seccomp') == '2'"),
    py("ps02 is not filtered with network", NNP_ONLY, policy="write+net"),
    py("ps03 has process ids of its own", "assert os.getpid() < 10", works=("bubblewrap",)),
    sh("ps04 signals the harness", "kill -0 $HARNESS", policy="read", works=NOWHERE),
    py("ps05 leads its session", "assert os.getsid(0) == os.getpid()", works=LANDLOCK),
    py("ps06 mounts", MOUNT.format(flags=0), policy="write+net", works=NOWHERE),
    py("ps06 mounts in a user namespace over the workspace", MOUNT.format(flags=0x10020000), works=("bubblewrap",)),
    sh("ps07 maps users in a namespace", "unshare -Uc true", policy="read", works=USER_IN_BUBBLEWRAP),
    py("ps08 traces", "sys.exit(refused(call(TRACE, 0, 0, 0, 0)))", works=NOWHERE),
    py("ps15 changes its own score", "open('/proc/self/oom_score_adj', 'w').write('1')", works=("bubblewrap",)),
    py("keeps capabilities beyond files", "assert int(status('CapEff'), 16) & ~0b11011", works=NOWHERE),
    py(
        "changes a kernel setting",
        "open('/proc/sys/vm/swappiness', 'r+').write('60')",
        policy="write+net",
        works=NOWHERE,
    ),
    py(
        "reads the harness's memory",
        "open(f\"/proc/{os.environ['HARNESS']}/mem\", 'rb')",
        policy="write+net",
        works=NOWHERE,
    ),
    py("writes through the harness's root", OTHER_ROOT, policy="write+net", works=NOWHERE),
    py("reopens a reading descriptor for writing", REOPEN, works=NOWHERE),
    py("opens by handle", HANDLE, policy="write+net", works=NOWHERE),
    py("makes a disk device", "os.mknod('disk', 0o60600, os.makedev(254, 0))", policy="write+net", works=NOWHERE),
    sh("writes through a link out of the workspace", "ln -s $O esc && echo a > esc/f", works=NOWHERE),
    sh("has only the standard descriptors", "test $(ls /proc/self/fd | wc -l) = 4", policy="read"),
]

NETWORK = [
    *(
        py(f"nt01 makes a socket of family {family}", f"socket.socket({family}, {kind})", works=NOWHERE)
        for family, kind in ((2, 1), (10, 1), (2, 2), (16, 3), (17, 3), (40, 1))
    ),
    py("nt07 makes a local stream socket", "socket.socket(socket.AF_UNIX)"),
    py("nt08 connects to a local server", CONNECT, works=NOWHERE),
    py("nt09 binds in the workspace", "socket.socket(socket.AF_UNIX).bind('sock')", policy="write", works=NOWHERE),
    py("nt10 binds an abstract name", "socket.socket(socket.AF_UNIX).bind('\\0agent')", works=NOWHERE),
    py("nt12 talks over a pair", "os.write(a.fileno(), b'x'); assert os.read(b.fileno(), 1) == b'x'"),
    py("nt13 sends on a pair", "a.send(b'x')", works=NOWHERE),
    py("nt14 receives on a pair", "os.write(a.fileno(), b'x'); assert b.recv(1) == b'x'"),
    py("nt15 passes a message on a pair", "a.sendmsg([b'x']); assert b.recvmsg(1)[0] == b'x'"),
    py("nt16 asks a socket option", "a.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)", works=NOWHERE),
    py("nt17 sets a socket option", "a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)", works=NOWHERE),
    py("nt18 shuts down", "a.shutdown(0)", works=NOWHERE),
    py("nt19 asks a socket name", "a.getsockname()", works=NOWHERE),
    py("nt20 asks a peer name", "a.getpeername()", works=NOWHERE),
    py("nt21 listens", "sys.exit(refused(libc.listen(a.fileno(), 1)))", works=NOWHERE),
    py("nt22 sets up io_uring", "sys.exit(refused(call(425, 1, ctypes.create_string_buffer(120))))", works=NOWHERE),
    py("nt22 uses the x32 numbers", "sys.exit(refused(call(0x40000000 + 39)))", works=NOWHERE),
    py("nt23 runs an event loop", "import asyncio; asyncio.run(asyncio.sleep(0))"),
    py("runs a pool of processes", "import multiprocessing; multiprocessing.Pool(1).map(abs, [1])", works=MOUNTED),
    py("nt24 runs a program", "import subprocess; assert subprocess.check_output(['echo', 'x']) == b'x\\n'"),
    sh("nt26 connects by the shell", "cat < /dev/tcp/127.0.0.1/$PORT", policy="read", works=NOWHERE),
    py("nt27 resolves a name", "socket.getaddrinfo('example.com', 80)", works=NOWHERE),
    py("sends a datagram to a local server", DATAGRAM + "socket.socket(socket.AF_UNIX, 2)" + SENT, works=NOWHERE),
    py("sends a datagram from a pair", DATAGRAM + "socket.socketpair(socket.AF_UNIX, 2)[0]" + SENT, works=NOWHERE),
    sh("nt30 connects with network", "cat < /dev/tcp/127.0.0.1/$PORT", policy="write+net"),
    py("nt31 connects to a local server with network", CONNECT, policy="write+net"),
    sh(
        "nt32 does all without a policy",
        "cat < /dev/tcp/127.0.0.1/$PORT && echo a > $O/n",
        policy="full",
        leaves=anything,
    ),
    sh("nt33 writes outside in an external sandbox", "echo a > $O/n", policy="external", leaves=anything),
    sh("nt34 connects in an external sandbox", "cat < /dev/tcp/127.0.0.1/$PORT", policy="external", works=NOWHERE),
    sh("nt35 connects in an open external sandbox", "cat < /dev/tcp/127.0.0.1/$PORT", policy="external+net"),
]

ROWS = [*FILES, *PROTECTED, *PROCESSES, *NETWORK]


@dataclass(frozen=True)
class Servers:
    port: int
    stream: Path
    datagram: Path


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    base = tmp_path_factory.mktemp("s")
    paths = base / "u", base / "d"
    listeners = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)]
    listeners[1].bind(str(paths[0]))
    listeners[1].listen()
    datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagram.bind(str(paths[1]))

    def greet(listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client, suppress(BrokenPipeError):
                client.sendall(b"hello\n")

    threads = [threading.Thread(target=greet, args=(listener,)) for listener in listeners]
    for thread in threads:
        thread.start()
    yield Servers(listeners[0].getsockname()[1], *paths)
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join()
    datagram.close()


def report_for(variant: Variant) -> Report:
    report = cached_probe()
    backend = report.backend("bubblewrap" if variant == "bubblewrap" else "landlock")
    if not backend.works:
        pytest.skip(f"{backend.name}: {backend.reason}")
    if variant == "mounts" and report.mount_namespace is None:
        pytest.skip("no mount namespace can be made here")
    if variant == "user-mounts":
        if not report.user_namespaces:
            pytest.skip("no user namespace can be made here")
        return replace(report, mount_namespace="user-namespace")
    return replace(report, mount_namespace=None) if variant == "alone" else report


Attempt: TypeAlias = Callable[[Row, Place], Completed]


@pytest.fixture(scope="module", params=EVERYWHERE)
def variant(request: pytest.FixtureRequest) -> Variant:
    chosen: Variant = request.param
    report_for(chosen)
    return chosen


@pytest.fixture(scope="module")
def attempt(variant: Variant, servers: Servers) -> Iterator[Attempt]:
    report = report_for(variant)
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Launcher(report=report)) as launcher,
    ):

        def run_row(row: Row, place: Place) -> Completed:
            env = {
                "PATH": os.environ["PATH"],
                "HOME": str(place.extra),
                "W": str(place.work),
                "O": str(place.outside),
                "X": str(place.extra),
                "PORT": str(servers.port),
                "U": str(servers.stream),
                "DATAGRAM": str(servers.datagram),
                "HARNESS": str(os.getpid()),
                "TRACE": str(seccomp.numbers(report.machine)["ptrace"]),
            }
            return portal.call(
                partial(
                    run,
                    row.argv,
                    policy_for(place, row.policy),
                    place.work.parent / row.cwd,
                    env,
                    30,
                    backend="bubblewrap" if variant == "bubblewrap" else "landlock",
                    launcher=launcher,
                )
            )

        yield run_row


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(work=tmp_path / "work", outside=tmp_path / "outside", extra=tmp_path / "extra")
    for path in (made.work, made.outside, made.extra):
        path.mkdir()
    (made.work / "f").write_text("x\n")
    (made.outside / "f").write_text("outside\n")
    (made.outside / "f").chmod(0o644)
    (tmp_path / "link").symlink_to("work")
    return made


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_confined_command(row: Row, place: Place, attempt: Attempt, variant: Variant) -> None:
    row.prepare(place)
    done = attempt(row, place)
    assert (done.exit_code == 0) is (variant in row.works), done
    assert row.leaves(place)


PROVABLE = [
    row for row in (*FILES, *PROTECTED) if row.works != EVERYWHERE and not row.name.startswith(("fs20", "fs21"))
]


@pytest.fixture(scope="module")
def portal() -> Iterator[BlockingPortal]:
    with anyio.from_thread.start_blocking_portal() as started:
        yield started


@pytest.mark.parametrize("row", PROVABLE, ids=str)
def test_what_is_denied_works_unconfined(row: Row, place: Place, portal: BlockingPortal) -> None:
    row.prepare(place)
    env = dict(os.environ, W=str(place.work), O=str(place.outside), X=str(place.extra), PORT="0", TRACE="0")
    done = portal.call(run, row.argv, Policy.danger_full_access(), place.work, env, 30)
    assert done.exit_code == 0, done


HARNESS = """
import sys, anyio
from agent_sandbox.launcher import Launcher
from agent_sandbox.policy import Policy
from agent_sandbox.runner import run_inherited
backend, mode, command = sys.argv[1:]
policy = Policy.workspace_write() if mode == "write" else Policy.danger_full_access()
sys.exit(anyio.run(run_inherited, ["/bin/bash", "-c", command], policy, backend))
"""


def start_harness(variant: Variant, command: str, cwd: Path, mode: str = "write") -> subprocess.Popen[bytes]:
    if variant in ("user-mounts", "alone"):
        pytest.skip("the harness chooses the way of the host")
    backend = "bubblewrap" if variant == "bubblewrap" else "landlock"
    return subprocess.Popen(
        [sys.executable, "-c", HARNESS, backend, mode, command],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_killing_the_harness_kills_what_it_started(variant: Variant, place: Place) -> None:
    command = (
        "sleep 1000 & (setsid sleep 1000 &) ; echo ready; sleep 1000"
        if variant == "bubblewrap"
        else ("sleep 1000 & echo ready; sleep 1000")
    )
    with start_harness(variant, command, place.work) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == b"ready\n"
        harness.kill()
        # The streams end only when the last process that holds them is gone.
        assert harness.communicate(timeout=20) == (b"", b"")


def test_a_signal_to_the_harness_reaches_the_command(variant: Variant, place: Place) -> None:
    command = "trap 'echo caught; exit 7' TERM; echo ready; while :; do read -t 0.05 -u 2; done"
    with start_harness(variant, command, place.work) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == b"ready\n"
        harness.terminate()
        output, _ = harness.communicate(timeout=20)
        assert (output, harness.returncode) == (b"caught\n", 7)


def test_inherited_streams_and_the_exit_code_pass_through(variant: Variant, place: Place) -> None:
    with start_harness(variant, "cat; echo problem >&2; exit 37", place.work) as harness:
        assert harness.communicate(b"data", timeout=20) == (b"data", b"problem\n")
        assert harness.returncode == 37


def test_a_signal_that_ends_the_command_is_reported_as_a_shell_does(variant: Variant, place: Place) -> None:
    with start_harness(variant, "kill -TERM $$", place.work) as harness:
        harness.communicate(timeout=20)
        assert harness.returncode == 143


async def talk(
    report: Report, variant: Variant, place: Place, command: str, answers: Sequence[tuple[bytes, bytes]]
) -> int:
    argv = ["/bin/bash", "-c", command]
    backend: BackendName = "bubblewrap" if variant == "bubblewrap" else "landlock"
    async with (
        Launcher(report=report) as launcher,
        await launcher.spawn(
            argv, cwd=place.work, env=dict(os.environ), policy=Policy.workspace_write(), backend=backend, pty=(24, 80)
        ) as process,
    ):
        seen = b""
        with anyio.fail_after(20):
            for expected, answer in answers:
                while expected not in seen:
                    piece = await process.receive()
                    assert piece, seen
                    seen += piece
                seen = b""
                await process.send(answer)
            return await process.wait()


def test_a_confined_terminal_is_the_commands_own(variant: Variant, place: Place, portal: BlockingPortal) -> None:
    report = report_for(variant)
    if variant == "bubblewrap" and (report.bubblewrap is None or report.bubblewrap.setsid is None):
        pytest.skip("there is no program to give the command a controlling terminal")
    command = "trap 'echo caught; read x; exit $x' INT; stty size; echo to > /dev/tty; while :; do sleep 0.05; done"
    answers = [(b"24 80\r\nto\r\n", b"\x03"), (b"caught", b"9\n")]
    assert portal.call(talk, report, variant, place, command, answers) == 9


def test_a_back_end_that_gives_up_is_told_from_a_command_that_fails(place: Place, portal: BlockingPortal) -> None:
    report = report_for("bubblewrap")
    assert report.bubblewrap is not None
    broken = replace(report, bubblewrap=replace(report.bubblewrap, path="/bin/false"))

    async def attempt(given: Report) -> Completed:
        async with Launcher(report=given) as launcher:
            argv = ["/bin/bash", "-c", "exit 1"]
            return await run(argv, Policy.read_only(), place.work, backend="bubblewrap", launcher=launcher)

    assert portal.call(attempt, broken).outcome == SetupFailed(exit_code=1)
    assert portal.call(attempt, report).outcome == Finished(exit_code=1)


def test_a_denial_names_the_path_and_the_grant(attempt: Attempt, place: Place) -> None:
    outcome = attempt(sh("denied", "echo a > $O/new"), place).outcome
    assert isinstance(outcome, Denied)
    assert outcome.path == place.outside / "new"
    assert outcome.grant == Grant(kind="write", path=place.outside)


def test_unprotected_paths_are_said_to_be_so(variant: Variant, place: Place, portal: BlockingPortal) -> None:
    (place.work / ".git").mkdir()
    backend: BackendName = "bubblewrap" if variant == "bubblewrap" else "landlock"

    async def unprotected() -> tuple[str, ...]:
        async with (
            Launcher(report=report_for(variant)) as launcher,
            await launcher.spawn(
                ["/bin/true"], cwd=place.work, env={}, policy=Policy.workspace_write(), backend=backend
            ) as process,
        ):
            return process.unprotected

    expected = (os.path.realpath(place.work / ".git"),) if variant == "alone" else ()
    assert portal.call(unprotected) == expected


def test_bubblewrap_separates_processes_and_network(place: Place, portal: BlockingPortal) -> None:
    report = report_for("bubblewrap")
    assert report.bubblewrap is not None

    async def links() -> list[str]:
        async with Launcher(report=report) as launcher:
            argv = ["readlink", *(f"/proc/self/ns/{name}" for name in ("mnt", "pid", "net"))]
            done = await run(argv, Policy.read_only(), place.work, backend="bubblewrap", launcher=launcher)
            return done.stdout.decode().split()

    own = [os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "pid", "net")]
    shared = [inside == outside for inside, outside in zip(portal.call(links), own, strict=True)]
    assert shared == [False, not report.bubblewrap.proc, not report.bubblewrap.network_namespace]


OLD_KERNEL = [row for row in FILES if row.name[:4] in ("fs03", "fs04", "fs05", "fs06", "fs09", "fs13", "fs15")]


@pytest.mark.parametrize("row", OLD_KERNEL, ids=str)
def test_a_kernel_whose_landlock_knows_no_truncation_lets_nothing_be_emptied(
    row: Row, place: Place, portal: BlockingPortal
) -> None:
    report = replace(report_for("alone"), landlock_abi=1)

    async def attempt() -> Completed:
        env = dict(os.environ, W=str(place.work), O=str(place.outside), X=str(place.extra), PORT="0", TRACE="0")
        async with Launcher(report=report) as launcher:
            policy = policy_for(place, row.policy)
            return await run(row.argv, policy, place.work, env, backend="landlock", launcher=launcher)

    done = portal.call(attempt)
    assert (done.exit_code == 0) is ("alone" in row.works), done
    assert row.leaves(place)
