"""Records taken out of a home as single files, and brought into one."""

import errno
import os
import shutil
from contextlib import suppress
from datetime import tzinfo
from pathlib import Path

from agent_state.errors import RolloutInvalid, RolloutWriteError, ThreadExists
from agent_state.rollout.cursor import parse_time
from agent_state.rollout.mend import mend_tail
from agent_state.rollout.path import canonical_id, dated_directory, find_path, new_path, parse_path
from agent_state.rollout.reader import read_meta


def export_file(source: Path, target: Path, *, replace: bool = False) -> None:
    """Copy the lines of a record to ``target``, all but a torn last one.

    ``replace`` allows that there is a file already. The copy has the time of the record's last change.

    Raises:
        RolloutMissing, RolloutInvalid, RolloutReadError: there is no record to be read.
        RolloutWriteError: the copy cannot be written; nothing of it is left.
    """
    read_meta(source)
    _copy(source, target, replace)


def import_file(home: Path, source: Path, zone: tzinfo | None = None) -> Path:
    """Copy a record into the threads of ``home`` under its own id and return where it is; ``source`` may be anywhere.

    Raises:
        RolloutMissing, RolloutInvalid, RolloutReadError: it is no record that can be read.
        ThreadExists: the home has this thread already.
        RolloutWriteError: it cannot be written; nothing of it is left.
    """
    thread_id = canonical_id(read_meta(source).id)
    if thread_id is None:
        raise RolloutInvalid(source, "its thread id is not one")
    for archived in (False, True):
        existing = find_path(home, thread_id, archived)
        if existing is not None:
            raise ThreadExists(thread_id, existing)
    target = _place(home, source, thread_id, zone)
    _copy(source, target, replace=False)
    return target


def _place(home: Path, source: Path, thread_id: str, zone: tzinfo | None) -> Path:
    named = parse_path(source)
    if named is not None and named.thread_id == thread_id:
        return dated_directory(home, named.stamp) / source.name
    created_at = parse_time(read_meta(source).timestamp)
    if created_at is None:
        raise RolloutInvalid(source, "neither its name nor its session meta tells when it was created")
    return new_path(home, thread_id, created_at, zone)


def _copy(source: Path, target: Path, replace: bool) -> None:
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        if target.exists() and not replace:
            raise RolloutWriteError(target, errno.EEXIST)
        target.parent.mkdir(parents=True, exist_ok=True)
        status = source.stat()
        with source.open("rb") as original, unfinished.open("x+b") as copy:
            shutil.copyfileobj(original, copy)
            copy.flush()
            mend_tail(copy.fileno())
            os.fsync(copy.fileno())
        os.utime(unfinished, ns=(status.st_atime_ns, status.st_mtime_ns))
        unfinished.replace(target)
    except OSError as error:
        raise RolloutWriteError(target, error.errno or 0) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
