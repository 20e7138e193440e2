"""Landlock and seccomp, applied by the fork server; where the kernel allows it, inside a mount namespace as well.

Landlock grants rights to whole trees, so it cannot keep ``.git`` read-only inside a writable root, and it has no say in
modes, owners and times. A private mount namespace does both. It needs no program, only root or user namespaces; the
probe tries it once, and where it is refused those two limits stand and are reported.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from agent_sandbox.command import CommandRequest, PreparedCommand
from agent_sandbox.report import Report
from agent_sandbox.view import FileView, file_view

if TYPE_CHECKING:
    from agent_sandbox.linux.child import Confinement

NAME = "landlock"


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
    mounts = None
    if report.mount_namespace:
        mounts = (report.mount_namespace, _encoded(view.writable), _encoded(view.protected))
    rights = landlock.handled(report.landlock_abi, network=network), _rules(view, terminal=request.terminal)
    guard = mounts is None and report.landlock_abi < landlock.ABI_TRUNCATE
    return report.machine, mounts, rights, seccomp.program(report.machine, network=network, guard_truncation=guard)


def _rules(view: FileView, *, terminal: bool) -> tuple[tuple[bytes, int], ...]:
    from agent_sandbox.linux import landlock

    rules = [(path, landlock.READ) for path in _encoded(("/",) if view.readable is None else view.readable)]
    rules += [(path, landlock.WRITE) for path in _encoded(view.writable)]
    rules.append((b"/dev/null", landlock.DEVICE))
    if terminal:
        rules.append((b"/dev/tty", landlock.DEVICE))
    return tuple(rules)


def _encoded(paths: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(map(os.fsencode, paths))
