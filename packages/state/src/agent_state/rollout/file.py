"""An open rollout file: locked, appended to in whole batches, never left with half a line."""

import errno
import logging
import os
from contextlib import suppress
from pathlib import Path

from agent_state.errors import RolloutMissing, RolloutWriteError
from agent_state.rollout.lock import ThreadLock
from agent_state.rollout.mend import mend_tail

_log = logging.getLogger(__name__)


class RolloutFile:
    """Owns the descriptor and the lock. Every method blocks and belongs on a worker thread."""

    def __init__(self, path: Path, fd: int, lock: ThreadLock) -> None:
        self.path = path
        self._fd = fd
        self._lock = lock
        self._cut_back_to: int | None = None

    @classmethod
    def create(cls, path: Path, lock: ThreadLock, first: bytes) -> "RolloutFile":
        """Make the file and its directories, and write ``first``; when that fails, no file is left behind.

        Raises:
            RolloutWriteError: it could not be made.
            ThreadLocked: somebody was faster.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise RolloutWriteError(path, error.errno or 0) from error
        file = cls._locked(path, fd, lock)
        try:
            file.append(first)
        except RolloutWriteError:
            with suppress(OSError):
                path.unlink()
            file.close()
            raise
        return file

    @classmethod
    def open(cls, path: Path, lock: ThreadLock) -> "RolloutFile":
        """Open an existing file to append to it, and mend its last line.

        Raises:
            RolloutMissing: there is none.
            RolloutWriteError: it cannot be opened for writing, or not be mended.
            ThreadLocked: somebody else writes it.
        """
        try:
            fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise RolloutMissing(path) from error
        except OSError as error:
            raise RolloutWriteError(path, error.errno or 0) from error
        file = cls._locked(path, fd, lock)
        try:
            mend = mend_tail(fd)
        except OSError as error:
            file.close()
            raise RolloutWriteError(path, error.errno or 0) from error
        if mend:
            _log.warning("mended the last line of %s (%d torn bytes cut off)", path, mend.cut_bytes)
        return file

    @classmethod
    def _locked(cls, path: Path, fd: int, lock: ThreadLock) -> "RolloutFile":
        try:
            lock.acquire(fd)
        except OSError as error:
            os.close(fd)
            raise RolloutWriteError(path, error.errno or 0) from error
        except BaseException:
            os.close(fd)
            raise
        return cls(path, fd, lock)

    def append(self, data: bytes) -> None:
        """Write all of ``data`` or none of it.

        Raises:
            RolloutWriteError: nothing of it is in the file.
        """
        try:
            self._cut_back()
            facts = os.fstat(self._fd)
            if facts.st_nlink == 0:
                # The system would take the lines all the same, and nobody would ever see them.
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            self._write(data, facts.st_size)
        except OSError as error:
            raise RolloutWriteError(self.path, error.errno or 0) from error

    def _write(self, data: bytes, start: int) -> None:
        view = memoryview(data)
        written = 0
        try:
            while written < len(view):
                written += os.write(self._fd, view[written:])
        except OSError:
            # Only what this call wrote may be taken back: a program that ignores the lock may have added lines.
            if written and os.fstat(self._fd).st_size == start + written:
                self._cut_back_to = start
                with suppress(OSError):
                    self._cut_back()
            raise

    def _cut_back(self) -> None:
        if self._cut_back_to is not None:
            os.ftruncate(self._fd, self._cut_back_to)
            self._cut_back_to = None

    def rename(self, path: Path) -> None:
        """Call the file ``path`` from now on; lock and descriptor stay.

        Raises:
            RolloutWriteError: it keeps its name.
        """
        try:
            self.path.rename(path)
        except OSError as error:
            raise RolloutWriteError(path, error.errno or 0) from error
        self.path = path

    def sync(self) -> None:
        """Wait until the device has everything written so far.

        Raises:
            RolloutWriteError: the device reported a failure.
        """
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise RolloutWriteError(self.path, error.errno or 0) from error

    def close(self) -> None:
        """Let go of the lock and the file."""
        self._lock.release()
        with suppress(OSError):
            os.close(self._fd)
