"""Tries each kernel mechanism in a process that is thrown away. Runs in an interpreter of its own."""

from __future__ import annotations

import errno
import marshal
import os
import socket

from agent_sandbox.linux import landlock, mount, seccomp, syscall

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_FAILED_SILENTLY = errno.EPROTO


def main() -> None:
    """Write the findings to descriptor 1: ``{name: value}``, an error number (0 for success) per mechanism."""
    try:
        abi, abi_error = landlock.abi(), 0
    except OSError as error:
        abi, abi_error = 0, error.errno or errno.EIO
    findings: dict[str, int] = {"abi": abi, "landlock": abi_error or _attempt(lambda: _try_landlock(abi))}
    machine = syscall.machine()
    findings["seccomp"] = _attempt(lambda: _try_seccomp(machine)) if machine else errno.ENOSYS
    findings["user_namespace"] = _attempt(lambda: syscall.unshare(mount.CLONE_NEWUSER))
    findings["direct"] = _attempt(lambda: _try_mount(mount.DIRECT))
    findings["user-namespace"] = _attempt(lambda: _try_mount(mount.IN_USER_NAMESPACE))
    os.write(1, marshal.dumps(findings))


def _attempt(trial: Callable[[], None]) -> int:
    """The error number of ``trial`` in a child of its own, 0 when it succeeds."""
    pid = os.fork()
    if pid == 0:
        code = _FAILED_SILENTLY
        try:
            trial()
            code = 0
        except OSError as error:
            code = error.errno or errno.EIO
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else _FAILED_SILENTLY


def _must_fail(number: int, action: Callable[[], object]) -> None:
    try:
        action()
    except OSError as error:
        if error.errno == number:
            return
        raise
    raise OSError(_FAILED_SILENTLY, "the restriction had no effect")


def _try_landlock(abi: int) -> None:
    syscall.forbid_new_privileges()
    landlock.restrict(landlock.handled(abi, network=False), ())
    _must_fail(errno.EACCES, lambda: os.listdir("/"))


def _try_seccomp(machine: str) -> None:
    syscall.forbid_new_privileges()
    seccomp.restrict(seccomp.program(machine, network=False), machine)
    _must_fail(errno.EPERM, lambda: socket.socket(socket.AF_INET))


def _try_mount(privilege: str) -> None:
    mount.enter(privilege)
    mount.arrange((b"/dev",), (b"/dev/null",), ())
    _must_fail(errno.EROFS, lambda: os.chmod("/", os.stat("/").st_mode & 0o7777))
