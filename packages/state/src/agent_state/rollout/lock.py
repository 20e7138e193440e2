"""One writer per thread: an advisory lock on the rollout file, and a note that names its holder.

The lock alone decides; it is the kernel's and ends with the process, so a killed owner leaves nothing to clear up.
The note is only read to tell the user whom to end. It lies apart from the rollouts, since readers of a shared home
look for thread ids in the names of the files there.
"""

import errno
import fcntl
import logging
import os
import socket
from contextlib import suppress
from pathlib import Path

import msgspec

from agent_state.errors import ThreadLocked

_log = logging.getLogger(__name__)
_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


class Owner(msgspec.Struct, frozen=True):
    """The holder of a lock."""

    pid: int
    host: str


class ThreadLock:
    """The lock of one thread, held from ``acquire`` until ``release`` or the closing of the file."""

    def __init__(self, home: Path, thread_id: str, path: Path) -> None:
        self._thread_id = thread_id
        self._path = path
        self._note = home / "locks" / f"{thread_id}.json"

    def acquire(self, fd: int) -> None:
        """Lock the open rollout. On a file system without locks this is noted in the log and goes on without.

        Raises:
            ThreadLocked: somebody else holds it.
        """
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = self._read_note()
            raise ThreadLocked(
                self._thread_id, self._path, owner.pid if owner else None, owner.host if owner else None
            ) from error
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            _log.warning("%s cannot be locked (%s); nothing keeps a second writer away", self._path, error)
            return
        with suppress(OSError):
            self._note.parent.mkdir(parents=True, exist_ok=True)
            self._note.write_bytes(msgspec.json.encode(Owner(os.getpid(), socket.gethostname())))

    def release(self) -> None:
        """Take the note away; the lock itself goes with the file."""
        with suppress(OSError):
            self._note.unlink()

    def _read_note(self) -> Owner | None:
        try:
            owner = msgspec.json.decode(self._note.read_bytes(), type=Owner)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return owner if owner.host != socket.gethostname() or _is_alive(owner.pid) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
