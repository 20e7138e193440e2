"""Where an index is kept. Database libraries are imported when an index is opened, not before."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from agent_state.errors import IndexUnreachable
from agent_state.index.contract import ThreadIndex
from agent_state.index.file_lock import held
from agent_state.index.memory import MemoryIndex

VARIABLE = "AGENT_INDEX_URL"
"""Names the database of the index: a PostgreSQL URL, or ``off`` for none; the file in the home unless set."""
FILE_NAME = "agent-state.db"
COMPANIONS = ("-wal", "-shm", "-journal")
"""What SQLite puts behind the name of a database for the files it keeps beside it."""
KEPT_ASIDE = 2
"""How many damaged databases are kept."""

_log = logging.getLogger(__name__)


class IndexLocation(Protocol):
    """Where the index of one home is, or will be. The methods block and belong on a worker thread."""

    @property
    def where(self) -> str:
        """Name it, without a password."""
        ...

    def open(self) -> ThreadIndex:
        """Open it, making or upgrading it where needed.

        Raises:
            IndexFault: it cannot be used.
        """
        ...

    def set_aside(self, now: datetime) -> Path | None:
        """Move away what ``open`` found damaged, and return where it is now; ``None`` if there is nothing to move.

        Raises:
            IndexFault: it cannot be moved.
        """
        ...


class SqliteLocation:
    """A file in the home, which may be deleted at any time. Other processes are waited for, ``busy_seconds`` long."""

    def __init__(self, home: Path, busy_seconds: float = 10.0) -> None:
        self._busy_seconds = busy_seconds
        self.path = home / FILE_NAME
        self._lock = home / "locks" / f"{FILE_NAME}.lock"
        self._opened: int | None = None

    @property
    def where(self) -> str:
        return str(self.path)

    def open(self) -> ThreadIndex:
        from agent_state.sql.open import open_sqlite

        self._opened = _inode(self.path)
        index = open_sqlite(self.path, self._lock, busy_seconds=self._busy_seconds)
        self._opened = _inode(self.path)
        return index

    def set_aside(self, now: datetime) -> Path | None:
        with held(self._lock, self.where):
            # Another process may have done it, and made a new one.
            if self._opened is None or _inode(self.path) != self._opened:
                return None
            target = self.path.with_name(f"{FILE_NAME}.corrupt-{now.astimezone(UTC):%Y%m%dT%H%M%S}Z")
            try:
                self.path.rename(target)
                for end in COMPANIONS:
                    with suppress(FileNotFoundError):
                        self.path.with_name(FILE_NAME + end).rename(target.with_name(target.name + end))
            except OSError as error:
                raise IndexUnreachable(self.where, str(error)) from error
            self._forget_old()
            return target

    def _forget_old(self) -> None:
        with suppress(OSError):
            for path in sorted(self.path.parent.glob(f"{FILE_NAME}.corrupt-*Z"))[:-KEPT_ASIDE]:
                for end in ("", *COMPANIONS):
                    path.with_name(path.name + end).unlink(missing_ok=True)


class PostgresLocation:
    """A PostgreSQL database, or a schema of one, named by a URL. It holds the index of this home alone."""

    def __init__(self, home: Path, url: str) -> None:
        self._home = home
        self._url = url

    @property
    def where(self) -> str:
        scheme, _, rest = self._url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"

    def open(self) -> ThreadIndex:
        from agent_state.sql.open import open_postgres

        return open_postgres(self._url, self.where, str(self._home.resolve()))

    def set_aside(self, now: datetime) -> Path | None:
        """Leave it: what is damaged in a server is not for its clients to move."""
        return None


class MemoryLocation:
    """Rows in this process; opening it again finds them."""

    where = "memory"

    def __init__(self) -> None:
        self.index = MemoryIndex()

    def open(self) -> ThreadIndex:
        return self.index

    def set_aside(self, now: datetime) -> Path | None:
        """Do nothing: memory is not damaged."""
        return None


def index_location(home: Path, environ: Mapping[str, str]) -> IndexLocation | None:
    """Return where the index of ``home`` is, or ``None`` if the user wants none."""
    named = environ.get(VARIABLE, "")
    if named == "off":
        return None
    return PostgresLocation(home, named) if named else SqliteLocation(home)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
