"""A lock between processes, for the few moments in which an index is made, upgraded or set aside."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent_state.errors import IndexLocked, IndexUnreachable

WAIT_SECONDS = 15.0
_POLL_SECONDS = 0.01


@contextmanager
def held(lock: Path, where: str) -> Iterator[None]:
    """Hold the lock file for the length of the block. Where files cannot be locked, go on without.

    Raises:
        IndexLocked: another process held it for too long.
        IndexUnreachable: the lock file cannot be made.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise IndexUnreachable(where, str(error)) from error
    try:
        _acquire(fd, where)
        yield
    finally:
        os.close(fd)


def _acquire(fd: int, where: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise IndexLocked(where) from None
            time.sleep(_POLL_SECONDS)
        except OSError:
            return
        else:
            return
