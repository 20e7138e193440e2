"""Opening an index: what is there is found fit for use, or an ``IndexFault`` says why not."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, select, update

from agent_state.errors import IndexCorrupt, IndexForeign, IndexGone, IndexUnreachable
from agent_state.index.file_lock import held
from agent_state.sql.engine import postgres_engine, sqlite_engine
from agent_state.sql.fault import translated
from agent_state.sql.mount import is_on_network
from agent_state.sql.tables import filling
from agent_state.sql.threads import SqlIndex
from agent_state.sql.upgrade import HEAD, sqlite_revision, upgrade_postgres, upgrade_sqlite


def open_sqlite(
    path: Path, lock: Path, *, busy_seconds: float, on_network: Callable[[Path], bool] = is_on_network
) -> SqlIndex:
    """Open the index in a file, making or upgrading it; ``lock`` is a file that keeps other processes from both.

    ``busy_seconds`` is how long a statement waits for other processes.

    Raises:
        IndexFault: it cannot be used; ``IndexCorrupt`` if it is damaged.
    """
    where = str(path)
    with translated(where):
        network = on_network(path.parent)
        if sqlite_revision(path, where, busy_seconds) != HEAD:
            with held(lock, where):
                _upgrade(path, where, busy_seconds, network)
        engine = sqlite_engine(path, create=False, busy_seconds=busy_seconds, network=network)
        index = SqlIndex(engine, where, _same_file(path, where))
    return _checked(index)


def open_postgres(url: str, where: str, home: str) -> SqlIndex:
    """Open the index of ``home`` in a PostgreSQL database, making or upgrading it.

    Raises:
        IndexFault: it cannot be used; ``IndexForeign`` if it is the index of another home.
    """
    engine = postgres_engine(url, where)
    try:
        with translated(where):
            upgrade_postgres(engine, where)
            _take(engine, where, home)
    except BaseException:
        engine.dispose()
        raise
    return _checked(SqlIndex(engine, where))


def _checked(index: SqlIndex) -> SqlIndex:
    try:
        index.check()
    except BaseException:
        index.close()
        raise
    return index


def _upgrade(path: Path, where: str, busy_seconds: float, network: bool) -> None:
    if sqlite_revision(path, where, busy_seconds) == HEAD:
        return
    engine = sqlite_engine(path, create=True, busy_seconds=busy_seconds, network=network)
    try:
        upgrade_sqlite(engine, where)
    finally:
        engine.dispose()
    if sqlite_revision(path, where, busy_seconds) != HEAD:
        raise IndexCorrupt(where, "it could not be brought to the newest revision")


def _same_file(path: Path, where: str) -> Callable[[], None]:
    opened = _inode(path, where)

    def unchanged() -> None:
        if _inode(path, where) != opened:
            raise IndexGone(where)

    return unchanged


def _inode(path: Path, where: str) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError as error:
        raise IndexGone(where) from error
    except OSError as error:
        raise IndexUnreachable(where, str(error)) from error


def _take(engine: Engine, where: str, home: str) -> None:
    with engine.begin() as connection:
        connection.execute(update(filling).where(filling.c.home == "").values(home=home))
        owner = connection.execute(select(filling.c.home)).scalar()
    if owner is None:
        raise IndexCorrupt(where, "it does not say whose it is")
    if owner != home:
        raise IndexForeign(where, owner)
