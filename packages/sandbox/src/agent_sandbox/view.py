"""The file system a command should see: canonical, existing paths that a back end can hand to the kernel."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from agent_sandbox.policy import ResolvedPolicy


@dataclass(frozen=True, kw_only=True)
class FileView:
    """Real paths, sorted, none inside another of its kind.

    ``writable`` may be written except for ``protected``; ``readable`` of ``None`` means everything.
    ``readable_names`` are the readable roots as configured, for a back end that must rebuild symbolic links to them.
    """

    writable: tuple[str, ...]
    protected: tuple[str, ...]
    readable: tuple[str, ...] | None
    readable_names: tuple[str, ...] = ()


def file_view(resolved: ResolvedPolicy) -> FileView:
    """Return the view of ``resolved``. Roots that do not exist are left out; they grant nothing.

    A root inside another root is dropped, for two reasons: it adds nothing, and a command running in the outer root
    could swap it for a symbolic link between this look and the next command's start.
    """
    writable = outermost(os.path.realpath(root.path) for root in resolved.writable_roots if os.path.exists(root.path))
    protected = outermost(
        real
        for root in resolved.writable_roots
        for path in root.read_only
        if contains(writable, real := os.path.realpath(path))
    )
    readable = resolved.readable_roots
    return FileView(
        writable=writable,
        protected=protected,
        readable=None if readable is None else outermost(os.path.realpath(p) for p in readable if os.path.exists(p)),
        readable_names=tuple(str(path) for path in readable or () if os.path.exists(path)),
    )


def contains(roots: Iterable[str], path: str) -> bool:
    """Return whether ``path`` is one of ``roots`` or below one of them."""
    return any(root == "/" or path == root or path.startswith(root + "/") for root in roots)


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Return ``paths`` sorted, without those that lie inside another."""
    result: list[str] = []
    for path in sorted(set(paths), key=lambda path: path.split("/")):
        if not contains(result, path):
            result.append(path)
    return tuple(result)
