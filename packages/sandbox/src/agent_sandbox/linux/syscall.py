"""System calls the standard library does not offer, through the C library that is already loaded."""

from __future__ import annotations

import ctypes
import os

OPEN_TREE = 428
MOVE_MOUNT = 429
MOUNT_SETATTR = 442
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_ADD_RULE = 445
LANDLOCK_RESTRICT_SELF = 446
SECCOMP = {"x86_64": 317, "aarch64": 277}
CAPSET = {"x86_64": 126, "aarch64": 91}

PR_SET_PDEATHSIG = 1
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
_PR_SET_NO_NEW_PRIVS = 38

_ALIASES = {"amd64": "x86_64", "arm64": "aarch64"}
_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long


def machine() -> str | None:
    """Return ``"x86_64"`` or ``"aarch64"``, or ``None`` where the numbers of the calls are not known.

    A 32-bit interpreter on a 64-bit kernel makes the calls of another machine, so it counts as unknown.
    """
    name = os.uname().machine
    name = _ALIASES.get(name, name)
    return name if name in SECCOMP and ctypes.sizeof(ctypes.c_void_p) == 8 else None


def call(what: str, number: int, *args: int | bytes | None) -> int:
    """Make system call ``number`` and return its result.

    Raises ``OSError`` with ``what`` as its file name when the kernel refuses.
    """
    converted = [ctypes.c_long(value) if isinstance(value, int) else value for value in args]
    result: int = _LIBC.syscall(ctypes.c_long(number), *converted)
    return _checked(result, what)


def prctl(what: str, option: int, value: int) -> None:
    """Make a ``prctl`` call whose further arguments are zero. Raises ``OSError`` like ``call``."""
    zero = ctypes.c_ulong(0)
    _checked(_LIBC.prctl(option, ctypes.c_ulong(value), zero, zero, zero), what)


def unshare(flags: int) -> None:
    """Move this process into new namespaces. Raises ``OSError`` when the kernel refuses."""
    _checked(_LIBC.unshare(ctypes.c_int(flags)), "unshare")


def mount_scratch(path: bytes, flags: int) -> None:
    """Mount an empty file system in memory over ``path``. Raises ``OSError`` when the kernel refuses."""
    _checked(_LIBC.mount(b"tmpfs", path, b"tmpfs", ctypes.c_ulong(flags), b"mode=1777"), "mount")


def forbid_new_privileges() -> None:
    """Make it impossible for this process and its children to gain privileges by ``execve``."""
    prctl("no_new_privs", _PR_SET_NO_NEW_PRIVS, 1)


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)
    return result
