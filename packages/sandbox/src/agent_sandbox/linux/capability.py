"""Kernel capabilities: a confined command keeps at most those that concern file ownership."""

from __future__ import annotations

import os
import struct

from agent_sandbox.linux import syscall

FILE_OWNERSHIP = {"CAP_CHOWN": 0, "CAP_DAC_OVERRIDE": 1, "CAP_FOWNER": 3, "CAP_FSETID": 4}
"""What root keeps, so that a workspace owned by another user stays usable. CAP_DAC_READ_SEARCH is not among them: it
opens any file of a mounted disk by handle."""

_VERSION_3 = 0x20080522


def reduce(machine: str) -> None:
    """Drop every capability except the file-ownership ones of root. Raises ``OSError`` when refused.

    The bounding set stays as it is: no_new_privs, which every confined command has, keeps ``execve`` from handing out
    more than is held.
    """
    kept = sum(1 << number for number in FILE_OWNERSHIP.values()) & _permitted() if os.geteuid() == 0 else 0
    syscall.prctl("capability_ambient", syscall.PR_CAP_AMBIENT, syscall.PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("=Ii", _VERSION_3, 0)
    low, high = kept & 0xFFFFFFFF, kept >> 32
    syscall.call("capset", syscall.CAPSET[machine], header, struct.pack("=6I", low, low, 0, high, high, 0))


def _permitted() -> int:
    with open("/proc/self/status", "rb") as file:
        for line in file:
            if line.startswith(b"CapPrm:"):
                return int(line.split()[1], 16)
    return 0
