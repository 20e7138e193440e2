"""Landlock: which file-system rights a process keeps, per directory tree."""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Iterable

from agent_sandbox.linux import syscall

EXECUTE = 0x1
WRITE_FILE = 0x2
READ_FILE = 0x4
READ_DIR = 0x8
MAKE_CHAR = 0x40
MAKE_BLOCK = 0x800
REFER = 0x2000
TRUNCATE = 0x4000
IOCTL_DEV = 0x8000

READ = EXECUTE | READ_FILE | READ_DIR
WRITE = 0xFFFF & ~(MAKE_CHAR | MAKE_BLOCK)
"""Everything inside a writable directory. Device nodes are left out: with them root could write to a raw disk."""
DEVICE = READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV
_FILE_RIGHTS = EXECUTE | DEVICE

NET_TCP = 0x3
"""Bind and connect of TCP sockets (ABI 4)."""
SCOPE_ABSTRACT_UNIX = 0x1
SCOPE_SIGNAL = 0x2
"""Scopes (ABI 6): no abstract socket and no signal reaches a process outside."""

_QUERY_VERSION = 1
_RULE_PATH_BENEATH = 1
_ABI_REFER = 2
ABI_TRUNCATE = 3
_ABI_NET = 4
ABI_IOCTL_DEV = 5
ABI_SCOPE = 6


def abi() -> int:
    """Return the kernel's ABI version. Raises ``OSError``: ENOSYS where it is absent, EOPNOTSUPP where switched off."""
    return syscall.call("landlock", syscall.LANDLOCK_CREATE_RULESET, None, 0, _QUERY_VERSION)


def handled(version: int, *, network: bool) -> tuple[int, int, int]:
    """Return the rights to give up unless a rule keeps them: (files, TCP, scopes), as far as ``version`` knows."""
    fs = 0x1FFF
    if version >= _ABI_REFER:
        fs |= REFER
    if version >= ABI_TRUNCATE:
        fs |= TRUNCATE
    if version >= ABI_IOCTL_DEV:
        fs |= IOCTL_DEV
    tcp = NET_TCP if version >= _ABI_NET and not network else 0
    scopes = 0
    if version >= ABI_SCOPE:
        scopes = SCOPE_SIGNAL if network else SCOPE_SIGNAL | SCOPE_ABSTRACT_UNIX
    return fs, tcp, scopes


def restrict(rights: tuple[int, int, int], rules: Iterable[tuple[bytes, int]], terminals: Iterable[int] = ()) -> None:
    """Give up ``rights`` (see ``handled``) for good, except what ``rules`` keep: (path, rights) pairs.

    A rule whose path is not there or cannot be reached is skipped: there is nothing to grant. ``terminals`` are
    descriptors whose device may be opened again by name, as ``/dev/stderr`` does.
    Needs no_new_privs. Raises ``OSError`` when refused.
    """
    fs, tcp, scopes = rights
    attributes = struct.pack("=QQQ", fs, tcp, scopes)
    size = 24 if scopes else 16 if tcp else 8
    ruleset = syscall.call("landlock_create_ruleset", syscall.LANDLOCK_CREATE_RULESET, attributes, size, 0)
    try:
        for path, kept in rules:
            try:
                target = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
                    continue
                raise
            try:
                _add(ruleset, target, kept & fs)
            finally:
                os.close(target)
        for target in terminals:
            _add(ruleset, target, DEVICE & fs)
        syscall.call("landlock_restrict_self", syscall.LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _add(ruleset: int, target: int, rights: int) -> None:
    if not stat.S_ISDIR(os.fstat(target).st_mode):
        rights &= _FILE_RIGHTS
    if rights:
        rule = struct.pack("=Qi", rights, target)
        syscall.call("landlock_add_rule", syscall.LANDLOCK_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
