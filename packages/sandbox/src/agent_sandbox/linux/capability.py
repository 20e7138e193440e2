"""Kernel capabilities: a confined command keeps at most those that concern file ownership."""

from __future__ import annotations

import os
import struct

from agent_sandbox.linux import syscall

FILE_OWNERSHIP = {"CAP_CHOWN": 0, "CAP_DAC_OVERRIDE": 1, "CAP_FOWNER": 3, "CAP_FSETID": 4}
"""What root keeps, so that a workspace owned by another user stays usable. CAP_DAC_READ_SEARCH is not among them: it
opens any file of a mounted disk by handle."""

_VERSION_3 = 0x20080522
_LAST_POSSIBLE = 63


def reduce(machine: str) -> None:
    """Drop every capability, for good, except the file-ownership ones of root. Raises ``OSError`` when refused."""
    kept = frozenset(FILE_OWNERSHIP.values()) if os.geteuid() == 0 else frozenset()
    for number in range(_LAST_POSSIBLE + 1):
        if number in kept:
            continue
        try:
            syscall.prctl("capability_bound", syscall.PR_CAPBSET_DROP, number)
        except OSError:
            break
    syscall.prctl("capability_ambient", syscall.PR_CAP_AMBIENT, syscall.PR_CAP_AMBIENT_CLEAR_ALL)
    held = sum(1 << number for number in kept) & _permitted()
    header = struct.pack("=Ii", _VERSION_3, 0)
    low, high = held & 0xFFFFFFFF, held >> 32
    syscall.call("capset", syscall.CAPSET[machine], header, struct.pack("=6I", low, low, 0, high, high, 0))


def _permitted() -> int:
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("CapPrm:"):
                return int(line.split()[1], 16)
    return 0
