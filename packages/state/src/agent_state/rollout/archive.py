"""Moving rollout files between the dated folders and the archive. What a file says never changes."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from agent_state.errors import RolloutInvalid, RolloutMissing, RolloutWriteError
from agent_state.rollout.lock import ThreadLock
from agent_state.rollout.path import ARCHIVED, SESSIONS, dated_directory, parse_path


def archive_file(home: Path, path: Path, lock: ThreadLock) -> Path:
    """Move the file at ``path`` into the archive and return where it is now.

    Raises:
        RolloutInvalid: it does not lie among the threads of this home, or is not named as a rollout is.
        RolloutMissing: there is no such file.
        RolloutWriteError: it cannot be moved.
        ThreadLocked: somebody writes it.
    """
    _require_inside(path, home / SESSIONS)
    if parse_path(path) is None:
        raise RolloutInvalid(path, "its name is not that of a rollout")
    target = home / ARCHIVED / path.name
    _move(path, target, lock)
    return target


def unarchive_file(home: Path, path: Path, lock: ThreadLock) -> Path:
    """Move an archived file to the day its name tells, as changed just now, and return where it is.

    Raises:
        RolloutInvalid: it does not lie in the archive of this home, or its name tells no day.
        RolloutMissing, RolloutWriteError, ThreadLocked: as ``archive_file``.
    """
    _require_inside(path, home / ARCHIVED)
    named = parse_path(path)
    if named is None:
        raise RolloutInvalid(path, "its name does not tell the day it belongs to")
    target = dated_directory(home, named.stamp) / path.name
    _move(path, target, lock)
    with suppress(OSError):
        os.utime(target)
    return target


def _require_inside(path: Path, folder: Path) -> None:
    # Links are followed: a name in the folder may lead out of it.
    if not path.resolve().is_relative_to(folder.resolve()):
        raise RolloutInvalid(path, f"it does not lie under {folder}")


def _move(path: Path, target: Path, lock: ThreadLock) -> None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise RolloutMissing(path) from error
    except OSError as error:
        raise RolloutWriteError(path, error.errno or 0) from error
    try:
        lock.acquire(fd)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                raise RolloutWriteError(target, errno.EEXIST)
            path.rename(target)
        finally:
            lock.release()
    except OSError as error:
        raise RolloutWriteError(target, error.errno or 0) from error
    finally:
        os.close(fd)
