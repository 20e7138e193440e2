"""What happens in the child between ``fork`` and ``execve``."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import sys
import termios

from agent_sandbox.linux import capability, landlock, mount, seccomp, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, TypeAlias

    Paths: TypeAlias = tuple[bytes, ...]
    MountPlan: TypeAlias = tuple[str, Paths, Paths, Paths]
    LandlockPlan: TypeAlias = tuple[tuple[int, int, int], tuple[tuple[bytes, int], ...]]
    Confinement: TypeAlias = tuple[str, MountPlan | None, LandlockPlan | None, bytes]
    Order: TypeAlias = tuple[
        tuple[bytes, ...],
        dict[bytes, bytes],
        bytes,
        tuple[int, ...],
        tuple[tuple[int, bytes], ...],
        bool,
        bool,
        Confinement | None,
    ]

_PARKING = 16
"""Descriptors move above every number an order may name before taking their place, so that none overwrites another."""


class _Step(Exception):
    """A step failed: ``name`` of the step, the error number, and what it was about."""

    def __init__(self, name: str, number: int, subject: bytes) -> None:
        super().__init__(name)
        self.name = name
        self.number = number
        self.subject = subject


def become(order: Order, descriptors: list[int], report: int, server: int) -> NoReturn:
    """Turn this freshly forked process into the ordered command.

    ``descriptors`` are what came with the order; all others must be closed by ``execve``. ``report`` takes the failure
    if there is one. ``server`` is the process id that must still be the parent.
    """
    try:
        _default_signals()
        os.setsid()
        report = _place(order, descriptors, report)
        _start(order, server)
    except _Step as step:
        _tell(report, step.name, step.number, step.subject)
    except OSError as error:
        name = error.filename if isinstance(error.filename, str) else "start"
        _tell(report, name, error.errno or errno.EIO, b"")
    except BaseException as error:  # whatever it is, this process must not return into the server's loop
        _tell(report, "start", errno.EINVAL, repr(error).encode())
    finally:
        os._exit(127)


def _tell(report: int, step: str, number: int, subject: bytes) -> None:
    os.write(report, b"%d\0%s\0%s" % (number, step.encode(), subject))


def _start(order: Order, server: int) -> NoReturn:
    argv, env, cwd, _targets, _files, terminal, _nested, confinement = order
    if terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if confinement is None:
        _enter_directory(cwd)
    else:
        _confine(confinement, cwd)
    if sys.platform == "linux":
        syscall.prctl("parent_death_signal", syscall.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os._exit(127)
    _execute(argv, env)


def _default_signals() -> None:
    # ``execve`` resets handlers by itself but keeps what is ignored, here by Python and by the server.
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _place(order: Order, descriptors: list[int], report: int) -> int:
    """Give every descriptor its ordered number and return where ``report`` is now."""
    targets, files = order[3], order[4]
    sources = [*descriptors, *(_memory_file(data) for _, data in files)]
    numbers = [*targets, *(number for number, _ in files)]
    parked = [fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, _PARKING) for source in sources]
    report = fcntl.fcntl(report, fcntl.F_DUPFD_CLOEXEC, _PARKING)
    for source, number in zip(parked, numbers, strict=True):
        os.dup2(source, number)
    return report


def _memory_file(data: bytes) -> int:
    handle = os.memfd_create("data", os.MFD_CLOEXEC)
    os.write(handle, data)
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def _enter_directory(cwd: bytes) -> None:
    try:
        os.chdir(cwd)
    except OSError as error:
        raise _Step("cwd", error.errno or errno.EIO, cwd) from None


def _confine(confinement: Confinement, cwd: bytes) -> None:
    machine, mounts, rights, filter_program = confinement
    if mounts is not None:
        mount.enter(mounts[0])
        mount.arrange(*mounts[1:])
    _enter_directory(cwd)
    capability.reduce(machine)
    syscall.forbid_new_privileges()
    if rights is not None:
        landlock.restrict(*rights, terminals=_terminals())
    if filter_program:
        seccomp.restrict(filter_program, machine)


def _terminals() -> list[int]:
    return [number for number in (0, 1, 2) if stat.S_ISCHR(os.fstat(number).st_mode) and os.isatty(number)]


def _execute(argv: tuple[bytes, ...], env: dict[bytes, bytes]) -> NoReturn:
    program = argv[0]
    if b"/" in program:
        candidates = [program]
    else:
        path = env.get(b"PATH", os.fsencode(os.defpath))
        candidates = [os.path.join(folder, program) for folder in path.split(b":")]
    worst = errno.ENOENT
    for candidate in candidates:
        try:
            os.execve(candidate, argv, env)
        except OSError as error:
            if error.errno == errno.ENOEXEC:
                os.execve(b"/bin/sh", (b"/bin/sh", candidate, *argv[1:]), env)
            if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                worst = error.errno or errno.EIO
    raise _Step("exec", worst, program)
