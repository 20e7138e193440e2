"""Bubblewrap: a new view of the file system, process and network namespaces, and the seccomp filter by descriptor."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping

from agent_sandbox.command import STATUS_DESCRIPTOR, CommandRequest, PreparedCommand
from agent_sandbox.errors import SpawnFailed
from agent_sandbox.report import Bubblewrap, Report
from agent_sandbox.view import FileView, contains, file_view

NAME = "bubblewrap"
_FILTER_DESCRIPTOR = 3

_ROOT_PROC_COVERS = ("acpi", "bus", "dynamic_debug", "fs", "irq", "mtrr", "scsi", "sys", "sysrq-trigger")
"""What root could change for the whole host through a writable ``/proc``, ``core_pattern`` above all."""


def prepare(request: CommandRequest, report: Report) -> PreparedCommand:
    """Return ``request`` wrapped in bubblewrap.

    Raises ``SpawnFailed`` when the program is not there: bubblewrap's own answer could not be told from the command's.
    """
    if report.bubblewrap is None:
        raise ValueError("the report has no bubblewrap")
    _require_program(request.argv[0], request.cwd, request.env)
    found = report.bubblewrap
    policy = request.resolved.policy
    arguments = options(
        found,
        file_view(request.resolved),
        is_root=report.is_root,
        network=policy.full_network,
        full_write=policy.full_write,
    )
    arguments += ["--chdir", request.cwd, "--json-status-fd", str(STATUS_DESCRIPTOR)]
    files: tuple[tuple[int, bytes], ...] = ()
    if not policy.full_network:
        from agent_sandbox.linux import seccomp

        arguments += ["--seccomp", str(_FILTER_DESCRIPTOR)]
        files = ((_FILTER_DESCRIPTOR, seccomp.program(report.machine, network=False)),)
    arguments.append("--")
    if request.terminal and found.setsid:
        arguments += [found.setsid, "--ctty"]
    return PreparedCommand(
        backend=NAME,
        request=request,
        argv=(*arguments, *request.argv),
        files=files,
        reports_status=True,
        nested=True,
    )


def options(found: Bubblewrap, view: FileView, *, is_root: bool, network: bool, full_write: bool) -> list[str]:
    """Return the program and the options that build the sandbox, without descriptors and command.

    Order matters: the root first, then what must not be hidden by it, then writable roots, then protected paths last.
    """
    arguments = [found.path, "--new-session", "--die-with-parent", "--unshare-pid"]
    if found.user_namespace:
        arguments.append("--unshare-user")
    if found.network_namespace and not network:
        arguments.append("--unshare-net")
    arguments += ["--cap-drop", "ALL"]
    if is_root:
        from agent_sandbox.linux.capability import FILE_OWNERSHIP

        for name in FILE_OWNERSHIP:
            arguments += ["--cap-add", name]
    arguments += _root(view, full_write=full_write)
    arguments += ["--dev", "/dev"]
    if found.proc:
        arguments += ["--proc", "/proc"]
        if is_root and not found.user_namespace:
            for name in _ROOT_PROC_COVERS:
                arguments += ["--ro-bind-try", f"/proc/{name}", f"/proc/{name}"]
    for path in view.writable:
        if path != "/":
            arguments += ["--bind", path, path]
    for path in view.protected:
        arguments += ["--ro-bind", path, path]
    if view.readable is not None:
        arguments += ["--remount-ro", "/"]
    return arguments


def _root(view: FileView, *, full_write: bool) -> list[str]:
    if full_write or "/" in view.writable:
        return ["--bind", "/", "/"]
    if view.readable is None:
        return ["--ro-bind", "/", "/"]
    kept = [path for path in view.readable if not contains(("/dev", "/proc"), path)]
    arguments: list[str] = []
    for path in kept:
        arguments += ["--ro-bind", path, path]
    links = dict.fromkeys(link for name in view.readable_names for link in _links(name, kept))
    for target, link in links:
        arguments += ["--symlink", target, link]
    return arguments


def _links(path: str, bound: list[str]) -> Iterator[tuple[str, str]]:
    """The symbolic links on the way to ``path`` that no bound tree already brings, as (target, link)."""
    at = "/"
    parts = [part for part in path.split("/") if part]
    for position, part in enumerate(parts):
        at = os.path.join(at, part)
        if not os.path.islink(at):
            continue
        target = os.readlink(at)
        if not contains(bound, at):
            yield target, at
        rest = os.path.normpath(os.path.join(os.path.dirname(at), target, *parts[position + 1 :]))
        yield from _links(rest, bound)
        return


def _require_program(program: str, cwd: str, env: Mapping[str, str]) -> None:
    if "/" in program:
        candidates = [os.path.join(cwd, program)]
    else:
        candidates = [os.path.join(cwd, at, program) for at in env.get("PATH", os.defpath).split(os.pathsep)]
    found = [path for path in candidates if os.path.isfile(path)]
    if not found:
        raise SpawnFailed("exec", errno.ENOENT, program)
    if not any(os.access(path, os.X_OK) for path in found):
        raise SpawnFailed("exec", errno.EACCES, program)
