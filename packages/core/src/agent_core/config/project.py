"""Where a project begins, and which directories lie between there and the working directory."""

from collections.abc import Sequence
from pathlib import Path

DEFAULT_MARKERS = (".git",)


def project_root(cwd: Path, markers: Sequence[str] = DEFAULT_MARKERS) -> Path:
    """Return the nearest directory from ``cwd`` upwards that holds one of ``markers``, or ``cwd`` if none does."""
    for directory in (cwd, *cwd.parents):
        if any(_exists(directory / marker) for marker in markers):
            return directory
    return cwd


def directories_down(root: Path, cwd: Path) -> list[Path]:
    """Return the directories from ``root`` down to ``cwd``, both included."""
    below = [directory for directory in cwd.parents if directory.is_relative_to(root)]
    return [*reversed(below), cwd]


def repository_root(cwd: Path) -> Path | None:
    """Return the root of the main git repository ``cwd`` is in; for a worktree, that of the one it belongs to."""
    root = project_root(cwd)
    git = root / ".git"
    if not _exists(git):
        return None
    if not git.is_file():
        return root
    return _main_repository(git) or root


def _main_repository(pointer: Path) -> Path | None:
    """Follow the ``.git`` file of a worktree: it names ``<main>/.git/worktrees/<name>``."""
    try:
        text = pointer.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    label, _, value = text.partition(":")
    if label.strip() != "gitdir" or not value.strip():
        return None
    target = (pointer.parent / value.strip()).resolve()
    git = target.parent.parent
    return git.parent if target.parent.name == "worktrees" and git.name == ".git" else None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
