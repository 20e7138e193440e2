"""A seccomp filter assembled by hand: no sockets that leave the process tree, no tracing, no io_uring."""

from __future__ import annotations

import ctypes
import struct

from agent_sandbox.linux import syscall

_LOAD = 0x20
_AND = 0x54
_JUMP_EQUAL = 0x15
_JUMP_GREATER_EQUAL = 0x35
_JUMP_SET = 0x45
_RETURN = 0x06

ALLOW = 0x7FFF0000
DENY = 0x00050001
"""Fail with EPERM."""
ABSENT = 0x00050026
"""Fail with ENOSYS, so that the caller falls back to an older call."""
KILL = 0x80000000

_SECCOMP_SET_MODE_FILTER = 1
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The machine's number as the kernel tells it to a filter."""
_NUMBER_OFFSET, _ARCH_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16
_X32_BIT = 0x40000000

_AF_UNIX = 1
_SOCK_TYPE_MASK = 0xF
_SOCK_STREAM, _SOCK_SEQPACKET = 1, 5
_O_ACCMODE, _O_TRUNC = 0x3, 0x200

_SHARED = {"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "openat2": 437}
_NUMBERS: dict[str, dict[str, int]] = {
    "x86_64": _SHARED
    | {
        "socket": 41,
        "connect": 42,
        "accept": 43,
        "sendto": 44,
        "shutdown": 48,
        "bind": 49,
        "listen": 50,
        "getsockname": 51,
        "getpeername": 52,
        "socketpair": 53,
        "setsockopt": 54,
        "getsockopt": 55,
        "ptrace": 101,
        "accept4": 288,
        "recvmmsg": 299,
        "sendmmsg": 307,
        "open": 2,
        "truncate": 76,
        "openat": 257,
    },
    "aarch64": _SHARED
    | {
        "socket": 198,
        "socketpair": 199,
        "bind": 200,
        "listen": 201,
        "accept": 202,
        "connect": 203,
        "getsockname": 204,
        "getpeername": 205,
        "sendto": 206,
        "setsockopt": 208,
        "getsockopt": 209,
        "shutdown": 210,
        "ptrace": 117,
        "accept4": 242,
        "recvmmsg": 243,
        "sendmmsg": 269,
        "truncate": 45,
        "openat": 56,
    },
}

DENIED = (
    "ptrace",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "connect",
    "accept",
    "accept4",
    "bind",
    "listen",
    "getpeername",
    "getsockname",
    "shutdown",
    "sendto",
    "sendmmsg",
    "recvmmsg",
    "getsockopt",
    "setsockopt",
)
"""Calls refused outright while the network is off. ``sendmsg`` and the receiving calls stay, for socket pairs."""


class _Assembly:
    """Instructions with named jump targets; an empty target name is the next instruction."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, int, str, str]] = []
        self.labels: dict[str, int] = {}

    def load(self, offset: int) -> None:
        self.lines.append((_LOAD, offset, "", ""))

    def load_argument(self, index: int) -> None:
        self.load(_ARGUMENTS_OFFSET + 8 * index)

    def mask(self, value: int) -> None:
        self.lines.append((_AND, value, "", ""))

    def jump(self, code: int, value: int, then: str = "", otherwise: str = "") -> None:
        self.lines.append((code, value, then, otherwise))

    def label(self, name: str) -> None:
        self.labels[name] = len(self.lines)

    def verdict(self, value: int) -> None:
        self.lines.append((_RETURN, value, "", ""))

    def encode(self) -> bytes:
        return b"".join(
            struct.pack("=HBBI", code, self._distance(at, then), self._distance(at, otherwise), value)
            for at, (code, value, then, otherwise) in enumerate(self.lines)
        )

    def _distance(self, at: int, name: str) -> int:
        return self.labels[name] - at - 1 if name else 0


def numbers(machine: str) -> dict[str, int]:
    """Return the call numbers of ``machine`` that the filter knows, by name."""
    return _NUMBERS[machine]


def program(machine: str, *, network: bool, guard_truncation: bool = False) -> bytes:
    """Return the filter, or ``b""`` when there is nothing to filter.

    Without ``network``, a socket can only be a local stream made by ``socketpair`` or never connected. Local datagram
    sockets are refused too: ``sendmsg`` could address any server on the host with them.
    ``guard_truncation`` stops a file being emptied without the right to write it, which Landlock learnt with ABI 3.
    """
    if network and not guard_truncation:
        return b""
    calls = numbers(machine)
    code = _Assembly()
    code.load(_ARCH_OFFSET)
    code.jump(_JUMP_EQUAL, AUDIT_ARCH[machine], otherwise="kill")
    code.load(_NUMBER_OFFSET)
    if machine == "x86_64":
        code.jump(_JUMP_GREATER_EQUAL, _X32_BIT, then="deny")
    if not network:
        for name in DENIED:
            code.jump(_JUMP_EQUAL, calls[name], then="deny")
        for name in ("socket", "socketpair"):
            code.jump(_JUMP_EQUAL, calls[name], then="domain")
    if guard_truncation:
        code.jump(_JUMP_EQUAL, calls["truncate"], then="deny")
        code.jump(_JUMP_EQUAL, calls["openat2"], then="absent")
        code.jump(_JUMP_EQUAL, calls["openat"], then="openat")
        if "open" in calls:
            code.jump(_JUMP_EQUAL, calls["open"], then="open")
    code.label("allow")
    code.verdict(ALLOW)
    if not network:
        _socket_rules(code)
    if guard_truncation:
        _open_rules(code, "openat", flags_index=2)
        if "open" in calls:
            _open_rules(code, "open", flags_index=1)
    for name, value in (("permit", ALLOW), ("deny", DENY), ("absent", ABSENT), ("kill", KILL)):
        code.label(name)
        code.verdict(value)
    return code.encode()


def _socket_rules(code: _Assembly) -> None:
    code.label("domain")
    code.load_argument(0)
    code.jump(_JUMP_EQUAL, _AF_UNIX, otherwise="deny")
    code.load_argument(1)
    code.mask(_SOCK_TYPE_MASK)
    code.jump(_JUMP_EQUAL, _SOCK_STREAM, then="permit")
    code.jump(_JUMP_EQUAL, _SOCK_SEQPACKET, then="permit", otherwise="deny")


def _open_rules(code: _Assembly, label: str, *, flags_index: int) -> None:
    code.label(label)
    code.load_argument(flags_index)
    code.jump(_JUMP_SET, _O_TRUNC, otherwise="permit")
    code.mask(_O_ACCMODE)
    code.jump(_JUMP_EQUAL, 0, then="deny", otherwise="permit")


def restrict(filter_program: bytes, machine: str) -> None:
    """Apply ``filter_program`` to this process for good. Needs no_new_privs. Raises ``OSError`` when refused."""
    buffer = ctypes.create_string_buffer(filter_program, len(filter_program))
    header = struct.pack("=H6xQ", len(filter_program) // 8, ctypes.addressof(buffer))
    syscall.call("seccomp", syscall.SECCOMP[machine], _SECCOMP_SET_MODE_FILTER, 0, header)
