"""Landlock and seccomp, applied by the fork server; where the kernel allows it, inside a mount namespace as well.

Landlock grants rights to whole trees, so it cannot keep ``.git`` read-only inside a writable root, and it has no say in
modes, owners and times. A private mount namespace does both, and gives the command shared memory of its own. It needs
no program, only root or user namespaces; the probe tries it once, and where it is refused those limits stand and are
reported.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from agent_sandbox.command import CommandRequest, PreparedCommand
from agent_sandbox.report import Report
from agent_sandbox.view import FileView, contains, file_view

if TYPE_CHECKING:
    from agent_sandbox.linux.child import Confinement

NAME = "landlock"
_SHARED_MEMORY = "/dev/shm"


def prepare(request: CommandRequest, report: Report) -> PreparedCommand:
    """Return ``request`` with the confinement its policy asks for, as strict as this kernel knows."""
    policy = request.resolved.policy
    view = file_view(request.resolved)
    return PreparedCommand(
        backend=NAME,
        request=request,
        argv=request.argv,
        confinement=_confinement(request, view, report),
        unprotected=() if report.mount_namespace or policy.full_write else view.protected,
    )


def _confinement(request: CommandRequest, view: FileView, report: Report) -> Confinement:
    from agent_sandbox.linux import landlock, seccomp

    policy = request.resolved.policy
    network = policy.full_network
    if policy.full_write:
        return report.machine, None, None, seccomp.program(report.machine, network=network)
    mounts, writable = None, view.writable
    if report.mount_namespace:
        scratch = _scratch(view)
        mounts = (report.mount_namespace, _encoded(view.writable), _encoded(view.protected), _encoded(scratch))
        writable += scratch
    rules = _rules(view.readable, writable, terminal=request.terminal)
    rights = landlock.handled(report.landlock_abi, network=network), rules
    guard = mounts is None and report.landlock_abi < landlock.ABI_TRUNCATE
    return report.machine, mounts, rights, seccomp.program(report.machine, network=network, guard_truncation=guard)


def _scratch(view: FileView) -> tuple[str, ...]:
    """Shared memory of the command's own, unless the policy is about the host's.

    Semaphores live there, so without it not even a pool of worker processes starts.
    """
    concerned = any(contains((_SHARED_MEMORY,), path) for path in view.writable)
    usable = os.path.isdir(_SHARED_MEMORY) and not os.path.islink(_SHARED_MEMORY)
    return (_SHARED_MEMORY,) if usable and not concerned and not contains(view.writable, _SHARED_MEMORY) else ()


def _rules(
    readable: tuple[str, ...] | None, writable: tuple[str, ...], *, terminal: bool
) -> tuple[tuple[bytes, int], ...]:
    from agent_sandbox.linux import landlock

    rules = [(path, landlock.READ) for path in _encoded(("/",) if readable is None else readable)]
    rules += [(path, landlock.WRITE) for path in _encoded(writable)]
    rules.append((b"/dev/null", landlock.DEVICE))
    if terminal:
        rules.append((b"/dev/tty", landlock.DEVICE))
    return tuple(rules)


def _encoded(paths: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(map(os.fsencode, paths))
