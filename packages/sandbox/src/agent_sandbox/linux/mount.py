"""A private mount namespace in which only the writable roots can be changed, not even their neighbours' modes."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from agent_sandbox.linux import syscall

DIRECT = "direct"
IN_USER_NAMESPACE = "user-namespace"
"""How a mount namespace is had: with the caller's own privilege, or inside a user namespace of its own."""

_CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_OPEN_TREE_CLONE = 1
_MOVE_MOUNT_FROM_EMPTY_PATH = 0x4
_ATTR_READ_ONLY = 0x1
_MS_NOSUID, _MS_NODEV = 0x2, 0x4
_MS_PRIVATE = 1 << 18


def enter(privilege: str) -> None:
    """Move this single-threaded process into a mount namespace of its own. Raises ``OSError`` when refused."""
    if privilege == DIRECT:
        syscall.unshare(_CLONE_NEWNS)
        return
    uid, gid = os.geteuid(), os.getegid()
    syscall.unshare(CLONE_NEWUSER | _CLONE_NEWNS)
    maps = (("setgroups", b"deny"), ("uid_map", b"%d %d 1" % (uid, uid)), ("gid_map", b"%d %d 1" % (gid, gid)))
    for name, data in maps:
        with open(f"/proc/self/{name}", "wb", buffering=0) as file:
            file.write(data)


def arrange(writable: Iterable[bytes], protected: Iterable[bytes], scratch: Iterable[bytes]) -> None:
    """Make every mount read-only except ``writable``, and ``protected`` read-only again.

    ``scratch`` are directories that become empty, writable and gone with the process. All paths are real and exist.
    The working directory must be entered anew afterwards: the old one still refers to the mount that was there before.
    Raises ``OSError`` when refused.
    """
    roots = tuple(writable)
    whole = b"/" in roots
    clones = [] if whole else [(_clone(root), root) for root in roots]
    _set(_AT_FDCWD, b"/", read_only=not whole)
    for path in scratch:
        syscall.mount_scratch(path, _MS_NOSUID | _MS_NODEV)
    for handle, root in clones:
        _attach(handle, root)
    for path in protected:
        handle = _clone(path)
        _set(handle, b"", read_only=True)
        _attach(handle, path)


def _clone(path: bytes) -> int:
    flags = _OPEN_TREE_CLONE | _AT_RECURSIVE | os.O_CLOEXEC
    return syscall.call("open_tree", syscall.OPEN_TREE, _AT_FDCWD, path, flags)


def _attach(handle: int, path: bytes) -> None:
    try:
        syscall.call("move_mount", syscall.MOVE_MOUNT, handle, b"", _AT_FDCWD, path, _MOVE_MOUNT_FROM_EMPTY_PATH)
    finally:
        os.close(handle)


def _set(handle: int, path: bytes, *, read_only: bool) -> None:
    attributes = struct.pack("=QQQQ", _ATTR_READ_ONLY if read_only else 0, 0, _MS_PRIVATE, 0)
    flags = _AT_RECURSIVE if path else _AT_RECURSIVE | _AT_EMPTY_PATH
    syscall.call("mount_setattr", syscall.MOUNT_SETATTR, handle, path, flags, attributes, len(attributes))
