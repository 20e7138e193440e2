"""Finds out what works on this host by trying it, not by reading version numbers."""

from __future__ import annotations

import errno
import functools
import marshal
import os
import platform
from dataclasses import replace

from agent_sandbox.report import BackendReport, Report

_TRIAL_SECONDS = 10.0
_SOCKET_LIMIT = "local servers (Docker, ssh-agent, D-Bus) doing things for the command once the network is on"
_PROC_LIMIT = "seeing the host's processes in /proc"
_SUBPATH_LIMIT = "writing to .git and agent settings inside a writable root"
_METADATA_LIMIT = "changing mode, owner, times and extended attributes of the user's files outside the writable roots"
_DEVICE_LIMIT = "ioctl calls on devices that may be opened for reading"
_SIGNAL_LIMIT = "signals to other processes of the same user"


def probe() -> Report:
    """Return what works here, and for the rest why not and what to do. Starts a few processes that end at once."""
    facts = Report(
        system=platform.system(),
        kernel=platform.release(),
        machine=platform.machine(),
        is_root=hasattr(os, "geteuid") and os.geteuid() == 0,
    )
    if facts.system != "Linux":
        return _refuse_all(facts, f"it needs Linux, and this is {facts.system}")
    from agent_sandbox.linux import syscall

    machine = syscall.machine()
    if machine is None:
        return _refuse_all(facts, f"the system call numbers of {facts.machine} are not known to it")
    from agent_sandbox.backends import bubblewrap_trial

    findings = _findings()
    facts = replace(
        facts,
        machine=machine,
        landlock_abi=findings["abi"],
        seccomp=findings["seccomp"] == 0,
        user_namespaces=findings["user_namespace"] == 0,
        mount_namespace=next((name for name in ("direct", "user-namespace") if findings[name] == 0), None),
    )
    found, bubblewrap = bubblewrap_trial.judge(facts)
    return replace(facts, bubblewrap=found, backends=(bubblewrap, _judge_landlock(facts, findings)))


@functools.cache
def cached_probe() -> Report:
    """Return the report of the first call in this process; a host rarely changes while a program runs."""
    return probe()


def _refuse_all(facts: Report, reason: str) -> Report:
    refusals = (
        BackendReport(name="bubblewrap", works=False, reason=reason),
        BackendReport(name="landlock", works=False, reason=reason),
    )
    return replace(facts, backends=refusals)


def _findings() -> dict[str, int]:
    """What ``trial`` found, by mechanism; all refused when it could not even run."""
    import subprocess

    from agent_sandbox.interpreter import module_command

    try:
        done = subprocess.run(
            module_command("trial"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TRIAL_SECONDS,
            check=True,
        )
        findings: dict[str, int] = marshal.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, EOFError, ValueError, TypeError):
        names = ("landlock", "seccomp", "user_namespace", "direct", "user-namespace")
        return {"abi": 0} | dict.fromkeys(names, errno.ECHILD)
    return findings


def _judge_landlock(facts: Report, findings: dict[str, int]) -> BackendReport:
    problem = findings["landlock"]
    if problem:
        reason, remedy = _landlock_problem(problem)
        return BackendReport(name="landlock", works=False, reason=reason, remedy=remedy)
    if not facts.seccomp:
        reason = f"the kernel refuses seccomp filters: {os.strerror(findings['seccomp'])}"
        remedy = "use a kernel with CONFIG_SECCOMP_FILTER; in a container, allow the seccomp call"
        return BackendReport(name="landlock", works=False, reason=reason, remedy=remedy)
    mounts = facts.mount_namespace is not None
    return BackendReport(name="landlock", works=True, protects_subpaths=mounts, limits=_landlock_limits(facts))


def _landlock_problem(number: int) -> tuple[str, str]:
    if number == errno.ENOSYS:
        return "the kernel has no Landlock", "use Linux 5.13 or later with CONFIG_SECURITY_LANDLOCK, or bubblewrap"
    if number == errno.EOPNOTSUPP:
        return "Landlock is switched off", 'add "landlock" to the lsm= boot parameter, or install bubblewrap'
    if number == errno.EPERM:
        return "the Landlock calls are forbidden here", "let the container's seccomp profile allow the landlock calls"
    if number == errno.ECHILD:
        return "the trial process could not be run", "check that the Python interpreter can start new processes"
    return f"the trial failed: {os.strerror(number)}", "install bubblewrap"


def _landlock_limits(facts: Report) -> tuple[str, ...]:
    from agent_sandbox.linux import landlock

    limits = [_SOCKET_LIMIT, _PROC_LIMIT]
    if facts.mount_namespace is None:
        limits += [_SUBPATH_LIMIT, _METADATA_LIMIT]
    if facts.landlock_abi < landlock.ABI_IOCTL_DEV:
        limits.append(_DEVICE_LIMIT)
    if facts.landlock_abi < landlock.ABI_SCOPE:
        limits.append(_SIGNAL_LIMIT)
    return tuple(limits)
