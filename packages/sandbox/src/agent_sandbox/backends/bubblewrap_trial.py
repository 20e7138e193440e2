"""Finds bubblewrap and the way of calling it that works here, by running it."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path

from agent_sandbox.backends import bubblewrap
from agent_sandbox.report import BackendReport, Bubblewrap, Report
from agent_sandbox.view import FileView

PROGRAM_VARIABLE = "AGENT_BWRAP"
"""Environment variable with the absolute path of the bubblewrap program to use instead of the system's."""

_SYSTEM_FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin", "/run/wrappers/bin", "/run/current-system/sw/bin")
_TRIAL_SECONDS = 10.0
_HOST_PROC_LIMIT = "seeing the host's processes in /proc"
_SOCKET_LIMIT = "local servers (Docker, ssh-agent, D-Bus) doing things for the command once the network is on"


def judge(facts: Report) -> tuple[Bubblewrap | None, BackendReport]:
    """Return the program with its working options, and the report of the back end."""
    chosen = os.environ.get(PROGRAM_VARIABLE)
    if chosen and not os.path.isfile(chosen):
        return None, _refusal(f"{chosen} is not there", f"correct or unset the variable {PROGRAM_VARIABLE}")
    path = chosen or _system_program("bwrap")
    if path is None:
        reason = f"there is no bwrap program in {', '.join(_SYSTEM_FOLDERS)}"
        remedy = "install the package called bubblewrap with the system's package manager"
        return None, _refusal(reason, remedy)
    if not facts.seccomp:
        return None, _refusal("the kernel refuses seccomp filters", "use a kernel with CONFIG_SECCOMP_FILTER")
    version = _output([path, "--version"])
    base = Bubblewrap(
        path=path, version=version.split()[-1] if version else "unknown", setsid=_system_program("setsid")
    )
    problem = ""
    for user, network, proc in itertools.product((False, True)[: 1 + facts.is_root], (True, False), (True, False)):
        found = replace(base, user_namespace=user, network_namespace=network, proc=proc)
        answer = _try(found, facts)
        if not answer:
            return found, _approval(found)
        problem = problem or answer
    return base, _refusal(f"{path} fails: {problem}", _remedy(problem))


def _approval(found: Bubblewrap) -> BackendReport:
    limits = (_SOCKET_LIMIT,) if found.proc else (_SOCKET_LIMIT, _HOST_PROC_LIMIT)
    return BackendReport(name="bubblewrap", works=True, protects_subpaths=True, limits=limits)


def _refusal(reason: str, remedy: str) -> BackendReport:
    return BackendReport(name="bubblewrap", works=False, reason=reason, remedy=remedy)


def _system_program(name: str) -> str | None:
    """The program ``name`` in the system's own folders.

    ``PATH`` is not asked: it often starts with a virtual environment inside the workspace, where a confined command
    could leave a program of that name to be run unconfined next time.
    """
    for folder in _SYSTEM_FOLDERS:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def _try(found: Bubblewrap, facts: Report) -> str:
    """What bubblewrap says when asked to confine its own ``--version``, ``""`` when that works."""
    from agent_sandbox.linux import seccomp

    view = FileView(writable=("/tmp",) if os.path.isdir("/tmp") else (), protected=(), readable=None)
    options = bubblewrap.options(found, view, is_root=facts.is_root, network=False, full_write=False)
    handle = os.memfd_create("filter")
    try:
        os.write(handle, seccomp.program(facts.machine, network=False))
        os.lseek(handle, 0, os.SEEK_SET)
        return _complaint([*options, "--seccomp", str(handle), "--", found.path, "--version"], handle)
    finally:
        os.close(handle)


def _complaint(argv: list[str], handle: int) -> str:
    import subprocess

    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            pass_fds=(handle,),
            timeout=_TRIAL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit status {done.returncode}"


def _output(argv: list[str]) -> str:
    import subprocess

    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TRIAL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip()


def _remedy(problem: str) -> str:
    """What lifts the usual obstacles; the order is from the most specific cause to the least."""
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor keeps unprivileged programs from using user namespaces: load a profile that lets bwrap use them, "
            "or set the sysctl kernel.apparmor_restrict_unprivileged_userns to 0"
        )
    if _setting("kernel/unprivileged_userns_clone") == "0":
        return "set the sysctl kernel.unprivileged_userns_clone to 1"
    if _setting("user/max_user_namespaces") == "0":
        return "set the sysctl user.max_user_namespaces to a number above 0"
    if "Unknown option" in problem:
        return "install a newer bubblewrap (0.5 or later)"
    return "in a container, allow it to create namespaces; or use the landlock back end, which needs none"


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text(encoding="ascii").strip()
    except OSError:
        return ""
