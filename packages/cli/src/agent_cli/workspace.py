"""Where a run may happen."""

from pathlib import Path


class WorkspaceError(Exception):
    """The directory cannot be worked in."""

    def __init__(self, directory: Path, reason: str) -> None:
        self.directory = directory
        self.reason = reason
        super().__init__(f"{directory}: {reason}")


def is_in_git_repository(directory: Path) -> bool:
    """Tell whether ``directory`` or one above it holds a git repository or a linked work tree."""
    return any((folder / ".git").exists() for folder in (directory, *directory.parents))


def working_directory(chosen: str | None) -> Path:
    """Return the absolute directory of the run; ``chosen`` is the ``-C`` option or None.

    Raises ``WorkspaceError`` where it is no directory.
    """
    directory = Path(chosen or ".").resolve()
    if not directory.is_dir():
        raise WorkspaceError(directory, "is not a directory")
    return directory


def require_repository(directory: Path) -> None:
    """Raise ``WorkspaceError`` where ``directory`` is not inside a git repository."""
    if not is_in_git_repository(directory):
        raise WorkspaceError(
            directory,
            "is not inside a git repository, so changes could not be undone; --skip-git-repo-check runs anyway",
        )
