"""Errors of the thread store: each carries its facts and builds its sentence from them."""

import errno
import os
from pathlib import Path

_ADVICE = {
    errno.ENOSPC: "free some space on that file system",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EROFS: "the file system is read-only; set AGENT_HOME to a directory that can be written",
    errno.EACCES: "make it writable for this user, or set AGENT_HOME to a directory that is",
    errno.EPERM: "make it writable for this user, or set AGENT_HOME to a directory that is",
    errno.ENOENT: "it was removed while the thread was open; go on in a new thread",
    errno.ENOTDIR: "a part of the path is a file; set AGENT_HOME to a directory",
}


def _os_reason(code: int) -> str:
    return os.strerror(code) if code else "unknown failure"


class StateError(Exception):
    """Base of every error the thread store raises on its own account."""


class RolloutWriteError(StateError):
    """Lines could not be written. Everything written before is unharmed and the rest stays buffered.

    ``errno`` is the operating system's code, ``advice`` what the user can do about it, if anything is known.
    """

    def __init__(self, path: Path, code: int) -> None:
        self.path = path
        self.errno = code
        self.advice = _ADVICE.get(code)
        sentence = f"cannot write {path}: {_os_reason(code)}"
        super().__init__(f"{sentence}; {self.advice}" if self.advice else sentence)


class RolloutReadError(StateError):
    """A file of the store exists but cannot be read."""

    def __init__(self, path: Path, code: int) -> None:
        self.path = path
        self.errno = code
        super().__init__(f"cannot read {path}: {_os_reason(code)}")


class RolloutMissing(StateError):
    """There is no rollout file at this path."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"no rollout file at {path}")


class ThreadMissing(StateError):
    """The store holds no thread of this id."""

    def __init__(self, thread_id: str, archived: bool) -> None:
        self.thread_id = thread_id
        self.archived = archived
        super().__init__(f"no {'archived ' if archived else ''}rollout found for thread id {thread_id}")


class ThreadExists(StateError):
    """The home has a thread of this id already, recorded at ``path``."""

    def __init__(self, thread_id: str, path: Path) -> None:
        self.thread_id = thread_id
        self.path = path
        super().__init__(f"thread {thread_id} is there already: {path}")


class RolloutInvalid(StateError):
    """The file is no rollout: it is empty, or no line of it is a session meta."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} is not a rollout: {reason}")


class ThreadLocked(StateError):
    """Another writer holds the thread. ``owner_pid`` and ``owner_host`` are ``None`` where they are not known."""

    def __init__(self, thread_id: str, path: Path, owner_pid: int | None, owner_host: str | None) -> None:
        self.thread_id = thread_id
        self.path = path
        self.owner_pid = owner_pid
        self.owner_host = owner_host
        owner = "another process" if owner_pid is None else f"process {owner_pid}"
        if owner_host is not None:
            owner += f" on {owner_host}"
        super().__init__(f"thread {thread_id} is being written by {owner}; end it there before you go on here")


class WriterClosed(StateError):
    """Lines were given to a writer that has been closed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"the writer of {path} is closed")


class CursorInvalid(StateError):
    """The text is not a cursor a listing has given out."""

    def __init__(self, cursor: str) -> None:
        self.cursor = cursor
        super().__init__(f"invalid cursor: {cursor}")


class IndexFault(StateError):
    """The index cannot be used; the files can. ``where`` is its file, or its URL without a password."""

    def __init__(self, where: str, reason: str, advice: str | None = None) -> None:
        self.where = where
        self.reason = reason
        self.advice = advice
        super().__init__(f"{where}: {reason}; {advice}" if advice else f"{where}: {reason}")


class IndexLocked(IndexFault):
    """Other processes kept it locked for longer than is waited."""

    def __init__(self, where: str) -> None:
        super().__init__(where, "it is locked by another process")


class IndexCorrupt(IndexFault):
    """What holds the rows is damaged; ``detail`` says what was found."""

    def __init__(self, where: str, detail: str) -> None:
        self.detail = detail
        super().__init__(where, f"it is damaged ({detail})")


class IndexNewer(IndexFault):
    """A newer version of this program has made it; ``found`` is its revision, ``known`` the newest known here."""

    def __init__(self, where: str, found: str, known: str) -> None:
        self.found = found
        self.known = known
        super().__init__(where, f"it was made by a newer version (revision {found}, known up to {known})")


class IndexUnwritable(IndexFault):
    """It cannot be written: the disk is full, or it may only be read."""

    def __init__(self, where: str, detail: str) -> None:
        self.detail = detail
        super().__init__(where, f"it cannot be written ({detail})")


class IndexUnreachable(IndexFault):
    """It cannot be opened, or the connection to it was lost."""

    def __init__(self, where: str, detail: str) -> None:
        self.detail = detail
        super().__init__(where, f"it cannot be opened ({detail})")


class IndexGone(IndexFault):
    """Its file was deleted or replaced while it was open."""

    def __init__(self, where: str) -> None:
        super().__init__(where, "it was deleted or replaced")


class IndexForeign(IndexFault):
    """It holds the threads of another home."""

    def __init__(self, where: str, home: str) -> None:
        self.home = home
        super().__init__(where, f"it belongs to {home}", "give each home a database or a schema of its own")
